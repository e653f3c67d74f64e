//! A value that must not be shown.

use super::pages::Pages;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Holds a secret: it has no `Display` and no `Serialize`, its `Debug` says nothing, its memory is
/// overwritten when it is dropped, and as far as the system lets us it never reaches the swap. Reading it needs
/// [`Secret::expose`], so that every place where a secret leaves this type can be found by its name.
#[derive(Default)]
pub struct Secret<T: Bytes> {
    // Dropped in this order: what is unlocked must still be ours, and has been overwritten before.
    _pages: Pages,
    value: Zeroizing<T>,
}

/// What can be a secret: a buffer that does not move as long as nobody changes it.
pub trait Bytes: Zeroize {
    /// Where it lies, and how much memory it takes.
    fn place(&self) -> (*const u8, usize);
}

impl Bytes for String {
    fn place(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.capacity())
    }
}

impl Bytes for Vec<u8> {
    fn place(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.capacity())
    }
}

impl<T: Bytes> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        let (place, length) = value.place();
        Self { _pages: Pages::of(place, length), value: Zeroizing::new(value) }
    }

    /// The value itself. The caller keeps it away from logs, arguments and environments.
    pub fn expose(&self) -> &T {
        &self.value
    }
}

impl<T: Bytes + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        // A buffer of its own, which lies on pages of its own.
        Self::new(self.expose().clone())
    }
}

impl<T: Bytes> Drop for Secret<T> {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl<T: Bytes> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Bytes + PartialEq> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        *self.value == *other.value
    }
}

impl<T: Bytes + Eq> Eq for Secret<T> {}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

/// Adds bytes to a buffer that is to be overwritten. Where it has to grow it moves to twice the room, and what it leaves
/// is overwritten too; a `Vec` that grows by itself leaves copies behind.
pub fn append(buffer: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    if buffer.capacity() - buffer.len() < more.len() {
        let room = (buffer.len() + more.len()).max(buffer.capacity() * 2);
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_of_the_value() {
        let secret = Secret::from("correct horse");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "correct horse");
        assert_eq!(secret.clone(), secret);
    }

    #[test]
    fn a_buffer_grows_by_what_is_added() {
        let mut buffer = Zeroizing::new(Vec::new());
        let mut whole = Vec::new();
        for n in 0..200_u8 {
            let piece = vec![n; usize::from(n)];
            append(&mut buffer, &piece);
            whole.extend(piece);
        }
        assert_eq!(*buffer, whole);
    }
}
