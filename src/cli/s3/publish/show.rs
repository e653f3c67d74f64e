//! A list of steps, its refusals and its end, in words and as JSON.

use super::super::super::output;
use super::super::Ended;
use super::super::lint::finding_row;
use super::super::out::{Out, number, size};
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::registry::publish::prepare::{Prepared, Unready, Was};
use crate::registry::publish::run::{Outcome, Stands, Stopped};
use crate::registry::publish::{Refused, Remark, Step};
use serde_json::json;
use std::io;
use std::time::Duration;

/// Versions in words.
pub fn versions(of: &[i64]) -> String {
    match of {
        [] => "none".to_owned(),
        of => of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    }
}

/// What kind of thing a step does.
fn does(step: &Step) -> &'static str {
    match step {
        Step::Upload { .. } => "upload",
        Step::Verify { .. } => "verify",
        Step::Copy { .. } => "copy",
        Step::Config { .. } => "config",
        Step::Marker { .. } => "marker",
        Step::Settle => "pause",
        Step::Delete { .. } => "delete",
    }
}

/// What was taken for what, and the steps.
pub fn plan(out: &mut Out, kind: &str, title: &str, prepared: &Prepared) -> io::Result<()> {
    let plan = &prepared.plan;
    let was = match prepared.was {
        Was::Fresh => "fresh",
        Was::Begun => "begun",
        Was::Done => "done",
    };
    let line = || {
        let begun = match prepared.was {
            Was::Fresh => "",
            Was::Begun => ", going on with what an earlier try did",
            Was::Done => ", which is done already",
        };
        let (now, then) = (versions(&prepared.serves_now), versions(&plan.serves));
        let atomic = if plan.atomic { "" } else { ", not atomic" };
        format!(
            "{title}{begun}\nTriton would serve {now} now, {then} then; {} steps{atomic}",
            number(plan.steps.len() as u64)
        )
    };
    out.row(kind, line, || {
        json!({
            "model": prepared.model, "version": prepared.version, "was": was, "serves_now": prepared.serves_now,
            "serves": plan.serves, "atomic": plan.atomic, "steps": plan.steps.len(),
        })
    })?;
    for (at, step) in plan.steps.iter().enumerate() {
        row(out, at + 1, step, "planned", None, || format!("{:>4}  {}", at + 1, visible(&step.to_string())))?;
    }
    plan.remarks.iter().try_for_each(|remark| self::remark(out, remark))
}

fn row(
    out: &mut Out,
    number: usize,
    step: &Step,
    state: &str,
    how: Option<&str>,
    line: impl FnOnce() -> String,
) -> io::Result<()> {
    out.row(
        "step",
        line,
        || json!({"number": number, "does": does(step), "what": step.to_string(), "state": state, "how": how}),
    )
}

fn remark(out: &mut Out, remark: &Remark) -> io::Result<()> {
    let (id, words) = match remark {
        Remark::NotAtomic => ("not-atomic", "not atomic: Triton may see a part of the version"),
        Remark::WouldNotServe => {
            ("would-not-serve", "the version policy of config.pbtxt does not pick this version: it would not be served")
        }
        Remark::StaysPinned => {
            ("stays-pinned", "config.pbtxt stays pinned: without that the version that was left would be served again")
        }
        Remark::Finding(finding) => return finding_row(out, finding),
    };
    out.row("remark", || format!("note: {words}"), || json!({"remark": id, "what": words}))
}

/// A step that ended.
pub fn ended(out: &mut Out, at: usize, of: usize, step: &Step, outcome: &Outcome) -> io::Result<()> {
    let (state, how) = match outcome {
        Outcome::Done => ("done", None),
        Outcome::WasDone => ("was-done", Some("was done already".to_owned())),
        Outcome::Sent(bytes) => ("done", Some(format!("{} sent", size(*bytes)))),
        Outcome::Verified(verified) => ("done", Some(verified.words())),
    };
    let line = || {
        let how = how.as_ref().map(|how| format!(": {how}")).unwrap_or_default();
        format!("[{at}/{of}] {}{how}", visible(&step.to_string()))
    };
    row(out, at, step, state, how.as_deref(), line)?;
    out.flush()
}

