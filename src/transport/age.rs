//! Files that a passphrase opens, in the format of age (C2SP `age.md`, version 1): `age -d FILE` reads
//! them. Only what is needed is here: one recipient, a passphrase, and writing.
//!
//! The crate `age` was tried: it adds 60 packages, 20 of them in a second version of what is here
//! already, because it also speaks everything else of the format.

use crate::base::Secret;
use crate::plan::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The work that a guess at the passphrase costs: 2^18 rounds and 256 MiB, as the tool itself takes.
pub const WORK: u8 = 18;

const VERSION: &str = "age-encryption.org/v1";
const FILE_KEY: usize = 16;
const SALT: usize = 16;
const NONCE: usize = 16;
/// How much of the text one piece seals.
const PIECE: usize = 64 * 1024;

fn impossible(why: impl std::fmt::Display) -> Failure {
    Failure::permanent("the keys cannot be encrypted").because(why.to_string())
}

/// Encrypts a text so that the passphrase opens it. This takes about a second and should not be done
/// on a thread that others wait for.
pub fn seal(text: &Secret<Vec<u8>>, passphrase: &Secret<String>, work: u8) -> Result<Secret<Vec<u8>>, Failure> {
    let mut random = Zeroizing::new([0; FILE_KEY + SALT + NONCE]);
    getrandom::fill(random.as_mut_slice()).map_err(impossible)?;
    let (file_key, rest) = random.split_at(FILE_KEY);
    let (salt, nonce) = rest.split_at(SALT);

    let wrapping = stretch(passphrase, salt, work)?;
    // The wrapping key is used once, so that its nonce may be all zeros.
    let wrapped = cipher(wrapping.as_slice())?.encrypt(&[0; 12].into(), file_key).map_err(impossible)?;
    let mut out = format!(
        "{VERSION}\n-> scrypt {} {work}\n{}\n---",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(wrapped)
    )
    .into_bytes();
    let mac_key = derive(file_key, &[], b"header")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).map_err(impossible)?;
    mac.update(&out);
    out.extend(format!(" {}\n", STANDARD_NO_PAD.encode(mac.finalize().into_bytes())).into_bytes());

    out.extend_from_slice(nonce);
    let payload = cipher(derive(file_key, nonce, b"payload")?.as_slice())?;
    // An empty text still has one piece: without it nothing would vouch for the end.
    let pieces = text.expose().chunks(PIECE).count().max(1);
    for index in 0..pieces {
        let end = text.expose().len().min((index + 1) * PIECE);
        let piece = text.expose().get(index * PIECE..end).unwrap_or_default();
        let mut counter = [0; 12];
        counter[3..11].copy_from_slice(&(index as u64).to_be_bytes());
        counter[11] = u8::from(index + 1 == pieces);
        out.extend(payload.encrypt(&counter.into(), piece).map_err(impossible)?);
    }
    Ok(Secret::new(out))
}

type Key = Zeroizing<[u8; 32]>;

fn stretch(passphrase: &Secret<String>, salt: &[u8], work: u8) -> Result<Key, Failure> {
    let params = scrypt::Params::new(work, 8, 1).map_err(impossible)?;
    let salt = [VERSION.as_bytes(), b"/scrypt", salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &params, key.as_mut_slice()).map_err(impossible)?;
    Ok(key)
}

fn derive(file_key: &[u8], salt: &[u8], info: &[u8]) -> Result<Key, Failure> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), file_key).expand(info, key.as_mut_slice()).map_err(impossible)?;
    Ok(key)
}

fn cipher(key: &[u8]) -> Result<ChaCha20Poly1305, Failure> {
    ChaCha20Poly1305::new_from_slice(key).map_err(impossible)
}

#[cfg(test)]
#[path = "age_tests.rs"]
mod tests;
