//! A disk that fills up.

use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{FileSeen, Found, Landing, Local, LocalError, LocalFile, WhyLocal};
use async_trait::async_trait;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Another disk with less room.
pub struct Scarce {
    inner: Arc<dyn LocalFiles>,
    said: AtomicU64,
    left: Arc<AtomicU64>,
}

struct ScarceFile {
    inner: Arc<dyn LocalFile>,
    left: Arc<AtomicU64>,
}

fn take(left: &AtomicU64, bytes: u64) -> Local<()> {
    let taken =
        left.fetch_update(SeqCst, SeqCst, |left| if left == u64::MAX { Some(left) } else { left.checked_sub(bytes) });
    taken.map(|_| ()).map_err(|_| LocalError {
        why: WhyLocal::Full,
        failure: Failure::permanent("cannot write").because("No space left on device").help("Make room."),
    })
}

impl Scarce {
    /// Says that so much is free, and has it.
    pub fn new(inner: Arc<dyn LocalFiles>, room: u64) -> Self {
        Self { inner, said: AtomicU64::new(room), left: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// Says that so much is free.
    pub fn pretend(&self, room: u64) {
        self.said.store(room, SeqCst);
    }

    /// So many bytes more can be written.
    pub fn allow(&self, bytes: u64) {
        self.left.store(bytes, SeqCst);
    }

    fn scarce(&self, inner: Arc<dyn LocalFile>) -> Arc<dyn LocalFile> {
        Arc::new(ScarceFile { inner, left: self.left.clone() })
    }
}

#[async_trait]
impl LocalFile for ScarceFile {
    async fn read_at(&self, at: u64, length: usize) -> Local<Bytes> {
        self.inner.read_at(at, length).await
    }
    async fn write_at(&self, at: u64, pieces: Vec<Bytes>) -> Local<()> {
        take(&self.left, pieces.iter().map(|piece| piece.len() as u64).sum())?;
        self.inner.write_at(at, pieces).await
    }
    async fn append(&self, bytes: Bytes) -> Local<()> {
        self.inner.append(bytes).await
    }
    async fn seen(&self) -> Local<FileSeen> {
        self.inner.seen().await
    }
}

#[async_trait]
impl LocalFiles for Scarce {
    async fn look(&self, path: &Path) -> Local<Option<FileSeen>> {
        self.inner.look(path).await
    }
    async fn look_many(&self, paths: Vec<PathBuf>) -> Local<Vec<Option<FileSeen>>> {
        self.inner.look_many(paths).await
    }
    async fn open(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        self.inner.open(path).await
    }
    async fn reopen(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        self.inner.reopen(path).await.map(|file| self.scarce(file))
    }
    async fn make(&self, path: &Path) -> Local<Arc<dyn LocalFile>> {
        self.inner.make(path).await.map(|file| self.scarce(file))
    }
    async fn log(&self, path: &Path, anew: bool) -> Local<Arc<dyn LocalFile>> {
        self.inner.log(path, anew).await
    }
    async fn make_with(&self, path: &Path, pieces: Vec<Bytes>) -> Local<()> {
        take(&self.left, pieces.iter().map(|piece| piece.len() as u64).sum())?;
        self.inner.make_with(path, pieces).await
    }
    async fn read(&self, path: &Path, at_most: u64) -> Local<Option<Vec<u8>>> {
        self.inner.read(path, at_most).await
    }
    async fn land(&self, landings: Vec<Landing>) -> Vec<Local<()>> {
        self.inner.land(landings).await
    }
    async fn make_directory(&self, path: &Path) -> Local<()> {
        self.inner.make_directory(path).await
    }
    async fn remove(&self, path: &Path) -> Local<()> {
        self.inner.remove(path).await
    }
    async fn free(&self, _: &Path) -> Local<u64> {
        Ok(self.said.load(SeqCst))
    }
    async fn folds_case(&self, path: &Path) -> Local<bool> {
        self.inner.folds_case(path).await
    }
    async fn walk(&self, path: &Path, at_most: usize) -> Local<Vec<Found>> {
        self.inner.walk(path, at_most).await
    }
}
