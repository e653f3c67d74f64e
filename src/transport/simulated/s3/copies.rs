//! Copies within the simulated registry: of a whole object, and of a range of one into a part.

use super::auth::denied;
use super::body::{Claims, receive};
use super::convert;
use super::store::{Store, Version, stamp};
use super::versions::{Conditions, NewObject};
use s3s::S3Result;
use s3s::dto::{
    Checksum, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, MetadataDirective,
    StreamingBlob, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
};

/// The object that a copy is of, if the caller may read it.
fn source(store: &Store, caller: &str, from: &CopySource, conditions: &Conditions) -> S3Result<Version> {
    let (bucket, key, version) = convert::source(from)?;
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let found = store.with(|s| {
        if !s.allows(caller, action, &format!("{bucket}/{key}")) {
            return Err(denied());
        }
        s.look(&bucket, &key, version.as_deref()).map(|v| v.clone())
    })?;
    conditions.for_read(&found)?;
    Ok(found)
}

/// Copies an object.
pub fn object(
    store: &Store,
    caller: &str,
    headers: &http::HeaderMap,
    i: CopyObjectInput,
) -> S3Result<CopyObjectOutput> {
    // The package does not know these two conditions on the target of a copy.
    let condition = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let target = Conditions { if_match: condition("if-match"), if_none_match: condition("if-none-match") };
    let said = convert::about!(i, Checksum::default());
    let conditions = Conditions { if_match: i.copy_source_if_match, if_none_match: i.copy_source_if_none_match };
    let from = source(store, caller, &i.copy_source, &conditions)?;
    let replaces = |d: Option<&str>| d == Some("REPLACE");
    let replace = replaces(i.metadata_directive.as_ref().map(MetadataDirective::as_str));
    let retag = replaces(i.tagging_directive.as_ref().map(TaggingDirective::as_str));
    let tags = if retag { convert::header_tags(i.tagging.as_deref()) } else { from.tags };
    // Checksums are of the bytes, and those stay.
    let about =
        super::store::About { checksums: from.about.checksums.clone(), ..if replace { said } else { from.about } };
    let new = NewObject { data: from.data, etag: from.etag, about, tags };
    let now = store.now_ms();
    let (version_id, etag) = store.with(|s| s.put(&i.bucket, &i.key, new, &target, now))?;
    Ok(CopyObjectOutput {
        version_id,
        copy_source_version_id: (from.id != "null").then_some(from.id),
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(etag),
            last_modified: Some(stamp(now)),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// Copies a range of an object into a part.
pub async fn part(store: &Store, caller: &str, i: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
    let conditions = Conditions { if_match: i.copy_source_if_match, if_none_match: i.copy_source_if_none_match };
    let from = source(store, caller, &i.copy_source, &conditions)?;
    let piece = convert::slice(&from.data, i.copy_source_range.as_deref())?;
    let received = receive(Some(StreamingBlob::from(s3s::Body::from(piece))), &Claims::default()).await?;
    let now = store.now_ms();
    let etag = store.with(|s| s.put_part(&i.bucket, &i.key, &i.upload_id, i.part_number, received, now))?;
    let made = CopyPartResult { e_tag: Some(etag), last_modified: Some(stamp(now)), ..Default::default() };
    Ok(UploadPartCopyOutput { copy_part_result: Some(made), ..Default::default() })
}
