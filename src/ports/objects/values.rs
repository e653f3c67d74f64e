//! What goes to an S3 service and what comes back, as plain values.

use super::error::{Answer, ObjectError};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Seconds since 1970, as the service says them.
pub type Moment = i64;

/// An object, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct At {
    /// Its bucket.
    pub bucket: String,
    /// Its key, exactly: up to 1,024 bytes of anything but NUL.
    pub key: String,
    /// Which version; the current one without.
    pub version: Option<String>,
}

impl At {
    /// The current version.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), version: None }
    }
}

/// A bucket in the list of buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRow {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub made: Option<Moment>,
}

/// Which page of a listing is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// The bucket.
    pub bucket: String,
    /// What all keys begin with.
    pub prefix: String,
    /// Whether what lies behind the next `/` is folded into one prefix.
    pub folded: bool,
    /// Only keys that come after this one; the first page's alone.
    pub start_after: Option<String>,
    /// Where the page before ended.
    pub token: Option<String>,
    /// At most so many rows; the service's own limit (1,000) without.
    pub max: Option<u16>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Option<Moment>,
    /// Its `ETag`, without quotes.
    pub etag: Option<String>,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The objects, in the service's order.
    pub objects: Vec<ObjectRow>,
    /// The folded prefixes, each with its `/`.
    pub prefixes: Vec<String>,
    /// Whether the service says that there is more.
    pub truncated: bool,
    /// Where the next page begins, if the service says so.
    pub next: Option<String>,
}

/// Where a page of versions or uploads begins: behind this key and this version or upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marker {
    /// The key.
    pub key: String,
    /// The version or the upload.
    pub id: Option<String>,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// The object's key.
    pub key: String,
    /// The version; `null` is one from before versions were kept.
    pub version: String,
    /// Whether it is the current one.
    pub latest: bool,
    /// Whether it is a delete marker: the object counts as absent from here on.
    pub marker: bool,
    /// Its size in bytes; a delete marker has none.
    pub size: u64,
    /// When it was written.
    pub modified: Option<Moment>,
    /// Its `ETag`, without quotes.
    pub etag: Option<String>,
}

/// One page of versions, newest first within a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions and delete markers.
    pub rows: Vec<VersionRow>,
    /// The folded prefixes.
    pub prefixes: Vec<String>,
    /// Whether the service says that there is more.
    pub truncated: bool,
    /// Where the next page begins.
    pub next: Option<Marker>,
}

/// An upload that was begun and neither completed nor aborted. Its parts use space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// The key that it would get.
    pub key: String,
    /// Its identity.
    pub id: String,
    /// When it was begun.
    pub begun: Option<Moment>,
}

/// One page of uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadPage {
    /// The uploads.
    pub rows: Vec<UploadRow>,
    /// Whether the service says that there is more.
    pub truncated: bool,
    /// Where the next page begins.
    pub next: Option<Marker>,
}

/// Checksums that the service keeps of an object, in base64 as S3 writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// CRC-64/NVME, always of the whole object.
    pub crc64nvme: Option<String>,
    /// CRC-32C.
    pub crc32c: Option<String>,
    /// CRC-32.
    pub crc32: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// Whether they are of the parts' checksums (`COMPOSITE`) and not of the object's bytes.
    pub composite: bool,
}

/// A header that a writer leaves with an object and that its readers are told, beside the content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// `Cache-Control`.
    CacheControl,
    /// `Content-Disposition`.
    ContentDisposition,
    /// `Content-Encoding`.
    ContentEncoding,
    /// `Content-Language`.
    ContentLanguage,
}

impl Header {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::CacheControl, Self::ContentDisposition, Self::ContentEncoding, Self::ContentLanguage];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CacheControl => "cache-control",
            Self::ContentDisposition => "content-disposition",
            Self::ContentEncoding => "content-encoding",
            Self::ContentLanguage => "content-language",
        }
    }
}

