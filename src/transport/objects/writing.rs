//! Objects that are written: whole, in parts, and as copies.

use super::reading::checksums;
use super::{S3Objects, bare, decode, quoted, refused, shown, version};
use crate::ports::objects::{Answer, At, Checksums, Header, Notes, OnlyIf, Part, Sum, SumKind, Upload, Written};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, MetadataDirective};
use bytes::Bytes;
use std::collections::HashMap;

/// The conditions of a write: `If-Match` and `If-None-Match`.
fn conditions(only: &OnlyIf) -> (Option<String>, Option<String>) {
    match only {
        OnlyIf::Always => (None, None),
        OnlyIf::Absent => (None, Some("*".to_owned())),
        OnlyIf::Matches(etag) => (Some(quoted(etag)), None),
    }
}

/// A checksum as the fields of requests have it: CRC-64/NVME, CRC-32C, SHA-256.
fn fields(sum: Option<Sum>) -> (Option<String>, Option<String>, Option<String>) {
    match sum {
        None => (None, None, None),
        Some(Sum::Crc64Nvme(sum)) => (Some(sum), None, None),
        Some(Sum::Crc32C(sum)) => (None, Some(sum), None),
        Some(Sum::Sha256(sum)) => (None, None, Some(sum)),
    }
}

/// Sets on a request what is noted of a new object.
macro_rules! noted {
    ($call:expr, $notes:expr) => {{
        let header = |header| $notes.header(header).map(str::to_owned);
        $call
            .set_content_type($notes.content_type.clone())
            .set_cache_control(header(Header::CacheControl))
            .set_content_disposition(header(Header::ContentDisposition))
            .set_content_encoding(header(Header::ContentEncoding))
            .set_content_language(header(Header::ContentLanguage))
            .set_metadata(metadata($notes))
    }};
}

fn metadata(notes: &Notes) -> Option<HashMap<String, String>> {
    (!notes.metadata.is_empty()).then(|| notes.metadata.iter().cloned().collect())
}

/// The source of a copy as its header wants it.
fn source(from: &At) -> String {
    let place = format!("{}/{}", from.bucket, decode::encoded(&from.key));
    match &from.version {
        Some(version) => format!("{place}?versionId={}", decode::encoded(version)),
        None => place,
    }
}

fn where_to(upload: &Upload) -> String {
    shown(&At::new(upload.bucket.clone(), upload.key.clone()))
}

impl S3Objects {
    pub(super) async fn write(
        &self,
        at: &At,
        body: Bytes,
        notes: &Notes,
        sum: Option<Sum>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        let (if_match, if_none_match) = conditions(only);
        let (crc64, crc32c, sha256) = fields(sum);
        let call = self.client.put_object().bucket(&at.bucket).key(&at.key).body(ByteStream::from(body));
        let call = noted!(call, notes)
            .set_checksum_crc64_nvme(crc64)
            .set_checksum_crc32_c(crc32c)
            .set_checksum_sha256(sha256)
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .customize();
        let call = if self.guarded { call.disable_payload_signing() } else { call };
        let answer = call.send().await.map_err(self.unwritten(&format!("to write {}", shown(at))))?;
        let checksums = checksums!(answer, answer.checksum_type.as_ref());
        Ok(Written { etag: bare(answer.e_tag), version: version(answer.version_id), checksums })
    }

