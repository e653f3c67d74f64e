//! The bucket browser in a real terminal, against a real server on loopback.

use super::{CTRL_F, ENTER, PROGRAM, TAB, at_home, t};
use crate::lister::Lister;
use crate::pty::Pty;
use crate::s3::{Bench, KEY};
use modelquay::ports::Objects as _;
use modelquay::ports::objects::{At, GetQuery, ListQuery};
use std::path::Path;
use std::time::Duration;

fn browse(home: &Path, size: (u16, u16), args: &[&str]) -> Pty {
    let program = [&[PROGRAM, "browse"], args].concat();
    Pty::start(size, &program, |command| {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        at_home(home, command).env("AWS_ACCESS_KEY_ID", KEY.0).env("AWS_SECRET_ACCESS_KEY", KEY.1)
    })
}

fn at(bench: &Bench, size: (u16, u16), place: &str) -> Pty {
    let ca = bench.home.path().join("ca.pem");
    let ca = ca.to_str().expect("a path of ours").to_owned();
    browse(bench.home.path(), size, &["--endpoint", &bench.url, "--ca", &ca, place])
}

async fn keys(bench: &Bench, prefix: &str) -> Vec<String> {
    let query = ListQuery { bucket: "models".into(), prefix: prefix.into(), ..ListQuery::default() };
    bench.objects().list(&query).await.expect("listed").objects.into_iter().map(|row| row.key).collect()
}

/// The row of the cursor.
fn cursor_row(screen: &vt100::Screen) -> Option<usize> {
    screen.rows(0, 120).position(|row| row.contains('▸'))
}

