//! What a step would change, shown before anything is done and held to afterwards.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};

/// One change. Two changes are the same change when their digests are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A file on a host.
    File {
        /// Absolute path.
        path: String,
        /// Mode and owner, as in `0600 root`.
        mode: String,
        /// The text it has now: `None` where it does not exist or has not been looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// The text it will have. A secret is never part of it.
        after: String,
    },
    /// A directory on a host.
    Directory {
        /// Absolute path.
        path: String,
        /// Mode and owner, as in `0700 root`.
        mode: String,
    },
    /// A kernel setting.
    Setting {
        /// Its name, as in `fs.inotify.max_user_instances`.
        name: String,
        /// The value now, where it has been looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// The value it will have.
        after: String,
    },
    /// A package of the host's own distribution.
    Package {
        /// Its name.
        name: String,
    },
    /// A unit of systemd.
    Unit {
        /// Its name.
        name: String,
        /// What happens to it, as in `enabled and started`.
        action: String,
    },
    /// Bytes that the host fetches.
    Download {
        /// What it is.
        name: String,
        /// From where.
        url: String,
        /// How many bytes, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// How it is verified, as in `sha256 4298…` or `the release's own checksum file`.
        verified_by: String,
    },
    /// A program run on a host.
    Command {
        /// What is run.
        run: String,
        /// What for.
        why: String,
    },
    /// An object in the cluster.
    Object {
        /// `Kind`.
        kind: String,
        /// `name` or `namespace/name`.
        name: String,
        /// What it says that matters.
        summary: String,
    },
    /// Something in the registry: a bucket, its rules, a key.
    Registry {
        /// What, as in `bucket models`.
        what: String,
        /// What is done to it.
        action: String,
    },
    /// A file on the computer that runs this program.
    LocalFile {
        /// Its path.
        path: String,
        /// What stands in it.
        what: String,
    },
}

/// The changes of a step.
pub type Changes = Vec<Change>;

impl Change {
    /// Sha-256 over what will be true afterwards. What was there before is not part of it: it may
    /// not have been known when the change was shown.
    pub fn digest(&self) -> String {
        let mut after = self.clone();
        match &mut after {
            Self::File { before, .. } | Self::Setting { before, .. } => *before = None,
            _ => {}
        }
        let text = serde_json::to_vec(&after).unwrap_or_default();
        hex(&Sha256::digest(&text))
    }

    /// What it is about, without the details.
    pub fn subject(&self) -> String {
        match self {
            Self::File { path, .. } | Self::Directory { path, .. } | Self::LocalFile { path, .. } => path.clone(),
            Self::Setting { name, .. } | Self::Unit { name, .. } | Self::Download { name, .. } => name.clone(),
            Self::Package { name } => format!("package {name}"),
            Self::Command { run, .. } => run.clone(),
            Self::Object { kind, name, .. } => format!("{kind} {name}"),
            Self::Registry { what, .. } => what.clone(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, mode, before, after } => {
                let what = match before {
                    Some(old) if old == after => "mode of file",
                    Some(_) => "change file",
                    None => "write file",
                };
                write!(f, "{what} {path} ({mode})")
            }
            Self::Directory { path, mode } => write!(f, "make directory {path} ({mode})"),
            Self::Setting { name, before: Some(before), after } => write!(f, "set {name} from {before} to {after}"),
            Self::Setting { name, before: None, after } => write!(f, "set {name} to {after}"),
            Self::Package { name } => write!(f, "install package {name}"),
            Self::Unit { name, action } => write!(f, "unit {name}: {action}"),
            Self::Download { name, url, bytes: Some(bytes), verified_by } => {
                write!(f, "fetch {name}, {}, from {url} (verified by {verified_by})", size_text(*bytes))
            }
            Self::Download { name, url, bytes: None, verified_by } => {
                write!(f, "fetch {name}, size not known yet, from {url} (verified by {verified_by})")
            }
            Self::Command { run, why } => write!(f, "run {run}: {why}"),
            Self::Object { kind, name, summary } => write!(f, "{kind} {name}: {summary}"),
            Self::Registry { what, action } => write!(f, "{what}: {action}"),
            Self::LocalFile { path, what } => write!(f, "write {path} on this computer: {what}"),
        }
    }
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `1.5 GiB`, in powers of 1,024.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10 / 1024;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths >= 1000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_does_not_change_the_digest() {
        let change = |before: Option<&str>| Change::Setting {
            name: "fs.inotify.max_user_instances".into(),
            before: before.map(Into::into),
            after: "8192".into(),
        };
        assert_eq!(change(None).digest(), change(Some("128")).digest());
        let other = Change::Setting { name: "x".into(), before: None, after: "1".into() };
        assert_ne!(change(None).digest(), other.digest());
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(size_text(512), "512 B");
        assert_eq!(size_text(1536), "1.5 KiB");
        assert_eq!(size_text(821 * 1024 * 1024), "821 MiB");
        assert_eq!(size_text(u64::MAX), "16383 PiB");
    }
}
