//! Why a connection could not be made or was lost, from OpenSSH's own log.

use crate::base::sanitise;
use crate::plan::{Failure, FailureKind};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of the end of a log is read.
const END_OF_LOG: i64 = 32 << 10;

type Rule = (&'static [&'static str], FailureKind, &'static str, &'static str);

/// Words of OpenSSH 8.9 to 10, what they mean and what to do. The first that fits counts.
const RULES: &[Rule] = &[
    (
        &["REMOTE HOST IDENTIFICATION HAS CHANGED", "HOST IDENTIFICATION HAS CHANGED"],
        FailureKind::NeedsHuman,
        "the host key has changed: nothing was sent",
        "Ask whoever runs the host whether it was reinstalled. Only then remove its old key with `ssh-keygen -R`.",
    ),
    (
        &["Host key verification failed", "REVOKED HOST KEY"],
        FailureKind::NeedsHuman,
        "the host key is not accepted: nothing was sent",
        "Compare the key's SHA256 with the one of the host, then accept it, or name it in the answers.",
    ),
    (
        &["Could not resolve hostname", "Name or service not known"],
        FailureKind::Transient,
        "the host's name is not known",
        "Look whether the name is right and whether this computer's name service works.",
    ),
    (
        &["Connection refused"],
        FailureKind::Transient,
        "the connection is refused",
        "Look whether sshd runs there and whether the port is right.",
    ),
    (
        &["timed out", "Timeout, server", "No route to host", "Network is unreachable", "Host is down"],
        FailureKind::Transient,
        "the host does not answer",
        "Look whether it is on, and whether a network, a VPN or a firewall stands in between.",
    ),
    (
        &["Too many authentication failures"],
        FailureKind::NeedsHuman,
        "the server has stopped asking after too many keys",
        "Name the key to be used, with `identity` or in the SSH configuration (IdentitiesOnly).",
    ),
    (
        &["Permission denied"],
        FailureKind::NeedsHuman,
        "the server does not let the user in",
        "Look whether the user is right, and whether the key is loaded or the password right.",
    ),
    (
        &["Unable to negotiate", "no matching"],
        FailureKind::Permanent,
        "this computer's OpenSSH and the server share no method",
        "One of the two is too old; the log says which method is missing.",
    ),
    (
        &["Bad configuration option", "Bad owner or permissions", "terminating, ", "Can't open user config file"],
        FailureKind::Permanent,
        "the SSH configuration of this computer is not accepted by OpenSSH",
        "Correct what the message names.",
    ),
    (
        &["Identity file", "UNPROTECTED PRIVATE KEY"],
        FailureKind::Permanent,
        "the key file cannot be used",
        "Look whether it is there and readable by you alone.",
    ),
    (
        &["Connection closed", "Connection reset", "Broken pipe", "kex_exchange_identification", "banner exchange"],
        FailureKind::Transient,
        "the server closed the connection",
        "It may be starting, or refuse this user or address; its own log says why.",
    ),
];

/// The failure that a log tells of; `to` is the destination.
pub fn failure(to: &str, log: &str) -> Failure {
    let said = worth_showing(log);
    let rule = RULES.iter().find(|(words, ..)| words.iter().any(|w| log.contains(w)));
    let failure = match rule {
        Some((_, kind, message, help)) => Failure::new(*kind, format!("{to}: {message}")).help(*help),
        None => Failure::transient(format!("{to}: the connection could not be made")),
    };
    said.into_iter().fold(failure, Failure::because)
}

/// Why a connection that was up has ended, in OpenSSH's words.
pub fn loss(log: &str) -> String {
    worth_showing(log).pop().unwrap_or_else(|| "the connection has ended".into())
}

/// The last lines that say something, without a frame of `@`.
fn worth_showing(log: &str) -> Vec<String> {
    let lines = sanitise::lines(log.as_bytes(), 240);
    let worth: Vec<String> = lines.into_iter().filter(|l| !l.starts_with('@') && !l.contains("post-quantum")).collect();
    let skip = worth.len().saturating_sub(2);
    worth.into_iter().skip(skip).collect()
}

/// The end of a log file; empty where it cannot be read.
pub fn end_of(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(log)?;
        if file.metadata()?.len() > END_OF_LOG.unsigned_abs() {
            file.seek(SeekFrom::End(-END_OF_LOG))?;
        }
        let mut end = Vec::new();
        file.take(END_OF_LOG.unsigned_abs()).read_to_end(&mut end)?;
        Ok(end)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_say_what_can_be_done() {
        use FailureKind::{NeedsHuman, Transient};
        for (log, kind, part) in [
            ("ssh: Could not resolve hostname nohost: Name or service not known\r\n", Transient, "name"),
            ("ssh: connect to host 10.0.0.1 port 22: Connection refused\r\n", Transient, "refused"),
            ("Timeout, server 10.0.0.1 not responding.\r\n", Transient, "does not answer"),
            ("tech@10.0.0.1: Permission denied (publickey).\r\n", NeedsHuman, "let the user in"),
            (
                "@@@\r\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n",
                NeedsHuman,
                "changed",
            ),
        ] {
            let failure = failure("edge", log);
            assert_eq!(failure.kind, kind, "{log}");
            assert!(failure.message.contains(part), "{failure}");
        }
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_is() {
        let failure = failure("edge", "something \x1b[31mnew\n");
        assert_eq!(failure.line(), "edge: the connection could not be made: something new");
        assert_eq!(loss(""), "the connection has ended");
    }
}