/// What a service says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its size in bytes; of a ranged read too, this is the whole object's.
    pub size: u64,
    /// Its `ETag`, without quotes.
    pub etag: Option<String>,
    /// When it was written.
    pub modified: Option<Moment>,
    /// Its version, where versions are kept.
    pub version: Option<String>,
    /// Its content type.
    pub content_type: Option<String>,
    /// Other headers that its writer left, sorted.
    pub headers: Vec<(Header, String)>,
    /// What its writer noted (`x-amz-meta-…`), sorted.
    pub metadata: Vec<(String, String)>,
    /// How it is stored, where that is not the usual way.
    pub storage: Option<String>,
    /// Stored checksums.
    pub checksums: Checksums,
    /// Of how many parts it was made, where the service says so.
    pub parts: Option<u32>,
    /// Whether it is encrypted by the service, so that its `ETag` is no MD5.
    pub encrypted: bool,
}

/// What of an object is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetQuery {
    /// Which object.
    pub at: At,
    /// First byte and length; all of it without. A length of nought is not asked for.
    pub range: Option<(u64, u64)>,
    /// Only if its `ETag` is this one.
    pub if_match: Option<String>,
}

/// The bytes of an object as they come. Dropping it ends the reading.
#[async_trait]
pub trait Body: Send {
    /// The next bytes; `None` at the end. A body that is shorter than announced is [`Why::Cut`](super::error::Why::Cut).
    async fn next(&mut self) -> Answer<Option<Bytes>>;
}

/// The begin of an answer to a read.
pub struct Got {
    /// What the service says about the object.
    pub info: ObjectInfo,
    /// The first byte that comes; 0 where the service ignored the range.
    pub first: u64,
    /// How many bytes are announced.
    pub length: u64,
    /// The bytes.
    pub body: Box<dyn Body>,
}

/// Under which condition an object is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnlyIf {
    /// Always.
    #[default]
    Always,
    /// There is none (`If-None-Match: *`). A service may ignore it: whether it did is found out by
    /// the caller.
    Absent,
    /// The object there has this `ETag`.
    Matches(String),
}

/// What is noted of a new object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Its content type.
    pub content_type: Option<String>,
    /// Other headers.
    pub headers: Vec<(Header, String)>,
    /// Notes of its writer.
    pub metadata: Vec<(String, String)>,
}

impl Notes {
    /// What is noted of an object, so that a copy keeps it.
    pub fn of(info: &ObjectInfo) -> Self {
        Self { content_type: info.content_type.clone(), headers: info.headers.clone(), metadata: info.metadata.clone() }
    }

    /// The value of a header.
    pub fn header(&self, header: Header) -> Option<&str> {
        self.headers.iter().find(|(of, _)| *of == header).map(|(_, value)| value.as_str())
    }
}

/// A checksum that goes with what is sent; the service refuses bytes that do not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sum {
    /// CRC-64/NVME in base64.
    Crc64Nvme(String),
    /// CRC-32C in base64.
    Crc32C(String),
    /// SHA-256 in base64.
    Sha256(String),
}

/// Which checksum an upload's parts carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumKind {
    /// CRC-64/NVME; of the whole object in the end.
    Crc64Nvme,
    /// CRC-32C; a checksum of checksums in the end.
    Crc32C,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The new `ETag`, without quotes.
    pub etag: Option<String>,
    /// The new version, where versions are kept.
    pub version: Option<String>,
    /// Checksums that the service says it keeps.
    pub checksums: Checksums,
}

/// An upload in parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upload {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its identity.
    pub id: String,
}

/// A part that the service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: u16,
    /// Its size in bytes, where it is known.
    pub size: u64,
    /// Its `ETag`, without quotes.
    pub etag: String,
    /// Its checksums.
    pub checksums: Checksums,
}

/// One page of an upload's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartPage {
    /// The parts, in the order of their numbers.
    pub parts: Vec<Part>,
    /// The number behind which the next page begins.
    pub next: Option<u16>,
}

/// What became of one object of a delete of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Which one.
    pub key: String,
    /// Which version was named.
    pub version: Option<String>,
    /// The delete marker that came to be, where versions are kept and none was named.
    pub marker: Option<String>,
    /// Why it is still there.
    pub error: Option<ObjectError>,
}

/// What a presigned URL lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Read the object.
    Get,
    /// Write the object.
    Put,
}
