//! The real program, killed by SIGKILL at a moment of each step of a rehearsal: what its files hold then.
//!
//! The simulated host dies with it, so that nothing can be resumed here: that the end is the same is
//! shown in `crash.rs`, and against real hosts in the lab.

use crate::program::{Said, run};
use futures_util::{StreamExt as _, stream};
use modelquay::engine::EventKind;
use modelquay::engine::journal;
use modelquay::plan::StepKind;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const MOMENTS: [&str; 5] = ["before-check", "after-check", "before-apply", "after-apply", "after-last-check"];

/// A step that had nothing to do was not killed in the middle of it.
const NOTHING_TO_DO: &str = "nothing to do";

/// How many programs run at once; they mostly wait.
const AT_ONCE: usize = 6;

fn find(under: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(under).ok()?.flatten().map(|entry| entry.path()).collect();
    let here = entries.iter().find(|path| path.file_name().is_some_and(|n| n == name)).cloned();
    here.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|dir| find(dir, name)))
}

async fn rehearse(home: &Path, more: &[&str]) -> Said {
    let mut args = vec!["rehearse", "--json", "--speed", "10000"];
    args.extend(more);
    run(home, &args).await
}

fn events(said: &Said) -> Vec<serde_json::Value> {
    said.out.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(is_event).collect()
}

fn is_event(line: &serde_json::Value) -> bool {
    line["type"] == "event"
}

fn applies(events: &[serde_json::Value], kind: StepKind) -> bool {
    let step = |event: &serde_json::Value| {
        event["event"]["step"].as_str().map(|step| step.split('@').next() == Some(kind.id()))
    };
    events.iter().any(|event| event["event"]["kind"] == "step-applying" && step(event) == Some(true))
}

/// What is wrong with the files of a program that was killed there.
async fn killed(kind: StepKind, moment: &str) -> Vec<String> {
    let home = tempfile::tempdir().expect("a temporary directory");
    let said = rehearse(home.path(), &["--stop-at", &format!("{}:{moment}", kind.id())]).await;
    let mut wrong = Vec::new();
    let applying = !moment.ends_with("-check") || moment == "after-last-check";
    if said.code == Some(0) && applying && !applies(&events(&said), kind) {
        // What a step waits for may be there before it looks, on a machine that is slow beside its simulated host.
        return vec![NOTHING_TO_DO.to_owned()];
    }
    if said.code.is_some() {
        return vec![format!("{}:{moment}: it was not killed, but ended with {:?}", kind.id(), said.code)];
    }
    let path = find(home.path(), "journal.jsonl").expect("the run was begun");
    let read = journal::read(&fs::read(path).expect("it is ours")).expect("its beginning is whole");
    if read.torn || read.damaged > 0 {
        wrong.push(format!("the journal is torn: {}, with {} bad lines", read.torn, read.damaged));
    }
    let last = read.events.last().map(|event| &event.event);
    let right = match last {
        Some(EventKind::StepStarted { step, .. }) => step.kind == kind && !applying,
        Some(EventKind::StepApplying { step, .. }) => step.kind == kind && applying,
        _ => false,
    };
    if !right {
        wrong.push(format!("the journal ends with {last:?}"));
    }
    let shown = events(&said).iter().filter_map(|event| event["seq"].as_u64()).max();
    let kept = read.events.last().map(|event| event.seq);
    if shown > kept {
        wrong.push(format!("event {shown:?} was shown, and the last that is kept is {kept:?}"));
    }
    let keys = find(home.path(), "keys.toml").map(|path| fs::read_to_string(path).expect("it is ours"));
    let written = kind > StepKind::CredentialsFile
        || (kind == StepKind::CredentialsFile && ["after-apply", "after-last-check"].contains(&moment));
    let held = keys.as_deref().map_or(0, |text| text.matches("secret_key = ").count());
    if held != if written { 4 } else { 0 } {
        wrong.push(format!("the credentials file holds {held} keys"));
    }
    wrong.into_iter().map(|what| format!("{}:{moment}: {what}", kind.id())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_program_leaves_is_whole_and_nothing_more_was_shown() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let whole = rehearse(home.path(), &[]).await;
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    let applied: BTreeSet<String> = events(&whole)
        .iter()
        .filter(|line| line["event"]["kind"] == "step-applying")
        .filter_map(|line| Some(line["event"]["step"].as_str()?.split('@').next()?.to_owned()))
        .collect();
    assert!(applied.len() > 15, "{applied:?}");
    // Each step at one of the moments that it passes, the moments in turn.
    let moments = StepKind::ALL.iter().enumerate().map(|(at, kind)| {
        let passes = if applied.contains(kind.id()) { MOMENTS.len() } else { 2 };
        (*kind, MOMENTS[at % passes])
    });
    let mut wrong: Vec<String> =
        stream::iter(moments).map(|(kind, moment)| killed(kind, moment)).buffer_unordered(AT_ONCE).concat().await;
    let all = wrong.len();
    wrong.retain(|what| what != NOTHING_TO_DO);
    assert!(all - wrong.len() <= 2, "most of them were not killed at all");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
