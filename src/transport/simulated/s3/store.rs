//! What the simulated registry holds: buckets, their objects and who may do what, all in memory.
//!
//! One lock guards everything and is never held while anything is waited for. Memory is bounded:
//! an upload is refused once [`CAPACITY`] is used up, as a server with a full disk refuses it.

use super::multipart::Upload;
use super::policy::Policy;
use crate::base::{Clock, Secret};
use bytes::Bytes;
use s3s::dto::{BucketLifecycleConfiguration, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes the simulated registry takes in all.
pub const CAPACITY: u64 = 1 << 30;

/// How often the simulated scanner counts what a bucket holds, in milliseconds. A quota is held
/// against the last count, which is why the real server's quota holds only about.
const SCAN_MS: u64 = 60_000;

/// Whether a bucket keeps old versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// It never did.
    #[default]
    Off,
    /// It does.
    On,
    /// It did and no longer does.
    Suspended,
}

/// What a client said about an object.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Media type.
    pub content_type: Option<String>,
    /// As the header of that name.
    pub content_encoding: Option<String>,
    /// As the header of that name.
    pub content_disposition: Option<String>,
    /// As the header of that name.
    pub content_language: Option<String>,
    /// As the header of that name.
    pub cache_control: Option<String>,
    /// The client's own pairs.
    pub metadata: HashMap<String, String>,
    /// Checksums by algorithm, as the client sent them and as they were verified.
    pub checksums: s3s::dto::Checksum,
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id; `null` where it was made without versioning.
    pub id: String,
    /// Whether it only says that the object is deleted.
    pub marker: bool,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// The content.
    pub data: Bytes,
    /// MD5 in hex, with the number of parts behind a hyphen for an object made of parts.
    pub etag: String,
    /// What the client said about it.
    pub about: About,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// Whether old versions stay.
    pub keeps: Keeps,
    /// Its rules of expiry, read back as they were set; the simulation expires nothing by itself.
    pub lifecycle: Option<BucketLifecycleConfiguration>,
    /// Its hard quota in bytes, 0 for none.
    pub quota: u64,
    /// Versions by key, the newest last. A key without versions is not there.
    pub objects: BTreeMap<String, Vec<Version>>,
    /// Uploads that were begun and not ended, by id.
    pub uploads: BTreeMap<String, Upload>,
    counted: u64,
    counted_ms: u64,
}

/// A key and what it may do.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// Its secret.
    pub secret: Secret<String>,
    /// Names of the policies attached to it.
    pub policies: Vec<String>,
    /// Whether it may be used.
    pub enabled: bool,
}

/// Everything that is behind the lock.
#[derive(Debug, Default)]
pub struct State {
    /// Buckets by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// Keys other than root's.
    pub keys: BTreeMap<String, KeyEntry>,
    /// Policies by name.
    pub policies: BTreeMap<String, Policy>,
    /// Root's key.
    pub root: Option<(String, Secret<String>)>,
    /// Whether conditions on writes are passed over, as some servers do.
    pub heeds_no_conditions: bool,
    made: u64,
    /// Bytes held in all.
    pub used: u64,
}

/// The store.
pub struct Store {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl Store {
    /// An empty store without a root key: nobody may do anything in it yet.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = State { policies: super::policy::built_in(), ..State::default() };
        Arc::new(Self { clock, state: Mutex::new(state) })
    }

    /// Works on the state. The closure must not wait for anything.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets root's key, as the server reads it from its configuration when it starts.
    pub fn set_root(&self, access_key: &str, secret_key: &str) {
        self.with(|s| s.root = Some((access_key.to_owned(), Secret::from(secret_key))));
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

impl State {
    /// A bucket.
    pub fn bucket(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets.get_mut(name).ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    /// A new id: unique in this store, and the same in every run that does the same.
    pub fn new_id(&mut self) -> String {
        self.made += 1;
        let digest = crate::plan::change::hex(&Sha256::digest(self.made.to_be_bytes()));
        let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default().to_owned();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// Refuses `bytes` more in a bucket where its quota, as counted last, or the room of the whole
    /// store does not allow it.
    pub fn admit(&mut self, bucket: &str, bytes: u64, now_ms: u64) -> S3Result<()> {
        if self.used.saturating_add(bytes) > CAPACITY {
            let mut full = S3Error::with_message(
                S3ErrorCode::Custom("XMinioStorageFull".into()),
                "Storage backend has reached its minimum free drive threshold.",
            );
            full.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
            return Err(full);
        }
        let bucket = self.bucket(bucket)?;
        if bucket.quota == 0 {
            return Ok(());
        }
        if now_ms >= bucket.counted_ms.saturating_add(SCAN_MS) {
            bucket.counted = bucket.bytes();
            bucket.counted_ms = now_ms;
        }
        if bucket.counted.saturating_add(bytes) > bucket.quota {
            let mut over = S3Error::with_message(
                S3ErrorCode::Custom("XMinioAdminBucketQuotaExceeded".into()),
                "Bucket quota exceeded",
            );
            over.set_status_code(http::StatusCode::BAD_REQUEST);
            return Err(over);
        }
        Ok(())
    }

    /// Makes a bucket.
    pub fn make_bucket(&mut self, name: &str, now_ms: u64) -> S3Result<()> {
        if self.buckets.contains_key(name) {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ));
        }
        self.buckets.insert(name.to_owned(), Bucket { made_ms: now_ms, counted_ms: now_ms, ..Bucket::default() });
        Ok(())
    }

    /// Removes an empty bucket.
    pub fn remove_bucket(&mut self, name: &str) -> S3Result<()> {
        if !self.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
        }
        self.buckets.remove(name);
        Ok(())
    }
}

impl Bucket {
    /// The bytes of all its versions.
    pub fn bytes(&self) -> u64 {
        self.objects.values().flatten().map(|v| v.data.len() as u64).sum()
    }
}

/// A moment as the S3 types want it.
pub fn stamp(ms: u64) -> Timestamp {
    Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms))
}
