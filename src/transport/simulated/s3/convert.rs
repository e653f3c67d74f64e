//! Between the store's values and those of the S3 interface.

use super::multipart::Upload;
use super::store::{Keeps, Version, stamp};
use super::versions::Deleted;
#[cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "about a hundred types, all of one module"))]
use s3s::dto::*;
use s3s::{S3Error, S3Result, s3_error};

/// The checksums that an input claims for its body.
macro_rules! claimed {
    ($input:expr) => {
        Checksum {
            checksum_crc32: $input.checksum_crc32.take(),
            checksum_crc32c: $input.checksum_crc32c.take(),
            checksum_crc64nvme: $input.checksum_crc64nvme.take(),
            checksum_sha1: $input.checksum_sha1.take(),
            checksum_sha256: $input.checksum_sha256.take(),
            ..Checksum::default()
        }
    };
}
pub(super) use claimed;

/// What an input says about its object.
macro_rules! about {
    ($input:expr, $checksums:expr) => {
        super::store::About {
            content_type: $input.content_type.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
            checksums: $checksums,
        }
    };
}
pub(super) use about;

/// The one owner of everything.
pub fn owner() -> Owner {
    Owner { display_name: Some("minio".into()), id: Some("simulated".into()) }
}

/// How keys are written in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As they are; XML cannot carry all of them.
    Plain,
    /// As in a form: what is no letter and no digit as `%XX`, a space as `+`.
    Encoded,
}

impl Names {
    /// What a client asked for by `encoding-type`.
    pub fn asked(encoding: Option<&EncodingType>) -> Self {
        if encoding.map(EncodingType::as_str) == Some(EncodingType::URL) { Self::Encoded } else { Self::Plain }
    }

    /// What the answer says of it.
    pub fn said(self) -> Option<EncodingType> {
        (self == Self::Encoded).then(|| EncodingType::from_static(EncodingType::URL))
    }

    /// A key, so written. The server leaves the same characters alone (minio cmd/utils.go `s3URLEncode`).
    pub fn of(self, key: &str) -> String {
        if self == Self::Plain {
            return key.to_owned();
        }
        let mut out = String::with_capacity(key.len());
        for byte in key.bytes() {
            match byte {
                b' ' => out.push('+'),
                b'-' | b'_' | b'.' | b'/' | b'*' => out.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
                _ => out.extend(["%".to_owned(), format!("{byte:02X}")]),
            }
        }
        out
    }
}

fn size(bytes: usize) -> Option<i64> {
    i64::try_from(bytes).ok()
}

/// An object in a listing.
pub fn listed(key: &str, v: &Version, names: Names) -> Object {
    Object {
        key: Some(names.of(key)),
        e_tag: Some(ETag::Strong(v.etag.clone())),
        last_modified: Some(stamp(v.made_ms)),
        size: size(v.data.len()),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Default::default()
    }
}

/// A version in a listing.
pub fn version(key: &str, v: &Version, latest: bool, names: Names) -> ObjectVersion {
    ObjectVersion {
        key: Some(names.of(key)),
        version_id: Some(v.id.clone()),
        is_latest: Some(latest),
        e_tag: Some(ETag::Strong(v.etag.clone())),
        last_modified: Some(stamp(v.made_ms)),
        size: size(v.data.len()),
        owner: Some(owner()),
        ..Default::default()
    }
}

/// A delete marker in a listing.
pub fn marker(key: &str, v: &Version, latest: bool, names: Names) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        key: Some(names.of(key)),
        version_id: Some(v.id.clone()),
        is_latest: Some(latest),
        last_modified: Some(stamp(v.made_ms)),
        owner: Some(owner()),
    }
}

/// Common prefixes.
pub fn prefixes(all: &[String], names: Names) -> Vec<CommonPrefix> {
    all.iter().map(|p| CommonPrefix { prefix: Some(names.of(p)) }).collect()
}

/// An object as a read gives it, or the part of it that was asked for.
pub fn found(v: &Version, keeps: Keeps, range: Option<Range>) -> S3Result<GetObjectOutput> {
    let whole = v.data.len();
    let (data, content_range) = match range {
        None => (v.data.clone(), None),
        Some(range) => {
            let bad = || s3_error!(InvalidRange, "The requested range is not satisfiable");
            let part = range.check(whole as u64).map_err(|_| bad())?;
            let (from, to) = (usize::try_from(part.start), usize::try_from(part.end));
            let (from, to) = (from.map_err(|_| bad())?, to.map_err(|_| bad())?);
            let piece = v.data.get(from..to).ok_or_else(bad)?;
            (v.data.slice_ref(piece), Some(format!("bytes {from}-{}/{whole}", to.saturating_sub(1))))
        }
    };
    let a = v.about.clone();
    let part = content_range.is_some();
    let sums = if part { Checksum::default() } else { a.checksums };
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: size(data.len()),
        body: Some(StreamingBlob::from(s3s::Body::from(data))),
        content_range,
        content_type: Some(a.content_type.unwrap_or_else(|| "binary/octet-stream".into())),
        content_encoding: a.content_encoding,
        content_disposition: a.content_disposition,
        content_language: a.content_language,
        cache_control: a.cache_control,
        e_tag: Some(ETag::Strong(v.etag.clone())),
        last_modified: Some(stamp(v.made_ms)),
        metadata: (!a.metadata.is_empty()).then_some(a.metadata),
        tag_count: i32::try_from(v.tags.len()).ok().filter(|n| *n > 0),
        version_id: (keeps != Keeps::Off).then(|| v.id.clone()),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..Default::default()
    })
}

