//! An object read once, in order, and compared with what the service knows of it: to standard output, or
//! only to see whether it is sound.

use super::context::{Transfers, Way};
use super::download::Done;
use super::fetch::cut;
use super::patience::{Patience, patiently};
use super::proof;
use super::sums::{self, Digest, Hasher, PartHasher};
use super::trouble::{End, Trouble};
use super::verify::{self, Proof, Unproven, Verdict, Verified, Want};
use crate::plan::Failure;
use crate::ports::objects::{At, GetQuery, ObjectError, ObjectInfo};
use std::path::Path;

/// Sizes of parts that are tried at the same time where nobody says which it was: each costs an MD5.
const GUESSES: usize = 3;

/// Hands an object's bytes on in order, and says at the end whether they were right: only then is what was
/// handed on worth anything.
pub async fn read_through(
    of: &Transfers,
    way: &Way,
    at: &At,
    mut sink: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<Done, Trouble> {
    let info = patiently!(of.limits(), &way.meter, of.objects().head(at))?;
    way.meter.expect(info.size);
    let want = verify::want(&info);
    let mut proving = Proving::new(&want);
    // The version pins it where versions are kept, the ETag elsewhere.
    let at = At { version: at.version.clone().or_else(|| info.version.clone()), ..at.clone() };
    let mut patience = Patience::new();
    let mut have = 0;
    while have < info.size {
        way.gate.pass().await;
        let before = have;
        let result = once(of, way, &at, &info, &mut have, |bytes| {
            proving.update(bytes);
            sink(bytes)
        })
        .await?;
        if have > before {
            patience.renew();
        }
        if let Err(error) = result {
            patience.wait(error, of.limits(), &way.meter).await?;
        }
    }
    let verified = match proving.verdict(&want) {
        Verdict::Settled(verified) => verified,
        Verdict::Read => Verified::not(Unproven::PartSizeUnknown),
        Verdict::Wrong { what } => {
            let failure = Failure::permanent(format!("the bytes of {} do not have its {}", at.key, verify::name(what)));
            return Err(Trouble::new(End::Corrupt, failure.help("Ask whoever runs the service to check its disks.")));
        }
    };
    let ObjectInfo { size, etag, version, .. } = info;
    Ok(Done { size, carried: size, verified, etag, version, remarks: Vec::new() })
}

async fn once(
    of: &Transfers,
    way: &Way,
    at: &At,
    info: &ObjectInfo,
    have: &mut u64,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<Result<(), ObjectError>, Trouble> {
    let range = (*have > 0).then(|| (*have, info.size - *have));
    let query = GetQuery { at: at.clone(), range, if_match: info.etag.clone() };
    let mut got = match of.objects().get(&query).await {
        Ok(got) => got,
        Err(error) => return Ok(Err(error)),
    };
    // A service that ignores ranges begins at the first byte, and what was had is left out below.
    let behind = got.first > *have;
    if got.info.size != info.size || (got.info.etag.is_some() && got.info.etag != info.etag) || behind {
        let failure = Failure::transient(format!("{} changed while it was read", at.key));
        return Err(Trouble::new(End::Unsteady, failure.help("Read it again from its begin.")));
    }
    let mut again = *have - got.first;
    while *have < info.size {
        let bytes = match tokio::time::timeout(of.limits().stall, got.body.next()).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => return Ok(Err(cut("the service ended its answer too early"))),
            Ok(Err(error)) => return Ok(Err(error)),
            Err(_) => return Ok(Err(cut(format!("nothing came for {} s", of.limits().stall.as_secs())))),
        };
        let old = usize::try_from(again).unwrap_or(usize::MAX).min(bytes.len());
        again -= old as u64;
        let bytes = bytes.slice(old..);
        let bytes = bytes.slice(..bytes.len().min(usize::try_from(info.size - *have).unwrap_or(usize::MAX)));
        take(&bytes).map_err(|error| {
            let failure = Failure::permanent("what was read cannot be handed on").because(error.to_string());
            Trouble::new(End::Local(crate::ports::local_files::WhyLocal::Other), failure)
        })?;
        *have += bytes.len() as u64;
        way.meter.carried(bytes.len() as u64);
        of.0.pace.take(bytes.len() as u64).await;
        way.gate.pass().await;
    }
    Ok(Ok(()))
}

/// Compares a file with an object, without fetching it.
pub async fn verify_file(of: &Transfers, way: &Way, at: &At, file: &Path) -> Result<Verified, Trouble> {
    let info = patiently!(of.limits(), &way.meter, of.objects().head(at))?;
    let open = of.0.files.open(file).await?;
    let differs = |what: String| {
        let failure = Failure::permanent(format!("{} is not what {} is: {what}", file.display(), at.key));
        Trouble::new(End::Corrupt, failure)
    };
    let size = open.seen().await?.size;
    if size != info.size {
        return Err(differs(format!("{size} bytes here and {} there", info.size)));
    }
    match proof::of_file(&verify::want(&info), &*open, size).await? {
        Verdict::Settled(verified) => Ok(verified),
        Verdict::Wrong { what } => Err(differs(format!("its {} is another", verify::name(what)))),
        Verdict::Read => Ok(Verified::not(Unproven::PartSizeUnknown)),
    }
}

/// The same, and where the service knows nothing that a file could be compared with, by reading the object: that costs
/// its bytes, and leaves no doubt.
pub async fn verify_whole(of: &Transfers, way: &Way, at: &At, file: &Path) -> Result<Verified, Trouble> {
    let verified = verify_file(of, way, at, file).await?;
    if verified.by.is_some() {
        return Ok(verified);
    }
    let mut there = Hasher::new(Digest::Sha256);
    let read = read_through(of, way, at, |bytes| {
        there.update(bytes);
        Ok(())
    })
    .await?;
    let mut here = Hasher::new(Digest::Sha256);
    let open = of.0.files.open(file).await?;
    proof::feed(&*open, 0, read.size, |bytes| here.update(bytes)).await?;
    if here.value() == there.value() {
        return Ok(Verified::by(Proof::Whole(Digest::Sha256)));
    }
    let failure = Failure::permanent(format!("{} is not what {} is: its bytes differ", file.display(), at.key));
    Err(Trouble::new(End::Corrupt, failure))
}

/// A comparison in the making.
enum Proving {
    Whole(Hasher),
    Parts(PartHasher),
    /// For each guessed size: the part under way, its length, and those before.
    Guesses(Digest, Vec<(u64, Hasher, u64, Vec<Vec<u8>>)>),
    Nothing,
}

impl Proving {
    fn new(want: &Want) -> Self {
        match want {
            Want::Crc(crc, _) => Self::Parts(PartHasher::new(Some(Digest::Crc(*crc)))),
            Want::InOrder(digest, _) => Self::Whole(Hasher::new(*digest)),
            Want::OfParts { digest, sizes, .. } => {
                let sizes = sizes.iter().take(GUESSES);
                Self::Guesses(*digest, sizes.map(|size| (*size, Hasher::new(*digest), 0, Vec::new())).collect())
            }
            Want::Nothing(_) => Self::Nothing,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Whole(hasher) => hasher.update(bytes),
            Self::Parts(hasher) => hasher.update(bytes),
            Self::Guesses(digest, guesses) => {
                for (size, hasher, length, done) in guesses {
                    let mut rest = bytes;
                    while !rest.is_empty() {
                        let room = usize::try_from(*size - *length).unwrap_or(usize::MAX).min(rest.len());
                        let (now, later) = rest.split_at(room);
                        hasher.update(now);
                        *length += now.len() as u64;
                        if *length == *size {
                            done.push(std::mem::replace(hasher, Hasher::new(*digest)).value());
                            *length = 0;
                        }
                        rest = later;
                    }
                }
            }
            Self::Nothing => {}
        }
    }

    fn verdict(self, want: &Want) -> Verdict {
        match self {
            Self::Whole(hasher) => want.compare_whole(&hasher.value()),
            Self::Parts(hasher) => {
                let sums = hasher.sums();
                let length = sums.length;
                want.compare(&[sums], length)
            }
            Self::Guesses(digest, guesses) => {
                let found = guesses.into_iter().find_map(|(size, hasher, length, mut done)| {
                    if length > 0 {
                        done.push(hasher.value());
                    }
                    want.compare_parts(&sums::digest_of_digests(digest, &done), size)
                });
                found.unwrap_or(Verdict::Read)
            }
            Self::Nothing => want.compare(&[], 0),
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
