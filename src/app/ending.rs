//! The last word about a run: what was done, what was not, and how to go on.

use crate::engine::event::{Outcome, RunResult};
use crate::engine::run::Ending;
use crate::engine::state::{RunState, StepState, StepStatus};
use crate::plan::step::Alone;
use crate::plan::{Failure, StepId, failures};

/// A run that has ended, as far as its last words need it.
pub struct Ended<'a> {
    /// The site, as `resume` and `status` take it.
    pub site: &'a str,
    /// The run's id.
    pub run: &'a str,
    /// How it ended.
    pub ending: &'a Ending,
    /// Its state.
    pub state: &'a RunState,
    /// The last lines of the step that it ended at.
    pub log: &'a [String],
}

/// The failure in an ending.
pub fn failure_of(ending: &Ending) -> Option<&Failure> {
    match ending {
        Ending::Failed { failure, .. } | Ending::NeedsHuman { failure, .. } | Ending::LinkLost { failure, .. } => {
            Some(failure)
        }
        Ending::Done { .. } | Ending::Aborted { .. } => None,
    }
}

/// How a run ended that somebody else carried out, as far as its journal says; `left` is whether it was followed no
/// further.
pub fn of_state(state: &RunState, left: bool) -> Ending {
    let failed = state.steps.iter().find_map(|step| match &step.status {
        StepStatus::Ended { outcome: Outcome::Failed { failure }, .. } => Some((step.id, failure.clone())),
        _ => None,
    });
    let under_way = state.running().map(|step| step.id);
    match (failed, state.result) {
        _ if left => Ending::Aborted { under_way, at_once: true },
        (Some((step, failure)), Some(RunResult::NeedsHuman)) => Ending::NeedsHuman { step, failure },
        (Some((step, failure)), _) => Ending::Failed { step, failure },
        (None, _) => Ending::Aborted { under_way, at_once: false },
    }
}

/// The step at which a run ended, where it is one.
pub fn step_of(ending: &Ending) -> Option<StepId> {
    match ending {
        Ending::Failed { step, .. } | Ending::NeedsHuman { step, .. } | Ending::LinkLost { step, .. } => Some(*step),
        Ending::Aborted { under_way, .. } => *under_way,
        Ending::Done { .. } => None,
    }
}

impl Ended<'_> {
    /// The steps that wait for a resume, the one that was under way first.
    fn waiting(&self) -> Vec<StepId> {
        let under_way = |s: &&StepState| matches!(s.status, StepStatus::Running { .. } | StepStatus::Retrying { .. });
        let mut waiting: Vec<StepId> = self.state.steps.iter().filter(under_way).map(|s| s.id).collect();
        waiting.extend(self.state.waiting());
        waiting
    }

    /// The words for people. They never say more than is known.
    pub fn words(&self) -> Vec<String> {
        let (done, all) = self.state.progress();
        let mut lines = Vec::new();
        let began = self.state.started_ms.unwrap_or(self.state.last_ms);
        let seconds = self.state.last_ms.saturating_sub(began) / 1000;
        match self.ending {
            Ending::Done { changed: true } => lines.push(format!("done: {done} of {all} steps in {}", span(seconds))),
            Ending::Done { changed: false } => {
                lines.push(format!("done: all {all} steps were as they should be; nothing was changed"));
            }
            Ending::Failed { step, failure } => self.failure_lines(&mut lines, "failed", *step, failure),
            Ending::NeedsHuman { step, failure } => {
                self.failure_lines(&mut lines, "stopped, because someone has to decide", *step, failure);
            }
            Ending::LinkLost { step, failure } => {
                self.failure_lines(&mut lines, "given up, because the link did not come back", *step, failure);
                lines.push(self.goes_on(*step));
            }
            Ending::Aborted { under_way, at_once } => {
                let how = if *at_once { "left at once" } else { "stopped" };
                lines.push(format!("{how} as asked: {done} of {all} steps are done"));
                if let Some(step) = under_way {
                    lines.push(self.goes_on(*step));
                }
            }
        }
        let waiting = self.waiting();
        if !waiting.is_empty() && !matches!(self.ending, Ending::Done { .. }) {
            let titles: Vec<&str> = waiting.iter().map(|id| id.kind.title()).collect();
            lines.push(format!("waiting for resume: {}", titles.join(", ")));
            lines.push(if self.state.rehearsal {
                "a rehearsal is not resumed: start it again with modelquay rehearse".to_owned()
            } else {
                format!("go on with: modelquay resume {}", self.site)
            });
        }
        lines
    }

    fn failure_lines(&self, lines: &mut Vec<String>, how: &str, step: StepId, failure: &Failure) {
        let (done, all) = self.state.progress();
        lines.push(format!("{how} at {:?}: {}", step.kind.title(), failure.line()));
        if let Some(known) = failures::recognise(failure, self.log.iter().map(String::as_str)) {
            lines.push(format!("known: {}", known.cause.of("en")));
            lines.push(format!("fix: {}", known.fix.of("en")));
        } else if !self.state.rehearsal {
            lines.push(format!("not a known failure; for somebody else to look at: modelquay report {}", self.site));
        }
        lines.push(format!("{done} of {all} steps are done"));
    }

    /// What goes on without this program: at most one unit of the step under way, and only where the
    /// step works by units and had started one.
    fn goes_on(&self, step: StepId) -> String {
        let title = step.kind.title();
        match step.kind.alone() {
            Alone::Unit => format!(
                "the step {title:?} was under way; if it had started a unit on the host (modelquay-{}-{}…), that unit goes \
                 on there, and nothing else does",
                self.run,
                step.kind.id()
            ),
            Alone::Service => format!(
                "the step {title:?} was under way; if rke2-server had been started, it goes on starting on the host, and \
                 nothing else does"
            ),
            Alone::Cluster => format!(
                "the step {title:?} was under way; whether it was done is not known, and nothing of it goes on but what the \
                 cluster does by itself"
            ),
            Alone::Nothing => {
                format!("the step {title:?} was under way; whether it was done is not known, and nothing of it goes on")
            }
        }
    }
}

