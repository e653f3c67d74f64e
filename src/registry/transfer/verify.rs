//! What the bytes of an object can be compared with, and what came of it.
//!
//! A result never says more than was compared: where a service keeps only a checksum of parts and
//! does not say how long these were, a hit proves it and a miss proves nothing.

use super::sums::{self, Crc, Digest, Etag, PartSums};
use crate::ports::objects::ObjectInfo;

const MIB: u64 = 1 << 20;

/// Part sizes that clients use, the likelier first: AWS's and ours, rclone's and the least, mc's,
/// s5cmd's, then others that occur.
const USUAL: [u64; 22] =
    [8, 5, 16, 50, 64, 10, 32, 15, 20, 25, 100, 128, 6, 12, 40, 48, 200, 256, 500, 512, 1024, 5120];

/// What was compared and agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The checksum of the whole object.
    Whole(Digest),
    /// The checksum of the parts' checksums.
    Composite(Digest, u64),
    /// An `ETag` that is the MD5 of the object.
    EtagMd5,
    /// An `ETag` that is the MD5 of the MD5s of parts of this size.
    EtagParts(u64),
    /// Each part was sent with its checksum, and the service refuses what does not match; the whole
    /// was compared with nothing.
    EachPart(Digest),
}

/// Why nothing could be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// The service keeps no checksum, and the `ETag` is none.
    NoChecksum,
    /// It is encrypted by the service, so that its `ETag` is no checksum.
    Encrypted,
    /// Its checksum is one of parts whose size nobody says; no usual size gave it.
    PartSizeUnknown,
}

/// What is known of the bytes in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What was compared and agreed, if anything was.
    pub by: Option<Proof>,
    /// Why not, or why not more.
    pub what_not: Option<Unproven>,
}

impl Verified {
    /// This was compared.
    pub fn by(proof: Proof) -> Self {
        Self { by: Some(proof), what_not: None }
    }

    /// Nothing was compared, and why.
    pub fn not(why: Unproven) -> Self {
        Self { by: None, what_not: Some(why) }
    }

    /// In words, after "verified by" or "not verified:".
    pub fn words(&self) -> String {
        let size = |bytes: u64| {
            if bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
        };
        match (&self.by, self.what_not) {
            (Some(Proof::Whole(digest)), _) => format!("verified by {}", name(*digest)),
            (Some(Proof::Composite(digest, part)), _) => {
                format!("verified by {} of parts of {}", name(*digest), size(*part))
            }
            (Some(Proof::EtagMd5), _) => "verified by MD5 (ETag)".to_owned(),
            (Some(Proof::EtagParts(part)), _) => format!("verified by MD5 of parts of {} (ETag)", size(*part)),
            (Some(Proof::EachPart(digest)), _) => {
                format!("each part verified by {} as it was sent, the whole not", name(*digest))
            }
            (None, Some(Unproven::Encrypted)) => {
                "not verified: the service encrypts it and keeps no checksum of it".to_owned()
            }
            (None, Some(Unproven::PartSizeUnknown)) => {
                "not verified: its checksum is one of parts of a size that is not known".to_owned()
            }
            (None, _) => "not verified: the service keeps no checksum of it".to_owned(),
        }
    }
}

/// A digest's name.
pub fn name(digest: Digest) -> &'static str {
    match digest {
        Digest::Crc(Crc::Crc64Nvme) => "CRC64NVME",
        Digest::Crc(Crc::Crc32C) => "CRC32C",
        Digest::Crc(Crc::Crc32) => "CRC32",
        Digest::Md5 => "MD5",
        Digest::Sha256 => "SHA-256",
    }
}

/// What an object's bytes are to be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A CRC of the whole: those of the parts combine to it.
    Crc(Crc, String),
    /// A digest of the whole in order.
    InOrder(Digest, Vec<u8>),
    /// A digest of the digests of parts, and what part sizes it may be.
    OfParts {
        /// Which.
        digest: Digest,
        /// Whether it is the `ETag`.
        etag: bool,
        /// What has to come out.
        expected: Vec<u8>,
        /// Part sizes that give the right number of parts, the likelier first.
        sizes: Vec<u64>,
    },
    /// There is nothing.
    Nothing(Unproven),
}

