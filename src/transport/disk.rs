//! The files of this computer, for what is carried to and from buckets.

use super::disk_open::{alone, claim_now, make_now, reopen_now};
use super::rooms::Rooms;
use super::writeback;
use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{FileKind, FileSeen, Found, Landing, Local, LocalError, LocalFile, WhyLocal};
use async_trait::async_trait;
use bytes::Bytes;
use rustix::fs::{CWD, RenameFlags};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// From so many files on, a landing syncs the whole file system once and not each file: 1,000 small
/// files took 40 times as long one by one.
const SYNC_ALL_FROM: usize = 16;

/// The file system of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// An open file.
struct Open {
    file: Arc<File>,
    path: PathBuf,
}

/// All files share them: it is all parts together that are to stay small.
static ROOMS: LazyLock<Rooms> = LazyLock::new(Rooms::default);

pub(super) fn failed(verb: &str, path: &Path, cause: &std::io::Error) -> LocalError {
    let why = match cause.kind() {
        ErrorKind::NotFound => WhyLocal::Missing,
        ErrorKind::AlreadyExists => WhyLocal::Exists,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => WhyLocal::Denied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => WhyLocal::Full,
        _ => WhyLocal::Other,
    };
    let failure = Failure::permanent(format!("cannot {verb} {}", path.display())).because(cause.to_string());
    let failure = match why {
        WhyLocal::Full => failure.help("Make room on this computer's disk, then say the same again: it goes on there."),
        WhyLocal::Denied => failure.help("Choose a directory in which this user may write."),
        _ => failure,
    };
    LocalError { why, failure }
}

fn seen(meta: &Metadata) -> FileSeen {
    let kind = match meta.file_type() {
        kind if kind.is_file() => FileKind::File,
        kind if kind.is_dir() => FileKind::Directory,
        kind if kind.is_symlink() => FileKind::Link,
        _ => FileKind::Other,
    };
    let modified_ns = meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec());
    FileSeen { kind, size: meta.len(), modified_ns, inode: meta.ino() }
}

pub(super) fn look_now(path: &Path) -> Local<Option<FileSeen>> {
    match path.symlink_metadata() {
        Ok(meta) => Ok(Some(seen(&meta))),
        // `a/b` where `a` is a file: nothing lies there, and making it will say why.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(failed("look at", path, &e)),
    }
}

pub(super) fn plain(verb: &str, path: &Path, file: File) -> Local<File> {
    let meta = file.metadata().map_err(|e| failed("look at", path, &e))?;
    if meta.is_file() {
        return Ok(file);
    }
    Err(failed(verb, path, &std::io::Error::other("it is no plain file")))
}

pub(super) fn flags(read_only: bool) -> i32 {
    use rustix::fs::OFlags;
    let bits = if read_only { OFlags::NONBLOCK } else { OFlags::NOFOLLOW | OFlags::NONBLOCK };
    i32::try_from(bits.bits()).unwrap_or(0)
}

pub(super) fn remove_now(path: &Path) -> Local<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(failed("remove", path, &e)),
        _ => Ok(()),
    }
}

/// The nearest directory above a path that exists.
fn standing(path: &Path) -> PathBuf {
    let above = path.ancestors().find(|dir| !dir.as_os_str().is_empty() && dir.is_dir());
    above.unwrap_or(Path::new(".")).to_owned()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_directory(dir: &Path) -> Local<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| failed("bring to disk", dir, &e))
}

fn name_now(landing: &Landing) -> Local<()> {
    let Landing { part, target, replace } = landing;
    if *replace {
        return std::fs::rename(part, target).map_err(|e| failed("write", target, &e));
    }
    match rustix::fs::renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        // Not every file system can do this in one step.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            if look_now(target)?.is_some() {
                return Err(failed("write", target, &std::io::Error::from(ErrorKind::AlreadyExists)));
            }
            std::fs::rename(part, target).map_err(|e| failed("write", target, &e))
        }
        Err(e) => Err(failed("write", target, &e.into())),
        Ok(()) => Ok(()),
    }
}

