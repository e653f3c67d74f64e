//! `status`: where the last run of a site stands, by its journal.

use crate::app::sites::{RunDir, Sites};
use crate::base::clock::utc_text;
use crate::engine::event::Outcome;
use crate::engine::state::{RunState, StepStatus};
use crate::plan::{Failure, HostId};
use serde_json::json;
use std::fmt::Write as _;

/// The site that is meant: the named one, or the only one.
pub fn site(sites: &Sites, name: Option<&str>) -> Result<HostId, Failure> {
    let known = sites.names();
    let list = || known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (name, known.as_slice()) {
        (Some(name), _) => name.parse().ok().filter(|site| known.contains(site)).ok_or_else(|| {
            Failure::permanent(format!("{name:?} is no known site")).help(format!("known are: {}", list()))
        }),
        (None, [only]) => Ok(*only),
        (None, []) => Err(Failure::permanent("no site is known yet").help("begin with: modelquay")),
        (None, _) => {
            Err(Failure::permanent("which site is meant is not clear").help(format!("name one of: {}", list())))
        }
    }
}

/// The site's last run.
pub fn last_run(sites: &Sites, site: HostId) -> Result<RunDir, Failure> {
    sites
        .last_run(site)
        .ok_or_else(|| Failure::permanent(format!("no run of {site} was begun")).help("begin with: modelquay"))
}

/// The report, as lines or as one JSON object.
pub fn report(sites: &Sites, name: Option<&str>, as_json: bool) -> Result<String, Failure> {
    let site = site(sites, name)?;
    let run = last_run(sites, site)?;
    let read = run.read()?;
    let state = read.state();
    if as_json {
        let steps: Vec<_> = state.steps.iter().map(|s| json!({"step": s.id, "status": status(&s.status)})).collect();
        let value = json!({
            "v": 1, "type": "status", "site": site, "run": run.id, "result": state.result,
            "last": utc_text(state.last_ms), "torn": read.torn, "damaged": read.damaged, "steps": steps,
        });
        return Ok(format!("{value}\n"));
    }
    Ok(lines(site, &run, &state, read.torn || read.damaged > 0))
}

fn status(status: &StepStatus) -> &'static str {
    match status {
        StepStatus::Waiting => "waiting",
        StepStatus::Running { .. } => "under way, or cut off there",
        StepStatus::Retrying { .. } => "to be tried again",
        StepStatus::Blocked { .. } => "waiting for a failed step",
        StepStatus::Ended { outcome, .. } => match outcome {
            Outcome::Done { .. } => "done",
            Outcome::AlreadyDone { .. } => "was done before",
            Outcome::Skipped { .. } => "not needed",
            Outcome::Failed { .. } => "failed",
            Outcome::Aborted => "stopped",
        },
    }
}

fn lines(site: HostId, run: &RunDir, state: &RunState, damaged: bool) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "site {site}, run {}, last event {}", run.id, utc_text(state.last_ms));
    for step in &state.steps {
        let _ = writeln!(text, "  {}: {}", step.id.kind.title(), status(&step.status));
    }
    let (done, all) = state.progress();
    let _ = writeln!(text, "{done} of {all} steps are done, as the journal has it; the host was not asked");
    if damaged {
        text.push_str("the journal's end was cut off or damaged; what it lost is found out by resume\n");
    }
    if done < all {
        let _ = writeln!(text, "go on with: modelquay resume {site}");
    }
    text
}
