//! Pages of memory that hold secrets, kept out of the swap.
//!
//! Locked are the buffers of [`Secret`](super::Secret) and nothing else, page by page. The whole process (`mlockall`)
//! was left: an ordinary user may lock 8 MiB, or 64 KiB on older systems, and beyond that every later allocation
//! fails, while the few dozen secrets of a run lie on a handful of pages. Where the limit is reached the rest is not
//! locked, and nothing fails for it.
//!
//! What this does not cover: what libraries hold of a secret while they work with it (a signature, a TLS record, an
//! object of Kubernetes that is being read), what stands on a screen while it is revealed, and a computer that is
//! suspended to disk, which writes all memory. Against those an encrypted swap helps, which this program cannot see.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{LazyLock, Mutex, PoisonError};

/// A page that is locked, or could not be, and how many secrets lie on it: locks of the system do not count, so that
/// the first one that goes would unlock it for all.
struct Page {
    secrets: usize,
    /// Unlocks it when it is dropped.
    _lock: Option<region::LockGuard>,
}

static PAGES: LazyLock<Mutex<HashMap<usize, Page>>> = LazyLock::new(Mutex::default);

/// The pages of one buffer. They are unlocked when this is dropped, which has to come before the buffer is given back.
#[derive(Debug, Default)]
pub(super) struct Pages(Option<RangeInclusive<usize>>);

impl Pages {
    /// Locks the pages of a buffer that stays where it is.
    pub fn of(place: *const u8, length: usize) -> Self {
        if length == 0 {
            return Self(None);
        }
        let size = region::page::size();
        let range = place.addr() / size..=(place.addr() + (length - 1)) / size;
        let mut pages = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
        for number in range.clone() {
            pages
                .entry(number)
                .or_insert_with(|| Page { secrets: 0, _lock: region::lock(place.with_addr(number * size), size).ok() })
                .secrets += 1;
        }
        Self(Some(range))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let Some(range) = self.0.take() else { return };
        let mut pages = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
        for number in range {
            if let Some(page) = pages.get_mut(&number) {
                page.secrets -= 1;
                if page.secrets == 0 {
                    pages.remove(&number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets_on(place: *const u8) -> usize {
        let pages = PAGES.lock().expect("nobody panics with it");
        pages.get(&(place.addr() / region::page::size())).map_or(0, |page| page.secrets)
    }

    #[test]
    fn a_page_stays_locked_until_the_last_secret_on_it_is_gone() {
        // Pages of its own, on which no other test's secret can lie.
        let buffer = vec![0_u8; region::page::size() * 4];
        let middle = buffer[region::page::size() * 2..].as_ptr();
        let first = Pages::of(middle, 16);
        let second = Pages::of(middle, 16);
        let across = Pages::of(buffer[region::page::size()..].as_ptr(), region::page::size() + 1);
        assert_eq!(secrets_on(middle), 3);
        drop(first);
        drop(across);
        assert_eq!(secrets_on(middle), 1);
        drop(second);
        assert_eq!(secrets_on(middle), 0);
        assert_eq!(Pages::of(middle, 0).0, None);
    }
}
