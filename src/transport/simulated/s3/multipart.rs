//! Uploads in parts.

use super::body::{Received, base64_of};
use super::store::{About, State};
use super::versions::{Conditions, NewObject};
use bytes::{Bytes, BytesMut};
use s3s::crypto::{Checksum as _, Crc32c, Crc64Nvme, Md5};
use s3s::dto::{Checksum, ETag};
use s3s::{S3Error, S3Result, s3_error};
use std::collections::BTreeMap;

/// The least size of every part but the last, in bytes.
const LEAST: usize = 5 << 20;

/// How many parts an upload may have.
pub const MOST_PARTS: i32 = 10_000;

/// An upload that was begun.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The key it will have.
    pub key: String,
    /// What the client says about the object.
    pub about: About,
    /// The object's tags.
    pub tags: Vec<(String, String)>,
    /// When it was begun, in milliseconds since 1970.
    pub made_ms: u64,
    /// Its parts by number.
    pub parts: BTreeMap<i32, Part>,
}

/// One part.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its content.
    pub data: Bytes,
    /// MD5 in hex.
    pub etag: String,
    /// The checksums that came with it, verified.
    pub checksums: Checksum,
    md5: [u8; 16],
    /// When it came, in milliseconds since 1970.
    pub made_ms: u64,
}

/// What a client names when it completes an upload.
pub struct Named {
    /// Numbers and tags of the parts.
    pub parts: Vec<(i32, Option<String>)>,
    /// The checksums of the whole object.
    pub whole: Checksum,
}

/// An object that was made of parts.
pub struct Completed {
    /// Its version, where the bucket keeps versions.
    pub version: Option<String>,
    /// Its tag.
    pub etag: ETag,
    /// Its checksums.
    pub checksums: Checksum,
}

/// The checksums of an object of these parts: CRC-64/NVME of the whole, which a client may claim, and
/// CRC-32C of the parts' own, where each part has one.
fn of_object(data: &[u8], parts: &[&Part], claimed: &Checksum) -> S3Result<Checksum> {
    let mut found = Checksum::default();
    let all = |has: fn(&Part) -> bool| !parts.is_empty() && parts.iter().all(|p| has(p));
    if claimed.checksum_crc64nvme.is_some() || all(|p| p.checksums.checksum_crc64nvme.is_some()) {
        found.checksum_crc64nvme = Some(base64_of(&Crc64Nvme::checksum(data)));
        if claimed.checksum_crc64nvme.as_ref().is_some_and(|c| Some(c) != found.checksum_crc64nvme.as_ref()) {
            return Err(s3_error!(BadDigest, "The checksum you specified did not match what we received."));
        }
    }
    if all(|p| p.checksums.checksum_crc32c.is_some()) {
        let mut of_parts = Crc32c::new();
        for part in parts {
            of_parts.update(&Crc32c::checksum(&part.data));
        }
        found.checksum_crc32c = Some(format!("{}-{}", base64_of(&of_parts.finalize()), parts.len()));
    }
    Ok(found)
}

fn no_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been \
         aborted or completed."
    )
}

impl State {
    /// Begins an upload and gives its id.
    pub fn begin(
        &mut self,
        bucket: &str,
        key: &str,
        about: About,
        tags: Vec<(String, String)>,
        now_ms: u64,
    ) -> S3Result<String> {
        let id = self.new_id();
        let upload = Upload { key: key.to_owned(), about, tags, made_ms: now_ms, parts: BTreeMap::new() };
        self.bucket(bucket)?.uploads.insert(id.clone(), upload);
        Ok(id)
    }

    /// An upload by its id; the key must be the one it was begun with.
    pub fn upload(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<&mut Upload> {
        self.bucket(bucket)?.uploads.get_mut(id).filter(|u| u.key == key).ok_or_else(no_upload)
    }

    /// Takes a part; one of the same number is replaced.
    pub fn put_part(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
        number: i32,
        received: Received,
        now_ms: u64,
    ) -> S3Result<ETag> {
        if !(1..=MOST_PARTS).contains(&number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000"));
        }
        self.upload(bucket, key, id)?;
        let size = received.data.len() as u64;
        self.admit(bucket, size, now_ms)?;
        let part = Part {
            data: received.data,
            etag: received.etag.clone(),
            checksums: received.checksums,
            md5: received.md5,
            made_ms: now_ms,
        };
        let old = self.upload(bucket, key, id)?.parts.insert(number, part);
        self.used = self.used.saturating_add(size).saturating_sub(old.map_or(0, |p| p.data.len() as u64));
        Ok(ETag::Strong(received.etag))
    }

    /// Puts the named parts together into an object. Gives its version and tag.
    pub fn complete(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
        of: &Named,
        conditions: &Conditions,
        now_ms: u64,
    ) -> S3Result<Completed> {
        let named = &of.parts;
        let upload = self.upload(bucket, key, id)?.clone();
        if named.is_empty() {
            return Err(s3_error!(MalformedXML, "The XML you provided was not well-formed"));
        }
        if named.windows(2).any(|pair| matches!(pair, [a, b] if a.0 >= b.0)) {
            return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
        }
        let mut data = BytesMut::new();
        let mut digests = Md5::new();
        for (at, (number, etag)) in named.iter().enumerate() {
            let part = upload.parts.get(number).filter(|p| etag.as_ref().is_none_or(|wanted| *wanted == p.etag));
            let part =
                part.ok_or_else(|| s3_error!(InvalidPart, "One or more of the specified parts could not be found."))?;
            if at + 1 < named.len() && part.data.len() < LEAST {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed object size."
                ));
            }
            data.extend_from_slice(&part.data);
            digests.update(&part.md5);
        }
        let etag = format!("{}-{}", crate::plan::change::hex(&digests.finalize()), named.len());
        let parts: Vec<&Part> = named.iter().filter_map(|(number, _)| upload.parts.get(number)).collect();
        let data = data.freeze();
        let checksums = of_object(&data, &parts, &of.whole)?;
        let about = About { checksums: checksums.clone(), ..upload.about };
        let new = NewObject { data, etag, about, tags: upload.tags };
        let (version, etag) = self.put(bucket, key, new, conditions, now_ms)?;
        self.abort(bucket, key, id)?;
        Ok(Completed { version, etag, checksums })
    }

    /// Forgets an upload and its parts.
    pub fn abort(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<()> {
        self.upload(bucket, key, id)?;
        let gone = self.bucket(bucket)?.uploads.remove(id);
        let freed: u64 = gone.iter().flat_map(|u| u.parts.values()).map(|p| p.data.len() as u64).sum();
        self.used = self.used.saturating_sub(freed);
        Ok(())
    }
}