fn land_now(landings: &[Landing]) -> Vec<Local<()>> {
    let all_at_once = landings.len() >= SYNC_ALL_FROM;
    let synced = match landings.first() {
        Some(first) if all_at_once => File::open(parent(&first.target))
            .and_then(|dir| Ok(rustix::fs::syncfs(dir)?))
            .map_err(|e| failed("bring to disk", parent(&first.target), &e)),
        _ => Ok(()),
    };
    let mut results: Vec<_> = landings
        .iter()
        .map(|landing| {
            synced.clone()?;
            if !all_at_once {
                let file = File::open(&landing.part).map_err(|e| failed("write", &landing.part, &e))?;
                file.sync_all().map_err(|e| failed("bring to disk", &landing.part, &e))?;
            }
            name_now(landing)
        })
        .collect();
    let named = || landings.iter().map(|landing| parent(&landing.target));
    for dir in named().collect::<BTreeSet<_>>() {
        if let Err(e) = sync_directory(dir) {
            let of_dir = results.iter_mut().zip(named()).filter(|(result, of)| *of == dir && result.is_ok());
            of_dir.for_each(|(result, _)| *result = Err(e.clone()));
        }
    }
    results
}

fn folds_now(path: &Path) -> Local<bool> {
    let dir = standing(path);
    let tag = format!("{}-{:x}", std::process::id(), std::ptr::from_ref(&dir).addr());
    let probe = dir.join(format!(".modelquay-a-{tag}"));
    make_now(&probe)?;
    let other = look_now(&dir.join(format!(".MODELQUAY-A-{tag}")));
    remove_now(&probe)?;
    Ok(other?.is_some())
}

fn walk_now(root: &Path, at_most: usize) -> Local<Vec<Found>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(|e| failed("read the directory", &dir, &e))? {
            let path = entry.map_err(|e| failed("read the directory", &dir, &e))?.path();
            let meta = path.symlink_metadata().map_err(|e| failed("look at", &path, &e))?;
            if meta.is_dir() {
                open.push(path);
                continue;
            }
            if found.len() == at_most {
                let cause = std::io::Error::other(format!("there are more than {at_most} files"));
                return Err(failed("take all of", root, &cause));
            }
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            found.push(Found { path, seen: seen(&meta) });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// File work blocks, so it is kept off the threads that carry connections.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Local<T> + Send + 'static) -> Local<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(broken_off(&e)))
}

fn broken_off(error: &tokio::task::JoinError) -> LocalError {
    let failure = Failure::permanent("the file work was broken off").because(error.to_string());
    LocalError { why: WhyLocal::Other, failure }
}

#[async_trait]
impl LocalFile for Open {
    async fn read_at(&self, at: u64, length: usize) -> Local<Bytes> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || {
            ROOMS.filled(length, |out| {
                let mut have = 0;
                while have < length {
                    match file.read_at(&mut out[have..], at.saturating_add(have as u64)) {
                        Ok(0) => break,
                        Ok(n) => have += n,
                        Err(e) if e.kind() == ErrorKind::Interrupted => {}
                        Err(e) => return Err(failed("read", &path, &e)),
                    }
                }
                Ok(have)
            })
        })
        .await
    }

    async fn write_at(&self, at: u64, pieces: Vec<Bytes>) -> Local<()> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || {
            let (from, mut at) = (at, at);
            for piece in pieces {
                file.write_all_at(&piece, at).map_err(|e| failed("write", &path, &e))?;
                at = at.saturating_add(piece.len() as u64);
            }
            writeback::begin(&file, from, at);
            Ok(())
        })
        .await
    }

    async fn append(&self, bytes: Bytes) -> Local<()> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || (&*file).write_all(&bytes).map_err(|e| failed("write", &path, &e))).await
    }

    async fn empty(&self) -> Local<()> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || file.set_len(0).map_err(|e| failed("write", &path, &e))).await
    }

    async fn seen(&self) -> Local<FileSeen> {
        self.file.metadata().map(|meta| seen(&meta)).map_err(|e| failed("look at", &self.path, &e))
    }
}

