//! What is waited for, as data, so that every wait can be explained.

use serde::{Deserialize, Serialize};

/// A wait that a step may have to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitSpec {
    /// The condition, as a phrase behind "waits for ".
    pub condition: &'static str,
    /// How long it usually takes, in seconds.
    pub typical: u32,
    /// From when on it is worth a remark, in seconds.
    pub remark: u32,
    /// When it is given up, in seconds.
    pub limit: u32,
}

/// What a running wait has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The condition, as a phrase behind "waits for ".
    pub condition: String,
    /// The value seen last, in words.
    pub observed: String,
    /// Seconds since the wait began.
    pub elapsed: u64,
    /// Seconds after which it is given up.
    pub limit: u64,
    /// The best guess why it is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guess: Option<String>,
}
