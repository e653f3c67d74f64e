//! Comparing a file's bytes with what a service knows of the object, by reading them once more.

use super::sums::{self, Digest, Hasher, PartHasher};
use super::verify::{Unproven, Verdict, Verified, Want};
use crate::ports::local_files::{Local, LocalFile};
use bytes::Bytes;

/// What is read at a time.
const STEP: u64 = 1 << 20;

/// What bytes say that are all in memory.
pub(super) fn of_pieces(want: &Want, pieces: &[Bytes]) -> Verdict {
    if let Want::InOrder(digest, _) = want {
        let mut hasher = Hasher::new(*digest);
        for piece in pieces {
            hasher.update(piece);
        }
        return want.compare_whole(&hasher.value());
    }
    let mut hasher = PartHasher::new(want.of_each_part());
    for piece in pieces {
        hasher.update(piece);
    }
    let sums = hasher.sums();
    let length = sums.length;
    match want.compare(&[sums], length) {
        Verdict::Read => Verdict::Settled(Verified::not(Unproven::PartSizeUnknown)),
        settled => settled,
    }
}

/// What a file's first `size` bytes say, read in order.
pub(super) async fn of_file(want: &Want, file: &dyn LocalFile, size: u64) -> Local<Verdict> {
    match want {
        Want::Nothing(why) => Ok(Verdict::Settled(Verified::not(*why))),
        Want::InOrder(digest, _) => {
            let mut hasher = Hasher::new(*digest);
            feed(file, 0, size, |bytes| hasher.update(bytes)).await?;
            Ok(want.compare_whole(&hasher.value()))
        }
        Want::Crc(crc, _) => {
            let mut hasher = PartHasher::new(Some(Digest::Crc(*crc)));
            feed(file, 0, size, |bytes| hasher.update(bytes)).await?;
            Ok(want.compare(&[hasher.sums()], size))
        }
        Want::OfParts { digest, sizes, .. } => {
            for part in sizes {
                let mut of_parts = Vec::new();
                for from in (0..size).step_by(usize::try_from(*part).unwrap_or(usize::MAX)) {
                    let mut hasher = Hasher::new(*digest);
                    feed(file, from, (*part).min(size - from), |bytes| hasher.update(bytes)).await?;
                    of_parts.push(hasher.value());
                }
                let value = sums::digest_of_digests(*digest, &of_parts);
                if let Some(verdict) = want.compare_parts(&value, *part) {
                    return Ok(verdict);
                }
            }
            Ok(Verdict::Settled(Verified::not(Unproven::PartSizeUnknown)))
        }
    }
}

/// Reads a stretch of a file in order; a file that ends earlier just ends.
pub(super) async fn feed(file: &dyn LocalFile, from: u64, length: u64, mut take: impl FnMut(&[u8])) -> Local<()> {
    let mut at = from;
    let end = from.saturating_add(length);
    while at < end {
        let bytes = file.read_at(at, usize::try_from(STEP.min(end - at)).unwrap_or(0)).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        take(&bytes);
        at += bytes.len() as u64;
    }
    Ok(())
}

/// The CRC-64 of a stretch of a file, and the hasher that goes on behind it.
pub(super) async fn hashed(file: &dyn LocalFile, from: u64, length: u64, mut hasher: PartHasher) -> Local<PartHasher> {
    feed(file, from, length, |bytes| hasher.update(bytes)).await?;
    Ok(hasher)
}
