//! What of the files here is at the service already, by an earlier try or anyhow: known by its bytes.

use super::prepare::Wish;
use super::state::Target;
use super::{Place, Source};
use crate::ports::objects::{At, Why};
use crate::registry::transfer::{End, Transfers, Trouble, Way, verify_whole};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is in a version's directory, compared with the files here.
#[derive(Debug)]
pub(super) enum Version {
    /// Nothing but what is also here: these keys, and whether that is all.
    Ours { placed: BTreeSet<String>, complete: bool },
    /// This key is something else.
    Other(String),
}

/// What is there of a version. `served` is whether Triton would serve it.
pub(super) async fn compared(
    of: &Transfers,
    way: &Way,
    wish: &Wish,
    target: &Target<'_>,
    (number, served): (i64, bool),
) -> Result<Version, Trouble> {
    let (dir, files) = (target.version_dir(number), &wish.directory.files);
    let mut placed = BTreeSet::new();
    for key in target.version_keys(number) {
        let path = key.strip_prefix(&dir).unwrap_or_default();
        let size = target.present.objects.get(key).map(|stored| stored.size);
        match files.iter().find(|source| source.path == path) {
            Some(source) if size == Some(source.size) => {
                if !same(of, way, &At::new(&wish.bucket, key), &source.file).await? {
                    return Ok(Version::Other(key.clone()));
                }
            }
            // The mark of a directory: all that an ensemble's version is, and nothing of another's.
            None if path.is_empty() && size == Some(0) => {
                if !files.is_empty() {
                    continue;
                }
            }
            _ => return Ok(Version::Other(key.clone())),
        }
        placed.insert(key.clone());
    }
    let complete = placed.len() == files.len().max(1);
    // The file that is opened comes last, so that nothing half is served by an earlier try of ours.
    match target.version_keys(number).next() {
        Some(key) if served && !complete => Ok(Version::Other(key.clone())),
        _ => Ok(Version::Ours { placed, complete }),
    }
}

/// The files beside the versions that are not there with the same bytes already, and the keys of those that are.
pub(super) async fn beside<'w>(
    of: &Transfers,
    way: &Way,
    wish: &'w Wish,
    target: &Target<'_>,
) -> Result<(Vec<&'w Source>, Vec<String>), Trouble> {
    let (mut new, mut there) = (Vec::new(), Vec::new());
    for source in &wish.directory.beside {
        let key = format!("{}{}", target.dir, source.path);
        let size = target.present.objects.get(&key).map(|stored| stored.size);
        if size == Some(source.size) && same(of, way, &At::new(&wish.bucket, &key), &source.file).await? {
            there.push(key);
        } else {
            new.push(source);
        }
    }
    Ok((new, there))
}

/// Whether an object has a file's bytes.
pub(super) async fn same(of: &Transfers, way: &Way, at: &At, file: &Path) -> Result<bool, Trouble> {
    match verify_whole(of, way, at, file).await {
        Ok(_) => Ok(true),
        Err(trouble) if trouble.end == End::Corrupt => Ok(false),
        Err(trouble) => Err(trouble),
    }
}

/// Whether something of ours is at a place.
pub(super) async fn is_there(
    of: &Transfers,
    way: &Way,
    bucket: &str,
    place: &Place,
    sources: &BTreeMap<Place, PathBuf>,
) -> Result<bool, Trouble> {
    let Some(file) = sources.get(place) else { return Ok(false) };
    let at = At::new(place.bucket.as_deref().unwrap_or(bucket), &place.key);
    match same(of, way, &at, file).await {
        Err(trouble) if matches!(trouble.end, End::Service(Why::Missing)) => Ok(false),
        answer => answer,
    }
}