    pub(super) async fn new_upload(&self, at: &At, notes: &Notes, sum: Option<SumKind>) -> Answer<Upload> {
        let what = format!("to begin an upload of {}", shown(at));
        let (algorithm, kind) = match sum {
            None => (None, None),
            Some(SumKind::Crc64Nvme) => (Some(ChecksumAlgorithm::Crc64Nvme), Some(ChecksumType::FullObject)),
            Some(SumKind::Crc32C) => (Some(ChecksumAlgorithm::Crc32C), Some(ChecksumType::Composite)),
        };
        let call = self.client.create_multipart_upload().bucket(&at.bucket).key(&at.key);
        let answer = noted!(call, notes).set_checksum_algorithm(algorithm).set_checksum_type(kind).send().await;
        let id = match answer {
            Ok(answer) => answer.upload_id,
            Err(error) => match decode::under_another_root(&error, "InitiateMultipartUpload") {
                Some(document) => decode::element(&document, "UploadId").map(str::to_owned),
                None => return Err(self.unwritten(&what)(error)),
            },
        };
        let id = id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| refused(format!("{what}: the service gives it no identity")))?;
        Ok(Upload { bucket: at.bucket.clone(), key: at.key.clone(), id })
    }

    pub(super) async fn write_part(&self, upload: &Upload, number: u16, body: Bytes, sum: Option<Sum>) -> Answer<Part> {
        let what = format!("to send part {number} of {}", where_to(upload));
        let size = body.len() as u64;
        let (crc64, crc32c, sha256) = fields(sum);
        let call = self.client.upload_part().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id);
        let call = call
            .part_number(i32::from(number))
            .body(ByteStream::from(body))
            .set_checksum_crc64_nvme(crc64)
            .set_checksum_crc32_c(crc32c)
            .set_checksum_sha256(sha256)
            .customize();
        let call = if self.guarded { call.disable_payload_signing() } else { call };
        let answer = call.send().await.map_err(self.unwritten(&what))?;
        let checksums = checksums!(answer, None);
        let etag = bare(answer.e_tag).ok_or_else(|| refused(format!("{what}: the service gives it no ETag")))?;
        Ok(Part { number, size, etag, checksums })
    }

    pub(super) async fn part_of(
        &self,
        upload: &Upload,
        number: u16,
        from: &At,
        range: (u64, u64),
        if_match: Option<&str>,
    ) -> Answer<Part> {
        let what = format!("to copy part {number} of {}", where_to(upload));
        let (first, length) = range;
        let last = length.checked_sub(1).map(|n| first.saturating_add(n));
        let last = last.ok_or_else(|| refused(format!("{what}: a range of no bytes")))?;
        let call = self.client.upload_part_copy().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id);
        let answer = call
            .part_number(i32::from(number))
            .copy_source(source(from))
            .copy_source_range(format!("bytes={first}-{last}"))
            .set_copy_source_if_match(if_match.map(quoted))
            .send()
            .await
            .map_err(self.unwritten(&what))?;
        let made = answer.copy_part_result.ok_or_else(|| refused(format!("{what}: the service does not say so")))?;
        let checksums = checksums!(made, None);
        let etag = bare(made.e_tag).ok_or_else(|| refused(format!("{what}: the service gives it no ETag")))?;
        Ok(Part { number, size: length, etag, checksums })
    }

    pub(super) async fn finish(
        &self,
        upload: &Upload,
        parts: &[Part],
        sum: Option<Sum>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        let named = parts.iter().map(|p| {
            CompletedPart::builder()
                .part_number(i32::from(p.number))
                .e_tag(quoted(&p.etag))
                .set_checksum_crc64_nvme(p.checksums.crc64nvme.clone())
                .set_checksum_crc32_c(p.checksums.crc32c.clone())
                .set_checksum_crc32(p.checksums.crc32.clone())
                .set_checksum_sha256(p.checksums.sha256.clone())
                .set_checksum_sha1(p.checksums.sha1.clone())
                .build()
        });
        let list = CompletedMultipartUpload::builder().set_parts(Some(named.collect())).build();
        let (if_match, if_none_match) = conditions(only);
        let whole = matches!(sum, Some(Sum::Crc64Nvme(_)));
        let (crc64, crc32c, sha256) = fields(sum);
        let call = self.client.complete_multipart_upload().bucket(&upload.bucket).key(&upload.key);
        let answer = call
            .upload_id(&upload.id)
            .multipart_upload(list)
            .set_checksum_crc64_nvme(crc64)
            .set_checksum_crc32_c(crc32c)
            .set_checksum_sha256(sha256)
            .set_checksum_type(whole.then_some(ChecksumType::FullObject))
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .send()
            .await
            .map_err(self.unwritten(&format!("to complete the upload of {}", where_to(upload))))?;
        let checksums = checksums!(answer, answer.checksum_type.as_ref());
        Ok(Written { etag: bare(answer.e_tag), version: version(answer.version_id), checksums })
    }

    pub(super) async fn throw_away(&self, upload: &Upload) -> Answer<()> {
        let call = self.client.abort_multipart_upload().bucket(&upload.bucket).key(&upload.key);
        match call.upload_id(&upload.id).send().await {
            Err(e) if e.code() == Some("NoSuchUpload") => Ok(()),
            Err(e) => Err(self.unwritten(&format!("to throw the upload of {} away", where_to(upload)))(e)),
            Ok(_) => Ok(()),
        }
    }

    pub(super) async fn copy_of(
        &self,
        from: &At,
        to: &At,
        if_match: Option<&str>,
        notes: Option<&Notes>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        let (to_match, to_be_absent) = conditions(only);
        let mut call = self.client.copy_object().bucket(&to.bucket).key(&to.key).copy_source(source(from));
        if let Some(notes) = notes {
            call = noted!(call.metadata_directive(MetadataDirective::Replace), notes);
        }
        let answer = call
            .set_copy_source_if_match(if_match.map(quoted))
            .set_if_match(to_match)
            .set_if_none_match(to_be_absent)
            .send()
            .await
            .map_err(self.unwritten(&format!("to copy {} to {}", shown(from), shown(to))))?;
        let (etag, checksums) = match answer.copy_object_result {
            Some(made) => {
                let sums = checksums!(made, made.checksum_type.as_ref());
                (bare(made.e_tag), sums)
            }
            None => (None, Checksums::default()),
        };
        Ok(Written { etag, version: version(answer.version_id), checksums })
    }
}
