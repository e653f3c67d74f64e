//! The sealed bodies of MinIO's admin interface.
//!
//! salt (32) ‖ algorithm (1) ‖ nonce (8) ‖ pieces; the key is Argon2id over the *caller's* secret
//! key, so that a secret in the body is safe even where TLS ends before the server. The form is the
//! one of minio/madmin-go `encrypt.go` and of the stream format below it (minio/sio-go); proven
//! against MinIO 7aac2a2c5b7c.

use crate::plan::Failure;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

const SALT: usize = 32;
const PREFIX: usize = 8;
const TAG: usize = 16;
/// How much of the text one piece seals.
const PIECE: usize = 16 * 1024;
const HEADER: usize = SALT + 1 + PREFIX;
/// Argon2id with AES-256-GCM. 1 is the same with ChaCha20-Poly1305 (servers without AES in their
/// processor), 2 is PBKDF2 with AES-256-GCM (FIPS builds); neither is spoken here.
const ARGON2ID_AES_GCM: u8 = 0;
const MORE: u8 = 0x00;
const LAST: u8 = 0x80;
/// Larger bodies are refused: what we read of the admin interface is a few kilobytes.
const MAX: usize = 8 * 1024 * 1024;

/// Seals a body with the caller's secret key and randomness of the operating system.
pub fn encrypt(secret_key: &str, plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut random = [0; SALT + PREFIX];
    getrandom::fill(&mut random)
        .map_err(|e| Failure::permanent("the operating system gives no randomness").because(e.to_string()))?;
    let (salt, prefix) = random.split_at(SALT);
    let cipher = Sealer::new(secret_key, salt, prefix)?;
    let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG * (plain.len() / PIECE + 1));
    sealed.extend_from_slice(salt);
    sealed.push(ARGON2ID_AES_GCM);
    sealed.extend_from_slice(prefix);
    // An empty text still has one piece, the last: without it nothing would vouch for the end.
    let pieces = plain.chunks(PIECE).count().max(1);
    for index in 0..pieces {
        let piece = plain.get(index * PIECE..plain.len().min((index + 1) * PIECE)).unwrap_or_default();
        let flag = if index + 1 == pieces { LAST } else { MORE };
        sealed.extend(cipher.seal(index, flag, piece)?);
    }
    Ok(sealed)
}

/// Opens a sealed body. A wrong key, a changed byte and a missing piece are all failures.
pub fn decrypt(secret_key: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if sealed.len() > MAX {
        return Err(Failure::permanent(format!("the sealed body has more than {MAX} bytes")));
    }
    let (Some(header), Some(body)) = (sealed.get(..HEADER), sealed.get(HEADER..)) else {
        return Err(Failure::permanent("the sealed body is cut short"));
    };
    if header[SALT] != ARGON2ID_AES_GCM {
        return Err(Failure::permanent(format!(
            "the body is sealed by an algorithm that is not spoken here ({})",
            header[SALT]
        )));
    }
    let cipher = Sealer::new(secret_key, &header[..SALT], &header[SALT + 1..])?;
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    let pieces = body.chunks(PIECE + TAG).count().max(1);
    for index in 0..pieces {
        let piece = body.get(index * (PIECE + TAG)..body.len().min((index + 1) * (PIECE + TAG))).unwrap_or_default();
        let flag = if index + 1 == pieces { LAST } else { MORE };
        let opened = Zeroizing::new(cipher.open(index, flag, piece)?);
        plain.extend_from_slice(&opened);
    }
    Ok(plain)
}

struct Sealer {
    cipher: Aes256Gcm,
    prefix: [u8; PREFIX],
    /// The tag of a piece 0 that is never sent: every other piece is bound to it.
    bound_to: Vec<u8>,
}

