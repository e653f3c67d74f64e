//! The state of a run, as the fold of its events.
//!
//! Resilient against: events that come twice, a journal cut at any byte, events of kinds that are not
//! known, events about steps that were never announced. Not resilient against events in another order
//! than they were numbered: those are counted and left out.

use super::event::{Event, EventKind, Outcome, RunResult};
use crate::plan::{Failure, StepId};
use std::collections::BTreeSet;

/// The most steps of a run, and the most that one of them needs. Plans have two dozen steps; a journal with more is not
/// one of ours, and each event would have to look through all of them.
const STEPS: usize = 128;
const NEEDS: usize = 16;

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// It has not been looked at.
    Waiting,
    /// It is under way, or was when the journal ends: then only a check can tell.
    Running {
        /// Since when, in milliseconds since 1970.
        since_ms: u64,
        /// The attempt.
        attempt: u32,
        /// How many changes are being made; `None` while it is only looked at.
        applying: Option<usize>,
    },
    /// It failed and will be tried again.
    Retrying {
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// The attempt that comes.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// It has ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// It will not run, because this step failed.
    Blocked {
        /// The step that failed.
        by: StepId,
    },
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepState {
    /// The step.
    pub id: StepId,
    /// What comes before it.
    pub needs: Vec<StepId>,
    /// The digests of the changes that were agreed to.
    pub agreed: Vec<String>,
    /// Where it stands.
    pub status: StepStatus,
    /// The attempt that comes next, or is under way: one more only after a failure.
    pub next_attempt: u32,
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunState {
    /// Its steps in their order.
    pub steps: Vec<StepState>,
    /// Digest of what it is about.
    pub intent: String,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// When it began.
    pub started_ms: Option<u64>,
    /// The newest event's time.
    pub last_ms: u64,
    /// How often it was resumed.
    pub epoch: u32,
    /// Since when the link is lost, and why.
    pub link_lost: Option<(u64, String)>,
    /// Whether a stop was asked for, and at once.
    pub aborting: Option<bool>,
    /// How it ended.
    pub result: Option<RunResult>,
    /// The number that the next event has.
    pub next_seq: u64,
    /// Events that could not be used: out of order, or about unknown steps.
    pub ignored: u64,
}

impl RunState {
    /// The state after these events.
    pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Takes one event in. An event that was seen before changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq != self.next_seq {
            if event.seq > self.next_seq {
                self.ignored += 1;
            }
            return;
        }
        self.next_seq += 1;
        self.last_ms = event.at_ms;
        match &event.event {
            EventKind::RunStarted { steps, intent, rehearsal } => {
                self.started_ms = Some(event.at_ms);
                self.intent.clone_from(intent);
                self.rehearsal = *rehearsal;
                self.ignored += steps.len().saturating_sub(STEPS) as u64;
                self.steps = steps
                    .iter()
                    .take(STEPS)
                    .map(|s| StepState {
                        id: s.id,
                        needs: s.needs.iter().take(NEEDS).copied().collect(),
                        agreed: s.agreed.clone(),
                        status: StepStatus::Waiting,
                        next_attempt: 1,
                    })
                    .collect();
            }
            EventKind::RunResumed { epoch, .. } => {
                self.epoch = *epoch;
                self.result = None;
                self.aborting = None;
                self.link_lost = None;
                // The machine is the truth: every step is looked at again.
                for step in &mut self.steps {
                    step.status = StepStatus::Waiting;
                }
            }
            EventKind::StepStarted { step, attempt } => {
                let status = StepStatus::Running { since_ms: event.at_ms, attempt: *attempt, applying: None };
                self.set(*step, status, *attempt);
            }
            EventKind::StepApplying { step, changes } => {
                if let Some(StepState { status: StepStatus::Running { applying, .. }, .. }) = self.step_mut(*step) {
                    *applying = Some(*changes);
                }
            }
            EventKind::StepRetrying { step, attempt, after, failure } => {
                let at_ms = event.at_ms.saturating_add(after.saturating_mul(1000));
                let status = StepStatus::Retrying { at_ms, attempt: *attempt, failure: failure.clone() };
                self.set(*step, status, *attempt);
            }
            EventKind::StepFinished { step, outcome } => self.finish(*step, outcome, event.at_ms),
            EventKind::LinkLost { why, .. } => self.link_lost = Some((event.at_ms, why.clone())),
            EventKind::LinkBack { .. } => self.link_lost = None,
            EventKind::RunAborted { at_once } => self.aborting = Some(*at_once),
            EventKind::RunFinished { result } => self.result = Some(*result),
            EventKind::Unknown(_) => self.ignored += 1,
        }
    }

    fn finish(&mut self, step: StepId, outcome: &Outcome, at_ms: u64) {
        let failed = matches!(outcome, Outcome::Failed { .. });
        let Some(found) = self.step_mut(step) else {
            self.ignored += 1;
            return;
        };
        let took_ms = match found.status {
            StepStatus::Running { since_ms, .. } => at_ms.saturating_sub(since_ms),
            _ => 0,
        };
        found.status = StepStatus::Ended { outcome: outcome.clone(), took_ms };
        if failed {
            found.next_attempt = found.next_attempt.saturating_add(1);
            let mut lost = BTreeSet::from([step]);
            for other in &mut self.steps {
                if other.status == StepStatus::Waiting && other.needs.iter().any(|need| lost.contains(need)) {
                    lost.insert(other.id);
                    other.status = StepStatus::Blocked { by: step };
                }
            }
        }
    }

    fn set(&mut self, id: StepId, status: StepStatus, attempt: u32) {
        match self.step_mut(id) {
            Some(step) => {
                step.status = status;
                step.next_attempt = attempt;
            }
            None => self.ignored += 1,
        }
    }

    fn step_mut(&mut self, id: StepId) -> Option<&mut StepState> {
        self.steps.iter_mut().find(|step| step.id == id)
    }

    /// One step.
    pub fn step(&self, id: StepId) -> Option<&StepState> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The step that is under way.
    pub fn running(&self) -> Option<&StepState> {
        self.steps.iter().find(|s| matches!(s.status, StepStatus::Running { .. } | StepStatus::Retrying { .. }))
    }

    /// How many steps are done, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        let done = |s: &&StepState| match &s.status {
            StepStatus::Ended { outcome, .. } => !matches!(outcome, Outcome::Failed { .. } | Outcome::Aborted),
            _ => false,
        };
        (self.steps.iter().filter(done).count(), self.steps.len())
    }

    /// The steps that wait for this program: all that have neither ended nor are under way.
    pub fn waiting(&self) -> Vec<StepId> {
        let open = |s: &&StepState| {
            matches!(
                s.status,
                StepStatus::Waiting
                    | StepStatus::Blocked { .. }
                    | StepStatus::Ended { outcome: Outcome::Failed { .. } | Outcome::Aborted, .. }
            )
        };
        self.steps.iter().filter(open).map(|s| s.id).collect()
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
