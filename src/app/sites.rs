//! What is kept of each site on the operator's computer: its lock, its CA, its runs. No secret.
//!
//! ```text
//! STATE/sites/SITE/            0700
//!   ca.crt  hand-over.txt  lock.json
//!   runs/RUN/journal.jsonl  log.txt  request.json
//! ```

use crate::base::clock;
use crate::engine::journal::{self, Read};
use crate::plan::{Failure, HostId};
use serde::{Deserialize, Serialize};
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
}

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
        // The second of the start and, where two start in one, a letter.
        for suffix in ["", "b", "c", "d", "e"] {
            let id = format!("{}{suffix}", clock::utc_compact(now_ms));
            let path = runs.join(&id);
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    sync_dir(&runs)?;
                    let run = RunDir { id, path };
                    run.write_request(request)?;
                    return Ok(run);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot("make", &path, &error)),
            }
        }
        Err(Failure::transient("too many runs were begun in this second"))
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

fn sync_dir(path: &Path) -> Result<(), Failure> {
    // A directory in which one may write and not look cannot be synced by us; the install goes on.
    let Ok(dir) = fs::File::open(path) else { return Ok(()) };
    dir.sync_all().map_err(|e| cannot("bring to disk", path, &e))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::permanent(format!("{what} {}", path.display()))
        .because(error.to_string())
        .help("name another directory with --state-dir, or make room")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_again_with_its_request() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let sites = Sites::at(dir.path());
        let site: HostId = "edge".parse().expect("a label");
        let request = Request {
            answers: "site = \"edge\"".into(),
            base: "/tmp".into(),
            credentials_file: Some("/tmp/keys".into()),
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
