//! Changes of one request or a few.

use super::copy::{Copied, copy};
use crate::plan::Failure;
use crate::ports::objects::{At, Notes, ObjectError, OnlyIf, Upload, UploadRow, Why};
use crate::registry::paged;
use crate::registry::transfer::patience::patiently;
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::{Transfers, Way};
use bytes::Bytes;

/// Takes the delete markers off a key, so that its newest version counts again. Gives how many there were.
pub async fn undelete(of: &Transfers, way: &Way, bucket: &str, key: &str) -> Result<u64, Trouble> {
    let mut rows = Vec::new();
    paged::versions(&**of.objects(), bucket, key, |page| rows.extend(page.into_iter().filter(|row| row.key == key)))
        .await?;
    if !rows.iter().any(|row| !row.marker) {
        let failure = Failure::permanent(format!("there is no version of {key} to be had back"));
        return Err(Trouble::new(End::Service(Why::Missing), failure));
    }
    // Newest first: only those that hide the newest version.
    let markers: Vec<_> = rows.into_iter().take_while(|row| row.marker).collect();
    for row in &markers {
        let at = At { bucket: bucket.to_owned(), key: key.to_owned(), version: Some(row.version.clone()) };
        patiently!(of.limits(), &way.meter, of.objects().delete(&at))?;
    }
    Ok(markers.len() as u64)
}

/// Makes an old version the current one, by a copy: those in between stay.
pub async fn restore(of: &Transfers, way: &Way, version: &At) -> Result<Copied, Trouble> {
    let to = At::new(version.bucket.clone(), version.key.clone());
    copy(of, way, version, &to, None, &OnlyIf::Always).await
}

/// Replaces the content type and the notes of an object, by a copy onto itself.
pub async fn replace_notes(of: &Transfers, way: &Way, at: &At, notes: &Notes) -> Result<Copied, Trouble> {
    let to = At::new(at.bucket.clone(), at.key.clone());
    copy(of, way, at, &to, Some(notes), &OnlyIf::Always).await
}

/// Replaces the tags of an object.
pub async fn set_tags(of: &Transfers, way: &Way, at: &At, tags: &[(String, String)]) -> Result<(), Trouble> {
    Ok(patiently!(of.limits(), &way.meter, of.objects().set_tags(at, tags))?)
}

/// Makes the mark of a folder, so that an empty prefix is seen. One that is there is success.
pub async fn new_prefix(of: &Transfers, way: &Way, bucket: &str, prefix: &str) -> Result<(), Trouble> {
    let key = format!("{}/", prefix.trim_end_matches('/'));
    if key == "/" || key.contains("//") {
        let failure = Failure::permanent(format!("{prefix:?} cannot be a prefix")).help("Name it without empty parts.");
        return Err(Trouble::new(End::Impossible, failure));
    }
    let (at, notes) = (At::new(bucket, key), Notes::default());
    match patiently!(of.limits(), &way.meter, of.objects().put(&at, Bytes::new(), &notes, None, &OnlyIf::Absent)) {
        Ok(_) | Err(ObjectError { why: Why::Changed, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes a bucket. One that is there and ours is success.
pub async fn make_bucket(of: &Transfers, way: &Way, bucket: &str) -> Result<(), Trouble> {
    Ok(patiently!(of.limits(), &way.meter, of.objects().make_bucket(bucket))?)
}

/// What became of each incomplete upload.
pub type Aborted = Vec<(UploadRow, Result<(), ObjectError>)>;

/// Throws these incomplete uploads away: the parts that they have sent are gone for good.
pub async fn abort_uploads(of: &Transfers, way: &Way, bucket: &str, uploads: Vec<UploadRow>) -> Aborted {
    let mut done = Vec::new();
    for row in uploads {
        let upload = Upload { bucket: bucket.to_owned(), key: row.key.clone(), id: row.id.clone() };
        let result = patiently!(of.limits(), &way.meter, of.objects().abort(&upload));
        done.push((row, result));
    }
    done
}