/// Takes the checksums away from a client that did not ask for them.
pub fn hide_checksums(output: &mut GetObjectOutput) {
    output.checksum_crc32 = None;
    output.checksum_crc32c = None;
    output.checksum_crc64nvme = None;
    output.checksum_sha1 = None;
    output.checksum_sha256 = None;
}

/// The same without the body.
pub fn head(o: GetObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        accept_ranges: o.accept_ranges,
        content_length: o.content_length,
        content_range: o.content_range,
        content_type: o.content_type,
        content_encoding: o.content_encoding,
        content_disposition: o.content_disposition,
        content_language: o.content_language,
        cache_control: o.cache_control,
        e_tag: o.e_tag,
        last_modified: o.last_modified,
        metadata: o.metadata,
        version_id: o.version_id,
        checksum_crc32: o.checksum_crc32,
        checksum_crc32c: o.checksum_crc32c,
        checksum_crc64nvme: o.checksum_crc64nvme,
        checksum_sha1: o.checksum_sha1,
        checksum_sha256: o.checksum_sha256,
        ..Default::default()
    }
}

/// The bytes of an object that a range names, as a copy of a part writes it: `bytes=0-9`.
pub fn slice(data: &bytes::Bytes, range: Option<&str>) -> S3Result<bytes::Bytes> {
    let bad = || s3_error!(InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last");
    let Some(range) = range else { return Ok(data.clone()) };
    let (first, last) = range.strip_prefix("bytes=").and_then(|r| r.split_once('-')).ok_or_else(bad)?;
    let (first, last): (usize, usize) = (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
    let piece = last.checked_add(1).and_then(|end| data.get(first..end));
    piece.map(|piece| data.slice_ref(piece)).ok_or_else(|| s3_error!(InvalidRange, "The range is not satisfiable"))
}

/// Bucket, key and version of a copy's source.
pub fn source(from: &CopySource) -> S3Result<(String, String, Option<String>)> {
    match from {
        CopySource::Bucket { bucket, key, version_id } => {
            Ok((bucket.to_string(), key.to_string(), version_id.as_ref().map(ToString::to_string)))
        }
        _ => Err(s3_error!(NotImplemented, "only a bucket can be a copy's source")),
    }
}

/// Tags out of the header `x-amz-tagging`, which is written as a query is.
pub fn header_tags(header: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| percent(&text.replace('+', " "));
    let pairs = header.unwrap_or_default().split('&').filter(|p| !p.is_empty());
    pairs.map(|p| p.split_once('=').unwrap_or((p, ""))).map(|(k, v)| (decode(k), decode(v))).collect()
}

/// Undoes percent-encoding; what is no encoding stays as it is.
pub fn percent(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
        let decoded = digits.and_then(|d| u8::from_str_radix(d, 16).ok()).filter(|_| *byte == b'%');
        out.push(decoded.unwrap_or(*byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Tags out of a tag set; S3 takes ten at most.
pub fn tags(set: Vec<Tag>) -> S3Result<Vec<(String, String)>> {
    if set.len() > 10 {
        return Err(s3_error!(InvalidTag, "Object tags cannot be greater than 10"));
    }
    Ok(set.into_iter().map(|t| (t.key.unwrap_or_default(), t.value.unwrap_or_default())).collect())
}

/// A tag set.
pub fn tag_set(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter().map(|(k, v)| Tag { key: Some(k.clone()), value: Some(v.clone()) }).collect()
}

/// One line of the answer to a deletion of many.
pub fn deleted(one: ObjectIdentifier, gone: Deleted) -> DeletedObject {
    let named = one.version_id.is_some();
    DeletedObject {
        key: Some(one.key),
        version_id: one.version_id,
        delete_marker: gone.marker.then_some(true),
        delete_marker_version_id: (gone.marker && !named).then_some(gone.version).flatten(),
    }
}

/// One failure in the answer to a deletion of many.
pub fn error(one: ObjectIdentifier, error: &S3Error) -> Error {
    Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(one.key),
        message: error.message().map(str::to_owned),
        version_id: one.version_id,
    }
}

/// An upload in a listing.
pub fn upload(id: &str, u: &Upload, names: Names) -> MultipartUpload {
    MultipartUpload {
        key: Some(names.of(&u.key)),
        upload_id: Some(id.to_owned()),
        initiated: Some(stamp(u.made_ms)),
        owner: Some(owner()),
        ..Default::default()
    }
}

/// A page of an upload's parts.
pub fn parts(input: ListPartsInput, upload: &Upload) -> ListPartsOutput {
    let most = super::listing::page_size(input.max_parts);
    let after = input.part_number_marker.unwrap_or(0);
    let mut rest = upload.parts.range(after.saturating_add(1)..);
    let shown: Vec<Part> = rest
        .by_ref()
        .take(most)
        .map(|(number, p)| Part {
            part_number: Some(*number),
            e_tag: Some(ETag::Strong(p.etag.clone())),
            last_modified: Some(stamp(p.made_ms)),
            size: size(p.data.len()),
            checksum_crc32: p.checksums.checksum_crc32.clone(),
            checksum_crc32c: p.checksums.checksum_crc32c.clone(),
            checksum_crc64nvme: p.checksums.checksum_crc64nvme.clone(),
            checksum_sha1: p.checksums.checksum_sha1.clone(),
            checksum_sha256: p.checksums.checksum_sha256.clone(),
        })
        .collect();
    let more = rest.next().is_some();
    ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: i32::try_from(most).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: shown.last().and_then(|p| p.part_number).filter(|_| more),
        is_truncated: Some(more),
        parts: Some(shown),
        ..Default::default()
    }
}
