//! The operations that list, from their input to their output; how a page is cut says `listing`.

use super::body::base64_of;
use super::convert::{self, Names};
use super::listing::{Ask, page_size};
use super::store::Store;
use s3s::dto::{
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, MultipartUpload,
};
use s3s::{S3Result, s3_error};

/// Objects, with markers: the first version of the operation.
pub fn objects(store: &Store, i: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let ask = Ask {
        prefix: i.prefix.clone().unwrap_or_default(),
        delimiter: i.delimiter.clone().unwrap_or_default(),
        after: i.marker.clone().unwrap_or_default(),
        most: page_size(i.max_keys),
    };
    let page = store.with(|s| s.bucket(&i.bucket).map(|b| b.page(&ask)))?;
    let names = Names::asked(i.encoding_type.as_ref());
    Ok(ListObjectsOutput {
        encoding_type: names.said(),
        name: Some(i.bucket),
        prefix: Some(names.of(&ask.prefix)),
        marker: Some(names.of(&ask.after)),
        max_keys: i32::try_from(ask.most).ok(),
        is_truncated: Some(page.next.is_some()),
        contents: Some(page.entries.iter().map(|(k, v)| convert::listed(k, v, names)).collect()),
        common_prefixes: Some(convert::prefixes(&page.prefixes, names)),
        delimiter: i.delimiter,
        next_marker: page.next.as_deref().map(|k| names.of(k)),
        ..Default::default()
    })
}

/// The key that a token names. Tokens are base64, because a key need not fit into XML.
fn behind(token: &str) -> S3Result<String> {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.decode(token).ok().and_then(|k| String::from_utf8(k).ok());
    key.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

/// Objects, with tokens.
pub fn objects_v2(store: &Store, i: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let ask = Ask {
        prefix: i.prefix.clone().unwrap_or_default(),
        delimiter: i.delimiter.clone().unwrap_or_default(),
        after: match &i.continuation_token {
            Some(token) => behind(token)?,
            None => i.start_after.clone().unwrap_or_default(),
        },
        most: page_size(i.max_keys),
    };
    let page = store.with(|s| s.bucket(&i.bucket).map(|b| b.page(&ask)))?;
    let names = Names::asked(i.encoding_type.as_ref());
    Ok(ListObjectsV2Output {
        encoding_type: names.said(),
        name: Some(i.bucket),
        prefix: Some(names.of(&ask.prefix)),
        max_keys: i32::try_from(ask.most).ok(),
        key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
        continuation_token: i.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(|k| base64_of(k.as_bytes())),
        contents: Some(page.entries.iter().map(|(k, v)| convert::listed(k, v, names)).collect()),
        common_prefixes: Some(convert::prefixes(&page.prefixes, names)),
        delimiter: i.delimiter,
        start_after: i.start_after.as_deref().map(|k| names.of(k)),
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
    let names = Names::asked(i.encoding_type.as_ref());
    Ok(ListObjectVersionsOutput {
        encoding_type: names.said(),
        name: Some(i.bucket),
        prefix: Some(names.of(&ask.prefix)),
        key_marker: Some(names.of(&ask.after)),
        max_keys: i32::try_from(ask.most).ok(),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next.as_deref().map(|k| names.of(k)),
        versions: Some(versions.into_iter().map(|(k, v, latest)| convert::version(k, v, *latest, names)).collect()),
        delete_markers: Some(markers.into_iter().map(|(k, v, latest)| convert::marker(k, v, *latest, names)).collect()),
        common_prefixes: Some(convert::prefixes(&page.prefixes, names)),
        delimiter: i.delimiter,
        ..Default::default()
    })
}

/// Uploads in parts that are not complete.
pub fn uploads(store: &Store, i: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
    let prefix = i.prefix.clone().unwrap_or_default();
    let names = Names::asked(i.encoding_type.as_ref());
    let most = page_size(i.max_uploads);
    let behind = |key: &str, id: &str| match (i.key_marker.as_deref(), i.upload_id_marker.as_deref()) {
        (None | Some(""), _) => true,
        (Some(after), None | Some("")) => key > after,
        (Some(after), Some(after_id)) => (key, id) > (after, after_id),
    };
    let mut found: Vec<(String, String, MultipartUpload)> = store.with(|s| {
        let all = &s.bucket(&i.bucket)?.uploads;
        let wanted = all.iter().filter(|(id, u)| u.key.starts_with(&prefix) && behind(&u.key, id));
        let listed = wanted.map(|(id, u)| (u.key.clone(), id.clone(), convert::upload(id, u, names)));
        Ok::<_, s3s::S3Error>(listed.collect())
    })?;
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let more = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| more);
    Ok(ListMultipartUploadsOutput {
        encoding_type: names.said(),
        bucket: Some(i.bucket),
        prefix: i.prefix.as_deref().map(|p| names.of(p)),
        is_truncated: Some(more),
        max_uploads: i32::try_from(most).ok(),
        next_key_marker: last.map(|(key, ..)| names.of(key)),
        next_upload_id_marker: last.map(|(_, id, _)| id.clone()),
        uploads: Some(found.into_iter().map(|(.., listed)| listed).collect()),
        ..Default::default()
    })
}
