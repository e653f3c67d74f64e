//! Bookmarks and history in the user's state directory.
//!
//! ```text
//! STATE/places.jsonl   0600, a record a line: {"bookmark":{…}} or {"visited":{…}}, the oldest first
//! STATE/places.lock    held while the file is changed, so that two programs at once lose nothing
//! ```
//!
//! The file is replaced as a whole, so that it is never half written by us. One that cannot be read in full is kept
//! beside it under another name, and what could be read of it goes on.

use super::sites::{Sites, make_dirs};
use crate::base::jsonl;
use crate::plan::Failure;
use crate::registry::places::{Bookmark, Location, Places};
use crate::transport::operator_files::write_own;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A larger file was not written by us: 700 records of the longest keys have less than a fourth of it.
const MAX: u64 = 4 << 20;
/// Files that were set aside, at most.
const ASIDE: usize = 20;
/// How long another program may hold the file. It needs milliseconds, unless it was stopped in between.
const WAIT: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// A line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Record {
    Bookmark(Bookmark),
    Visited(Location),
}

/// Where they are kept.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

/// What is kept now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// All of it.
    pub places: Places,
    /// Where a file was set aside that could not be read in full. Its reader has to be told.
    pub aside: Option<PathBuf>,
    /// Bookmarks that were forgotten, because there are too many.
    pub forgotten: Vec<Bookmark>,
}

impl Store {
    /// Beside the sites.
    pub fn of(sites: &Sites) -> Self {
        let path = sites.places();
        // A directory that was named from here is meant as it is seen now.
        Self { path: std::path::absolute(&path).unwrap_or(path) }
    }

    /// What is kept. Nothing is written, unless the file cannot be read in full and is set aside.
    pub async fn load(&self) -> Result<Kept, Failure> {
        let path = self.path.clone();
        let read = blocking(move || read(&path)).await?;
        if read.whole { Ok(Kept { places: read.places, ..Kept::default() }) } else { self.change(|_| Vec::new()).await }
    }

    /// Keeps a bookmark, in place of one of the same place.
    pub async fn add(&self, bookmark: Bookmark) -> Result<Kept, Failure> {
        self.change(|places| places.add(bookmark)).await
    }

    /// Removes the bookmark of a place.
    pub async fn remove(&self, at: Location) -> Result<Kept, Failure> {
        self.change(move |places| {
            places.remove(&at);
            Vec::new()
        })
        .await
    }

    /// Notes that somebody is there.
    pub async fn visited(&self, at: Location) -> Result<Kept, Failure> {
        self.change(|places| {
            places.visited(at);
            Vec::new()
        })
        .await
    }

    /// Reads, changes and writes while no other program does.
    async fn change(&self, with: impl FnOnce(&mut Places) -> Vec<Bookmark> + Send + 'static) -> Result<Kept, Failure> {
        let (path, lock) = (self.path.clone(), self.lock().await?);
        blocking(move || {
            let before = read(&path)?;
            let mut places = before.places.clone();
            let forgotten = with(&mut places);
            let aside = if before.whole { None } else { Some(set_aside(&path)?) };
            if aside.is_some() || places != before.places {
                write_own(&path, &lines(&places, &before.others)).map_err(|failure| {
                    failure.help("Make room, or name another directory with --state-dir; what was kept is as it was.")
                })?;
            }
            drop(lock);
            Ok(Kept { places, aside, forgotten })
        })
        .await
    }

    /// Waits until no other program changes the file. The lock goes with the program that holds it.
    async fn lock(&self) -> Result<File, Failure> {
        let path = self.path.with_extension("lock");
        let opened = path.clone();
        let file = blocking(move || {
            make_dirs(opened.parent().unwrap_or(Path::new("/")))?;
            let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&opened);
            options.map_err(|e| cannot("open", &opened, &e))
        })
        .await?;
        let begun = tokio::time::Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if begun.elapsed() < WAIT => tokio::time::sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::transient("the bookmarks are held by another program")
                        .because(path.display().to_string())
                        .help("Look whether a stopped modelquay is among the jobs of a shell: `fg` lets it go on."));
                }
                Err(TryLockError::Error(e)) => return Err(cannot("lock", &path, &e)),
            }
        }
    }
}

/// What is in a file.
#[derive(Default)]
struct Read {
    places: Places,
    /// Lines of a newer program, which stay as they are.
    others: Vec<Vec<u8>>,
    /// Whether each line was understood.
    whole: bool,
}

fn read(path: &Path) -> Result<Read, Failure> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > MAX => return Ok(Read::default()),
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(cannot("read", path, &e)),
    }
    Ok(parse(&bytes))
}

/// Total: whatever the bytes are, there is something in them or not.
fn parse(bytes: &[u8]) -> Read {
    let split = jsonl::split(bytes);
    let mut read = Read { whole: !split.torn(bytes.len()), ..Read::default() };
    for line in split.lines {
        match serde_json::from_slice(line) {
            Ok(Record::Bookmark(bookmark)) => drop(read.places.add(bookmark)),
            Ok(Record::Visited(at)) => read.places.visited(at),
            Err(_) if is_other(line) => read.others.push(line.to_vec()),
            Err(_) => read.whole = false,
        }
    }
    read
}

/// Whether a line is a record of a kind that this program does not know.
fn is_other(line: &[u8]) -> bool {
    let value = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).unwrap_or_default();
    value.len() == 1 && !value.keys().any(|kind| kind == "bookmark" || kind == "visited")
}

fn lines(places: &Places, others: &[Vec<u8>]) -> Vec<u8> {
    let (bookmarks, history) = places.all();
    let records = bookmarks.iter().cloned().map(Record::Bookmark).chain(history.iter().cloned().map(Record::Visited));
    let mut out = Vec::new();
    for record in records {
        // Texts and nothing else are in it, which always can be written as JSON.
        out.extend(serde_json::to_vec(&record).unwrap_or_default());
        out.push(b'\n');
    }
    for line in others {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// Gives the file a second name that is free. It keeps that one when it is replaced.
fn set_aside(path: &Path) -> Result<PathBuf, Failure> {
    for n in 1..=ASIDE {
        let aside = path.with_extension(format!("jsonl.unreadable-{n}"));
        match std::fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(cannot("set aside", path, &e)),
        }
    }
    Err(Failure::permanent(format!("{} cannot be read, and {ASIDE} such files lie beside it", path.display()))
        .help("Remove those that are not wanted any more."))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::permanent(format!("cannot {what} {}", path.display()))
        .because(error.to_string())
        .help("Look whose it is, or name another directory with --state-dir.")
}

/// File work blocks, so it is kept off the threads that draw and carry.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Failure::permanent("the file work was broken off").because(e.to_string())))
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
