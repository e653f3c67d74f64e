//! Files that a passphrase opens, in the format of age (C2SP `age.md`, version 1): `age -d FILE` reads
//! them, and so does [`open`]. Only what is needed is here: one recipient, a passphrase.
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
/// How much of the text one piece seals, and what that adds to it.
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

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
        out.extend(payload.encrypt(&counter(index, index + 1 == pieces).into(), piece).map_err(impossible)?);
    }
    Ok(Secret::new(out))
}

/// Whether a file begins as one that [`open`] reads.
pub fn is_sealed(file: &[u8]) -> bool {
    file.starts_with(VERSION.as_bytes())
}

/// The most work that a file may ask for: 2^22 rounds take 4 GiB and minutes, which age itself refuses to go beyond.
const MOST_WORK: u8 = 22;

/// Opens what [`seal`] or `age -p` wrote. It takes as long as sealing did.
pub fn open(sealed: &[u8], passphrase: &Secret<String>) -> Result<Secret<Vec<u8>>, Failure> {
    let header = Header::parse(sealed).ok_or_else(|| {
        Failure::permanent("the file is not encrypted with a passphrase in age's format")
            .help("Files for a recipient's key are opened with age itself.")
    })?;
    if header.work > MOST_WORK {
        return Err(Failure::permanent(format!(
            "the file asks for 2^{} rounds of work, which is too much",
            header.work
        )));
    }
    let wrong = |_| {
        Failure::needs_human("the passphrase does not open the file")
            .help("Type the passphrase that it was saved with.")
    };
    let wrapping = stretch(passphrase, &header.salt, header.work)?;
    let file_key =
        Zeroizing::new(cipher(wrapping.as_slice())?.decrypt(&[0; 12].into(), &*header.wrapped).map_err(wrong)?);
    let altered = || Failure::permanent("the encrypted file was altered or cut").help("Use another copy of it.");
    let mac_key = derive(&file_key, &[], b"header")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).map_err(impossible)?;
    mac.update(header.signed);
    mac.verify_slice(&header.mac).map_err(|_| altered())?;

    let (nonce, body) = header.payload.split_at_checked(NONCE).ok_or_else(altered)?;
    let payload = cipher(derive(&file_key, nonce, b"payload")?.as_slice())?;
    let pieces = body.chunks(PIECE + TAG).count();
    let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
    for (index, piece) in body.chunks(PIECE + TAG).enumerate() {
        let opened = payload.decrypt(&counter(index, index + 1 == pieces).into(), piece).map_err(|_| altered())?;
        text.extend_from_slice(&Zeroizing::new(opened));
    }
    // An empty text has one piece too: without it nothing vouches for the end.
    if pieces == 0 {
        return Err(altered());
    }
    Ok(Secret::new(std::mem::take(&mut *text)))
}

/// A file's parts.
struct Header<'a> {
    salt: Vec<u8>,
    work: u8,
    wrapped: Vec<u8>,
    /// What its checksum is of.
    signed: &'a [u8],
    mac: Vec<u8>,
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(sealed: &'a [u8]) -> Option<Self> {
        let end = sealed.windows(4).position(|w| w == b"\n---")? + 4;
        let (signed, rest) = sealed.split_at_checked(end)?;
        let mut lines = std::str::from_utf8(signed).ok()?.lines();
        if lines.next() != Some(VERSION) {
            return None;
        }
        let stanza: Vec<&str> = lines.next()?.split(' ').collect();
        let ["->", "scrypt", salt, work] = stanza[..] else { return None };
        let (salt, work) = (STANDARD_NO_PAD.decode(salt).ok()?, work.parse().ok()?);
        let wrapped = STANDARD_NO_PAD.decode(lines.next()?).ok()?;
        let line = rest.iter().position(|b| *b == b'\n')?;
        let mac = STANDARD_NO_PAD.decode(rest.get(..line)?.strip_prefix(b" ")?).ok()?;
        Some(Self { salt, work, wrapped, signed, mac, payload: rest.get(line + 1..)? })
    }
}

/// A piece's nonce: its number, and whether it is the last.
fn counter(index: usize, last: bool) -> [u8; 12] {
    let mut counter = [0; 12];
    counter[3..11].copy_from_slice(&(index as u64).to_be_bytes());
    counter[11] = u8::from(last);
    counter
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
