//! The last word about a run: what was done, what was not, and how to go on.

use super::{safe, span};
use crate::engine::run::Ending;
use crate::engine::state::{RunState, StepStatus};
use crate::plan::{Failure, StepId, StepKind};

/// How a run ended, with all that a person needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The site, as `resume` and `status` take it.
    pub site: String,
    /// The run's id.
    pub run: String,
    /// Whether it was a rehearsal.
    pub rehearsal: bool,
    /// The program's exit code.
    pub exit: u8,
    /// How it ended.
    pub ending: Ending,
    /// Steps that are done, and steps in all.
    pub progress: (usize, usize),
    /// Steps that wait for `resume`.
    pub waiting: Vec<StepId>,
    /// How long the run took, from its first to its last event.
    pub seconds: u64,
    /// Further lines, such as where the credentials are and how to go on with the registry.
    pub notes: Vec<String>,
}

impl Summary {
    /// The summary of a run in this state.
    pub fn new(site: &str, run: &str, exit: u8, ending: Ending, state: &RunState) -> Self {
        let seconds = state.started_ms.map_or(0, |began| state.last_ms.saturating_sub(began) / 1000);
        let under_way = |s: &&crate::engine::state::StepState| matches!(s.status, StepStatus::Running { .. });
        let mut waiting: Vec<StepId> = state.steps.iter().filter(under_way).map(|s| s.id).collect();
        waiting.extend(state.waiting());
        Self {
            site: site.into(),
            run: run.into(),
            rehearsal: state.rehearsal,
            exit,
            ending,
            progress: state.progress(),
            waiting,
            seconds,
            notes: Vec::new(),
        }
    }

    /// The failure in it.
    pub fn failure(&self) -> Option<(StepId, &Failure)> {
        match &self.ending {
            Ending::Failed { step, failure }
            | Ending::NeedsHuman { step, failure }
            | Ending::LinkLost { step, failure } => Some((*step, failure)),
            Ending::Done { .. } | Ending::Aborted { .. } => None,
        }
    }

    /// How it ended, in a word.
    pub fn word(&self) -> &'static str {
        match self.ending {
            Ending::Done { changed: true } => "done",
            Ending::Done { changed: false } => "nothing-to-do",
            Ending::Failed { .. } => "failed",
            Ending::NeedsHuman { .. } => "needs-human",
            Ending::LinkLost { .. } => "unknown",
            Ending::Aborted { .. } => "interrupted",
        }
    }

    /// The lines for people. They never say more than is known.
    pub fn lines(&self) -> Vec<String> {
        let (done, all) = self.progress;
        let mut lines = Vec::new();
        match &self.ending {
            Ending::Done { changed: true } => {
                lines.push(format!("done: {done} of {all} steps in {}", span(self.seconds)))
            }
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
        if !self.waiting.is_empty() && !matches!(self.ending, Ending::Done { .. }) {
            let titles: Vec<&str> = self.waiting.iter().map(|id| id.kind.title()).collect();
            lines.push(format!("waiting for resume: {}", titles.join(", ")));
            lines.push(if self.rehearsal {
                "a rehearsal is not resumed: start it again with modelquay rehearse".to_owned()
            } else {
                format!("go on with: modelquay resume {}", self.site)
            });
        }
        lines.extend(self.notes.iter().map(|note| safe(note)));
        if let Some(hint) = self.failure().and_then(|(_, failure)| failure.hint.as_deref()) {
            lines.push(format!("help: {}", safe(hint)));
        }
        lines
    }

    fn failure_lines(&self, lines: &mut Vec<String>, how: &str, step: StepId, failure: &Failure) {
        let (done, all) = self.progress;
        lines.push(format!("{how} at {:?}: {}", step.kind.title(), safe(&failure.line())));
        lines.push(format!("{done} of {all} steps are done"));
    }

    /// What goes on without this program: at most one unit of the step under way, and only where the
    /// step works by units and had started one.
    fn goes_on(&self, step: StepId) -> String {
        let title = step.kind.title();
        match step.kind {
            StepKind::PrepareHost | StepKind::ClusterImages | StepKind::ClusterPackage => format!(
                "the step {title:?} was under way; if it had started a unit on the host (modelquay-{}-{}…), that unit goes \
                 on there, and nothing else does",
                self.run,
                step.kind.id()
            ),
            StepKind::ClusterStart => format!(
                "the step {title:?} was under way; if rke2-server had been started, it goes on starting on the host, and \
                 nothing else does"
            ),
            _ => format!(
                "the step {title:?} was under way; whether it was done is not known, and nothing of it goes on but what the \
                 cluster does by itself"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Event, EventKind, StepPlan};

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
        let under_way = state().running().map(|s| s.id);
        let summary = Summary::new("edge", "r7", 130, Ending::Aborted { under_way, at_once: true }, &state());
        let text = summary.lines().join("\n");
        assert!(text.contains("modelquay-r7-cluster-package"), "{text}");
        assert!(text.contains("waiting for resume: RKE2 package, Tenant"), "{text}");
        assert!(text.contains("modelquay resume edge"), "{text}");
    }

    #[test]
    fn help_is_the_last_line() {
        let step = state().steps[1].id;
        let failure = Failure::needs_human("a foreign tenant").help("remove it or choose another name");
        let summary = Summary::new("edge", "r", 4, Ending::NeedsHuman { step, failure }, &state());
        assert_eq!(summary.lines().last().map(String::as_str), Some("help: remove it or choose another name"));
    }
}
