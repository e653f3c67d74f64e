//! Secrets from the operating system's randomness.

use super::secret::Secret;

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A token of `length` letters and digits, each equally likely. `None` where the operating system
/// gives no randomness.
pub fn token(length: usize) -> Option<Secret<String>> {
    let mut out = String::with_capacity(length);
    let mut pool = [0u8; 64];
    while out.len() < length {
        getrandom::fill(&mut pool).ok()?;
        // Bytes from 248 on are thrown away: 248 is four times 62, so the rest is even.
        for byte in pool.iter().filter(|b| **b < 248) {
            if out.len() < length {
                out.push(char::from(LETTERS[usize::from(byte % 62)]));
            }
        }
    }
    zeroize::Zeroize::zeroize(&mut pool);
    Some(Secret::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_length_and_differ() {
        let (a, b) = (token(40).expect("randomness"), token(40).expect("randomness"));
        assert_eq!(a.expose().len(), 40);
        assert!(a.expose().bytes().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(a, b);
    }
}
