//! What the screens want done. Effects are values, so that tests compare them; the driver in `cli`
//! carries them out, one after the other, and answers with messages.

use crate::base::Secret;
use crate::plan::{HostId, StepId};
use crate::ports::Answer;

/// How the program is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing is under way.
    Quit,
    /// A rehearsal is to follow.
    Rehearse,
    /// The browser is to follow: over the connection that there is, or to a site.
    Browse(Option<HostId>),
    /// A run is under way; what the host does by itself goes on, the rest waits for a resume.
    Detach,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave the screens.
    Leave(Leaving),
    /// Give the terminal back to the shell until it says `fg`.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Find the known sites and the hosts of the user's ssh configuration.
    LookAround,
    /// Connect where it is needed, then look at the host and judge it.
    Look {
        /// The answers so far.
        answers: String,
    },
    /// Give up what is being looked at, and every question with it.
    GiveUp,
    /// Show what the host preparation alone would change.
    ShowFixes {
        /// The answers so far.
        answers: String,
    },
    /// Do what was shown by [`Effect::ShowFixes`].
    Fix,
    /// Make a plan.
    Preview {
        /// The answers.
        answers: String,
    },
    /// Carry out the plan that was shown.
    Install,
    /// Go on with the last run of a site.
    Resume {
        /// Which.
        site: HostId,
    },
    /// Bring the run here that a host keeps, and follow it. Which host, the program was told at its start.
    Attach,
    /// Go on with the run that has just failed.
    Retry,
    /// Copy the program to the host while the run goes on, so that the host can go on with it by itself.
    CopyAhead,
    /// Copy no more of it.
    StopCopy,
    /// Leave the run, and have the host go on with it, by the program that was copied there. The screens follow it.
    HandOver,
    /// Stop at the next safe point.
    Stop,
    /// Answer a question.
    Answer {
        /// Which.
        id: u64,
        /// The answer.
        answer: Answer,
    },
    /// Write the answers file.
    WriteAnswers {
        /// Where.
        path: String,
        /// What.
        answers: String,
    },
    /// Write the plan as a report.
    Export {
        /// Where.
        path: String,
    },
    /// Read the kept lines of a step from the run's log.
    ReadLog {
        /// Which.
        step: StepId,
    },
    /// Write a step's log to a file.
    SaveLog {
        /// Which.
        step: StepId,
        /// Where.
        path: String,
    },
    /// Send a text to the terminal's clipboard.
    Copy(Secret<String>),
    /// Read the keys from the cluster.
    ReadKeys,
    /// Forget the keys: their screen was left.
    ForgetKeys,
    /// Save the keys.
    SaveKeys {
        /// Where.
        path: String,
        /// With which they are encrypted.
        passphrase: Option<Secret<String>>,
    },
    /// What a path that is being typed could go on with.
    Complete {
        /// So far.
        path: String,
    },
    /// How many times faster than life a rehearsal goes.
    Speed(u32),
}
