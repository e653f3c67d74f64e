//! Why a transfer ended without its object.

use crate::plan::{Failure, FailureKind};
use crate::ports::local_files::{LocalError, WhyLocal};
use crate::ports::objects::{ObjectError, Why};
use std::fmt;

/// Why a transfer ended without its object, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The service said no, in this way.
    Service(Why),
    /// A local file said no, in this way.
    Local(WhyLocal),
    /// Something is under the target's name already.
    Exists,
    /// The bytes are not the object's.
    Corrupt,
    /// The object or the file kept changing.
    Unsteady,
    /// It cannot be done in this way: a key that is no path, a file that is too large.
    Impossible,
}

/// A transfer that ended without its object. What was carried stays for the next try unless it says
/// otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What a caller acts on.
    pub end: End,
    /// What a reader is told.
    pub failure: Failure,
}

impl Trouble {
    /// One with its words.
    pub fn new(end: End, failure: Failure) -> Self {
        Self { end, failure }
    }

    /// The same seen from one level further out.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.failure = self.failure.context(message);
        self
    }

    /// The exit code that fits: 5 where the result is unknown, 4 where somebody has to act, 1 otherwise.
    pub fn exit(&self) -> u8 {
        match (self.end, self.failure.kind) {
            (End::Service(Why::Cut), _) | (_, FailureKind::Unknown) => 5,
            (End::Exists, _) | (_, FailureKind::NeedsHuman) => 4,
            _ => 1,
        }
    }
}

impl From<ObjectError> for Trouble {
    fn from(error: ObjectError) -> Self {
        Self { end: End::Service(error.why), failure: error.failure }
    }
}

impl From<LocalError> for Trouble {
    fn from(error: LocalError) -> Self {
        Self { end: End::Local(error.why), failure: error.failure }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure)
    }
}

impl std::error::Error for Trouble {}
