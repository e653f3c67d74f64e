//! Known secrets, taken out of text before it goes anywhere, in every common disguise.

use super::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::sync::{Arc, RwLock};
use zeroize::Zeroizing;

/// What stands where a secret was.
pub const MARK: &str = "[secret]";

/// Secrets shorter than this are not searched for: they would blot out ordinary words.
pub const SHORTEST: usize = 6;

/// A shared, growing list of what must not be shown.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<RwLock<Vec<Secret<Vec<u8>>>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(…)")
    }
}

impl Redactor {
    /// A redactor that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `secret` is taken out of everything that passes. Of one of several lines, as a private key is,
    /// each line is a secret of its own, because output passes line by line; its frame of `-----` is none.
    pub fn learn(&self, secret: &str) {
        let Ok(mut needles) = self.needles.write() else { return };
        let lines = secret.lines().filter(|line| *line != secret && !line.starts_with("-----"));
        for part in std::iter::once(secret).chain(lines).filter(|part| part.len() >= SHORTEST) {
            for disguise in forms(part.as_bytes()) {
                if !needles.contains(&disguise) {
                    needles.push(disguise);
                }
            }
        }
        // The longest first, so that a disguise that contains another is replaced whole.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
    }

    /// `text` without the known secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Ok(needles) = self.needles.read() else { return Cow::Borrowed(MARK) };
        let mut out = Cow::Borrowed(text);
        for needle in needles.iter() {
            let Ok(needle) = std::str::from_utf8(needle.expose()) else { continue };
            if out.contains(needle) {
                out = Cow::Owned(out.replace(needle, MARK));
            }
        }
        out
    }

    /// `bytes` without the known secrets.
    pub fn redact_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let Ok(needles) = self.needles.read() else { return Cow::Borrowed(MARK.as_bytes()) };
        let mut out = Cow::Borrowed(bytes);
        for needle in needles.iter() {
            if let Some(clean) = without(&out, needle.expose()) {
                out = Cow::Owned(clean);
            }
        }
        out
    }
}

/// `hay` with the mark in place of each `needle`; `None` where there is none. What was put in is not looked at
/// again: a secret may be a part of the mark itself.
fn without(hay: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let mut found = memchr::memmem::find_iter(hay, needle).peekable();
    found.peek()?;
    let mut out = Vec::with_capacity(hay.len());
    let mut from = 0;
    for at in found {
        out.extend_from_slice(hay.get(from..at).unwrap_or_default());
        out.extend_from_slice(MARK.as_bytes());
        from = at + needle.len();
    }
    out.extend_from_slice(hay.get(from..).unwrap_or_default());
    Some(out)
}

/// Every form in which `secret` is looked for: as it is, JSON-escaped, URL-escaped, in hex, and in
/// both base64 alphabets at the three places where it can begin within a group.
pub fn disguises(secret: &[u8]) -> Vec<Vec<u8>> {
    forms(secret).iter().map(|form| form.expose().clone()).collect()
}

