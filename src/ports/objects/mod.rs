//! What the bucket browser asks of an S3 service: pages of keys, versions and uploads, ranges of
//! objects, parts, copies, tags. The installer's own few calls are in `object_store`.
//!
//! One call is one request: paging, retries, parallel parts and checksums are the callers' matter,
//! so that they can be counted, stopped and tested there.

mod error;
mod pacer;
mod service;
mod values;

pub use error::{Answer, ObjectError, Why};
pub use pacer::Pacer;
pub use service::{Service, Trust};
pub use values::{
    At, Body, BucketRow, Checksums, Deleted, GetQuery, Got, Header, ListPage, ListQuery, Marker, Moment, Notes,
    ObjectInfo, ObjectRow, OnlyIf, Part, PartPage, Share, Sum, SumKind, Upload, UploadPage, UploadRow, VersionPage,
    VersionRow, Written,
};

use super::object_store::Versioning;
use super::trust::Looked;
use crate::base::Secret;
use crate::plan::Failure;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// An S3 service seen with one set of keys, as the browser uses it.
#[async_trait]
pub trait Objects: Send + Sync {
    /// The same service, whose bodies are sent no faster than somebody says.
    fn paced(&self, pacer: Arc<dyn Pacer>) -> Arc<dyn Objects>;

    /// The buckets that these keys see.
    async fn buckets(&self) -> Answer<Vec<BucketRow>>;
    /// Whether the bucket is there and may be asked about (`HeadBucket`).
    async fn bucket(&self, bucket: &str) -> Answer<()>;
    /// Makes a bucket; one that exists and is ours is success.
    async fn make_bucket(&self, bucket: &str) -> Answer<()>;
    /// Whether old versions are kept: `None` where never.
    async fn keeps_versions(&self, bucket: &str) -> Answer<Versioning>;

    /// One page of a listing.
    async fn list(&self, query: &ListQuery) -> Answer<ListPage>;
    /// One page of versions; `from` is where the page before ended.
    async fn list_versions(&self, query: &ListQuery, from: Option<&Marker>) -> Answer<VersionPage>;
    /// One page of incomplete uploads under a prefix. MinIO takes the prefix for a whole key, and without one
    /// knows only the uploads that were begun since it was started.
    async fn list_uploads(&self, bucket: &str, prefix: &str, from: Option<&Marker>) -> Answer<UploadPage>;

    /// What is known of an object. Checksums are asked for.
    async fn head(&self, at: &At) -> Answer<ObjectInfo>;
    /// Reads an object or a range of it.
    async fn get(&self, query: &GetQuery) -> Answer<Got>;
    /// Writes an object in one request.
    async fn put(&self, at: &At, body: Bytes, notes: &Notes, sum: Option<Sum>, only: &OnlyIf) -> Answer<Written>;

    /// Begins an upload in parts.
    async fn begin_upload(&self, at: &At, notes: &Notes, sum: Option<SumKind>) -> Answer<Upload>;
    /// Sends a part; one of the same number is replaced.
    async fn send_part(&self, upload: &Upload, number: u16, body: Bytes, sum: Option<Sum>) -> Answer<Part>;
    /// Copies a range (first byte and length) of an object into a part.
    async fn copy_part(
        &self,
        upload: &Upload,
        number: u16,
        from: &At,
        range: (u64, u64),
        if_match: Option<&str>,
    ) -> Answer<Part>;
    /// The parts that the service has, behind a number.
    async fn parts(&self, upload: &Upload, behind: Option<u16>) -> Answer<PartPage>;
    /// Makes the object of these parts.
    async fn complete(&self, upload: &Upload, parts: &[Part], sum: Option<Sum>, only: &OnlyIf) -> Answer<Written>;
    /// Throws an upload away; one that is gone already is success.
    async fn abort(&self, upload: &Upload) -> Answer<()>;

    /// Copies an object of at most 5 GiB on the service; `notes` replaces the notes of the source. MinIO
    /// ignores `only` here, and keeps it for [`Objects::put`] and [`Objects::complete`] (tried by hand).
    async fn copy(
        &self,
        from: &At,
        to: &At,
        if_match: Option<&str>,
        notes: Option<&Notes>,
        only: &OnlyIf,
    ) -> Answer<Written>;
    /// Deletes an object, or the version that is named. Gives the delete marker that came to be.
    async fn delete(&self, at: &At) -> Answer<Option<String>>;
    /// Deletes up to 1,000 objects of a bucket in one request.
    async fn delete_many(&self, bucket: &str, of: &[(String, Option<String>)]) -> Answer<Vec<Deleted>>;
    /// The tags of an object, sorted.
    async fn tags(&self, at: &At) -> Answer<Vec<(String, String)>>;
    /// Replaces the tags of an object.
    async fn set_tags(&self, at: &At, tags: &[(String, String)]) -> Answer<()>;
    /// A URL that lets its holder do one thing for a while: as good as a password until then.
    async fn share(&self, at: &At, what: Share, lasts: Duration) -> Answer<Secret<String>>;

    /// Connects once more, the way that calls go, and says who is there and what its clock says. A certificate that
    /// does not verify is an answer too; an error is that there is no connection.
    async fn trust(&self) -> Answer<Looked> {
        let failure = Failure::permanent("what this service is reached by has no connection to look at");
        Err(ObjectError { why: Why::Unsupported, failure })
    }
}
