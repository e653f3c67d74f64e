//! Which checksum a service takes with what is sent to it: found out once, and kept for the session.

use super::sums::{Crc, Digest, Hasher, PartSums};
use crate::ports::objects::{Checksums, Sum, SumKind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// What is tried, best first; behind the last nothing is sent along. Servers that know neither answer
/// 501 or 400.
const ORDER: [SumKind; 2] = [SumKind::Crc64Nvme, SumKind::Crc32C];

/// What is known of a service so far.
#[derive(Debug, Default)]
pub(super) struct Habit {
    place: AtomicU8,
    proven: AtomicBool,
}

impl Habit {
    /// What to send along now.
    pub fn kind(&self) -> Option<SumKind> {
        ORDER.get(usize::from(self.place.load(Relaxed))).copied()
    }

    /// The service took this kind: a later refusal has another reason.
    pub fn took(&self, kind: Option<SumKind>) {
        if kind.is_some() && kind == self.kind() {
            self.proven.store(true, Relaxed);
        }
    }

    /// The service refused something that this kind went with. Whether it is worth another try with
    /// the next kind, or with none.
    pub fn refused(&self, kind: Option<SumKind>) -> bool {
        if kind.is_none() || self.proven.load(Relaxed) {
            return false;
        }
        if kind == self.kind() {
            self.place.fetch_add(1, Relaxed);
        }
        true
    }
}

/// The digest behind a kind.
pub(super) fn digest(kind: SumKind) -> Digest {
    match kind {
        SumKind::Crc64Nvme => Digest::Crc(Crc::Crc64Nvme),
        SumKind::Crc32C => Digest::Crc(Crc::Crc32C),
    }
}

/// The checksum of this kind as it goes along with bytes.
pub(super) fn sum(kind: SumKind, bytes: &[u8]) -> Sum {
    let mut hasher = Hasher::new(digest(kind));
    hasher.update(bytes);
    let text = super::sums::base64(&hasher.value());
    match kind {
        SumKind::Crc64Nvme => Sum::Crc64Nvme(text),
        SumKind::Crc32C => Sum::Crc32C(text),
    }
}

/// The same of bytes that were hashed for it already, as [`super::sums::PartHasher`] does.
pub(super) fn sum_of(kind: SumKind, sums: &PartSums) -> Sum {
    match kind {
        SumKind::Crc64Nvme => Sum::Crc64Nvme(Crc::Crc64Nvme.text(sums.crc64)),
        SumKind::Crc32C => Sum::Crc32C(super::sums::base64(sums.other.as_deref().unwrap_or_default())),
    }
}

/// Whether the service says that it keeps this checksum: `None` where it says none of this kind.
pub(super) fn confirmed(sum: &Sum, kept: &Checksums) -> Option<bool> {
    let (mine, its) = match sum {
        Sum::Crc64Nvme(text) => (text, &kept.crc64nvme),
        Sum::Crc32C(text) => (text, &kept.crc32c),
        Sum::Sha256(text) => (text, &kept.sha256),
    };
    its.as_ref().map(|its| its == mine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hashed_for_it_gives_the_same_checksum() {
        for kind in ORDER {
            let mut hasher = crate::registry::transfer::sums::PartHasher::new(Some(digest(kind)));
            hasher.update(b"some bytes");
            assert_eq!(sum_of(kind, &hasher.sums()), sum(kind, b"some bytes"));
        }
    }

    #[test]
    fn a_refusal_steps_down_until_something_was_taken() {
        let habit = Habit::default();
        assert_eq!(habit.kind(), Some(SumKind::Crc64Nvme));
        assert!(habit.refused(Some(SumKind::Crc64Nvme)));
        // Two parts were refused at the same time: one step.
        assert!(habit.refused(Some(SumKind::Crc64Nvme)));
        assert_eq!(habit.kind(), Some(SumKind::Crc32C));
        habit.took(habit.kind());
        assert!(!habit.refused(Some(SumKind::Crc32C)), "now it means something else");
        let none = Habit::default();
        assert!(none.refused(Some(SumKind::Crc64Nvme)) && none.refused(Some(SumKind::Crc32C)) && !none.refused(None));
        assert_eq!(none.kind(), None);
    }
}
