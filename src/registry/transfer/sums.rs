//! Checksums of bytes that come in parts, in the forms in which S3 writes them.
//!
//! CRCs of parts combine into the CRC of the whole; MD5, SHA-1 and SHA-256 do not, and need the bytes
//! in order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// A CRC that S3 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Crc {
    /// CRC-64/NVME.
    Crc64Nvme,
    /// CRC-32C.
    Crc32C,
    /// CRC-32.
    Crc32,
}

impl Crc {
    fn algorithm(self) -> CrcAlgorithm {
        match self {
            Self::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
            Self::Crc32C => CrcAlgorithm::Crc32Iscsi,
            Self::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        }
    }

    /// The CRC of some bytes.
    pub fn of(self, bytes: &[u8]) -> u64 {
        crc_fast::checksum(self.algorithm(), bytes)
    }

    /// The CRC of two pieces that follow each other, of which the second has this length.
    pub fn joined(self, first: u64, second: u64, second_length: u64) -> u64 {
        if second_length == 0 {
            return first;
        }
        // What comes first is moved by so many bytes and added, and nothing moved is nothing. The first part of each object
        // comes behind nothing: for ten thousand small ones that was an eighth of all the work.
        if first == 0 {
            return second;
        }
        crc_fast::checksum_combine(self.algorithm(), first, second, second_length)
    }

    fn raw(self, crc: u64) -> Vec<u8> {
        let bytes = crc.to_be_bytes();
        if self == Self::Crc64Nvme { bytes.to_vec() } else { bytes[4..].to_vec() }
    }

    /// As S3 writes it: big endian, in base64.
    pub fn text(self, crc: u64) -> String {
        STANDARD.encode(self.raw(crc))
    }
}

/// A digest whose bytes S3 writes or joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// A CRC.
    Crc(Crc),
    /// MD5, of which the `ETag` of an object in one piece is made.
    Md5,
    /// SHA-256.
    Sha256,
}

/// A digest in the making.
#[derive(Clone)]
pub enum Hasher {
    /// A CRC and which.
    Crc(Crc, Box<CrcDigest>),
    /// MD5.
    Md5(Md5),
    /// SHA-256.
    Sha256(Sha256),
}

