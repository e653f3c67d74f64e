//! The events of a run: what the journal holds, and what every face reads.
//!
//! Events are facts about the lifecycle and are never dropped; progress and output are not events.
//! The journal's first line is a [`Header`]; each further line is an [`Event`].

use crate::plan::{Failure, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format that this version writes.
pub const FORMAT: u32 = 1;
/// The oldest reader that understands what this version writes.
pub const MIN_READER: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format of the lines that follow.
    pub format: u32,
    /// Readers older than this must not read on.
    pub min_reader: u32,
    /// The run's id.
    pub run: String,
    /// The site's name.
    pub site: String,
}

/// One numbered event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// From 0, without gaps; only the recorder numbers.
    pub seq: u64,
    /// When, in milliseconds since 1970 by the operator's clock.
    pub at_ms: u64,
    /// What happened.
    pub event: EventKind,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done in this run, and the check after it agreed.
    Done {
        /// What the check saw.
        why: String,
    },
    /// There was nothing to do.
    AlreadyDone {
        /// What the check saw.
        why: String,
    },
    /// It is not needed here.
    Skipped {
        /// Why not.
        why: String,
    },
    /// It failed.
    Failed {
        /// Why, and what to do.
        failure: Failure,
    },
    /// The run was stopped before or in it.
    Aborted,
}

/// What a journal says of one planned step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPlan {
    /// The step.
    pub id: StepId,
    /// What comes before it.
    pub needs: Vec<StepId>,
    /// The digests of the changes that were shown and agreed to.
    pub agreed: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Every step is done.
    Done,
    /// A step failed.
    Failed,
    /// It was stopped.
    Aborted,
    /// Someone has to decide something.
    NeedsHuman,
    /// The link did not come back.
    LinkLost,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// A run begins; it lists every step, so that a reader can draw all of it.
    RunStarted {
        /// The steps in their order.
        steps: Vec<StepPlan>,
        /// Digest of the answers and the components, by which a resume knows that nothing changed.
        intent: String,
        /// Whether this is a rehearsal on a simulated machine.
        rehearsal: bool,
    },
    /// A run goes on after its program had ended.
    RunResumed {
        /// Counted from 1.
        epoch: u32,
        /// Who, as `user@computer`.
        by: String,
    },
    /// A step is looked at, and done where it is needed.
    StepStarted {
        /// The step.
        step: StepId,
        /// Counted from 1; a new attempt is a deliberate one, not a re-attachment.
        attempt: u32,
    },
    /// The check found something to do, and it is being done.
    StepApplying {
        /// The step.
        step: StepId,
        /// How many changes.
        changes: usize,
    },
    /// A step will be tried again after a pause.
    StepRetrying {
        /// The step.
        step: StepId,
        /// The attempt that comes.
        attempt: u32,
        /// Seconds until then.
        after: u64,
        /// Why.
        failure: Failure,
    },
    /// A step has ended.
    StepFinished {
        /// The step.
        step: StepId,
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The link was lost while a step went on.
    LinkLost {
        /// The step that was under way.
        step: StepId,
        /// Why, as far as it is known.
        why: String,
    },
    /// The link is back.
    LinkBack {
        /// Seconds that it was away.
        after: u64,
    },
    /// A stop was asked for.
    RunAborted {
        /// Whether the program leaves at once.
        at_once: bool,
    },
    /// The run has ended. No event follows but `RunResumed`.
    RunFinished {
        /// How.
        result: RunResult,
    },
    /// A kind that this version does not know; its data is kept.
    #[serde(untagged)]
    Unknown(Value),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StepKind;

    #[test]
    fn an_unknown_kind_keeps_its_data() {
        let line = r#"{"seq":7,"at_ms":1,"event":{"kind":"step-painted","step":"x","colour":"green"}}"#;
        let event: Event = serde_json::from_str(line).expect("an unknown kind is data");
        assert!(matches!(&event.event, EventKind::Unknown(data) if data["colour"] == "green"));
        assert_eq!(serde_json::to_string(&event).expect("it can be written"), line);
    }

    #[test]
    fn events_read_back_as_written() {
        let step = StepId::of(StepKind::ClusterStart, "edge".parse().expect("a label"));
        let kinds = [
            EventKind::StepStarted { step, attempt: 2 },
            EventKind::StepFinished { step, outcome: Outcome::Failed { failure: Failure::transient("x").help("y") } },
            EventKind::StepFinished { step, outcome: Outcome::AlreadyDone { why: "it runs".into() } },
            EventKind::RunFinished { result: RunResult::NeedsHuman },
        ];
        for event in kinds {
            let event = Event { seq: 0, at_ms: 5, event };
            let text = serde_json::to_string(&event).expect("events are JSON");
            assert_eq!(serde_json::from_str::<Event>(&text).ok(), Some(event), "{text}");
        }
    }
}
