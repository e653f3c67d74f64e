//! Pages of keys, versions, uploads and parts.

use super::decode;
use super::{S3Objects, bare, size};
use crate::ports::objects::{
    Answer, Checksums, ListPage, ListQuery, Marker, ObjectRow, Part, PartPage, Upload, UploadPage, UploadRow,
    VersionPage, VersionRow,
};
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{CommonPrefix, DeleteMarkerEntry, EncodingType, ObjectVersion};
use std::cmp::Reverse;

fn prefixes(of: Option<Vec<CommonPrefix>>, encoded: bool) -> Vec<String> {
    let all = of.unwrap_or_default().into_iter();
    all.filter_map(|p| Some(decode::key(p.prefix?, encoded))).collect()
}

/// Where the next page begins: nowhere where the service names no key.
fn marker(key: Option<String>, id: Option<String>, encoded: bool) -> Option<Marker> {
    let key = key.filter(|k| !k.is_empty())?;
    Some(Marker { key: decode::key(key, encoded), id: id.filter(|i| !i.is_empty()) })
}

impl S3Objects {
    pub(super) async fn page(&self, query: &ListQuery) -> Answer<ListPage> {
        let call = self.client.list_objects_v2().bucket(&query.bucket).encoding_type(EncodingType::Url);
        let answer = call
            .set_prefix(Some(query.prefix.clone()).filter(|p| !p.is_empty()))
            .set_delimiter(query.folded.then(|| "/".to_owned()))
            .set_start_after(query.start_after.clone().filter(|_| query.token.is_none()))
            .set_continuation_token(query.token.clone())
            .set_max_keys(query.max.map(i32::from))
            .send()
            .await
            .map_err(self.unread(&format!("to list bucket {}", query.bucket)))?;
        let encoded = answer.encoding_type == Some(EncodingType::Url);
        let objects = answer.contents.unwrap_or_default().into_iter();
        Ok(ListPage {
            objects: objects
                .filter_map(|o| {
                    Some(ObjectRow {
                        key: decode::key(o.key?, encoded),
                        size: size(o.size),
                        modified: o.last_modified.as_ref().map(DateTime::secs),
                        etag: bare(o.e_tag),
                    })
                })
                .collect(),
            prefixes: prefixes(answer.common_prefixes, encoded),
            truncated: answer.is_truncated == Some(true),
            next: answer.next_continuation_token.filter(|t| !t.is_empty()),
        })
    }

    pub(super) async fn page_of_versions(&self, query: &ListQuery, from: Option<&Marker>) -> Answer<VersionPage> {
        let call = self.client.list_object_versions().bucket(&query.bucket).encoding_type(EncodingType::Url);
        let first = || query.start_after.clone();
        let answer = call
            .set_prefix(Some(query.prefix.clone()).filter(|p| !p.is_empty()))
            .set_delimiter(query.folded.then(|| "/".to_owned()))
            .set_key_marker(from.map_or_else(first, |m| Some(m.key.clone())))
            .set_version_id_marker(from.and_then(|m| m.id.clone()))
            .set_max_keys(query.max.map(i32::from))
            .send()
            .await
            .map_err(self.unread(&format!("to list the versions of bucket {}", query.bucket)))?;
        let encoded = answer.encoding_type == Some(EncodingType::Url);
        Ok(VersionPage {
            rows: in_order(answer.versions.unwrap_or_default(), answer.delete_markers.unwrap_or_default(), encoded),
            prefixes: prefixes(answer.common_prefixes, encoded),
            truncated: answer.is_truncated == Some(true),
            next: marker(answer.next_key_marker, answer.next_version_id_marker, encoded),
        })
    }

    pub(super) async fn page_of_uploads(
        &self,
        bucket: &str,
        prefix: &str,
        from: Option<&Marker>,
    ) -> Answer<UploadPage> {
        let call = self.client.list_multipart_uploads().bucket(bucket).encoding_type(EncodingType::Url);
        let answer = call
            .set_prefix(Some(prefix.to_owned()).filter(|p| !p.is_empty()))
            .set_key_marker(from.map(|m| m.key.clone()))
            .set_upload_id_marker(from.and_then(|m| m.id.clone()))
            .send()
            .await
            .map_err(self.unread(&format!("to list the incomplete uploads of bucket {bucket}")))?;
        let encoded = answer.encoding_type == Some(EncodingType::Url);
        let uploads = answer.uploads.unwrap_or_default().into_iter();
        Ok(UploadPage {
            rows: uploads
                .filter_map(|u| {
                    let begun = u.initiated.as_ref().map(DateTime::secs);
                    Some(UploadRow { key: decode::key(u.key?, encoded), id: u.upload_id?, begun })
                })
                .collect(),
            truncated: answer.is_truncated == Some(true),
            next: marker(answer.next_key_marker, answer.next_upload_id_marker, encoded),
        })
    }

