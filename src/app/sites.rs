//! What is kept of each site on the operator's computer: its lock, its CA, its runs. No secret.
//!
//! ```text
//! STATE/sites/SITE/            0700
//!   ca.crt  hand-over.txt  lock.json
//!   runs/RUN/journal.jsonl  log.txt  request.json
//! ```

use crate::base::{Secret, clock, own_disk};
use crate::engine::journal::{self, Read};
use crate::plan::{Failure, HostId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct Sites {
    root: PathBuf,
}

/// What a run was asked for: enough to resume it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The answers as they were read.
    pub answers: String,
    /// The directory to which the answers' relative paths belong.
    pub base: PathBuf,
    /// Where the credentials go; `None` where the run leaves them in the cluster, because they are shown
    /// and saved on a screen after it.
    pub credentials_file: Option<PathBuf>,
    /// Files that the answers name, by their paths as they stand there, where the request was made on another computer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// That nobody else on this computer works on a run.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "the lock is the open file's")] fs::File);

/// A run on disk.
#[derive(Clone, Debug)]
pub struct RunDir {
    /// Its id.
    pub id: String,
    /// Its directory.
    pub path: PathBuf,
}

impl Sites {
    /// In this directory; it is made when something is written.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// In the user's own state directory.
    pub fn of_user() -> Result<Self, Failure> {
        let dirs = directories::ProjectDirs::from("", "", "modelquay").ok_or_else(|| {
            Failure::permanent("find the home directory").help("set HOME, or name a directory with --state-dir")
        })?;
        let root = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
        Ok(Self::at(root))
    }

    /// A site's directory.
    pub fn dir(&self, site: HostId) -> PathBuf {
        self.root.join("sites").join(site.as_str())
    }

    /// Where uploads note what they have sent, so that they can be gone on with.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Where bookmarks and the places that one has been at are kept.
    pub fn places(&self) -> PathBuf {
        self.root.join("places.jsonl")
    }

    /// The names of the known sites.
    pub fn names(&self) -> Vec<HostId> {
        let Ok(entries) = fs::read_dir(self.root.join("sites")) else { return Vec::new() };
        let mut names: Vec<HostId> =
            entries.flatten().filter_map(|e| e.file_name().to_str().and_then(|n| n.parse().ok())).collect();
        names.sort();
        names
    }

    /// Makes the directory of a new run and writes its request.
    pub fn new_run(&self, site: HostId, now_ms: u64, request: &Request) -> Result<RunDir, Failure> {
        self.make_run("runs", site, now_ms, request)
    }

    /// The same for fixes that are made before an install: they are journaled as a run is, but are not
    /// what a resume goes on with.
    pub fn new_fixes(&self, site: HostId, now_ms: u64, request: &Request) -> Result<RunDir, Failure> {
        self.make_run("fixes", site, now_ms, request)
    }

    fn make_run(&self, kind: &str, site: HostId, now_ms: u64, request: &Request) -> Result<RunDir, Failure> {
        let runs = self.dir(site).join(kind);
        make_dirs(&runs)?;
        // The second of the start. Where another run stands at it or after it, because two start in one second or the
        // clock was set back, what follows that one: the newest run is the one whose name is the last.
        let newest = self.runs_in(kind, site).into_iter().next().map(|run| run.id);
        let mut id = clock::utc_compact(now_ms);
        if let Some(newest) = newest.filter(|newest| *newest >= id) {
            id = after(&newest);
        }
        for _ in 0..5 {
            let path = runs.join(&id);
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    sync_dir(&runs)?;
                    let run = RunDir { id, path };
                    run.write_request(request)?;
                    return Ok(run);
                }
                // Somebody begins one at this moment.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => id = after(&id),
                Err(error) => return Err(cannot("make", &path, &error)),
            }
        }
        Err(Failure::transient("too many runs were begun at this moment"))
    }

    /// The directory of a run that was begun elsewhere; it is made where it is not there, and the request is written where
    /// there is none.
    pub fn run_from_elsewhere(&self, site: HostId, id: &str, request: &Request) -> Result<RunDir, Failure> {
        let path = self.dir(site).join("runs").join(id);
        make_dirs(&path)?;
        let run = RunDir { id: id.to_owned(), path };
        if run.request().is_err() {
            let _ = fs::remove_file(run.path.join("request.json"));
            run.write_request(request)?;
        }
        Ok(run)
    }

    /// A run of a site, where its directory is there.
    pub fn run(&self, site: HostId, id: &str) -> Option<RunDir> {
        let path = self.dir(site).join("runs").join(id);
        path.is_dir().then(|| RunDir { id: id.to_owned(), path })
    }

    /// The newest run of a site that has a journal.
    pub fn last_run(&self, site: HostId) -> Option<RunDir> {
        self.runs(site).into_iter().find(|run| run.journal().exists())
    }

    /// Every run of a site, the newest first, also those without a journal.
    pub fn runs(&self, site: HostId) -> Vec<RunDir> {
        self.runs_in("runs", site)
    }

    /// The same of fixes that were made before an install.
    pub fn fixes(&self, site: HostId) -> Vec<RunDir> {
        self.runs_in("fixes", site)
    }

    fn runs_in(&self, kind: &str, site: HostId) -> Vec<RunDir> {
        let entries = fs::read_dir(self.dir(site).join(kind)).into_iter().flatten().flatten();
        let mut runs: Vec<RunDir> =
            entries.filter_map(|e| Some(RunDir { id: e.file_name().to_str()?.to_owned(), path: e.path() })).collect();
        runs.sort_by(|a, b| b.id.cmp(&a.id));
        runs
    }
}

