//! What is known of an object, and its bytes.

use super::{S3Objects, bare, refused, shown, size, version};
use crate::ports::objects::{Answer, At, Body, Checksums, GetQuery, Got, Header, ObjectError, ObjectInfo, Why};
use crate::transport::s3_errors::Calls;
use crate::transport::trouble::Trouble;
use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use bytes::Bytes;
use std::collections::HashMap;

/// The checksums of an answer that has fields for them.
macro_rules! checksums {
    ($of:expr, $kind:expr) => {{
        let sums = crate::ports::objects::Checksums {
            crc64nvme: $of.checksum_crc64_nvme.clone(),
            crc32c: $of.checksum_crc32_c.clone(),
            crc32: $of.checksum_crc32.clone(),
            sha256: $of.checksum_sha256.clone(),
            sha1: $of.checksum_sha1.clone(),
            composite: false,
        };
        crate::transport::objects::reading::with_kind(sums, $kind)
    }};
}
pub(super) use checksums;

/// The headers of an answer that its writer left, in the order of [`Header::ALL`].
macro_rules! headers {
    ($of:expr) => {
        Header::ALL
            .into_iter()
            .zip([&$of.cache_control, &$of.content_disposition, &$of.content_encoding, &$of.content_language])
            .filter_map(|(header, value)| Some((header, value.clone()?)))
            .collect()
    };
}

/// Whether checksums are of the parts' checksums: the service says so, or writes the number of
/// parts behind a hyphen, which base64 does not have. One that is too short or too long to be what it is called is none:
/// nothing can be compared with it (moto 5.2.5 gives four bytes as a CRC-64 of an object made of parts).
pub(super) fn with_kind(mut sums: Checksums, kind: Option<&ChecksumType>) -> Checksums {
    let all = [&sums.crc64nvme, &sums.crc32c, &sums.crc32, &sums.sha256, &sums.sha1];
    let hyphen = all.into_iter().flatten().any(|sum| sum.contains('-'));
    sums.composite = hyphen || kind == Some(&ChecksumType::Composite);
    let whole = |sum: &String, bytes: usize| sum.split('-').next().is_some_and(|s| s.len() == bytes.div_ceil(3) * 4);
    sums.crc64nvme = sums.crc64nvme.filter(|sum| whole(sum, 8));
    sums.crc32c = sums.crc32c.filter(|sum| whole(sum, 4));
    sums.crc32 = sums.crc32.filter(|sum| whole(sum, 4));
    sums.sha256 = sums.sha256.filter(|sum| whole(sum, 32));
    sums.sha1 = sums.sha1.filter(|sum| whole(sum, 20));
    sums
}

/// Of how many parts an object was made, as its `ETag` says.
fn parts(count: Option<i32>, etag: Option<&str>) -> Option<u32> {
    let named = etag.and_then(|e| e.rsplit_once('-')).and_then(|(_, n)| n.parse().ok());
    count.and_then(|n| u32::try_from(n).ok()).or(named).filter(|n| *n > 0)
}

fn sorted(metadata: Option<HashMap<String, String>>) -> Vec<(String, String)> {
    let mut all: Vec<_> = metadata.unwrap_or_default().into_iter().collect();
    all.sort();
    all
}

impl S3Objects {
    pub(super) async fn look_at(&self, at: &At) -> Answer<ObjectInfo> {
        let call = self.client.head_object().bucket(&at.bucket).key(&at.key).checksum_mode(ChecksumMode::Enabled);
        let answer = call
            .set_version_id(at.version.clone())
            .send()
            .await
            .map_err(self.unread(&format!("to look at {}", shown(at))))?;
        let etag = bare(answer.e_tag.clone());
        Ok(ObjectInfo {
            size: size(answer.content_length),
            parts: parts(answer.parts_count, etag.as_deref()),
            modified: answer.last_modified.as_ref().map(DateTime::secs),
            checksums: checksums!(answer, answer.checksum_type.as_ref()),
            encrypted: answer.server_side_encryption.is_some() || answer.sse_customer_algorithm.is_some(),
            version: version(answer.version_id),
            headers: headers!(answer),
            storage: answer.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            content_type: answer.content_type,
            metadata: sorted(answer.metadata),
            etag,
        })
    }

    pub(super) async fn read(&self, query: &GetQuery) -> Answer<Got> {
        let at = &query.at;
        let what = format!("to read {}", shown(at));
        let range = match query.range {
            Some((_, 0)) => return Err(refused(format!("{what}: a range of no bytes"))),
            Some((first, length)) => Some((first, first.saturating_add(length - 1))),
            None => None,
        };
        let call = self.client.get_object().bucket(&at.bucket).key(&at.key).set_version_id(at.version.clone());
        let call = call
            .set_range(range.map(|(first, last)| format!("bytes={first}-{last}")))
            .set_if_match(query.if_match.as_deref().map(super::quoted));
        // The SDK would compute checksums by itself if it were told by its own setter, and would fail
        // where a service sends the whole object's with a range. Verifying is the caller's part.
        let call = call.customize().mutate_request(move |request| {
            if range.is_none() {
                request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
            }
        });
        let answer = call.send().await.map_err(self.unread(&what))?;
        self.got(answer, what, range)
    }