/// `12 s`, `3 min 5 s`, `2 h 3 min`.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Event, EventKind, StepPlan};
    use crate::plan::StepKind;

    fn state() -> RunState {
        let id = |kind| StepId::of(kind, "edge".parse().expect("a label"));
        let plan = |kind| StepPlan { id: id(kind), needs: vec![], agreed: vec![] };
        let steps = vec![plan(StepKind::ClusterPackage), plan(StepKind::Tenant)];
        let kinds = [
            EventKind::RunStarted { steps, intent: String::new(), rehearsal: false },
            EventKind::StepStarted { step: id(StepKind::ClusterPackage), attempt: 1 },
        ];
        let events: Vec<Event> = (0..).zip(kinds).map(|(seq, event)| Event { seq, at_ms: 0, event }).collect();
        RunState::fold(&events)
    }

    #[test]
    fn leaving_at_once_names_the_unit_that_goes_on_and_the_steps_that_wait() {
        let state = state();
        let ending = Ending::Aborted { under_way: state.running().map(|s| s.id), at_once: true };
        let text = Ended { site: "edge", run: "r7", ending: &ending, state: &state, log: &[] }.words().join("\n");
        assert!(text.contains("modelquay-r7-cluster-package"), "{text}");
        assert!(text.contains("waiting for resume: RKE2 package, Tenant"), "{text}");
        assert!(text.contains("modelquay resume edge"), "{text}");
    }

    #[test]
    fn a_run_that_changed_nothing_says_so() {
        let state = RunState::default();
        let ending = Ending::Done { changed: false };
        let ended = Ended { site: "edge", run: "r", ending: &ending, state: &state, log: &[] };
        assert!(ended.words()[0].contains("nothing was changed"));
    }

    #[test]
    fn a_known_failure_says_what_lies_behind_it_and_what_to_do() {
        let state = state();
        let step = state.running().map(|s| s.id).expect("one is under way");
        let ending = Ending::Failed { step, failure: Failure::permanent("the unit ended with status 1") };
        let ended = |log: &[String]| Ended { site: "edge", run: "r", ending: &ending, state: &state, log }.words();
        let log = ["mkdir /x: no space left on device".to_owned()];
        let words = ended(&log);
        assert!(words.iter().any(|line| line.starts_with("known: A file system of the host is full")), "{words:?}");
        assert!(words.iter().any(|line| line.starts_with("fix: Make room")), "{words:?}");
        let unknown = ended(&[]);
        assert!(!unknown.iter().any(|line| line.starts_with("known: ")));
        assert!(unknown.iter().any(|line| line.ends_with(": modelquay report edge")), "{unknown:?}");
        assert!(!words.iter().any(|line| line.contains("modelquay report")), "{words:?}");
    }
}
