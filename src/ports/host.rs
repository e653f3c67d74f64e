//! One host, as root.

use super::scripts::ScriptId;
use crate::base::Secret;
use crate::plan::Failure;
use async_trait::async_trait;

/// The verbs that a host understands. Everything that reads is safe to repeat; everything that
/// writes says in its documentation what a repetition does.
#[async_trait]
pub trait Host: Send + Sync {
    /// Looks at several things in one round trip; the answers come in the order of the questions.
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure>;

    /// Runs a short script of the closed set. `input` is its standard input and may be a secret.
    /// The result says how it ended; a script that failed is an [`Output`], not an error.
    async fn run(&self, script: ScriptId, args: &[&str], input: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure>;

    /// Writes a file whole: temporary file, sync, rename, sync of the directory. Parents must exist.
    /// Repeating it writes the same file again.
    async fn write(&self, file: &FileSpec) -> Result<(), Failure>;

    /// Removes a file; that it is not there is success.
    async fn remove(&self, path: &str) -> Result<(), Failure>;

    /// Starts a script as a transient systemd unit that outlives the connection. A unit of this name
    /// that runs or has ended is left as it is, so that a repeated start never runs twice.
    async fn start(&self, unit: &UnitSpec) -> Result<(), Failure>;

    /// Up to `max` bytes of a unit's output from byte `from` on, out of its log file.
    async fn unit_output(&self, unit: &str, from: u64, max: u32) -> Result<Chunk, Failure>;

    /// Stops a unit and waits until it is gone. Its log and exit status stay.
    async fn stop(&self, unit: &str) -> Result<(), Failure>;
}

/// A question about a host that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// A file: whether it is there, its mode and owner, and at most `max` bytes of it.
    File {
        /// Absolute path.
        path: String,
        /// How many bytes of it are wanted; 0 for none.
        max: u32,
    },
    /// The SHA-256 of a file of any size.
    Sha256 {
        /// Absolute path.
        path: String,
    },
    /// A unit of ours, by the files that its wrapper keeps and by systemd.
    Unit {
        /// Its name without `.service`.
        name: String,
    },
    /// A service of the host, by systemd.
    Service {
        /// Its name with its ending.
        name: String,
    },
    /// A kernel setting.
    Kernel {
        /// As in `fs.inotify.max_user_instances`.
        name: String,
    },
    /// Whether a program is on root's path.
    Program {
        /// Its name.
        name: String,
    },
}

impl Look {
    /// A file with its content, as far as 256 KiB.
    pub fn file(path: impl Into<String>) -> Self {
        Self::File { path: path.into(), max: 256 * 1024 }
    }

    /// Whether a path is there, without its content.
    pub fn stat(path: impl Into<String>) -> Self {
        Self::File { path: path.into(), max: 0 }
    }
}

/// The answer to a [`Look`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing is there.
    Absent,
    /// A file or directory.
    File(FileSeen),
    /// A SHA-256 in lower-case hex.
    Sha256(String),
    /// A unit of ours.
    Unit(UnitState),
    /// A service of the host.
    Service(ServiceState),
    /// A kernel setting's value or a program's path.
    Text(String),
}

/// A file as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSeen {
    /// What it is.
    pub is_dir: bool,
    /// Permission bits, as in `0o600`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// The asked-for first bytes.
    pub bytes: Vec<u8>,
}

impl FileSeen {
    /// The content as text, where it is text and was read whole.
    pub fn text(&self) -> Option<&str> {
        (self.bytes.len() as u64 == self.size).then(|| std::str::from_utf8(&self.bytes).ok()).flatten()
    }
}

/// What a unit of ours does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitState {
    /// It was never started.
    Absent,
    /// It runs.
    Running,
    /// It ended with this status, and its log and status are on disk.
    Finished {
        /// Exit status, 0 to 255.
        status: u8,
    },
    /// It was started and is gone without a status: the host was rebooted or lost power, or the unit
    /// was killed. Whether its work was done is not known.
    Lost,
}

/// A service of the host as systemd sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceState {
    /// `active`, `activating`, `failed`, `inactive`, …
    pub active: String,
    /// `running`, `start`, `auto-restart`, …
    pub sub: String,
    /// `enabled`, `disabled`, … or empty.
    pub enabled: String,
    /// How many times systemd has restarted it.
    pub restarts: u32,
    /// When it entered its state, in microseconds since boot.
    pub since_us: u64,
}

/// How a script ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status.
    pub status: u8,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
}

impl Output {
    /// Standard output as text with bad bytes replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.out)
    }

    /// The output of a script that succeeded, or a failure with the last lines it said.
    pub fn success(self, what: &str) -> Result<Self, Failure> {
        if self.status == 0 {
            return Ok(self);
        }
        let said = crate::base::sanitise::lines(&self.err, 300);
        let failure = Failure::permanent(format!("{what} ended with status {}", self.status));
        Err(said.iter().rev().take(3).rev().fold(failure, |f, line| f.because(line.clone())))
    }
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSpec {
    /// Absolute path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// `user:group` by name or number.
    pub owner: String,
    /// The content, which may be a secret.
    pub content: Secret<Vec<u8>>,
}

/// A script to be run as a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSpec {
    /// The unit's name without `.service`; see [`unit_name`].
    pub name: String,
    /// What it runs.
    pub script: ScriptId,
    /// Its arguments; they are visible on the host to everyone.
    pub args: Vec<String>,
}

/// The name of a run's unit: the run and the attempt are part of it, so that a new attempt never
/// meets an old one's log.
pub fn unit_name(run: &str, step: &str, part: &str, attempt: u32) -> String {
    let mut name = format!("modelquay-{run}-{step}");
    if !part.is_empty() {
        name.push('-');
        name.push_str(part);
    }
    format!("{name}-{attempt}")
}

/// A piece of a unit's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes, from the asked-for offset on.
    pub bytes: Vec<u8>,
    /// The size of the whole log at that moment.
    pub size: u64,
}
