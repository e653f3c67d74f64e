//! Files on this computer that are read from and written to while objects are carried.
//!
//! What lies here may be large, so it is reached by position; what is written is only under its own
//! name once it has been landed.

use crate::plan::Failure;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a file could not be reached, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyLocal {
    /// It is not there.
    Missing,
    /// Something is there already.
    Exists,
    /// This user may not.
    Denied,
    /// The disk or the user's quota is full.
    Full,
    /// Somebody writes it right now.
    Taken,
    /// Anything else.
    Other,
}

/// A file could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalError {
    /// What a caller acts on.
    pub why: WhyLocal,
    /// What a reader is told.
    pub failure: Failure,
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure)
    }
}

impl std::error::Error for LocalError {}

/// What a call ends with.
pub type Local<T> = Result<T, LocalError>;

/// What lies under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe.
    Other,
}

/// A file as it stands now. Two equal ones are taken for the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSeen {
    /// What it is.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written: nanoseconds since 1970.
    pub modified_ns: i64,
    /// Its number on its disk.
    pub inode: u64,
}

/// A file that a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path under the directory that was walked.
    pub path: PathBuf,
    /// What it is.
    pub seen: FileSeen,
}

/// A file that is written and gets its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// What it is called while it is incomplete.
    pub part: PathBuf,
    /// What it is called from then on.
    pub target: PathBuf,
    /// Whether a file that is there is replaced; refused otherwise.
    pub replace: bool,
}

/// An open file. Clones of one handle may be used at the same time.
#[async_trait]
pub trait LocalFile: Send + Sync {
    /// Reads so many bytes at a place; fewer only at the file's end.
    async fn read_at(&self, at: u64, length: usize) -> Local<Bytes>;
    /// Writes these pieces one behind the other at a place.
    async fn write_at(&self, at: u64, pieces: Vec<Bytes>) -> Local<()>;
    /// Adds at the end of a file that was claimed, in one piece even where clones add too.
    async fn append(&self, bytes: Bytes) -> Local<()>;
    /// Takes all bytes out of a file that was claimed.
    async fn empty(&self) -> Local<()>;
    /// What it is now.
    async fn seen(&self) -> Local<FileSeen>;
}

/// The files of this computer.
///
/// What is written here belongs to one process at a time: [`LocalFiles::claim`], [`LocalFiles::make`],
/// [`LocalFiles::make_with`] and [`LocalFiles::reopen`] end with [`WhyLocal::Taken`] while another one has the file open
/// from one of these. It is free again once the handle and its clones are gone, also by a kill.
#[async_trait]
pub trait LocalFiles: Send + Sync {
    /// What lies there, links not followed.
    async fn look(&self, path: &Path) -> Local<Option<FileSeen>>;
    /// The same of many at once.
    async fn look_many(&self, paths: Vec<PathBuf>) -> Local<Vec<Option<FileSeen>>>;
    /// Opens a plain file to be read; a link is followed.
    async fn open(&self, path: &Path) -> Local<Arc<dyn LocalFile>>;
    /// Opens a plain file of ours to be read and written; a link is refused.
    async fn reopen(&self, path: &Path) -> Local<Arc<dyn LocalFile>>;
    /// Makes an empty file and its directories. One that is there is removed first, not emptied: who
    /// still holds it writes into what has no name any more.
    async fn make(&self, path: &Path) -> Local<Arc<dyn LocalFile>>;
    /// Opens a file to add lines to it, as it stands, or empty where there is none.
    async fn claim(&self, path: &Path) -> Local<Arc<dyn LocalFile>>;
    /// Makes a small file with its content, as [`LocalFiles::make`] does.
    async fn make_with(&self, path: &Path, pieces: Vec<Bytes>) -> Local<Arc<dyn LocalFile>>;
    /// The content of a small file.
    async fn read(&self, path: &Path, at_most: u64) -> Local<Option<Vec<u8>>>;
    /// The number by which others on this computer know this process.
    fn process(&self) -> u32;
    /// Brings written files to the disk, gives them their names, and brings the names to the disk.
    /// After a power cut a name is there with its whole content, or not at all.
    async fn land(&self, landings: Vec<Landing>) -> Vec<Local<()>>;
    /// Makes a directory with those above it.
    async fn make_directory(&self, path: &Path) -> Local<()>;
    /// Removes a file; one that is not there is success.
    async fn remove(&self, path: &Path) -> Local<()>;
    /// Bytes that this user may still write where a path is or will be.
    async fn free(&self, path: &Path) -> Local<u64>;
    /// Whether the directory (or the one above that exists) takes `A` and `a` for the same name.
    async fn folds_case(&self, path: &Path) -> Local<bool>;
    /// Everything under a directory but directories, sorted by path; links are not followed.
    async fn walk(&self, path: &Path, at_most: usize) -> Local<Vec<Found>>;
}
