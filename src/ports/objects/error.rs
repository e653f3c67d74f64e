//! Why a call of an S3 service did not do what it was asked.

use crate::plan::Failure;
use std::fmt;

/// Why a call did not do what it was asked, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The key may not do this (401, 403), or it is not known, or the clocks differ.
    Denied,
    /// There is no such bucket, object, version or upload (404).
    Missing,
    /// A condition does not hold: the object is another one than was asked for, or is there already
    /// (412, 409 `ConditionalRequestConflict`).
    Changed,
    /// The range begins behind the object's end (416).
    BadRange,
    /// The service cannot now (429, 5xx): worth another try after a pause.
    Busy,
    /// The service does not know this operation or this parameter (501, 405, `NotImplemented`).
    Unsupported,
    /// The service has no room: its disk is full or the bucket's quota is used up.
    Full,
    /// There was no answer, or it broke off. A call that changes something may have been carried out.
    Cut,
    /// Any other refusal.
    Refused,
}

/// What a call ended with instead of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectError {
    /// What a caller acts on.
    pub why: Why,
    /// What a reader is told.
    pub failure: Failure,
}

impl ObjectError {
    /// Whether the same call may succeed after a pause. One that changes something is repeated only
    /// where doing it twice is the same as doing it once.
    pub fn may_pass(&self) -> bool {
        matches!(self.why, Why::Busy | Why::Cut)
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure)
    }
}

impl std::error::Error for ObjectError {}

/// What a call ends with.
pub type Answer<T> = Result<T, ObjectError>;
