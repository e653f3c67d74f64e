//! Copies that the service makes of its own objects.

use super::parts::{self, Job};
use crate::plan::Failure;
use crate::ports::objects::{At, Checksums, Notes, ObjectError, ObjectInfo, OnlyIf, Why, Written};
use crate::registry::transfer::patience::{Patience, patiently};
use crate::registry::transfer::sums::{Crc, Digest, Etag};
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::verify::{self, Proof, Unproven, Verified};
use crate::registry::transfer::{Transfers, Way};

/// A copy that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size in bytes.
    pub size: u64,
    /// What of it was compared with the source.
    pub verified: Verified,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its version, where versions are kept.
    pub version: Option<String>,
}

/// Copies an object, in one request or in parts, and compares what the service says about both. `notes` replaces
/// the source's.
pub async fn copy(
    of: &Transfers,
    way: &Way,
    from: &At,
    to: &At,
    notes: Option<&Notes>,
    only: &OnlyIf,
) -> Result<Copied, Trouble> {
    let source = patiently!(of.limits(), &way.meter, of.objects().head(from))?;
    copy_of(of, way, (from, &source), to, notes, only).await
}

/// The same of a source that was looked at before: if it is another one by now, it is not copied.
pub async fn copy_of(
    of: &Transfers,
    way: &Way,
    (from, source): (&At, &ObjectInfo),
    to: &At,
    notes: Option<&Notes>,
    only: &OnlyIf,
) -> Result<Copied, Trouble> {
    let objects = of.objects();
    way.meter.expect(source.size);
    if *only == OnlyIf::Absent && seen(of, way, to).await?.is_some() {
        return Err(taken(to));
    }
    let part = part_size(of, source);
    let written = match part {
        None => in_one(of, way, from, to, notes, only, source).await?,
        Some(part) => parts::copy(of, way, &Job { from, to, notes, only, source, part }).await?,
    };
    let at = At { version: written.version.clone(), ..to.clone() };
    let made = patiently!(of.limits(), &way.meter, objects.head(&at))?;
    let verified = compared(source, &made).ok_or_else(|| wrong(to))?;
    if part.is_none() {
        way.meter.carried(source.size);
    }
    Ok(Copied { size: made.size, verified, etag: made.etag, version: written.version.or(made.version) })
}

/// Copies an object and then deletes the source. Where versions are kept the source's stay.
pub async fn move_to(of: &Transfers, way: &Way, from: &At, to: &At, only: &OnlyIf) -> Result<Copied, Trouble> {
    if (&from.bucket, &from.key) == (&to.bucket, &to.key) {
        let failure = Failure::permanent(format!("{} would be moved to where it is", from.key));
        return Err(Trouble::new(End::Impossible, failure));
    }
    let before = patiently!(of.limits(), &way.meter, of.objects().head(from))?;
    let copied = copy(of, way, from, to, None, only).await?;
    // Somebody may have written it meanwhile: then what would be deleted is not what was copied.
    let now = patiently!(of.limits(), &way.meter, of.objects().head(from))?;
    if (now.etag, now.version, now.size) != (before.etag, before.version, before.size) {
        let failure =
            Failure::needs_human(format!("{} changed while it was copied: the source was not deleted", from.key));
        return Err(Trouble::new(End::Unsteady, failure.help("Look at both, then delete the one that is not wanted.")));
    }
    patiently!(of.limits(), &way.meter, of.objects().delete(from)).map_err(|error| {
        Trouble::from(error).context(format!("{} was copied to {} and could not be deleted", from.key, to.key))
    })?;
    Ok(copied)
}

/// Deletes the source of a move whose copy is there from an earlier try, if both still are the same.
pub(super) async fn remove_source(of: &Transfers, way: &Way, from: &At, to: &At) -> Result<(), Trouble> {
    let source = patiently!(of.limits(), &way.meter, of.objects().head(from))?;
    let made = patiently!(of.limits(), &way.meter, of.objects().head(to))?;
    if compared(&source, &made).is_none_or(|verified| verified.by.is_none()) {
        return Err(taken(to));
    }
    patiently!(of.limits(), &way.meter, of.objects().delete(from))?;
    Ok(())
}

pub(super) fn taken(to: &At) -> Trouble {
    let failure = Failure::needs_human(format!("{} is there already", to.key));
    Trouble::new(End::Exists, failure.help("Choose another key, or ask for it to be replaced."))
}