    fn got(&self, answer: GetObjectOutput, what: String, asked: Option<(u64, u64)>) -> Answer<Got> {
        let announced = answer.content_length.and_then(|n| u64::try_from(n).ok());
        let (first, length, whole) = match (answer.content_range.as_deref(), announced) {
            (Some(text), announced) => {
                let (first, last, whole) = content_range(text)
                    .ok_or_else(|| refused(format!("{what}: the service answers with a range that is none")))?;
                let length = last - first + 1;
                let right = asked.is_none_or(|(from, to)| first == from && last <= to);
                if !right || announced.is_some_and(|n| n != length) {
                    return Err(refused(format!("{what}: the service answers with another range")));
                }
                (first, length, whole)
            }
            (None, Some(length)) => (0, length, length),
            (None, None) => return Err(refused(format!("{what}: the service does not say how long it is"))),
        };
        let etag = bare(answer.e_tag.clone());
        let info = ObjectInfo {
            size: whole,
            parts: parts(answer.parts_count, etag.as_deref()),
            modified: answer.last_modified.as_ref().map(DateTime::secs),
            checksums: checksums!(answer, answer.checksum_type.as_ref()),
            encrypted: answer.server_side_encryption.is_some() || answer.sse_customer_algorithm.is_some(),
            version: version(answer.version_id),
            headers: headers!(answer),
            storage: answer.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            content_type: answer.content_type,
            metadata: sorted(answer.metadata),
            etag,
        };
        let body = Box::new(Bytewise { stream: answer.body, left: length, calls: self.calls.clone(), what });
        Ok(Got { info, first, length, body })
    }
}

/// First and last byte and the whole size out of `bytes 0-9/100`.
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, whole) = (first.parse().ok()?, last.parse().ok()?, whole.parse().ok()?);
    // `last` below the end of numbers, so that lengths can be counted.
    (first <= last && last < whole).then_some((first, last, whole))
}

/// A body, counted against what was announced.
struct Bytewise {
    stream: ByteStream,
    left: u64,
    calls: Calls,
    what: String,
}

impl Bytewise {
    fn cut(&self, because: String) -> ObjectError {
        self.calls.trouble(&self.what, true, &Trouble::Cut(because))
    }
}

#[async_trait]
impl Body for Bytewise {
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        loop {
            match self.stream.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    let length = piece.len() as u64;
                    self.left = self.left.checked_sub(length).ok_or_else(|| {
                        let error = self.cut("more bytes came than were announced".to_owned());
                        ObjectError { why: Why::Cut, ..error }
                    })?;
                    return Ok(Some(piece));
                }
                Some(Err(e)) => return Err(self.calls.trouble(&self.what, true, &Trouble::from_error(&e, true))),
                None if self.left > 0 => {
                    return Err(self.cut(format!("{} bytes are missing at its end", self.left)));
                }
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_or_refused() {
        assert_eq!(content_range("bytes 2-4/10"), Some((2, 4, 10)));
        for bad in ["bytes 4-2/10", "bytes 0-10/10", "bytes */10", "bytes 0-1/*", "0-1/2", "bytes -1-2/3", ""] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_composite_checksum_is_known_by_its_hyphen() {
        let sums = |text: &str| Checksums { crc32c: Some(text.to_owned()), ..Checksums::default() };
        assert!(with_kind(sums("AAAA-3"), None).composite);
        assert!(with_kind(sums("AAAA"), Some(&ChecksumType::Composite)).composite);
        assert!(!with_kind(sums("AAAA"), Some(&ChecksumType::FullObject)).composite);
    }

    #[test]
    fn a_checksum_of_another_length_is_none() {
        let sums = |text: &str| Checksums { crc64nvme: Some(text.to_owned()), ..Checksums::default() };
        assert_eq!(with_kind(sums("JYwwIoi0PuE="), None).crc64nvme.as_deref(), Some("JYwwIoi0PuE="));
        assert_eq!(with_kind(sums("Wm5Now=="), Some(&ChecksumType::FullObject)).crc64nvme, None);
        let composite = Checksums { crc32c: Some("AAAAAA==-3".to_owned()), ..Checksums::default() };
        assert_eq!(with_kind(composite, None).crc32c.as_deref(), Some("AAAAAA==-3"));
    }
}
