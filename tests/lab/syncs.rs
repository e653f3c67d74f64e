//! What we write is on disk when we say so: shown by the calls that the programs make, because killing
//! processes, and even the lab's power cuts, leave the page cache as it is.
//!
//! These tests need strace and no host.

use crate::trace::{Call, made_without_sync, parent, read, renamed_without_sync, under_strace};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

/// Every event's number in what a call writes.
fn numbers(call: &Call) -> Vec<u64> {
    let after = call.args.split("\\\"seq\\\":").skip(1);
    after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// The events that were shown before they were on disk, or were never recorded.
fn shown_too_early(calls: &[Call]) -> Vec<String> {
    let mut on_disk: BTreeMap<u64, u64> = BTreeMap::new();
    for (at, write) in calls.iter().enumerate().filter(|(_, c)| c.path().ends_with("/journal.jsonl")) {
        if write.name != "write" {
            continue;
        }
        // Lines are added one after the other: the next call on the file is the sync of this one.
        let next = calls[at + 1..].iter().find(|c| c.path() == write.path());
        if let Some(sync) = next.filter(|c| c.syncs(write.path()) && c.began >= write.ended) {
            on_disk.extend(numbers(write).into_iter().map(|number| (number, sync.ended)));
        }
    }
    let shown = calls.iter().filter(|c| c.name == "write" && c.args.starts_with("1<"));
    let shown = shown.flat_map(|c| numbers(c).into_iter().map(move |number| (number, c.began)));
    shown
        .filter(|(number, began)| on_disk.get(number).is_none_or(|synced| synced > began))
        .map(|(number, _)| format!("event {number} was shown before it was on disk"))
        .collect()
}

/// A trace without its syncs, for the proof that they are what is looked at.
fn without_syncs(calls: &[Call]) -> Vec<Call> {
    calls.iter().filter(|c| !c.name.ends_with("sync")).cloned().collect()
}

#[test]
fn what_a_run_shows_and_keeps_is_on_disk_before() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let trace = tempfile::tempdir().expect("a temporary directory");
    let ran = under_strace(trace.path(), env!("CARGO_BIN_EXE_modelquay"))
        .args(["rehearse", "--json"])
        .env("TMPDIR", home.path())
        .env("HOME", home.path())
        .output()
        .expect("strace is installed (tests/lab/packages)");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let calls = read(trace.path());
    let shown = calls.iter().filter(|c| c.name == "write" && c.args.starts_with("1<")).flat_map(numbers).count();
    assert!(shown > 60, "only {shown} events were seen to be shown");

    let under = home.path().display().to_string();
    let ours = [under.as_str()];
    assert_eq!(shown_too_early(&calls), [] as [String; 0]);
    assert_eq!(renamed_without_sync(&calls, &ours), [] as [String; 0]);
    let kept: Vec<String> = made_without_sync(&calls, &ours)
        .into_iter()
        // The log is for reading only, and nothing hangs on it; the rehearsal's own directory goes with it.
        .filter(|line| !line.contains("/log.txt ") && !line.ends_with(&rehearsal(&calls, &under)))
        .collect();
    assert_eq!(kept, [] as [String; 0]);

    // The keys, whose file was reserved before and is replaced whole.
    let file = calls.iter().filter_map(Call::renames).map(|(_, to)| to).find(|to| to.ends_with("keys.toml"));
    assert!(file.is_some(), "the credentials file was not replaced by a rename");

    // Without the syncs each of these would be noticed.
    let bare = without_syncs(&calls);
    assert!(shown_too_early(&bare).len() > 60);
    assert!(renamed_without_sync(&bare, &ours).len() >= 8);
    assert!(made_without_sync(&bare, &ours).iter().any(|line| line.contains("/journal.jsonl ")));
}

/// The end of the line about the rehearsal's own directory, which is made anew for each.
fn rehearsal(calls: &[Call], under: &str) -> String {
    let made = calls.iter().filter_map(Call::makes).find(|path| parent(path) == under);
    format!("the name of {} is never brought to disk", made.unwrap_or_default())
}

/// Plays `systemd-run`: the unit runs at once, and the call returns when it has ended.
const SYSTEMD_RUN: &str = "#!/bin/sh\nwhile case $1 in -*) true ;; *) false ;; esac; do shift; done\n\"$@\"\n";