/// The best thing to compare with that the service offers.
pub fn want(info: &ObjectInfo) -> Want {
    let sums = &info.checksums;
    // CRC-64/NVME is never one of parts.
    if let Some(text) = &sums.crc64nvme {
        return Want::Crc(Crc::Crc64Nvme, text.clone());
    }
    let composite =
        sums.composite || [&sums.crc32c, &sums.sha256, &sums.crc32].into_iter().flatten().any(|s| s.contains('-'));
    if !composite {
        if let Some(text) = &sums.crc32c {
            return Want::Crc(Crc::Crc32C, text.clone());
        }
        if let Some(bytes) = sums.sha256.as_deref().and_then(unbase64) {
            return Want::InOrder(Digest::Sha256, bytes);
        }
        if let Some(text) = &sums.crc32 {
            return Want::Crc(Crc::Crc32, text.clone());
        }
    }
    let etag = info.etag.as_deref().map_or(Etag::Opaque, Etag::read);
    if composite {
        let kept = [
            (Digest::Sha256, &sums.sha256),
            (Digest::Crc(Crc::Crc32C), &sums.crc32c),
            (Digest::Crc(Crc::Crc32), &sums.crc32),
        ];
        let found = kept.into_iter().find_map(|(digest, text)| Some((digest, text.as_deref()?)));
        if let Some((digest, text)) = found {
            let (value, said) = text.split_once('-').map_or((text, None), |(v, n)| (v, n.parse().ok()));
            let of_etag = if let Etag::Parts(_, parts) = etag { Some(parts) } else { None };
            let sizes = part_sizes(info.size, said.or(info.parts).or(of_etag));
            if let Some(expected) = unbase64(value) {
                return Want::OfParts { digest, etag: false, expected, sizes };
            }
        }
    }
    match etag {
        _ if info.encrypted => Want::Nothing(Unproven::Encrypted),
        Etag::Md5(md5) => Want::InOrder(Digest::Md5, md5.to_vec()),
        Etag::Parts(md5, parts) => Want::OfParts {
            digest: Digest::Md5,
            etag: true,
            expected: md5.to_vec(),
            sizes: part_sizes(info.size, Some(parts)),
        },
        Etag::Opaque => Want::Nothing(Unproven::NoChecksum),
    }
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Part sizes that make so many parts of this size, the likelier first.
pub fn part_sizes(size: u64, parts: Option<u32>) -> Vec<u64> {
    let Some(parts) = parts.map(u64::from).filter(|n| *n > 0 && size > 0) else { return Vec::new() };
    if parts == 1 {
        return vec![size];
    }
    let even = size.div_ceil(parts);
    let mut sizes: Vec<u64> = USUAL.iter().map(|mib| mib * MIB).collect();
    // Clients that grow their parts round up to a MiB, or do not round.
    sizes.extend([even.next_multiple_of(MIB), even]);
    let mut seen = std::collections::BTreeSet::new();
    sizes.retain(|part| size.div_ceil(*part) == parts && seen.insert(*part));
    sizes
}

/// What comparing says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As good as it gets.
    Settled(Verified),
    /// The bytes are not those of the object.
    Wrong {
        /// What differed.
        what: Digest,
    },
    /// The file has to be read in order.
    Read,
}

impl Want {
    /// Which digest each part should have beside its CRC-64.
    pub fn of_each_part(&self) -> Option<Digest> {
        match self {
            Self::Crc(crc, _) => Some(Digest::Crc(*crc)),
            Self::OfParts { digest, .. } => Some(*digest),
            Self::InOrder(..) | Self::Nothing(_) => None,
        }
    }

    /// The part size at which no second reading is needed.
    pub fn part_size(&self) -> Option<u64> {
        if let Self::OfParts { sizes, .. } = self { sizes.first().copied() } else { None }
    }

    /// What the parts' checksums say, where every part but the last has this size.
    pub fn compare(&self, parts: &[PartSums], part_size: u64) -> Verdict {
        match self {
            Self::Nothing(why) => Verdict::Settled(Verified::not(*why)),
            Self::InOrder(digest, _) if parts.is_empty() => self.compare_whole(&sums::digest(*digest, b"")),
            Self::Crc(crc, text) => match sums::crc_of(*crc, parts) {
                Some(value) if crc.text(value) == *text => {
                    Verdict::Settled(Verified::by(Proof::Whole(Digest::Crc(*crc))))
                }
                Some(_) => Verdict::Wrong { what: Digest::Crc(*crc) },
                None => Verdict::Read,
            },
            Self::OfParts { digest, sizes, .. } if sizes.contains(&part_size) => {
                let own: Option<Vec<_>> = parts.iter().map(|part| part.other.clone()).collect();
                let value = own.map(|own| sums::digest_of_digests(*digest, &own));
                value.and_then(|value| self.compare_parts(&value, part_size)).unwrap_or(Verdict::Read)
            }
            Self::OfParts { sizes, .. } if sizes.is_empty() => {
                Verdict::Settled(Verified::not(Unproven::PartSizeUnknown))
            }
            Self::InOrder(..) | Self::OfParts { .. } => Verdict::Read,
        }
    }