/// The same in memory that is overwritten, as everything in between is.
fn forms(secret: &[u8]) -> Vec<Secret<Vec<u8>>> {
    let mut forms = vec![Secret::new(secret.to_vec())];
    if let Ok(text) = std::str::from_utf8(secret)
        && let Ok(json) = serde_json::to_string(text).map(Zeroizing::new)
        && let Some(inner) = json.as_bytes().get(1..json.len() - 1)
    {
        forms.push(Secret::new(inner.to_vec()));
    }
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        let pair = |b: u8| [digits[usize::from(b >> 4)], digits[usize::from(b & 15)]];
        // As long as it can get, because growing would leave copies behind.
        let (mut url, mut hex) = (Vec::with_capacity(secret.len() * 3), Vec::with_capacity(secret.len() * 2));
        for b in secret {
            if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
                url.push(*b);
            } else {
                url.push(b'%');
                url.extend(pair(*b));
            }
            hex.extend(pair(*b));
        }
        forms.extend([Secret::new(url), Secret::new(hex)]);
    }
    for skip in 0..3 {
        let mut padded = Zeroizing::new(Vec::with_capacity(skip + secret.len()));
        padded.resize(skip, 0);
        padded.extend_from_slice(secret);
        // Characters that mix bits of the neighbours are left out: 0, 2 or 3 in front, and behind
        // everything of a last group that is not full.
        let from = [0, 2, 3][skip];
        let to = padded.len() / 3 * 4 + [0, 1, 2][padded.len() % 3];
        for encoded in [STANDARD_NO_PAD.encode(&*padded), URL_SAFE_NO_PAD.encode(&*padded)].map(Zeroizing::new) {
            if let Some(middle) = encoded.as_bytes().get(from..to)
                && middle.len() >= SHORTEST
            {
                forms.push(Secret::new(middle.to_vec()));
            }
        }
    }
    forms.sort_by(|a, b| a.expose().cmp(b.expose()));
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fuzz;
    use base64::engine::general_purpose::STANDARD;

    const CANARY: &str = "kX9/\"+ünd=more_Secret";

    #[test]
    fn each_disguise_is_taken_out() {
        let redactor = Redactor::new();
        redactor.learn(CANARY);
        let json = serde_json::to_string(CANARY).expect("text is always JSON");
        let hex: String =
            CANARY.bytes().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect();
        for hidden in [CANARY.to_owned(), json, hex, "kX9%2F%22%2B%C3%BCnd%3Dmore_Secret".to_owned()] {
            let text = format!("before {hidden} after");
            let clean = redactor.redact(&text);
            assert!(clean.contains(MARK), "{hidden} was kept");
        }
        for pad in ["", "a", "ab", "abc"] {
            let text = STANDARD.encode(format!("{pad}{CANARY}{pad}"));
            assert!(redactor.redact(&text).contains(MARK), "base64 behind {} bytes was kept", pad.len());
        }
    }

    #[test]
    fn each_line_of_a_private_key_is_taken_out() {
        let redactor = Redactor::new();
        redactor.learn("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\nCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n");
        assert_eq!(redactor.redact("x CCqGSM49AwEHBG0wawIBAQQg y"), "x [secret] y");
        assert_eq!(redactor.redact("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
    }

    #[test]
    fn a_secret_that_is_a_part_of_the_mark_is_taken_out_once() {
        for secret in ["secret", "[secret]", "ecret]"] {
            let redactor = Redactor::new();
            redactor.learn(secret);
            let text = format!("a {secret} b {secret}");
            assert_eq!(redactor.redact_bytes(text.as_bytes()), redactor.redact(&text).as_bytes(), "{secret}");
            assert!(redactor.redact(&text).len() < 40);
        }
    }

    #[test]
    fn any_bytes_are_rid_of_secrets_and_of_nothing_else() {
        let redactor = Redactor::new();
        redactor.learn(CANARY);
        let encoded = STANDARD.encode(CANARY);
        let lines = [CANARY, "level=info msg=\"starting\"", encoded.as_str()];
        fuzz::each(fuzz::CASES, |dice| {
            let mut bytes = dice.one(&lines).as_bytes().to_vec();
            fuzz::bend(dice, &mut bytes);
            let clean = redactor.redact_bytes(&bytes);
            assert!(memchr::memmem::find(&clean, CANARY.as_bytes()).is_none(), "{bytes:?}");
            if dice.once_in(4)
                && let Ok(text) = std::str::from_utf8(&bytes)
            {
                assert_eq!(redactor.redact(text).as_bytes(), &*clean);
            }
            assert!(clean.len() <= bytes.len() * 2);
        });
    }

    #[test]
    fn a_large_line_is_searched_once() {
        let redactor = Redactor::new();
        redactor.learn("aaaaaaaa");
        let clean = fuzz::soon("redacting", || redactor.redact_bytes(&vec![b'a'; fuzz::LARGE]).into_owned());
        assert_eq!(clean.len(), fuzz::LARGE / 8 * MARK.len());
    }
}
