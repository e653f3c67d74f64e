//! The health of the connection to a host, apart from the health of the install.

/// What is known of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Nothing has been tried yet, or nothing is needed (this machine).
    Local,
    /// A connection is being made.
    Connecting {
        /// Counted from 1.
        attempt: u32,
    },
    /// It answers.
    Up {
        /// Round-trip time in milliseconds, as last measured.
        rtt_ms: Option<u32>,
    },
    /// It was lost; another attempt follows.
    Lost {
        /// Milliseconds since 1970, when the loss was noticed.
        since_ms: u64,
        /// When it is tried again, in milliseconds since 1970.
        retry_at_ms: u64,
        /// How often it was tried again.
        attempts: u32,
        /// Why, in OpenSSH's words.
        why: String,
    },
    /// It will not come back by itself.
    Gone {
        /// Why.
        why: String,
    },
}