/// Moves down, and waits for the cursor: between two rows there is none for a moment.
fn down(pty: &Pty) {
    let before = pty.look(cursor_row);
    pty.keys("j").wait("the cursor moves", |screen| cursor_row(screen).is_some_and(|now| Some(now) != before));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_keys_is_changed_at_the_service() {
    let bench = Bench::new();
    let home = bench.home.path();
    std::fs::create_dir_all(home.join("new/2")).expect("writable");
    std::fs::write(home.join("new/2/model.onnx"), vec![7; 100_000]).expect("writable");
    std::fs::write(home.join("notes.txt"), "a note\n").expect("writable");
    let mut pty = at(&bench, (120, 40), "models/scale/");
    pty.says("config.pbtxt").says(&t("browse-read-only"));
    // Nothing is changed before it is let.
    pty.keys("n").says("Nothing is changed until w is pressed once.");
    pty.keys("w").says(&t("browse-writing"));
    // A directory goes up, while the list stays.
    pty.keys("p").says(&t("put-title"));
    pty.keys("new").keys(TAB).keys(ENTER).says("Done: ");
    assert_eq!(keys(&bench, "scale/new/").await, ["scale/new/2/model.onnx"]);
    pty.keys("p").says(&t("put-title")).keys("notes.txt").keys(ENTER).says("notes.txt →").says("notes.txt  ");
    // A prefix.
    pty.keys("n").says(&t("new-prefix-title")).keys("empty").keys(ENTER).says(&t("work-made")).says("empty/");
    // Jump to the file, note something of it, and copy it.
    pty.keys("Jnotes").keys(ENTER).says("a note");
    pty.keys("e").says(&t("notes-title")).keys("\u{15}text/plain").keys(ENTER).keys("origin=train-7").keys(CTRL_F);
    pty.says(&t("work-noted"));
    let info = bench.objects().head(&At::new("models", "scale/notes.txt")).await.expect("there");
    assert_eq!(info.content_type.as_deref(), Some("text/plain"));
    assert_eq!(info.metadata, [("origin".to_owned(), "train-7".to_owned())]);
    pty.keys("c").says(&t("copy-title")).keys(".copy").keys(ENTER).says("1 are where they should be");
    assert!(keys(&bench, "scale/notes").await.contains(&"scale/notes.txt.copy".to_owned()));
    // Deleted by its name, and had back from its versions.
    pty.says("notes.txt.copy").keys("x").says("Type notes.txt to delete").keys("wrong").keys(ENTER);
    pty.says("Nothing was deleted").keys("\u{15}notes.txt").keys(ENTER).says("1 deleted");
    assert!(!keys(&bench, "scale/notes").await.contains(&"scale/notes.txt".to_owned()));
    pty.keys("V").says(&t("versions-deleted"));
    let marked = |screen: &vt100::Screen| {
        screen.rows(0, 120).any(|row| row.contains('▸') && row.contains("notes.txt ") && row.contains("deleted"))
    };
    for _ in 0..20 {
        if pty.look(marked) {
            break;
        }
        down(&pty);
    }
    assert!(pty.look(marked), "{}", pty.text());
    pty.keys("u").says("It is back");
    assert!(keys(&bench, "scale/notes").await.contains(&"scale/notes.txt".to_owned()));
    // The list has it again, too.
    pty.keys("\u{1b}").says("models / scale /").says("notes.txt  ");
    // And down again, verified.
    pty.keys("Jnotes.txt").keys(ENTER).keys("g").says(&t("get-title")).keys(".back").keys(ENTER);
    pty.says("Done: ");
    assert_eq!(
        std::fs::read_to_string(home.join("notes.txt.back")).unwrap_or_else(|e| panic!("{e}: {}", pty.text())),
        "a note\n"
    );
    pty.keys("q");
    assert!(pty.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_published_and_taken_back_by_keys() {
    let bench = Bench::new();
    let home = bench.home.path();
    let query = GetQuery { at: At::new("models", "lost/1/weights.onnx"), range: None, if_match: None };
    let mut body = bench.objects().get(&query).await.expect("a sample").body;
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await.expect("it comes") {
        bytes.extend_from_slice(&piece);
    }
    std::fs::create_dir_all(home.join("next")).expect("writable");
    std::fs::write(home.join("next/model.onnx"), bytes).expect("writable");
    let mut pty = at(&bench, (100, 40), "models/");
    pty.says("README.md").keys("t").says("Triton would load 2 of 4 models").keys("w").says(&t("browse-writing"));
    pty.keys("p").says(&t("publish-title")).keys("next").keys(ENTER).keys("\u{15}scale").keys(ENTER);
    // The steps are seen, and the model's name is wanted.
    pty.says("Type scale to carry it out").says("scale/3/model.onnx").says(&t("publish-atomic"));
    pty.keys("scale").keys(ENTER).says("Triton would serve: 3");
    assert_eq!(keys(&bench, "scale/3/").await, ["scale/3/model.onnx"]);
    // The version before is served again, and the new one stays where it is.
    pty.says("Triton would load 2 of 4 models").keys("jj").keys(ENTER).says(" 3/");
    let on =
        |screen: &vt100::Screen, what: &str| screen.rows(0, 100).any(|row| row.contains('▸') && row.contains(what));
    while !pty.look(|screen| on(screen, " 2/")) {
        down(&pty);
    }
    pty.keys("R").says("Type scale to carry it out").keys("scale").keys(ENTER).says("Triton would serve: 2");
    assert_eq!(keys(&bench, "scale/3/").await, ["scale/3/model.onnx"]);
    pty.keys("q");
    assert!(pty.ended().success());
}

#[test]
fn a_million_keys_are_listed_filtered_and_walked() {
    let home = tempfile::tempdir().expect("a directory");
    let lister = Lister::start(1_000_000);
    let mut pty = browse(home.path(), (80, 24), &["--endpoint", &lister.url, "models/many/"]);
    // Rows with the first page, and an honest count while more is coming.
    pty.says("key-0000000.onnx").says("at least");
    // It filters while it loads.
    pty.keys("/0000777").says("key-0000777.onnx").keys(ENTER).keys("\u{1b}");
    pty.wait_for(Duration::from_mins(3), "all are listed", |screen| screen.contents().contains("1,000,000 here"));
    pty.keys("/999999").says("key-0999999.onnx").keys(ENTER).says("1 of 1,000,000");
    pty.keys("\u{1b}").says("1,000,000 here").keys("G").says("key-0999999.onnx");
    pty.keys("k").wait("the cursor on the last but one", |screen| {
        screen.rows(0, 80).any(|row| row.contains('▸') && row.contains("key-0999998.onnx"))
    });
    let memory = resident(&pty);
    assert!(memory < 150 << 20, "{} MiB", memory >> 20);
    pty.keys("q");
    assert!(pty.ended().success());
}

/// Bytes of memory that a program holds.
fn resident(pty: &Pty) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid().as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(u64::MAX >> 10) << 10
}
