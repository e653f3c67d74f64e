//! Known secrets, taken out of text before it goes anywhere, in every common disguise.

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
    needles: Arc<RwLock<Vec<Zeroizing<Vec<u8>>>>>,
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

    /// From now on `secret` is taken out of everything that passes.
    pub fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let Ok(mut needles) = self.needles.write() else { return };
        for disguise in disguises(secret.as_bytes()) {
            if !needles.iter().any(|known| ***known == *disguise) {
                needles.push(Zeroizing::new(disguise));
            }
        }
        // The longest first, so that a disguise that contains another is replaced whole.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    /// `text` without the known secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Ok(needles) = self.needles.read() else { return Cow::Borrowed(MARK) };
        let mut out = Cow::Borrowed(text);
        for needle in needles.iter() {
            let Ok(needle) = std::str::from_utf8(needle) else { continue };
            if out.contains(needle) {
                out = Cow::Owned(out.replace(needle, MARK));
            }
        }
        out
    }

    /// `bytes` without the known secrets.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(needles) = self.needles.read() else { return MARK.into() };
        let mut out = bytes.to_vec();
        for needle in needles.iter() {
            while let Some(at) = find(&out, needle) {
                out.splice(at..at + needle.len(), MARK.bytes());
            }
        }
        out
    }

    /// Redacts a stream whose pieces may be cut anywhere.
    pub fn stream(&self) -> RedactStream {
        RedactStream { redactor: self.clone(), held: Vec::new() }
    }

    fn longest(&self) -> usize {
        self.needles.read().map_or(0, |needles| needles.first().map_or(0, |needle| needle.len()))
    }
}

/// See [`Redactor::stream`]. Holds back the last bytes, in which a secret could have begun.
#[derive(Debug)]
pub struct RedactStream {
    redactor: Redactor,
    held: Vec<u8>,
}

impl RedactStream {
    /// Takes a piece and gives what can be shown for certain.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut clean = self.redactor.redact_bytes(&self.held);
        let keep = self.redactor.longest().saturating_sub(1).min(clean.len());
        // A line feed ends every search: no disguise spans lines.
        let from = clean.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        self.held = clean.split_off((clean.len() - keep).max(from));
        clean
    }

    /// The rest, when the stream has ended.
    pub fn finish(self) -> Vec<u8> {
        self.redactor.redact_bytes(&self.held)
    }
}

/// Every form in which `secret` is looked for: as it is, JSON-escaped, URL-escaped, in hex, and in
/// both base64 alphabets at the three places where it can begin within a group.
pub fn disguises(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    if let Ok(text) = std::str::from_utf8(secret)
        && let Ok(json) = serde_json::to_string(text)
    {
        forms.push(json.as_bytes()[1..json.len() - 1].to_vec());
    }
    for lower in [false, true] {
        forms.push(
            secret
                .iter()
                .flat_map(|b| {
                    if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
                        vec![*b]
                    } else if lower {
                        format!("%{b:02x}").into_bytes()
                    } else {
                        format!("%{b:02X}").into_bytes()
                    }
                })
                .collect(),
        );
        forms.push(
            secret
                .iter()
                .flat_map(|b| if lower { format!("{b:02x}") } else { format!("{b:02X}") }.into_bytes())
                .collect(),
        );
    }
    for skip in 0..3 {
        let mut padded = vec![0u8; skip];
        padded.extend_from_slice(secret);
        // Characters that mix bits of the neighbours are left out: 0, 2 or 3 in front, and behind
        // everything of a last group that is not full.
        let from = [0, 2, 3][skip];
        let to = padded.len() / 3 * 4 + [0, 1, 2][padded.len() % 3];
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            if let Some(middle) = encoded.as_bytes().get(from..to)
                && middle.len() >= SHORTEST
            {
                forms.push(middle.to_vec());
            }
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_secret_cut_across_pieces_never_comes_out(cuts in prop::collection::vec(1usize..7, 1..30)) {
            let redactor = Redactor::new();
            redactor.learn(CANARY);
            let text = format!("some output {CANARY} and more\nnext {CANARY}");
            let mut rest = text.as_bytes();
            let mut stream = redactor.stream();
            let mut out = Vec::new();
            for cut in cuts.iter().cycle() {
                let at = (*cut).min(rest.len());
                out.extend(stream.push(&rest[..at]));
                rest = &rest[at..];
                if rest.is_empty() { break; }
            }
            out.extend(stream.finish());
            let out = String::from_utf8(out).expect("pieces add up to text again");
            prop_assert_eq!(out, format!("some output {MARK} and more\nnext {MARK}"));
        }
    }
}
