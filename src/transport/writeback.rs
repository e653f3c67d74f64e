//! Bytes that go to the disk while more are coming, so that little is left to wait for in the end.

use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::num::NonZeroU64;

/// Smaller writes are better off together.
const LEAST: u64 = 256 << 10;

/// Lets the disk begin with what was just written from one place to another. To say that it is not needed any more is
/// the one advice that does so without waiting, and that takes no error away from the sync which decides.
pub(super) fn begin(file: &File, from: u64, to: u64) {
    if let Some(length) = NonZeroU64::new(to.saturating_sub(from)).filter(|length| length.get() >= LEAST) {
        // A file system that takes no advice is only slower at the end.
        let _ = fadvise(file, from, Some(length), Advice::DontNeed);
    }
}
