//! A plan with what each step's check said, for people and as JSON.

use super::json::line;
use super::{REHEARSAL, safe};
use crate::engine::preview::Previewed;
use crate::engine::step::Check;
use crate::plan::Change;
use crate::plan::change::size_text;
use serde_json::json;

/// What a plan comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Steps in all.
    pub steps: usize,
    /// Steps with work.
    pub work: usize,
    /// Steps where nothing is to be done.
    pub done: usize,
    /// Steps that cannot be looked at yet.
    pub blocked: usize,
    /// Steps where something that is not ours stands in the way.
    pub conflicts: usize,
    /// Changes in all.
    pub changes: usize,
    /// Downloads in all.
    pub downloads: usize,
    /// Bytes of the downloads whose size is known.
    pub bytes: u64,
    /// Downloads whose size is not known.
    pub unsized_downloads: usize,
}

impl Totals {
    /// Counts.
    pub fn of(steps: &[Previewed]) -> Self {
        let mut totals = Self { steps: steps.len(), ..Self::default() };
        for step in steps {
            match &step.check {
                Check::Done { .. } => totals.done += 1,
                Check::NeedsWork { .. } => totals.work += 1,
                Check::Blocked { .. } => totals.blocked += 1,
                Check::Conflict(_) => totals.conflicts += 1,
            }
            totals.changes += step.changes.len();
            for change in &step.changes {
                if let Change::Download { bytes, .. } = change {
                    totals.downloads += 1;
                    match bytes {
                        Some(bytes) => totals.bytes = totals.bytes.saturating_add(*bytes),
                        None => totals.unsized_downloads += 1,
                    }
                }
            }
        }
        totals
    }
}

/// The plan for people, step by step.
pub fn human(site: &str, steps: &[Previewed], rehearsal: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let all = steps.len();
    for (n, step) in (1..).zip(steps) {
        let title = format!("[{n}/{all}] {}", step.id.kind.title());
        match &step.check {
            Check::Done { why } => lines.push(format!("{title}: nothing to do: {}", safe(why))),
            Check::NeedsWork { .. } if step.changes.is_empty() => {
                lines.push(format!("{title}: waits, changes nothing"));
            }
            Check::NeedsWork { .. } => lines.push(format!("{title}: {}", count(step.changes.len(), "change"))),
            Check::Blocked { because } => lines.push(format!(
                "{title}: {}, as far as can be said before {:?} is done",
                count(step.changes.len(), "change"),
                because.title()
            )),
            Check::Conflict(failure) => {
                lines.push(format!("{title}: IN THE WAY: {}", safe(&failure.line())));
                lines.extend(failure.hint.as_deref().map(|hint| format!("    help: {}", safe(hint))));
            }
        }
        lines.extend(step.changes.iter().map(|change| format!("    {}", safe(&change.to_string()))));
    }
    let totals = Totals::of(steps);
    lines.push(format!(
        "site {site}: {}: {} with work, {} done, {} not to be seen yet, {} in the way",
        count(totals.steps, "step"),
        totals.work,
        totals.done,
        totals.blocked,
        totals.conflicts
    ));
    lines.push(format!("{}; {}", count(totals.changes, "change"), downloads(&totals)));
    lines.push("nothing has been changed".into());
    if rehearsal {
        for line in &mut lines {
            line.insert_str(0, &format!("{REHEARSAL} "));
        }
    }
    lines
}

fn downloads(totals: &Totals) -> String {
    match (totals.downloads, totals.unsized_downloads) {
        (0, _) => "nothing to download".into(),
        (all, 0) => format!("{}, {} in all", count(all, "download"), size_text(totals.bytes)),
        (all, unknown) if all == unknown => format!("{} of sizes not known yet", count(all, "download")),
        (all, unknown) => {
            format!("{}, {} and {unknown} of sizes not known yet", count(all, "download"), size_text(totals.bytes))
        }
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// The plan as JSON lines: one a step, and the totals last.
pub fn json(site: &str, steps: &[Previewed], rehearsal: bool) -> Vec<String> {
    let mut lines: Vec<String> = steps
        .iter()
        .map(|step| {
            let (check, why, because, failure) = match &step.check {
                Check::Done { why } => ("done", Some(why), None, None),
                Check::NeedsWork { .. } => ("needs-work", None, None, None),
                Check::Blocked { because } => ("blocked", None, Some(because.id()), None),
                Check::Conflict(failure) => ("conflict", None, None, Some(failure)),
            };
            let rest = json!({
                "step": step.id, "title": step.id.kind.title(), "check": check, "why": why, "because": because,
                "failure": failure, "changes": step.changes, "rehearsal": rehearsal,
            });
            line("plan-step", rest)
        })
        .collect();
    let totals = Totals::of(steps);
    let rest = json!({
        "site": site, "rehearsal": rehearsal, "steps": totals.steps, "work": totals.work, "done": totals.done,
        "blocked": totals.blocked, "conflicts": totals.conflicts, "changes": totals.changes,
        "downloads": totals.downloads, "bytes": totals.bytes, "unsized_downloads": totals.unsized_downloads,
    });
    lines.push(line("plan", rest));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Failure, StepId, StepKind};

    fn steps() -> Vec<Previewed> {
        let id = |kind| StepId::of(kind, "edge".parse().expect("a label"));
        let fetch = |bytes| Change::Download {
            name: "core images".into(),
            url: "https://x.example/a".into(),
            bytes,
            verified_by: "sha256".into(),
        };
        let changes = vec![fetch(Some(3 << 20)), fetch(None)];
        vec![
            Previewed {
                id: id(StepKind::ClusterImages),
                check: Check::NeedsWork { changes: changes.clone() },
                changes,
            },
            Previewed {
                id: id(StepKind::Tenant),
                check: Check::Blocked { because: StepKind::ClusterStart },
                changes: vec![Change::Package { name: "curl".into() }],
            },
            Previewed {
                id: id(StepKind::NodePort),
                check: Check::Conflict(Failure::needs_human("port 30900 is taken").help("choose another")),
                changes: vec![],
            },
            Previewed { id: id(StepKind::Reach), check: Check::done("it answers"), changes: vec![] },
        ]
    }

    #[test]
    fn a_plan_says_what_comes_and_what_it_costs() {
        let text = human("edge", &steps(), false).join("\n");
        for part in [
            "[1/4] RKE2 images: 2 changes",
            "[2/4] Tenant: 1 change, as far as can be said before \"Start RKE2\" is done",
            "[3/4] Node port: IN THE WAY: port 30900 is taken\n    help: choose another",
            "[4/4] Reached from outside: nothing to do: it answers",
            "4 steps: 1 with work, 1 done, 1 not to be seen yet, 1 in the way",
            "3 changes; 2 downloads, 3.0 MiB and 1 of sizes not known yet",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(human("edge", &steps(), true).iter().all(|l| l.starts_with("REHEARSAL ")));
    }

    #[test]
    fn json_has_one_line_a_step_and_the_totals() {
        let lines = json("edge", &steps(), false);
        let last: serde_json::Value = serde_json::from_str(&lines[4]).expect("an object");
        assert_eq!(
            (&last["type"], &last["bytes"], &last["unsized_downloads"]),
            (&json!("plan"), &json!(3 << 20), &json!(1))
        );
        let second: serde_json::Value = serde_json::from_str(&lines[1]).expect("an object");
        assert_eq!((&second["check"], &second["because"]), (&json!("blocked"), &json!("cluster-start")));
    }
}
