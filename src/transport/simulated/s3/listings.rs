//! The operations that list, from their input to their output; how a page is cut says `listing`.

use super::convert;
use super::listing::{Ask, page_size};
use super::store::Store;
use s3s::S3Result;
use s3s::dto::{
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, MultipartUpload,
};

/// Objects, with markers: the first version of the operation.
pub fn objects(store: &Store, i: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let ask = Ask {
        prefix: i.prefix.clone().unwrap_or_default(),
        delimiter: i.delimiter.clone().unwrap_or_default(),
        after: i.marker.clone().unwrap_or_default(),
        most: page_size(i.max_keys),
    };
    let page = store.with(|s| s.bucket(&i.bucket).map(|b| b.page(&ask)))?;
    Ok(ListObjectsOutput {
        name: Some(i.bucket),
        prefix: Some(ask.prefix),
        marker: Some(ask.after),
        max_keys: i32::try_from(ask.most).ok(),
        is_truncated: Some(page.next.is_some()),
        contents: Some(page.entries.iter().map(|(k, v)| convert::listed(k, v)).collect()),
        common_prefixes: Some(convert::prefixes(page.prefixes)),
        delimiter: i.delimiter,
        next_marker: page.next,
        ..Default::default()
    })
}

/// Objects, with tokens.
pub fn objects_v2(store: &Store, i: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let ask = Ask {
        prefix: i.prefix.clone().unwrap_or_default(),
        delimiter: i.delimiter.clone().unwrap_or_default(),
        after: i.continuation_token.clone().or_else(|| i.start_after.clone()).unwrap_or_default(),
        most: page_size(i.max_keys),
    };
    let page = store.with(|s| s.bucket(&i.bucket).map(|b| b.page(&ask)))?;
    Ok(ListObjectsV2Output {
        name: Some(i.bucket),
        prefix: Some(ask.prefix),
        max_keys: i32::try_from(ask.most).ok(),
        key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
        continuation_token: i.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next,
        contents: Some(page.entries.iter().map(|(k, v)| convert::listed(k, v)).collect()),
        common_prefixes: Some(convert::prefixes(page.prefixes)),
        delimiter: i.delimiter,
        start_after: i.start_after,
        ..Default::default()
    })
}

/// Every version of objects.
pub fn versions(store: &Store, i: ListObjectVersionsInput) -> S3Result<ListObjectVersionsOutput> {
    let ask = Ask {
        prefix: i.prefix.clone().unwrap_or_default(),
        delimiter: i.delimiter.clone().unwrap_or_default(),
        after: i.key_marker.clone().unwrap_or_default(),
        most: page_size(i.max_keys),
    };
    let page = store.with(|s| s.bucket(&i.bucket).map(|b| b.versions_page(&ask)))?;
    let (markers, versions): (Vec<_>, Vec<_>) = page.entries.iter().partition(|(_, v, _)| v.marker);
    Ok(ListObjectVersionsOutput {
        name: Some(i.bucket),
        prefix: Some(ask.prefix),
        key_marker: Some(ask.after),
        max_keys: i32::try_from(ask.most).ok(),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next,
        versions: Some(versions.into_iter().map(|(k, v, latest)| convert::version(k, v, *latest)).collect()),
        delete_markers: Some(markers.into_iter().map(|(k, v, latest)| convert::marker(k, v, *latest)).collect()),
        common_prefixes: Some(convert::prefixes(page.prefixes)),
        delimiter: i.delimiter,
        ..Default::default()
    })
}

/// Uploads in parts that are not complete.
pub fn uploads(store: &Store, i: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
    let prefix = i.prefix.clone().unwrap_or_default();
    let mut uploads: Vec<MultipartUpload> = store.with(|s| {
        let all = &s.bucket(&i.bucket)?.uploads;
        let wanted = all.iter().filter(|(_, u)| u.key.starts_with(&prefix));
        Ok::<_, s3s::S3Error>(wanted.map(|(id, u)| convert::upload(id, u)).collect())
    })?;
    uploads.sort_by(|a, b| (&a.key, &a.upload_id).cmp(&(&b.key, &b.upload_id)));
    Ok(ListMultipartUploadsOutput {
        bucket: Some(i.bucket),
        prefix: i.prefix,
        is_truncated: Some(false),
        uploads: Some(uploads),
        ..Default::default()
    })
}
