//! Takes a request's body in, with a bound, and verifies what the client says about it.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Result, s3_error};

/// The most bytes of one body. A real server takes 5 GiB; here it has to fit into memory.
pub const MOST: usize = 256 << 20;

/// A body that was taken in whole.
#[derive(Clone, Debug)]
pub struct Received {
    /// The bytes.
    pub data: Bytes,
    /// Their MD5 in hex.
    pub etag: String,
    /// Their MD5.
    pub md5: [u8; 16],
    /// The checksums that the client sent, verified.
    pub checksums: Checksum,
}

/// What the client says about the body that it sends.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// How long it is.
    pub length: Option<i64>,
    /// Its MD5 in base64.
    pub md5: Option<String>,
    /// Its checksums in base64.
    pub checksums: Checksum,
}

/// Reads a body and verifies it against what the client claims.
pub async fn receive(body: Option<StreamingBlob>, claims: &Claims) -> S3Result<Received> {
    let mut data = BytesMut::new();
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| s3_error!(IncompleteBody, "the body ended before it was complete: {e}"))?;
            if data.len().saturating_add(piece.len()) > MOST {
                return Err(s3_error!(EntityTooLarge, "the simulated registry takes at most 256 MiB in one body"));
            }
            data.extend_from_slice(&piece);
        }
    }
    let data = data.freeze();
    if claims.length.is_some_and(|length| u64::try_from(length).ok() != Some(data.len() as u64)) {
        return Err(s3_error!(IncompleteBody, "You did not provide the number of bytes specified by Content-Length"));
    }
    let md5 = Md5::checksum(&data);
    if claims.md5.as_ref().is_some_and(|wanted| *wanted != base64_of(&md5)) {
        return Err(s3_error!(BadDigest, "The Content-Md5 you specified did not match what we received."));
    }
    let checksums = verify(&data, &claims.checksums)?;
    Ok(Received { etag: crate::plan::change::hex(&md5), md5, data, checksums })
}

/// Bytes as S3 writes checksums.
pub fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Computes each checksum that was claimed and compares it.
fn verify(data: &[u8], claimed: &Checksum) -> S3Result<Checksum> {
    let mut hasher = ChecksumHasher {
        crc32: claimed.checksum_crc32.as_ref().map(|_| Crc32::new()),
        crc32c: claimed.checksum_crc32c.as_ref().map(|_| Crc32c::new()),
        sha1: claimed.checksum_sha1.as_ref().map(|_| Sha1::new()),
        sha256: claimed.checksum_sha256.as_ref().map(|_| Sha256::new()),
        crc64nvme: claimed.checksum_crc64nvme.as_ref().map(|_| Crc64Nvme::new()),
    };
    hasher.update(data);
    let found = hasher.finalize();
    let same = found.checksum_crc32 == claimed.checksum_crc32
        && found.checksum_crc32c == claimed.checksum_crc32c
        && found.checksum_sha1 == claimed.checksum_sha1
        && found.checksum_sha256 == claimed.checksum_sha256
        && found.checksum_crc64nvme == claimed.checksum_crc64nvme;
    if same {
        Ok(found)
    } else {
        Err(s3_error!(BadDigest, "The checksum you specified did not match what we received."))
    }
}