/// Asks a runner under strace each of these and waits for its reply.
fn ask(home: &Path, trace: &Path, requests: &[String]) {
    let bin = home.join("bin");
    for dir in [&bin, &home.join("state")] {
        fs::create_dir(dir).expect("the home is ours");
    }
    for name in ["systemd-run", "systemctl"] {
        let text = if name == "systemd-run" { SYSTEMD_RUN } else { "#!/bin/sh\n" };
        fs::write(bin.join(name), text).expect("the home is ours");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("the home is ours");
    }
    let mut runner = under_strace(trace, "sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/templates/runner.sh"))
        .env("MODELQUAY_PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display()))
        .env("MODELQUAY_STATE", home.join("state"))
        .env("MODELQUAY_RUN", home.join("run"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("strace is installed (tests/lab/packages)");
    let mut requested = runner.stdin.take().expect("it is a pipe");
    let mut replies = BufReader::new(runner.stdout.take().expect("it is a pipe")).lines();
    let ready = replies.next().expect("a first word").expect("text");
    assert!(ready.starts_with("ready 2 "), "{ready}");
    for (number, request) in (1..).zip(requests) {
        requested.write_all(request.as_bytes()).expect("the runner listens");
        let reply = replies.next().expect("a reply").expect("text");
        assert_eq!(reply, format!("{number} 0 0 0"));
    }
    drop(requested);
    assert!(runner.wait().expect("it ends").success());
}

#[test]
fn what_the_runner_writes_on_a_host_is_on_disk_before_it_says_so() {
    let (home, trace) =
        (tempfile::tempdir().expect("a temporary directory"), tempfile::tempdir().expect("a temporary directory"));
    let place = home.path().join("place");
    fs::create_dir(&place).expect("the home is ours");
    let me = rustix::process::getuid().as_raw();
    let group = rustix::process::getgid().as_raw();
    let target = place.join("file").display().to_string();
    let first = format!("{target}\n{me}:{group}\n");
    let (script, args) = ("echo out\n", "an argument\n");
    ask(
        home.path(),
        trace.path(),
        &[
            format!("1 write 600 {} 8 0 0\n{first}content\n", first.len()),
            format!("2 start unit-1 {} {} 0 0\n{script}{args}", script.len(), args.len()),
        ],
    );
    assert_eq!(fs::read_to_string(&target).expect("it was written"), "content\n");
    let calls = read(trace.path());
    let place = place.display().to_string();
    let state = home.path().join("state").display().to_string();
    let ours = [place.as_str(), state.as_str()];
    assert_eq!(renamed_without_sync(&calls, &ours), [] as [String; 0]);
    let names = [place.as_str(), &format!("{state}/units/")];
    assert_eq!(made_without_sync(&calls, &names), [] as [String; 0]);

    // The reply comes after all of it.
    let reply = |n: u32| {
        let words = format!("\"{n} 0 0 0\\n\"");
        let said = calls.iter().find(|c| c.name == "write" && c.args.starts_with("1<") && c.args.contains(&words));
        said.map(|c| c.began).expect("the reply was written")
    };
    let synced = |path: &str| calls.iter().filter(|c| c.syncs(path)).map(|c| c.ended).min().unwrap_or(u64::MAX);
    let renamed = calls.iter().find(|c| c.renames().is_some_and(|(_, to)| to == target)).expect("it was renamed");
    let after = calls.iter().find(|c| c.syncs(&place) && c.began >= renamed.ended).expect("the directory was synced");
    assert!(after.ended <= reply(1));

    // A unit's files are there for good before it is started; its result before it counts.
    let unit = format!("{state}/units/unit-1");
    let started =
        calls.iter().find(|c| c.name == "execve" && c.args.contains("/systemd-run\"")).expect("a start").began;
    for part in ["script", "args", "run", "boot"] {
        assert!(synced(&format!("{unit}/{part}")) <= started, "{part} is not on disk when the unit starts");
    }
    assert!(synced(&unit) <= started && synced(&format!("{state}/units")) <= started);
    let result = calls.iter().find(|c| c.renames().is_some_and(|(_, to)| to == format!("{unit}/rc")));
    let result = result.expect("the unit has a result");
    assert!(synced(&format!("{unit}/log")) <= result.began, "the log is not on disk when the result counts");
    assert!(renamed_without_sync(&without_syncs(&calls), &ours).len() >= 4);
}
