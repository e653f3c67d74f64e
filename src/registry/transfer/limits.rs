//! How large, how many and how long: values, so that tests and slow links choose their own.

use std::time::Duration;

const MIB: u64 = 1 << 20;

/// The limits of S3 and those that keep this program small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The usual size of a part that is sent: each costs a service more than its bytes do, and is in memory.
    pub part: u64,
    /// What a download asks for in one request, where the parts that the object was made of do not say.
    pub range: u64,
    /// The largest part that a download takes in one request when it follows the parts that the
    /// object was made of.
    pub part_at_most: u64,
    /// S3's smallest part; the last may be smaller.
    pub part_at_least: u64,
    /// S3's largest number of parts.
    pub parts: u64,
    /// Objects up to here are sent in one request.
    pub single: u64,
    /// Objects up to here are read in one request, held in memory and landed together.
    pub small: u64,
    /// S3's largest object.
    pub object: u64,
    /// S3's largest object that one request copies.
    pub copy: u64,
    /// Parts of a copy that the service makes of its own object.
    pub copy_part: u64,
    /// Requests at the same time.
    pub lanes: u32,
    /// Parts of one object at the same time.
    pub lanes_an_object: usize,
    /// KiB of object bytes that may be in memory at the same time.
    pub memory_kib: u32,
    /// Bytes that are gathered before they are written.
    pub gather: u64,
    /// A body that brings nothing for so long is taken for cut.
    pub stall: Duration,
    /// How often in a row a service may say that it cannot now.
    pub busy_tries: u32,
    /// For how long nothing may get through before a transfer gives up; it can be taken up again.
    pub cut_patience: Duration,
    /// The pause after the first trouble; it doubles.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How often the progress within a part is noted, so that a slow link loses little.
    pub note_every: Duration,
    /// How many bytes of a part come before they are noted in any case, so that a quick one loses little too.
    pub note_bytes: u64,
    /// How often an object that changes meanwhile is begun again.
    pub restarts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            part: 12 * MIB,
            range: 32 * MIB,
            part_at_most: 64 * MIB,
            part_at_least: 5 * MIB,
            parts: 10_000,
            single: 12 * MIB,
            small: MIB,
            object: 5 << 40,
            copy: 5 << 30,
            copy_part: 512 * MIB,
            lanes: 64,
            lanes_an_object: 8,
            memory_kib: 36 * 1024,
            gather: MIB,
            // Bursty links stand still for 30 seconds and go on.
            stall: Duration::from_secs(90),
            busy_tries: 10,
            cut_patience: Duration::from_mins(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(10),
            note_every: Duration::from_secs(5),
            note_bytes: 4 * MIB,
            restarts: 3,
        }
    }
}

impl Limits {
    /// The part size of an upload: the usual one, or as large as the number of parts demands, in
    /// whole MiB where that is possible.
    pub fn upload_part(&self, size: u64) -> u64 {
        let least = size.div_ceil(self.parts.max(1));
        let usual = self.part.max(self.part_at_least).max(1);
        if least <= usual { usual } else { least.next_multiple_of(MIB.min(usual)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_where_they_would_be_too_many() {
        let limits = Limits::default();
        assert_eq!(limits.upload_part(1 << 30), 12 * MIB);
        assert_eq!(limits.upload_part(10_000 * 12 * MIB), 12 * MIB);
        let grown = limits.upload_part(10_000 * 12 * MIB + 1);
        assert_eq!(grown, 13 * MIB);
        for size in [5u64 << 40, 1 << 42, 999_999_999_999] {
            assert!(size.div_ceil(limits.upload_part(size)) <= 10_000, "{size}");
        }
    }
}