fn opened(file: File, path: PathBuf) -> Arc<dyn LocalFile> {
    Arc::new(Open { file: Arc::new(file), path })
}

#[async_trait]
impl LocalFiles for Disk {
    async fn look(&self, path: &Path) -> Local<Option<FileSeen>> {
        look_now(path)
    }

    async fn look_many(&self, paths: Vec<PathBuf>) -> Local<Vec<Option<FileSeen>>> {
        blocking(move || paths.iter().map(|path| look_now(path)).collect()).await
    }

    async fn open(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        let path = path.to_owned();
        blocking(move || {
            let opening = OpenOptions::new().read(true).custom_flags(flags(true)).open(&path);
            let file = plain("read", &path, opening.map_err(|e| failed("read", &path, &e))?)?;
            Ok(opened(file, path))
        })
        .await
    }

    async fn reopen(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        let path = path.to_owned();
        alone(move || reopen_now(&path).map(|file| opened(file, path.clone()))).await
    }

    async fn make(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        let path = path.to_owned();
        alone(move || make_now(&path).map(|file| opened(file, path.clone()))).await
    }

    async fn claim(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        let path = path.to_owned();
        alone(move || claim_now(&path).map(|file| opened(file, path.clone()))).await
    }

    async fn make_with(&self, path: &Path, pieces: Vec<Bytes>) -> Local<Arc<dyn LocalFile>> {
        let path = path.to_owned();
        alone(move || {
            let mut file = make_now(&path)?;
            pieces.iter().try_for_each(|piece| file.write_all(piece)).map_err(|e| failed("write", &path, &e))?;
            Ok(opened(file, path.clone()))
        })
        .await
    }

    fn process(&self) -> u32 {
        std::process::id()
    }

    async fn read(&self, path: &Path, at_most: u64) -> Local<Option<Vec<u8>>> {
        let path = path.to_owned();
        blocking(move || {
            let file = match OpenOptions::new().read(true).custom_flags(flags(true)).open(&path) {
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
                other => plain("read", &path, other.map_err(|e| failed("read", &path, &e))?)?,
            };
            let mut out = Vec::new();
            file.take(at_most).read_to_end(&mut out).map_err(|e| failed("read", &path, &e))?;
            Ok(Some(out))
        })
        .await
    }

    async fn land(&self, landings: Vec<Landing>) -> Vec<Local<()>> {
        let many = landings.len();
        let work = tokio::task::spawn_blocking(move || land_now(&landings));
        work.await.unwrap_or_else(|e| vec![Err(broken_off(&e)); many])
    }

    async fn make_directory(&self, path: &Path) -> Local<()> {
        let path = path.to_owned();
        blocking(move || std::fs::create_dir_all(&path).map_err(|e| failed("make the directory", &path, &e))).await
    }

    async fn remove(&self, path: &Path) -> Local<()> {
        let path = path.to_owned();
        blocking(move || remove_now(&path)).await
    }

    async fn free(&self, path: &Path) -> Local<u64> {
        let dir = standing(path);
        blocking(move || {
            let stat = rustix::fs::statvfs(&dir).map_err(|e| failed("look at", &dir, &e.into()))?;
            Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
        })
        .await
    }

    async fn folds_case(&self, path: &Path) -> Local<bool> {
        let path = path.to_owned();
        blocking(move || folds_now(&path)).await
    }

    async fn walk(&self, path: &Path, at_most: usize) -> Local<Vec<Found>> {
        let path = path.to_owned();
        blocking(move || walk_now(&path, at_most)).await
    }
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
