//! What each command does on each bad day: how it ends, what it says to do, and what is there afterwards.
//!
//! A row is a command, with the request by which it does its work; a column is what happens to that request. Of every
//! cell it is asked that the exit code is the expected one, that a failure has a `help:` line, that under every
//! name there is what was there before or what was to come and nothing half, that an unfinished upload is named by a
//! journal here or listed, and that the same command after the bad day ends what it began.

mod rows;

use super::commands::put;
use super::publish::{XML, config};
use super::{Bench, bytes};
use crate::program::{Said, program};
use modelquay::ports::Objects as _;
use modelquay::ports::objects::{At, Notes, OnlyIf};
use modelquay::transport::simulated::s3::{Fault, Harm};
use rows::Day::{Busy, Cut, Denied, Full, Lost, Missing, Torn, Unmet};
use rows::{After, BIG, DAYS, Day, ROWS, Row, pins};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;

/// A registry and a home in which every row finds what it needs.
async fn prepared(row: &Row) -> (Bench, String) {
    let bench = Bench::new();
    let home = bench.home.path();
    std::fs::create_dir(home.join("tree")).expect("made");
    for (name, size) in [("small", 1000), ("big", BIG), ("tree/a", 10), ("tree/b", 20), ("tree/c", 30)] {
        std::fs::write(home.join(name), bytes(size)).expect("written");
    }
    put(&bench, "kept", b"old".to_vec());
    put(&bench, "kept", b"new".to_vec());
    put(&bench, "gone", b"gone".to_vec());
    put(&bench, "new-tree/a", b"a".to_vec());
    put(&bench, "new-tree/b/c", b"c".to_vec());
    put(&bench, "served/echo/1/model.py", b"class TritonPythonModel: pass\n".to_vec());
    put(&bench, "served/echo/config.pbtxt", b"backend: \"python\"\nmax_batch_size: 0\ninput [{ name: \"i\" data_type: TYPE_FP32 dims: [1] }]\noutput [{ name: \"o\" data_type: TYPE_FP32 dims: [1] }]\n".to_vec());
    std::fs::create_dir(home.join("version")).expect("made");
    for (name, bytes) in [("model.xml", XML.as_bytes()), ("model.bin", b"weights 2")] {
        std::fs::write(home.join("version").join(name), bytes).expect("written");
    }
    for (repository, versions) in [("prod", 1), ("two", 2)] {
        for version in 1..=versions {
            put(&bench, &format!("{repository}/face/{version}/model.xml"), XML.as_bytes().to_vec());
            put(&bench, &format!("{repository}/face/{version}/model.bin"), format!("weights {version}").into_bytes());
        }
        put(&bench, &format!("{repository}/face/config.pbtxt"), config(4).into_bytes());
    }
    let objects = bench.objects();
    objects.delete(&At::new("models", "gone")).await.expect("deleted");
    let old = bench.store.with(|s| s.bucket("models").expect("there").objects["kept"][0].id.clone());
    if !row.args.contains(&"s3://models/parted") {
        return (bench, old);
    }
    // Of parts and without a checksum of the whole, so that a copy has to be of parts too.
    let upload = objects.begin_upload(&At::new("models", "parted"), &Notes::default(), None).await.expect("begun");
    let whole = bytes(BIG);
    let mut parts = Vec::new();
    for (number, piece) in (1..).zip(whole.chunks(5 << 20)) {
        parts.push(objects.send_part(&upload, number, piece.to_vec().into(), None).await.expect("sent"));
    }
    objects.complete(&upload, &parts, None, &OnlyIf::Always).await.expect("made");
    (bench, old)
}

fn files(under: &Path, into: &mut BTreeMap<String, Vec<u8>>, root: &Path) {
    for entry in std::fs::read_dir(under).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into, root);
        } else {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            into.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
}

fn look(bench: &Bench) -> After {
    let mut after = After::default();
    bench.store.with(|s| {
        after.buckets = s.buckets.keys().cloned().collect();
        let bucket = s.bucket("models").expect("there");
        for (key, versions) in &bucket.objects {
            if let Some(now) = versions.last().filter(|version| !version.marker) {
                let notes = format!("{:?} {:?}", now.tags, now.about.metadata);
                after.objects.insert(key.clone(), (now.data.to_vec(), notes));
            }
        }
        after.uploads = bucket.uploads.iter().map(|(id, upload)| (id.clone(), upload.key.clone())).collect();
    });
    let mut all = BTreeMap::new();
    files(bench.home.path(), &mut all, bench.home.path());
    for (name, content) in all {
        if name.contains("/uploads/") || name.ends_with(".part.modelquay") {
            after.journals.push_str(&String::from_utf8_lossy(&content));
        }
        after.files.insert(name, content);
    }
    after
}

