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
    /// Every way to end.
    pub const ALL: &'static [Exit] =
        &[Self::Done, Self::Failed, Self::Usage, Self::Preflight, Self::NeedsHuman, Self::Unknown, Self::Interrupted];

    /// What it means, in the words of docs/exit-codes.md.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing was to be done",
            Self::Failed => "failed",
            Self::Usage => "the command line or the answers are wrong",
            Self::Preflight => "preflight says no",
            Self::NeedsHuman => "someone has to decide or answer something",
            Self::Unknown => "the result is unknown: the link was lost",
            Self::Interrupted => "interrupted",
        }
    }

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

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_code_with_its_meaning() {
        let text = include_str!("../../docs/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(text.contains(&row), "docs/exit-codes.md lacks {row:?}");
        }
        assert_eq!(text.lines().filter(|l| l.starts_with("| ")).count(), Exit::ALL.len() + 1);
    }

    #[test]
    fn codes_are_as_promised() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|e| e.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 130]);
    }
}
