//! A failure as a value: it can be written to the journal, sent over a wire and shown anywhere.

use serde::{Deserialize, Serialize};

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// May pass by itself: worth another try after a pause.
    Transient,
    /// Trying again changes nothing until something is mended.
    Permanent,
    /// Someone has to decide or to answer.
    NeedsHuman,
    /// It is not known whether the thing was done: the link was lost in between.
    Unknown,
    /// None of the above is known.
    #[serde(other)]
    Unclassified,
}

/// What went wrong, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A lowercase fragment that reads after "failed: ".
    pub message: String,
    /// The causes, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// One sentence on what to do, shown behind `help: `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What can be done about it.
    pub kind: FailureKind,
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hint: None, kind }
    }

    /// See [`FailureKind::Permanent`].
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, message)
    }

    /// See [`FailureKind::Transient`].
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// See [`FailureKind::NeedsHuman`].
    pub fn needs_human(message: impl Into<String>) -> Self {
        Self::new(FailureKind::NeedsHuman, message)
    }

    /// See [`FailureKind::Unknown`].
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unknown, message)
    }

    /// The same with a sentence on what to do.
    #[must_use]
    pub fn help(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more cause, the innermost so far.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same seen from one level further out: `message` goes in front, the old one becomes a cause.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, inner);
        self
    }

    /// Message and causes in one line.
    pub fn line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line())
    }
}

impl std::error::Error for Failure {}
