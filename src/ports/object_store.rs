//! The registry's S3 interface.

use crate::plan::Failure;
use async_trait::async_trait;
use bytes::Bytes;

/// Whether a bucket keeps old versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It never did.
    Off,
    /// It does.
    On,
    /// It did and no longer does.
    Suspended,
}

/// How long old versions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Days after which a version that is no longer the current one may go.
    pub noncurrent_days: u32,
    /// How many of them stay however old they are.
    pub keep: u32,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Listed>,
    /// Where the next page begins, where there is one.
    pub next: Option<String>,
}

/// An S3 service seen with one set of credentials. A refusal (403) is a failure of kind
/// `Permanent` whose [`refused`] is true.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// The names of the buckets that these credentials see.
    async fn list_buckets(&self) -> Result<Vec<String>, Failure>;
    /// Whether the bucket exists.
    async fn bucket_exists(&self, bucket: &str) -> Result<bool, Failure>;
    /// Makes a bucket; one that exists and is ours is success.
    async fn create_bucket(&self, bucket: &str) -> Result<(), Failure>;
    /// Whether old versions are kept.
    async fn versioning(&self, bucket: &str) -> Result<Versioning, Failure>;
    /// Turns versioning on or suspends it.
    async fn set_versioning(&self, bucket: &str, on: bool) -> Result<(), Failure>;
    /// The expiry rule of ours, where it is set.
    async fn expiry(&self, bucket: &str) -> Result<Option<Expiry>, Failure>;
    /// Sets the expiry rule of ours.
    async fn set_expiry(&self, bucket: &str, expiry: Expiry) -> Result<(), Failure>;
    /// One page of keys under a prefix.
    async fn list(&self, bucket: &str, prefix: &str, from: Option<&str>) -> Result<Page, Failure>;
    /// The size of an object, or `None`.
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<u64>, Failure>;
    /// A whole small object, at most `max` bytes of it.
    async fn get(&self, bucket: &str, key: &str, max: u64) -> Result<Option<Bytes>, Failure>;
    /// Writes a small object and gives its version, where versions are kept.
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<Option<String>, Failure>;
    /// Deletes an object, or one version of it.
    async fn delete(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<(), Failure>;
}

/// The word that begins the message of a refusal by the registry's policies.
pub const REFUSED: &str = "the registry refuses";

/// Whether a failure is a refusal by the registry's policies (and not, say, a lost link).
pub fn refused(failure: &Failure) -> bool {
    failure.message.starts_with(REFUSED)
}