    /// What a digest of the whole says.
    pub fn compare_whole(&self, value: &[u8]) -> Verdict {
        match self {
            Self::InOrder(Digest::Md5, expected) if expected == value => Verdict::Settled(Verified::by(Proof::EtagMd5)),
            Self::InOrder(digest, expected) if expected == value => {
                Verdict::Settled(Verified::by(Proof::Whole(*digest)))
            }
            Self::InOrder(digest, _) => Verdict::Wrong { what: *digest },
            _ => Verdict::Read,
        }
    }

    /// What a digest of digests says; `None` where it does not agree, which proves nothing.
    pub fn compare_parts(&self, value: &[u8], part_size: u64) -> Option<Verdict> {
        match self {
            Self::OfParts { digest, etag, expected, .. } if expected == value => {
                let proof = if *etag { Proof::EtagParts(part_size) } else { Proof::Composite(*digest, part_size) };
                Some(Verdict::Settled(Verified::by(proof)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::objects::Checksums;
    use crate::registry::transfer::sums::PartHasher;

    fn info(size: u64, etag: &str, checksums: Checksums) -> ObjectInfo {
        ObjectInfo { size, etag: Some(etag.to_owned()), checksums, ..ObjectInfo::default() }
    }

    fn parts(bytes: &[u8], size: usize, other: Option<Digest>) -> Vec<PartSums> {
        let of = |chunk: &[u8]| {
            let mut hasher = PartHasher::new(other);
            hasher.update(chunk);
            hasher.sums()
        };
        bytes.chunks(size).map(of).collect()
    }

    #[test]
    fn the_best_checksum_is_taken_and_a_wrong_byte_is_found() {
        let bytes = vec![7u8; 1000];
        let checksums = Checksums {
            crc64nvme: Some(Crc::Crc64Nvme.text(Crc::Crc64Nvme.of(&bytes))),
            sha256: Some(sums::base64(&sums::digest(Digest::Sha256, &bytes))),
            ..Checksums::default()
        };
        let want = want(&info(1000, "0000", checksums));
        let verdict = want.compare(&parts(&bytes, 300, want.of_each_part()), 300);
        assert_eq!(verdict, Verdict::Settled(Verified::by(Proof::Whole(Digest::Crc(Crc::Crc64Nvme)))));
        let mut other = bytes;
        other[999] = 8;
        let verdict = want.compare(&parts(&other, 300, None), 300);
        assert_eq!(verdict, Verdict::Wrong { what: Digest::Crc(Crc::Crc64Nvme) });
    }

    #[test]
    fn an_etag_of_parts_is_made_again_where_the_size_is_usual_and_else_nothing_is_claimed() {
        let part = usize::try_from(5 * MIB).expect("it fits");
        let bytes = vec![1u8; part + 10];
        let md5s: Vec<_> = bytes.chunks(part).map(|chunk| sums::digest(Digest::Md5, chunk)).collect();
        let etag = format!("{}-2", sums::hex(&sums::digest_of_digests(Digest::Md5, &md5s)));
        let want = want(&info(bytes.len() as u64, &etag, Checksums::default()));
        assert_eq!(want.part_size(), Some(5 * MIB), "8 MiB would give one part");
        let mine = parts(&bytes, part, want.of_each_part());
        assert_eq!(want.compare(&mine, 5 * MIB), Verdict::Settled(Verified::by(Proof::EtagParts(5 * MIB))));
        // Other parts: the file has to be read; and a miss is no proof of wrong bytes.
        assert_eq!(want.compare(&mine, MIB), Verdict::Read);
        assert_eq!(want.compare_parts(b"other", 5 * MIB), None);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let encrypted =
            ObjectInfo { encrypted: true, ..info(3, "d41d8cd98f00b204e9800998ecf8427e", Checksums::default()) };
        assert_eq!(want(&encrypted), Want::Nothing(Unproven::Encrypted));
        assert_eq!(want(&info(3, "abc", Checksums::default())), Want::Nothing(Unproven::NoChecksum));
        assert_eq!(part_sizes(100 * MIB, Some(7)), [16 * MIB, 15 * MIB, (100 * MIB).div_ceil(7)]);
        assert_eq!(part_sizes(0, Some(3)), [0u64; 0]);
        let composite = Checksums { sha256: Some("AAAA-3".into()), composite: true, ..Checksums::default() };
        assert!(matches!(want(&info(20 * MIB, "x", composite)), Want::OfParts { digest: Digest::Sha256, .. }));
    }

    #[test]
    fn an_empty_object_is_verified_too() {
        let want = want(&info(0, "d41d8cd98f00b204e9800998ecf8427e", Checksums::default()));
        assert_eq!(want.compare(&[], 8 * MIB), Verdict::Settled(Verified::by(Proof::EtagMd5)));
    }
}