/// Runs the command in the home, as long as nothing gets through for no longer than this; with `full` no file can grow
/// by a byte.
async fn run(bench: &Bench, args: &[String], patience: &str, full: bool) -> Said {
    let ca = bench.home.path().join("ca.pem");
    let at = ["s3", "--endpoint", &bench.url, "--ca", ca.to_str().expect("a path of ours"), "--link-timeout", patience];
    let all: Vec<&str> = at.into_iter().chain(args.iter().map(String::as_str)).collect();
    let plain = program(bench.home.path(), &all);
    let mut command = if full {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
        shell.arg(plain.as_std().get_program()).args(plain.as_std().get_args());
        for (name, value) in plain.as_std().get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        shell.stderr(std::process::Stdio::piped()).kill_on_drop(true);
        shell
    } else {
        plain
    };
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("AWS_ACCESS_KEY_ID", super::KEY.0).env("AWS_SECRET_ACCESS_KEY", super::KEY.1);
    command.current_dir(bench.home.path());
    let child = command.spawn().expect("the program can be started");
    let ended = tokio::time::timeout(Duration::from_mins(2), child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{args:?} did not end")).expect("it can be waited for");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

fn strike(bench: &Bench, row: &Row, day: Day) {
    let (method, path) = row.request;
    let refuse = |status, code| Harm::Refuse { status, code };
    let (harm, times) = match day {
        Denied => (refuse(403, "AccessDenied"), u32::MAX),
        Missing => (refuse(404, "NoSuchBucket"), u32::MAX),
        Unmet => (refuse(412, "PreconditionFailed"), u32::MAX),
        Busy => (refuse(503, "SlowDown"), u32::MAX),
        Torn => (Harm::Tear { after: 0 }, u32::MAX),
        Lost => (Harm::Swallow, 1),
        Cut => {
            bench.faults.add(Fault { method: "", path: String::new(), harm: Harm::Swallow, times: u32::MAX });
            return;
        }
        Full => return,
    };
    bench.faults.add(Fault { method, path: path.to_owned(), harm, times });
}

/// What is wrong with a cell, in lines.
async fn cell(row: &'static Row, day: Day, expected: i32) -> Vec<String> {
    let (bench, old) = prepared(row).await;
    let args: Vec<String> =
        row.args.iter().map(|arg| if *arg == "OLD" { old.clone() } else { (*arg).to_owned() }).collect();
    let before = look(&bench);
    strike(&bench, row, day);
    let lasts = matches!(day, Busy | Torn | Cut);
    let said = run(&bench, &args, if lasts { "1s" } else { "1m" }, day == Full).await;
    bench.faults.clear();
    let after = look(&bench);
    let mut wrong = Vec::new();
    let mut note = |text: String| wrong.push(format!("{} on {day:?}: {text}; it said {:?}", row.name, said.err));
    if said.code != Some(expected) {
        note(format!("ended with {:?} and not with {expected}", said.code));
    }
    if said.code != Some(0) && !said.err.lines().any(|line| line.starts_with("help: ")) {
        note("says not what to do".to_owned());
    }
    // That a prefix is there already is what was wanted of `mkdir`, and this service only says so.
    if said.code == Some(0) && day != Unmet && !(row.done)(&after) {
        note("says that it is done and is not".to_owned());
    }
    // An upload that nobody here knows is listed; then `s3 uploads` has it.
    let open: Vec<_> = after.uploads.iter().filter(|upload| !before.uploads.contains(upload)).collect();
    let unknown: Vec<_> = open.iter().filter(|(id, _)| !after.journals.contains(id)).collect();
    if !unknown.is_empty() {
        let listed = run(&bench, &["uploads".to_owned(), "s3://models".to_owned()], "1m", false).await;
        if !unknown.iter().all(|(id, _)| listed.out.contains(id)) || !matches!(day, Cut | Lost | Torn) {
            note(format!("leaves uploads that nobody knows: {unknown:?}"));
        }
    }
    // The day is over.
    let again = run(&bench, &args, "1m", false).await;
    let end = look(&bench);
    if !(row.done)(&end) {
        note(format!("is not done by the same command afterwards, which ended with {:?}: {}", again.code, again.err));
    }
    for (key, now) in &after.objects {
        // What is staged is outside of every repository, and a config may be pinned meanwhile: it names what was served.
        let of_publishing =
            key.starts_with("modelquay-staging/") || (key.ends_with("face/config.pbtxt") && pins(&now.0));
        if !of_publishing
            && before.objects.get(key).is_none_or(|was| was.0 != now.0)
            && end.objects.get(key).is_none_or(|to| to.0 != now.0)
        {
            note(format!("left something under the key {key} that is neither the old nor the new"));
        }
    }
    for (name, now) in &after.files {
        let ours = name.contains(".part") || name.contains(".modelquay") || name.contains("/uploads/");
        if !ours && before.files.get(name) != Some(now) && end.files.get(name) != Some(now) {
            note(format!("left something under the name {name} that is neither the old nor the new"));
        }
    }
    wrong
}

/// So many cells at the same time; most of them wait for something.
const AT_ONCE: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_ends_as_said_on_every_bad_day() {
    let mut cells =
        ROWS.iter().flat_map(|row| DAYS.into_iter().zip(row.exits).map(move |(day, exit)| (row, day, exit)));
    let (mut running, mut wrong, mut many) = (JoinSet::new(), Vec::new(), 0);
    loop {
        while running.len() < AT_ONCE {
            let Some((row, day, exit)) = cells.next() else { break };
            running.spawn(cell(row, day, exit));
            many += 1;
        }
        match running.join_next().await {
            Some(found) => wrong.extend(found.expect("no cell panics")),
            None => break,
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {many} cells:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(many, ROWS.len() * DAYS.len());
}
