//! How the program ends.

use crate::engine::Ending;
use crate::plan::{Failure, FailureKind};

/// Exit codes. They are part of the program's interface: docs/exit-codes.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as it should be.
    Done = 0,
    /// Something failed.
    Failed = 1,
    /// The command line or the answers are wrong.
    Usage = 2,
    /// Preflight says no; nothing was changed.
    Preflight = 3,
    /// Someone has to decide or to answer.
    NeedsHuman = 4,
    /// The link was lost for good: what goes on on the host is not known.
    Unknown = 5,
    /// Stopped by the user.
    Interrupted = 130,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit of a run.
    pub fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Done { .. } => Self::Done,
            Ending::Failed { failure, .. } => Self::of_failure(failure),
            Ending::NeedsHuman { .. } => Self::NeedsHuman,
            Ending::LinkLost { .. } => Self::Unknown,
            Ending::Aborted { .. } => Self::Interrupted,
        }
    }

    /// The exit of a failure outside of a run.
    pub fn of_failure(failure: &Failure) -> Self {
        match failure.kind {
            FailureKind::NeedsHuman => Self::NeedsHuman,
            FailureKind::Unknown => Self::Unknown,
            _ => Self::Failed,
        }
    }
}
