//! Questions that only a person can answer.

use crate::base::Secret;
use crate::plan::Failure;
use async_trait::async_trait;

/// Who asks. It is shown with each question: a server can write anything into its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// OpenSSH on this computer.
    LocalSsh,
    /// The server's own words, passed on by OpenSSH (keyboard-interactive).
    Server {
        /// Its name in the site.
        host: String,
    },
    /// sudo on the host.
    Sudo {
        /// The host's name in the site.
        host: String,
        /// The user whose password is meant.
        user: String,
    },
    /// This program.
    Program,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is this host key the right one?
    HostKey {
        /// Where it connects to.
        host: String,
        /// `ED25519`, `ECDSA`, `RSA`.
        kind: String,
        /// `SHA256:…`
        fingerprint: String,
    },
    /// A secret of one line.
    Hidden {
        /// Who asks.
        asker: Asker,
        /// The question in the asker's words, made safe to show.
        text: String,
        /// How often it was asked before in this connection attempt; a refused answer is never
        /// given again by itself.
        refused: u32,
    },
    /// A line that may be shown.
    Shown {
        /// Who asks.
        asker: Asker,
        /// The question in the asker's words, made safe to show.
        text: String,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The host key is right; remember it.
    AcceptAndRemember,
    /// The host key is right for this run.
    AcceptOnce,
    /// The answer is no.
    Refuse,
    /// A line.
    Text(Secret<String>),
}

/// Someone who can be asked. Implementations: the terminal, a file descriptor, the screens, and one
/// that refuses.
#[async_trait]
pub trait Prompt: Send + Sync {
    /// Asks, and waits for the answer. A failure of kind `NeedsHuman` says that nobody can answer.
    async fn ask(&self, question: Question) -> Result<Answer, Failure>;
}