fn wrong(to: &At) -> Trouble {
    let failure = Failure::permanent(format!("the copy {} is not what its source is", to.key));
    Trouble::new(End::Corrupt, failure.help("Somebody else may have written it at the same time: look at it."))
}

pub(super) async fn seen(of: &Transfers, way: &Way, at: &At) -> Result<Option<ObjectInfo>, Trouble> {
    match patiently!(of.limits(), &way.meter, of.objects().head(at)) {
        Ok(info) => Ok(Some(info)),
        Err(ObjectError { why: Why::Missing, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// In parts of which size, if at all: where one request is not allowed, and where the source's only checksum is
/// one of parts, because a copy in the same parts has the same.
fn part_size(of: &Transfers, source: &ObjectInfo) -> Option<u64> {
    let limits = of.limits();
    let same = verify::want(source).part_size().filter(|part| *part >= limits.part_at_least && *part <= limits.copy);
    match same {
        Some(part) if source.size > part => Some(part),
        _ if source.size > limits.copy => {
            Some(limits.copy_part.max(source.size.div_ceil(limits.parts.max(1))).min(limits.copy))
        }
        _ => None,
    }
}

async fn in_one(
    of: &Transfers,
    way: &Way,
    from: &At,
    to: &At,
    notes: Option<&Notes>,
    only: &OnlyIf,
    source: &ObjectInfo,
) -> Result<Written, Trouble> {
    let mut patience = Patience::new();
    let before = seen(of, way, to).await?;
    loop {
        way.gate.pass().await;
        match of.objects().copy(from, to, source.etag.as_deref(), notes, only).await {
            Ok(written) => return Ok(written),
            Err(error) if error.why == Why::Cut => {
                // It may have been carried out: what is there now and was not before is the copy.
                let now = seen(of, way, to).await?;
                let other = now.as_ref().map(|info| (&info.etag, &info.version, info.modified))
                    != before.as_ref().map(|info| (&info.etag, &info.version, info.modified));
                if let Some(info) = now.filter(|info| other && compared(source, info).is_some()) {
                    let ObjectInfo { etag, version, checksums, .. } = info;
                    return Ok(Written { etag, version, checksums });
                }
                patience.wait(error, of.limits(), &way.meter).await?;
            }
            Err(error) if error.why == Why::Changed && *only != OnlyIf::Always => return Err(taken(to)),
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    }
}

/// What the service's words about two objects prove; `None` where they contradict.
pub(super) fn compared(source: &ObjectInfo, made: &ObjectInfo) -> Option<Verified> {
    if source.size != made.size {
        return None;
    }
    let of = |sums: &Checksums| {
        let whole = |text: &Option<String>| text.clone().filter(|text| !sums.composite && !text.contains('-'));
        [
            (Digest::Crc(Crc::Crc64Nvme), sums.crc64nvme.clone()),
            (Digest::Sha256, whole(&sums.sha256)),
            (Digest::Crc(Crc::Crc32C), whole(&sums.crc32c)),
            (Digest::Crc(Crc::Crc32), whole(&sums.crc32)),
        ]
    };
    for ((digest, a), (_, b)) in of(&source.checksums).into_iter().zip(of(&made.checksums)) {
        if let (Some(a), Some(b)) = (a, b) {
            return (a == b).then(|| Verified::by(Proof::Whole(digest)));
        }
    }
    if source.encrypted || made.encrypted {
        return Some(Verified::not(Unproven::Encrypted));
    }
    let etag = |info: &ObjectInfo| info.etag.as_deref().map_or(Etag::Opaque, Etag::read);
    Some(match (etag(source), etag(made)) {
        (Etag::Md5(a), Etag::Md5(b)) if a == b => Verified::by(Proof::EtagMd5),
        (Etag::Md5(_), Etag::Md5(_)) => return None,
        (Etag::Parts(a, n), Etag::Parts(b, m)) if (a, n) == (b, m) => {
            Verified::by(Proof::EtagParts(verify::want(source).part_size().unwrap_or(source.size)))
        }
        (Etag::Parts(..), Etag::Parts(..) | Etag::Md5(_)) | (Etag::Md5(_), Etag::Parts(..)) => {
            Verified::not(Unproven::PartSizeUnknown)
        }
        _ => Verified::not(Unproven::NoChecksum),
    })
}
