//! Plans for whole prefixes against a service in memory and real directories.

use super::*;
use crate::registry::testing::{FakeS3, Habits, Handle, TestFiles};
use crate::registry::transfer::limits::Limits;
use std::sync::Arc;

fn bench(habits: Habits) -> (Arc<FakeS3>, Transfers, tempfile::TempDir) {
    let service = Arc::new(FakeS3::with(habits));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let objects = Arc::new(Handle(service.clone()));
    let of =
        Transfers::new(objects, Arc::new(TestFiles::new()), "http://s", dir.path().join("uploads"), Limits::default());
    (service, of, dir)
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_prefix_is_said_before_anything_is_fetched() {
    let (service, of, dir) = bench(Habits { page: 3, ..Habits::default() });
    let keys = [
        "m/1/a",
        "m/1/b",
        "m/config.pbtxt",
        "m/../out",
        "m//x",
        "m/f/",
        "m/",
        "m/1/a/deep",
        "m/w",
        "m/w.part",
        "n/other",
    ];
    for key in keys {
        service.place(key, "12345", None);
    }
    let target = dir.path().join("t");
    std::fs::create_dir_all(target.join("1")).expect("made");
    std::fs::write(target.join("1/b"), "other bytes").expect("written");
    std::fs::write(target.join("config.pbtxt"), "54321").expect("written");
    let way = Way::free();
    let planned = plan_download(&of, &way, &At::new("b", "m/"), &target, IfThere::KeepSame).await.expect("planned");
    let said: Vec<_> = planned.clashes.iter().map(|clash| (clash.key.as_str(), clash.why.clone())).collect();
    assert_eq!(
        said,
        [
            ("m/../out", ClashKind::Bad(BadKey::Dots)),
            ("m//x", ClashKind::Bad(BadKey::EmptySegment)),
            ("m/1/a/deep", ClashKind::FileAndDirectory("m/1/a".into())),
            ("m/w.part", ClashKind::PartOf("m/w".into())),
            ("m/1/b", ClashKind::There),
        ]
    );
    assert_eq!(planned.left_out, [("m/".to_owned(), LeftOut::Folder), ("m/f/".to_owned(), LeftOut::Folder)]);
    assert_eq!((planned.jobs.len(), planned.bytes), (6, 30));
    assert!(planned.jobs.iter().all(|job| job.target.starts_with(&target)));
    let planned = plan_download(&of, &way, &At::new("b", "m/"), &target, IfThere::Refuse).await.expect("planned");
    assert_eq!(planned.clashes.iter().filter(|clash| clash.why == ClashKind::There).count(), 2);
}

#[tokio::test]
async fn a_directory_is_counted_and_what_is_no_file_is_named() {
    let (service, of, dir) = bench(Habits::default());
    let root = dir.path().join("m");
    std::fs::create_dir_all(root.join("1")).expect("made");
    std::fs::write(root.join("1/model.onnx"), "abc").expect("written");
    std::fs::write(root.join("config.pbtxt"), "x").expect("written");
    std::fs::write(root.join("w.part.modelquay"), "x").expect("written");
    std::os::unix::fs::symlink("/etc/passwd", root.join("link")).expect("linked");
    service.place("p/config.pbtxt", "longer", None);
    let to = At::new("b", "p/");
    let planned = plan_upload(&of, &Way::free(), &root, &to, IfThere::KeepSame).await.expect("planned");
    assert_eq!(planned.clashes, [Clash { key: "p/config.pbtxt".into(), why: ClashKind::There }]);
    let left: Vec<_> = planned.left_out.iter().map(|(name, why)| (name.as_str(), *why)).collect();
    assert_eq!(left, [("link", LeftOut::Link), ("w.part.modelquay", LeftOut::Incomplete)]);
    let keys: Vec<_> = planned.jobs.iter().map(|job| (job.to.key.as_str(), job.there)).collect();
    assert_eq!(keys, [("p/1/model.onnx", There::Nothing), ("p/config.pbtxt", There::MaybeTheSame)]);
    assert_eq!(planned.bytes, 4);
}

#[test]
fn what_a_service_says_twice_counts_once_and_as_it_was_said_last() {
    let row = |key: &str, size| ObjectRow { key: key.into(), size, modified: None, etag: None };
    let rows = once_each(vec![row("b", 1), row("a", 1), row("b", 2), row("c", 1), row("b", 3)]);
    assert_eq!(rows, [row("a", 1), row("b", 3), row("c", 1)]);
}
