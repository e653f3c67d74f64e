use super::*;
use crate::ports::objects::VersionRow;

fn version(key: &str, size: u64, latest: bool, marker: bool) -> VersionRow {
    VersionRow { key: key.to_owned(), version: "v".into(), latest, marker, size, modified: None, etag: None }
}

fn counted() -> Usage {
    let mut usage = Usage::new("models/", 2);
    for row in [
        version("models/a/config.pbtxt", 10, true, false),
        version("models/a/1/model.onnx", 100, true, false),
        version("models/a/1/model.onnx", 90, false, false),
        version("models/a/2/model.onnx", 0, true, true),
        version("models/a/2/model.onnx", 300, false, false),
        version("models/b/1/x/y", 50, true, false),
        version("models/top", 5, true, false),
    ] {
        usage.version(&row);
    }
    usage.upload("models/b/2/model.plan", 1_000);
    usage
}

#[test]
fn every_byte_is_in_one_line_and_in_the_total() {
    let usage = counted();
    let total = Sum { objects: 4, bytes: 165, old: 2, old_bytes: 390, markers: 1, uploads: 1, upload_bytes: 1_000 };
    assert_eq!(*usage.total(), total);
    for depth in [1, 2] {
        let sum: u64 = usage.lines("", depth).iter().map(|l| l.sum.all_bytes()).sum();
        assert_eq!(sum, total.all_bytes());
    }
    let names = |lines: Vec<Line>| lines.into_iter().map(|l| (l.name, l.sum.all_bytes())).collect::<Vec<_>>();
    let models = names(usage.lines("", 1));
    assert_eq!(models, [("b/".into(), 1_050), ("a/".into(), 500), ("top".into(), 5)]);
    let of_a = names(usage.lines("a/", 2));
    assert_eq!(of_a, [("a/2/".into(), 300), ("a/1/".into(), 190), ("a/config.pbtxt".into(), 10)]);
}

#[test]
fn keys_of_odd_forms_are_counted_too() {
    let mut usage = Usage::new("", 1);
    for key in ["//x", "", "a", "ü/", "/", "a//b"] {
        usage.version(&version(key, 1, true, false));
    }
    assert_eq!(usage.total().objects, 6);
    assert_eq!(usage.lines("", 1).iter().map(|l| l.sum.objects).sum::<u64>(), 6);
}

#[test]
fn more_lines_than_are_kept_apart_are_summed_up() {
    let mut usage = Usage::new("", 1);
    for n in 0..25_000 {
        usage.version(&version(&format!("{n}/x"), 1, true, false));
    }
    assert_eq!((usage.lines("", 1).len(), usage.rest().bytes, usage.total().bytes), (20_000, 5_000, 25_000));
}