impl Hasher {
    /// One that has seen nothing.
    pub fn new(digest: Digest) -> Self {
        match digest {
            Digest::Crc(crc) => Self::Crc(crc, Box::new(CrcDigest::new(crc.algorithm()))),
            Digest::Md5 => Self::Md5(Md5::new()),
            Digest::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Md5(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    /// What has come so far.
    pub fn value(&self) -> Vec<u8> {
        match self {
            Self::Crc(crc, digest) => crc.raw(digest.finalize()),
            Self::Md5(digest) => digest.clone().finalize().to_vec(),
            Self::Sha256(digest) => digest.clone().finalize().to_vec(),
        }
    }
}

/// The digest of some bytes.
pub fn digest(of: Digest, bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(of);
    hasher.update(bytes);
    hasher.value()
}

/// The checksums of one stretch of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSums {
    /// How many bytes.
    pub length: u64,
    /// Their CRC-64/NVME: what a journal notes and what is compared with the disk.
    pub crc64: u64,
    /// The digest that the whole needs of each part.
    pub other: Option<Vec<u8>>,
}

/// The checksums of one stretch in the making.
#[derive(Clone)]
pub struct PartHasher {
    length: u64,
    crc64: Box<CrcDigest>,
    other: Option<Hasher>,
}

impl PartHasher {
    /// One that has seen nothing, with a further digest where the whole needs it.
    pub fn new(other: Option<Digest>) -> Self {
        Self {
            length: 0,
            crc64: Box::new(CrcDigest::new(CrcAlgorithm::Crc64Nvme)),
            other: other.filter(|digest| *digest != Digest::Crc(Crc::Crc64Nvme)).map(Hasher::new),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len() as u64);
        self.crc64.update(bytes);
        if let Some(other) = &mut self.other {
            other.update(bytes);
        }
    }

    /// What has come so far.
    pub fn sums(&self) -> PartSums {
        PartSums { length: self.length, crc64: self.crc64.finalize(), other: self.other.as_ref().map(Hasher::value) }
    }
}

/// The CRC-64/NVME of parts that follow each other.
pub fn crc64_of(parts: &[PartSums]) -> u64 {
    let joined = |crc, part: &PartSums| Crc::Crc64Nvme.joined(crc, part.crc64, part.length);
    parts.iter().fold(Crc::Crc64Nvme.of(b""), joined)
}

/// The CRC of parts that follow each other, where each has it.
pub fn crc_of(crc: Crc, parts: &[PartSums]) -> Option<u64> {
    if crc == Crc::Crc64Nvme {
        return Some(crc64_of(parts));
    }
    parts.iter().try_fold(crc.of(b""), |whole, part| {
        let bytes = part.other.as_deref()?.try_into().ok()?;
        Some(crc.joined(whole, u64::from(u32::from_be_bytes(bytes)), part.length))
    })
}

/// The digest of the parts' digests, as S3 makes `ETag`s and composite checksums of uploads in parts.
pub fn digest_of_digests(of: Digest, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut hasher = Hasher::new(of);
    for part in parts {
        hasher.update(part);
    }
    hasher.value()
}

/// In base64.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// In hexadecimal, as `ETag`s are.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// 16 bytes in hexadecimal.
pub fn unhex16(text: &str) -> Option<[u8; 16]> {
    let mut out = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (n, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(n * 2..n * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

/// What an `ETag` is, by its form. Whether it really is an MD5 only comparing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etag {
    /// 32 hexadecimal digits: the MD5 of an object in one piece, unless it is encrypted.
    Md5([u8; 16]),
    /// The same with `-N`: the MD5 of the MD5s of so many parts.
    Parts([u8; 16], u32),
    /// Anything else.
    Opaque,
}

impl Etag {
    /// Reads one, without quotes.
    pub fn read(text: &str) -> Self {
        let (digits, parts) = match text.split_once('-') {
            Some((digits, parts)) => (digits, Some(parts.parse::<u32>().ok().filter(|n| *n > 0))),
            None => (text, None),
        };
        match (unhex16(digits), parts) {
            (Some(md5), None) => Self::Md5(md5),
            (Some(md5), Some(Some(parts))) => Self::Parts(md5, parts),
            _ => Self::Opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_answers_are_what_s3_writes() {
        // The check values of the catalogue of CRCs, and MD5's own.
        assert_eq!(Crc::Crc64Nvme.of(b"123456789"), 0xae8b_1486_0a79_9888);
        assert_eq!(Crc::Crc32C.of(b"123456789"), 0xe306_9283);
        assert_eq!(Crc::Crc32.of(b"123456789"), 0xcbf4_3926);
        assert_eq!(Crc::Crc32C.text(0xe306_9283), "4waSgw==");
        assert_eq!(hex(&digest(Digest::Md5, b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            Etag::read("d41d8cd98f00b204e9800998ecf8427e-12").clone(),
            Etag::Parts(unhex16("d41d8cd98f00b204e9800998ecf8427e").expect("hexadecimal"), 12)
        );
        for odd in [
            "",
            "-",
            "x",
            "d41d8cd98f00b204e9800998ecf8427e-",
            "d41d8cd98f00b204e9800998ecf8427e-0",
            "д41d8cd98f00b204e9800998ecf8427",
        ] {
            assert_eq!(Etag::read(odd), Etag::Opaque, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..5000), cut in 1usize..700) {
            for crc in [Crc::Crc64Nvme, Crc::Crc32C, Crc::Crc32] {
                let parts: Vec<_> = bytes.chunks(cut).map(|chunk| {
                    let mut hasher = PartHasher::new(Some(Digest::Crc(crc)));
                    chunk.chunks(13).for_each(|piece| hasher.update(piece));
                    hasher.sums()
                }).collect();
                prop_assert_eq!(crc_of(crc, &parts), Some(crc.of(&bytes)));
                prop_assert_eq!(crc64_of(&parts), Crc::Crc64Nvme.of(&bytes));
            }
        }

        #[test]
        fn no_etag_can_panic(text in ".{0,40}") {
            let _ = Etag::read(&text);
        }
    }
}
