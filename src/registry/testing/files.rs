//! Real files in the plainest way, on a disk that can fill up.

use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{FileKind, FileSeen, Found, Landing, Local, LocalError, LocalFile, WhyLocal};
use async_trait::async_trait;
use bytes::Bytes;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The files.
pub struct TestFiles {
    said: AtomicU64,
    left: Arc<AtomicU64>,
}

struct Open {
    file: File,
    left: Arc<AtomicU64>,
}

fn failed(error: &std::io::Error) -> LocalError {
    let why = match error.kind() {
        ErrorKind::NotFound => WhyLocal::Missing,
        ErrorKind::AlreadyExists => WhyLocal::Exists,
        ErrorKind::StorageFull => WhyLocal::Full,
        _ => WhyLocal::Other,
    };
    LocalError { why, failure: Failure::permanent(error.to_string()).help("Make room.") }
}

fn ok<T>(result: std::io::Result<T>) -> Local<T> {
    result.map_err(|error| failed(&error))
}

fn absent<T>(result: std::io::Result<T>) -> Local<Option<T>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        other => ok(other).map(Some),
    }
}

fn seen(meta: &Metadata) -> FileSeen {
    let kind = match meta.file_type() {
        kind if kind.is_file() => FileKind::File,
        kind if kind.is_dir() => FileKind::Directory,
        kind if kind.is_symlink() => FileKind::Link,
        _ => FileKind::Other,
    };
    FileSeen {
        kind,
        size: meta.len(),
        modified_ns: meta.mtime() * 1_000_000_000 + meta.mtime_nsec(),
        inode: meta.ino(),
    }
}

fn make(path: &Path) -> Local<File> {
    absent(std::fs::remove_file(path))?;
    ok(std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))))?;
    ok(OpenOptions::new().read(true).write(true).create_new(true).open(path))
}

impl TestFiles {
    /// On a disk with all room.
    pub fn new() -> Self {
        Self { said: AtomicU64::new(u64::MAX), left: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// Says that so much is free.
    pub fn pretend(&self, room: u64) {
        self.said.store(room, SeqCst);
    }

    /// So many bytes more can be written.
    pub fn allow(&self, bytes: u64) {
        self.left.store(bytes, SeqCst);
    }

    fn opened(&self, file: File) -> Arc<dyn LocalFile> {
        Arc::new(Open { file, left: self.left.clone() })
    }
}

#[async_trait]
impl LocalFile for Open {
    async fn read_at(&self, at: u64, length: usize) -> Local<Bytes> {
        let mut out = vec![0; length];
        let mut have = 0;
        loop {
            match ok(self.file.read_at(&mut out[have..], at + have as u64))? {
                0 => break,
                n => have += n,
            }
        }
        out.truncate(have);
        Ok(out.into())
    }

    async fn write_at(&self, at: u64, pieces: Vec<Bytes>) -> Local<()> {
        let whole = pieces.concat();
        let bytes = whole.len() as u64;
        let take = |left| if left == u64::MAX { Some(left) } else { u64::checked_sub(left, bytes) };
        ok(self.left.fetch_update(SeqCst, SeqCst, take).map_err(|_| ErrorKind::StorageFull.into()))?;
        ok(self.file.write_all_at(&whole, at))
    }

    async fn append(&self, bytes: Bytes) -> Local<()> {
        ok((&self.file).write_all(&bytes))
    }

    async fn empty(&self) -> Local<()> {
        ok(self.file.set_len(0))
    }

    async fn seen(&self) -> Local<FileSeen> {
        ok(self.file.metadata()).map(|meta| seen(&meta))
    }
}

#[async_trait]
impl LocalFiles for TestFiles {
    async fn look(&self, path: &Path) -> Local<Option<FileSeen>> {
        absent(path.symlink_metadata()).map(|meta| meta.map(|meta| seen(&meta)))
    }

    async fn look_many(&self, paths: Vec<PathBuf>) -> Local<Vec<Option<FileSeen>>> {
        let look = |path: PathBuf| absent(path.symlink_metadata()).map(|meta| meta.map(|meta| seen(&meta)));
        paths.into_iter().map(look).collect()
    }

    async fn open(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        ok(File::open(path)).map(|file| self.opened(file))
    }

    async fn reopen(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        ok(OpenOptions::new().read(true).write(true).open(path)).map(|file| self.opened(file))
    }

    async fn make(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        make(path).map(|file| self.opened(file))
    }

    async fn claim(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        ok(std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))))?;
        let file = ok(OpenOptions::new().read(true).append(true).create(true).open(path))?;
        for _ in 0..1_000 {
            match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
                // Tasks that were given up end when it is their turn.
                Err(_) => tokio::task::yield_now().await,
                Ok(()) => return Ok(self.opened(file)),
            }
        }
        let failure = Failure::needs_human(format!("{} is taken", path.display())).help("Wait.");
        Err(LocalError { why: WhyLocal::Taken, failure })
    }

    async fn make_with(&self, path: &Path, pieces: Vec<Bytes>) -> Local<Arc<dyn LocalFile>> {
        let file = self.make(path).await?;
        file.write_at(0, pieces).await?;
        Ok(file)
    }

    fn process(&self) -> u32 {
        7
    }

    async fn read(&self, path: &Path, at_most: u64) -> Local<Option<Vec<u8>>> {
        let Some(file) = absent(File::open(path))? else { return Ok(None) };
        let mut out = Vec::new();
        ok(file.take(at_most).read_to_end(&mut out))?;
        Ok(Some(out))
    }

    async fn land(&self, landings: Vec<Landing>) -> Vec<Local<()>> {
        let land = |landing: Landing| match landing.target.symlink_metadata() {
            Ok(_) if !landing.replace => Err(failed(&ErrorKind::AlreadyExists.into())),
            _ => ok(std::fs::rename(&landing.part, &landing.target)),
        };
        landings.into_iter().map(land).collect()
    }

    async fn make_directory(&self, path: &Path) -> Local<()> {
        ok(std::fs::create_dir_all(path))
    }

    async fn remove(&self, path: &Path) -> Local<()> {
        absent(std::fs::remove_file(path)).map(|_| ())
    }

    async fn free(&self, _: &Path) -> Local<u64> {
        Ok(self.said.load(SeqCst))
    }

    async fn folds_case(&self, _: &Path) -> Local<bool> {
        Ok(false)
    }

    async fn walk(&self, path: &Path, at_most: usize) -> Local<Vec<Found>> {
        let (mut found, mut open) = (Vec::new(), vec![path.to_owned()]);
        while let Some(dir) = open.pop() {
            for entry in ok(std::fs::read_dir(&dir))?.flatten() {
                let meta = ok(entry.path().symlink_metadata())?;
                if meta.is_dir() {
                    open.push(entry.path());
                } else {
                    let under = entry.path().strip_prefix(path).map(Path::to_owned).unwrap_or_default();
                    found.push(Found { path: under, seen: seen(&meta) });
                }
            }
        }
        assert!(found.len() <= at_most, "the tests' directories are small");
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }
}