    pub(super) async fn page_of_parts(&self, upload: &Upload, behind: Option<u16>) -> Answer<PartPage> {
        let call = self.client.list_parts().bucket(&upload.bucket).key(&upload.key).upload_id(&upload.id);
        let answer = call
            .set_part_number_marker(behind.map(|n| n.to_string()))
            .send()
            .await
            .map_err(self.unread("to list the parts of an upload"))?;
        let parts = answer.parts.unwrap_or_default().into_iter();
        let parts: Vec<Part> = parts
            .filter_map(|p| {
                Some(Part {
                    number: p.part_number.and_then(|n| u16::try_from(n).ok())?,
                    size: size(p.size),
                    etag: bare(p.e_tag)?,
                    checksums: Checksums {
                        crc64nvme: p.checksum_crc64_nvme,
                        crc32c: p.checksum_crc32_c,
                        crc32: p.checksum_crc32,
                        sha256: p.checksum_sha256,
                        sha1: p.checksum_sha1,
                        composite: false,
                    },
                })
            })
            .collect();
        let named = answer.next_part_number_marker.and_then(|n| n.parse().ok());
        // A page that goes on goes on behind its last part, whatever the service names.
        let next = (answer.is_truncated == Some(true)).then(|| named.or_else(|| parts.last().map(|p| p.number)));
        let next = next.flatten().filter(|n| behind.is_none_or(|before| *n > before));
        Ok(PartPage { parts, next })
    }
}

/// A row with what its place among the versions of a key is told by.
type Placed = (VersionRow, Reverse<bool>, Reverse<(i64, u32)>);

fn placed(row: VersionRow, at: Option<&DateTime>) -> Placed {
    let latest = Reverse(row.latest);
    (row, latest, Reverse(at.map_or((0, 0), |t| (t.secs(), t.subsec_nanos()))))
}

/// Versions and delete markers in one list. The service tells them in one order, but the SDK gives
/// them in two lists; both are in the order of keys, so they are merged, and each key's rows are put
/// in the order of time.
fn in_order(versions: Vec<ObjectVersion>, markers: Vec<DeleteMarkerEntry>, encoded: bool) -> Vec<VersionRow> {
    let versions = versions.into_iter().filter_map(|v| {
        let at = v.last_modified;
        let row = VersionRow {
            key: decode::key(v.key?, encoded),
            version: v.version_id.unwrap_or_else(|| "null".to_owned()),
            latest: v.is_latest == Some(true),
            marker: false,
            size: size(v.size),
            modified: at.as_ref().map(DateTime::secs),
            etag: bare(v.e_tag),
        };
        Some(placed(row, at.as_ref()))
    });
    let markers = markers.into_iter().filter_map(|m| {
        let at = m.last_modified;
        let row = VersionRow {
            key: decode::key(m.key?, encoded),
            version: m.version_id.unwrap_or_else(|| "null".to_owned()),
            latest: m.is_latest == Some(true),
            marker: true,
            size: 0,
            modified: at.as_ref().map(DateTime::secs),
            etag: None,
        };
        Some(placed(row, at.as_ref()))
    });
    let (mut versions, mut markers) = (versions.peekable(), markers.peekable());
    let mut merged: Vec<Placed> = Vec::new();
    loop {
        let version_first = match (versions.peek(), markers.peek()) {
            (Some((v, ..)), Some((m, ..))) => v.key <= m.key,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        merged.extend(if version_first { versions.next() } else { markers.next() });
    }
    for of_one_key in merged.chunk_by_mut(|a, b| a.0.key == b.0.key) {
        of_one_key.sort_by_key(|(_, latest, time)| (*latest, *time));
    }
    merged.into_iter().map(|(row, ..)| row).collect()
}