impl RunDir {
    /// Its journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.txt")
    }

    /// Reads the journal.
    pub fn read(&self) -> Result<Read, Failure> {
        let path = self.journal();
        let bytes = fs::read(&path).map_err(|e| cannot("read", &path, &e))?;
        journal::read(&bytes).map_err(|e| Failure::permanent(format!("read {}", path.display())).because(e.to_string()))
    }

    /// What the run was asked for.
    pub fn request(&self) -> Result<Request, Failure> {
        let path = self.path.join("request.json");
        let bytes = fs::read(&path).map_err(|e| cannot("read", &path, &e))?;
        serde_json::from_slice(&bytes)
            .map_err(|e| Failure::permanent(format!("read {}", path.display())).because(e.to_string()))
    }

    /// What tells this computer's hold on the run from another's: the same for every program that goes on with it here.
    pub fn owner(&self, make: impl FnOnce() -> Option<Secret<String>>) -> Result<Secret<String>, Failure> {
        let path = self.path.join("owner");
        let known = fs::read_to_string(&path).unwrap_or_default();
        if known.len() >= 16 && known.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Secret::new(known));
        }
        let token = make().ok_or_else(|| Failure::permanent("this computer gives no random numbers"))?;
        replace(&path, token.expose().as_bytes())?;
        Ok(token)
    }

    /// Makes sure that no other program on this computer works on the run, as long as what is returned lives. However
    /// that program ends, its hold ends with it.
    pub fn alone(&self) -> Result<Alone, Failure> {
        use rustix::fs::{FlockOperation, flock};
        let path = self.path.join("lock");
        let file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let file = file.map_err(|e| cannot("open", &path, &e))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Failure::needs_human("another modelquay on this computer is working on this run")
                    .help("wait for it, or end it; to see how it goes on: modelquay attach SITE"));
            }
            // Where a file system knows no locks, there is one writer as long as nobody starts a second.
            Err(error) => tracing::debug!(%error, path = %path.display(), "the run cannot be locked"),
            Ok(()) => {}
        }
        Ok(Alone(file))
    }

    /// Puts another journal in the place of this one.
    pub fn replace_journal(&self, bytes: &[u8]) -> Result<(), Failure> {
        replace(&self.journal(), bytes)
    }

    /// Keeps the journal under another name, as `journal.1.jsonl`.
    pub fn set_journal_aside(&self) -> Result<(), Failure> {
        let own = self.journal();
        let free = (1u32..100).map(|n| self.path.join(format!("journal.{n}.jsonl"))).find(|path| !path.exists());
        let aside = free.unwrap_or_else(|| self.path.join("journal.old.jsonl"));
        fs::copy(&own, &aside).map(drop).map_err(|e| cannot("write", &aside, &e))
    }

    fn write_request(&self, request: &Request) -> Result<(), Failure> {
        let path = self.path.join("request.json");
        let text = serde_json::to_vec_pretty(request)
            .map_err(|e| Failure::permanent("write the request as JSON").because(e.to_string()))?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| cannot("write", &path, &e))?;
        std::io::Write::write_all(&mut file, &text)
            .and_then(|()| file.sync_all())
            .map_err(|e| cannot("write", &path, &e))
    }
}