impl Sealer {
    fn new(secret_key: &str, salt: &[u8], prefix: &[u8]) -> Result<Self, Failure> {
        let impossible = |e: String| Failure::permanent("the body cannot be sealed").because(e);
        let params = Params::new(64 * 1024, 1, 4, Some(32)).map_err(|e| impossible(e.to_string()))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret_key.as_bytes(), salt, key.as_mut_slice())
            .map_err(|e| impossible(e.to_string()))?;
        let cipher = Aes256Gcm::new_from_slice(key.as_slice()).map_err(|e| impossible(e.to_string()))?;
        let prefix = prefix.try_into().map_err(|_| impossible("its nonce has another length".to_owned()))?;
        let mut this = Self { cipher, prefix, bound_to: Vec::new() };
        this.bound_to = this.cipher.encrypt(&this.nonce(0), &[][..]).map_err(|e| impossible(e.to_string()))?;
        Ok(this)
    }

    fn nonce(&self, piece: u32) -> Nonce<aes_gcm::aead::consts::U12> {
        let mut nonce = [0; 12];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..].copy_from_slice(&piece.to_le_bytes());
        nonce.into()
    }

    /// Nonce and associated data of the piece at `index`; pieces count from 1.
    fn piece(&self, index: usize, flag: u8) -> Result<(Nonce<aes_gcm::aead::consts::U12>, Vec<u8>), Failure> {
        let number = u32::try_from(index + 1).map_err(|_| Failure::permanent("the body has too many pieces"))?;
        let mut aad = Vec::with_capacity(1 + TAG);
        aad.push(flag);
        aad.extend_from_slice(&self.bound_to);
        Ok((self.nonce(number), aad))
    }

    fn seal(&self, index: usize, flag: u8, msg: &[u8]) -> Result<Vec<u8>, Failure> {
        let (nonce, aad) = self.piece(index, flag)?;
        self.cipher
            .encrypt(&nonce, Payload { msg, aad: &aad })
            .map_err(|_| Failure::permanent("the body cannot be sealed"))
    }

    fn open(&self, index: usize, flag: u8, msg: &[u8]) -> Result<Vec<u8>, Failure> {
        let (nonce, aad) = self.piece(index, flag)?;
        self.cipher.decrypt(&nonce, Payload { msg, aad: &aad }).map_err(|_| {
            Failure::permanent("the sealed body cannot be opened")
                .because("it was sealed with another key or was changed on the way")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn what_is_sealed_comes_back(plain in proptest::collection::vec(any::<u8>(), 0..200), pieces in 0..3usize, key in "[!-~]{8,40}") {
            let mut text = vec![7; pieces * PIECE];
            text.extend(plain);
            let sealed = encrypt(&key, &text).expect("sealing needs nothing but memory");
            prop_assert_eq!(decrypt(&key, &sealed).expect("it was just sealed").to_vec(), text);
        }
    }

    #[test]
    fn the_structure_is_the_one_that_the_server_reads() {
        let sealed = encrypt("a key of the caller", b"hello").expect("sealing needs nothing but memory");
        assert_eq!(sealed.len(), 32 + 1 + 8 + 5 + 16);
        assert_eq!(sealed[32], 0);
        // 16 KiB is one piece and one byte more is two, each with its tag.
        assert_eq!(encrypt("k", &vec![0; PIECE]).expect("as above").len(), HEADER + PIECE + TAG);
        assert_eq!(encrypt("k", &vec![0; PIECE + 1]).expect("as above").len(), HEADER + PIECE + 1 + 2 * TAG);
        assert_eq!(encrypt("k", b"").expect("as above").len(), HEADER + TAG);
    }

    #[test]
    fn every_change_is_noticed() {
        let sealed = encrypt("the key", b"secret").expect("sealing needs nothing but memory");
        assert!(decrypt("another key", &sealed).is_err());
        for at in [0, 31, 32, 33, 40, 41, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(decrypt("the key", &changed).is_err(), "byte {at} was changed unseen");
        }
        for len in [0, 5, HEADER, sealed.len() - 1] {
            assert!(decrypt("the key", &sealed[..len]).is_err(), "cut at {len} unseen");
        }
        let two = encrypt("the key", &vec![1; PIECE + 9]).expect("as above");
        assert!(decrypt("the key", &two[..HEADER + PIECE + TAG]).is_err(), "the last piece was cut off unseen");
    }

    #[test]
    fn a_body_sealed_by_the_server_s_own_library_is_opened() {
        // Made by EncryptData of minio/madmin-go v3.0.109.
        let hex = "e5c8f449816642cdf64ad6e0b4ef5ac7188a173395df9c8bf231edb18cafab54\
                   00cefcd3bb2e3a534d138adefeeb10c3e838c699fc9341a565c55f445efc0f19\
                   dadb4806b944418dc4a93df1673d9a76956d2c0e5e53742644a2106794";
        let sealed: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("the text above is hex"))
            .collect();
        let plain = decrypt("minio-secret-key", &sealed).expect("the key is right");
        assert_eq!(plain.as_slice(), br#"{"secretKey":"s","status":"enabled"}"#);
    }
}