/// Why there is a pause.
pub fn waits(lasts: Duration, requests: u64, round_trip: Duration) {
    output::talk(&format!(
        "waiting {:.1} s: a look of Triton's at this repository makes {} requests of about {:.1} ms, and one that began \
         before the last write has to end first",
        lasts.as_secs_f64(),
        number(requests),
        round_trip.as_secs_f64() * 1e3
    ));
}

/// The end of a list that was carried out.
pub fn done(out: &mut Out, kind: &str, words: &str, prepared: &Prepared, stands: &Stands) -> io::Result<()> {
    let serves = stands.serves.as_ref().ok();
    let line = || {
        let serves = serves.map_or_else(|| "what cannot be told now".to_owned(), |serves| versions(serves));
        format!("{words}: Triton would serve {serves}; {} sent", size(stands.sent))
    };
    out.row(kind, line, || {
        json!({
            "model": prepared.model, "version": prepared.version, "serves": serves, "writes": stands.written.len(),
            "sent": stands.sent,
        })
    })?;
    out.flush()
}

/// Where things stand when a list ended early.
pub fn stopped(out: &mut Out, prepared: &Prepared, stopped: &Stopped) -> io::Result<()> {
    let Stopped { step, stands, .. } = stopped;
    let serves = stands.serves.as_ref().ok();
    if out.json() {
        let written: Vec<String> = stands.written.iter().map(ToString::to_string).collect();
        out.row("stopped", String::new, || {
            json!({
                "model": prepared.model, "version": prepared.version, "done": stands.done, "of": stands.of,
                "step": step.to_string(), "written": written, "serves": serves, "switched": stands.switched,
            })
        })?;
        out.flush()?;
    }
    output::talk(&format!("stopped in step {} of {}: {}", stands.done + 1, stands.of, visible(&step.to_string())));
    for written in &stands.written {
        output::talk(&format!("  done: {}", visible(&written.to_string())));
    }
    match &stands.serves {
        Ok(serves) => output::talk(&format!("Triton would serve {} of {} now", versions(serves), prepared.model)),
        Err(failure) => output::talk(&format!("what Triton would serve now cannot be told: {}", failure.line())),
    }
    Ok(())
}

/// Why there is no list: findings as `lint` prints them, then what to do.
pub fn unready(out: &mut Out, unready: Unready) -> Ended {
    let refused = match unready {
        Unready::Trouble(trouble) => return Ended::from(trouble),
        Unready::Refused(refused) => refused,
    };
    if let Refused::WouldNotLoad(findings) = &refused {
        let shown = findings.iter().try_for_each(|finding| finding_row(out, finding)).and_then(|()| out.flush());
        if let Err(error) = shown {
            return Ended::Output(error);
        }
    }
    let message = visible(&refused.to_string()).into_owned();
    let usage = |help: &str| Ended::Usage(Failure::permanent(message.clone()).help(help));
    let human = |help: &str| Ended::Failure(Failure::needs_human(message.clone()).help(help));
    let failed = |help: &str| Ended::Failure(Failure::permanent(message.clone()).help(help));
    match refused {
        Refused::VersionExists(_) => {
            human("What is published stays as it is. Leave the version out for the next free one.")
        }
        Refused::VersionNumber(_) => usage("Name a version from 1 on."),
        Refused::Name(_) => usage("Triton reads no other characters in a model's or a file's name: rename it."),
        Refused::NoFiles => usage("Only an ensemble has no files. Name the directory of a model or of a version."),
        Refused::FileExists(_) => human("The versions that are served may use it: give the new one another name."),
        Refused::StagingInside(_) => usage("Name a place outside of the repository with --stage."),
        Refused::WouldNotLoad(_) => failed("Mend what the findings name. Nothing was sent."),
        Refused::ConfigUnreadable => failed("Correct it first; `s3 lint` says where it is wrong."),
        Refused::NoSuchVersion(_) => failed("`s3 lint` names the versions that are there."),
        Refused::ToRemoved(_) => usage("Name another version with --to or --remove."),
        Refused::Unfinished(_) => human(
            "Give that command again to finish it, or take it back with `s3 roll-back`, --to what is served and --remove \
             what was begun.",
        ),
        Refused::Differs(_) => human(
            "Give the command with the files that it was begun with, or take it back with `s3 roll-back`, --to what is \
             served and --remove what was begun.",
        ),
    }
}
