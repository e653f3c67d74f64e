//! Tables of a user's own that are nearly right.

use super::*;
use crate::base::fuzz;

const LINES: [&str; 22] = [
    "[rke2]",
    "version = \"v1.36.5+rke2r1\"",
    "source = \"the release's notes\"",
    "[file.rke2-package]",
    "url = \"https://mirror.example/{version}/rke2.linux-{arch}.tar.gz\"",
    "sha256 = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    "bytes = 12345",
    "[file.rke2-install-script]",
    "[file.operator-chart]",
    "url = \"http://mirror.example/chart.tgz\"",
    "[image.registry]",
    "refs = [\"docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z\"]",
    "refs = [\"docker.io/pgsty/silo:R1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"quay.io/x/y:1\"]",
    "[image.operator]",
    "[image.helper]",
    "refs = [\"registry.example:5000/busybox@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"]",
    "[image.local-path]",
    "refs = []",
    "[image.none]",
    "[file]",
    "# a comment",
    "",
];

#[test]
fn any_table_is_whole_or_its_mistakes_can_be_shown() {
    let mut built_in = Reading::default();
    built_in.take("built-in", BUILT_IN);
    let (mut whole, mut mistaken) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let lines = fuzz::some_lines(dice, &LINES, 5);
        let text = format!("format = 1\n{}\n", lines.join("\n"));
        let text = if dice.once_in(2) { text } else { fuzz::bend_text(dice, &text) };
        let mut reading = built_in.clone();
        reading.take("no. 1", &text);
        match reading.finish("amd64") {
            Ok(table) => {
                whole += 1;
                for id in FileId::ALL {
                    let _ = table.file(*id).file_name();
                }
                for id in ImageId::ALL {
                    let parts = ImageRef::parse(table.image(*id).first()).expect("it was judged");
                    assert!(parts.reference().len() + parts.name().len() <= text.len() + 200);
                }
            }
            Err(problems) => {
                mistaken += 1;
                for problem in &problems {
                    fuzz::shown(&problem.to_string(), 1000);
                }
            }
        }
    });
    fuzz::both(whole, mistaken);
}

#[test]
fn what_is_large_or_deep_is_judged_soon() {
    let large = fuzz::LARGE.min(LONGEST - 100);
    let filled = |piece: &str| piece.repeat(large / piece.len());
    for text in [
        format!("format = 1\n[image.registry]\nrefs = [{}]", filled("\"docker.io/a/b:1\",")),
        format!("format = 1\n[image.registry]\nrefs = [{}]", filled("\"x\",")),
        format!("x = {}", filled("[")),
        format!("x = {}", filled("{a=")),
        (0..large / 30).map(|n| format!("[file.x{n}]\nurl = \"\"")).collect::<Vec<_>>().join("\n"),
        "a\u{1b}".repeat(10_000_000),
    ] {
        let start: String = text.chars().take(40).collect();
        if let Err(problems) = fuzz::soon(&start, || Components::load(&[text], "amd64")) {
            assert!(problems.len() <= MOST + 1, "{} problems of {start:?}", problems.len());
        }
    }
}
