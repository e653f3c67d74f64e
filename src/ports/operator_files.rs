//! Files on the computer that runs this program.

use crate::base::Secret;
use crate::plan::Failure;
use async_trait::async_trait;

/// Writes what the operator keeps. Paths are the operator's own, absolute.
#[async_trait]
pub trait OperatorFiles: Send + Sync {
    /// Proves that a new private file can be made there: the directory exists, nobody else may write
    /// in it, the name is free or is a file that this run has reserved. Reserves it with mode 0600.
    async fn reserve(&self, path: &str) -> Result<(), Failure>;

    /// The content of a private file, or `None`. Refused where others could read or write it.
    async fn read_private(&self, path: &str) -> Result<Option<Secret<Vec<u8>>>, Failure>;

    /// Replaces a reserved private file: temporary beside it (0600), sync, rename, sync of the
    /// directory.
    async fn write_private(&self, path: &str, content: &Secret<Vec<u8>>) -> Result<(), Failure>;

    /// The content of an ordinary file, or `None`.
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Writes an ordinary file (0644), making its directories (0700); synced and renamed.
    async fn write(&self, path: &str, content: &[u8]) -> Result<(), Failure>;
}
