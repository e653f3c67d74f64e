//! What the screens hear.

use crate::base::Secret;
use crate::engine::step::Progress;
use crate::engine::tail::Line;
use crate::engine::{Preview, RunState};
use crate::plan::facts::Facts;
use crate::plan::preflight::Finding;
use crate::plan::{Change, Failure, HostId, NextCommands, StepId};
use crate::ports::{Copied, LinkState, Question, Route};
use crossterm::event::KeyEvent;
use std::sync::Arc;

/// What is overwritten and never queued: the newest state of everything that moves by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The run, as far as it is on disk.
    pub run: Option<Arc<RunState>>,
    /// The running step's progress.
    pub progress: Progress,
    /// The link.
    pub link: Option<LinkState>,
    /// What the program is about, in one sentence.
    pub note: String,
    /// How far the copy of the program to the host is, while there is one.
    pub copied: Option<Copied>,
    /// Who carries the run out.
    pub carried: Carried,
}

/// Who carries the run out that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Carried {
    /// This program.
    #[default]
    Here,
    /// The host, by itself: it is only followed from here.
    ByHost,
    /// Somebody else, and it is only followed from here: who, from where and since when.
    By(String),
}

/// A site that is known on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSite {
    /// Its name.
    pub name: HostId,
    /// The answers of its last run, with paths that hold from everywhere.
    pub answers: String,
    /// Steps done and steps in all of its last run, where there is one.
    pub run: Option<(usize, usize)>,
    /// Whether that run can be resumed.
    pub unfinished: bool,
}

/// A key pair with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// `root`, `reader`, `publisher`, `triton`.
    pub name: &'static str,
    /// The access key.
    pub access_key: Secret<String>,
    /// The secret key.
    pub secret_key: Secret<String>,
}

/// Where the registry is and how it was reached: what the hand-over says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// `https://10.77.0.2:30900`.
    pub url: String,
    /// By which way.
    pub route: Route,
    /// The CA's file on this computer.
    pub ca_path: String,
    /// Its SHA-256.
    pub ca_fingerprint: String,
    /// The sheet's file on this computer.
    pub sheet_path: String,
    /// Where the run itself has written the keys, where it did.
    pub keys_path: Option<String>,
    /// Lines to go on with.
    pub next: NextCommands,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Everything is done.
    Done,
    /// A step failed.
    Failed,
    /// Someone has to decide something.
    NeedsHuman,
    /// The link did not come back.
    LinkLost,
    /// It was stopped.
    Stopped,
    /// Whoever carried it out is gone without a word.
    Silent,
}

/// A run that has ended, for the screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: How,
    /// The step that failed or was under way.
    pub step: Option<StepId>,
    /// Why.
    pub failure: Option<Failure>,
    /// Where the log lies on this computer.
    pub log: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// Time has passed: milliseconds since 1970.
    Tick(u64),
    /// Everything that moves by itself, as it is now.
    Live(Live),
    /// New lines of output, and how many there were in all.
    Lines(Vec<Line>, u64),
    /// Known sites, and the hosts of the user's ssh configuration.
    Around {
        /// The sites.
        sites: Vec<KnownSite>,
        /// The hosts.
        hosts: Vec<String>,
        /// This computer's name.
        here: String,
    },
    /// Somebody asks something.
    Asked(u64, Question),
    /// A question needs no answer any more.
    QuestionGone(u64),
    /// The host was looked at.
    Looked {
        /// The facts.
        facts: Box<Facts>,
        /// What preflight says.
        findings: Vec<Finding>,
    },
    /// What the fixes would change.
    Fixes(Vec<Change>),
    /// The fixes were made.
    Fixed,
    /// A plan was made.
    Previewed(Box<Preview>),
    /// What was asked for could not be done.
    Failed(Failure),
    /// A file could not be written or read; nothing else is touched by that.
    Refused(Failure),
    /// A run was begun or is gone on with.
    RunBegun {
        /// The site.
        site: HostId,
        /// The answers that it was begun with.
        answers: String,
        /// Where its log lies on this computer.
        log: String,
    },
    /// A run has ended.
    RunEnded(Ended),
    /// The host has the program now.
    CopiedAhead,
    /// It could not be copied there. The run goes on.
    NotCopied(Failure),
    /// Kept lines of a step.
    Log(StepId, Vec<String>),
    /// The keys, and where everything is.
    Keys(Vec<KeyPair>, Box<HandOver>),
    /// A file was written.
    Saved(String),
    /// The keys were saved.
    KeysSaved {
        /// Where.
        path: String,
        /// Whether a passphrase opens the file.
        sealed: bool,
    },
    /// What a path could go on with: the longest common beginning, and how many there are.
    Completed {
        /// What was typed.
        path: String,
        /// What it could be.
        longer: String,
        /// How many fit.
        choices: usize,
    },
}