/// Makes directories that only the user can enter, and brings their names to disk: what is synced
/// inside of them would be lost with a name that was not.
pub fn make_dirs(path: &Path) -> Result<(), Failure> {
    let missing = path.ancestors().take_while(|dir| !dir.exists()).count();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| cannot("make", path, &e))?;
    path.ancestors().skip(1).take(missing).try_for_each(sync_dir)
}

/// Writes a file whole (0600): beside it, synced, renamed.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(|e| cannot("write", path, &e))?;
    path.parent().map_or(Ok(()), sync_dir)
}

fn sync_dir(path: &Path) -> Result<(), Failure> {
    // A directory in which one may write and not look cannot be synced by us; the install goes on.
    let Ok(dir) = fs::File::open(path) else { return Ok(()) };
    dir.sync_all().map_err(|e| cannot("bring to disk", path, &e))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::permanent(format!("{what} {}", path.display()))
        .because(own_disk::words(error))
        .help("name another directory with --state-dir, or make room")
}

/// The next name after that of a run: `20261123-221631`, then with `b` to `z` behind it, then with `zb`.
fn after(id: &str) -> String {
    match id.as_bytes().last() {
        Some(letter @ b'b'..b'z') => format!("{}{}", &id[..id.len() - 1], char::from(letter + 1)),
        _ => format!("{id}b"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_hides_no_run() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let sites = Sites::at(dir.path());
        let site: HostId = "edge".parse().expect("a label");
        let request =
            Request { answers: String::new(), base: "/tmp".into(), credentials_file: None, files: BTreeMap::new() };
        let now = 1_795_472_191_000;
        // The clock is right, is set back by two hours, stands there for many runs, and is right again.
        let mut begun = Vec::new();
        for at in std::iter::once(now).chain([now - 7_200_000; 60]).chain([now + 1000]) {
            let run = sites.new_run(site, at, &request).expect("writable");
            fs::write(run.journal(), b"x\n").expect("writable");
            assert_eq!(sites.last_run(site).map(|run| run.id), Some(run.id.clone()), "the one begun last is the last");
            begun.push(run.id);
        }
        assert_eq!(begun[..3], ["20261123-221631", "20261123-221631b", "20261123-221631c"]);
        assert_eq!(begun.last().map(String::as_str), Some("20261123-221632"));
        assert!(begun.iter().all(|id| id.len() <= 40), "{begun:?}");
    }

    #[test]
    fn a_run_is_found_again_with_its_request() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let sites = Sites::at(dir.path());
        let site: HostId = "edge".parse().expect("a label");
        let request = Request {
            answers: "site = \"edge\"".into(),
            base: "/tmp".into(),
            credentials_file: Some("/tmp/keys".into()),
            files: BTreeMap::new(),
        };
        let first = sites.new_run(site, 0, &request).expect("writable");
        let second = sites.new_run(site, 0, &request).expect("writable");
        assert_ne!(first.id, second.id);
        assert!(sites.last_run(site).is_none(), "a run without a journal was never begun");
        fs::write(second.journal(), b"x\n").expect("writable");
        let found = sites.last_run(site).expect("it has a journal");
        assert_eq!((found.id.as_str(), found.request().ok()), (second.id.as_str(), Some(request.clone())));
        let fixes = sites.new_fixes(site, 1_000_000, &request).expect("writable");
        fs::write(fixes.journal(), b"x\n").expect("writable");
        assert_eq!(sites.last_run(site).map(|run| run.id), Some(second.id), "fixes are no run to resume");
        assert_eq!(sites.names(), [site]);
    }
}
