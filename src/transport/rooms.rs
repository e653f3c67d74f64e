//! Rooms for pieces of files that are used again.
//!
//! A part of an upload is several MiB and lives for a moment. Given back to the allocator each time, such pieces
//! stay with it, up to two in each of its arenas, and the kernel has to clear their pages anew: so whoever has read one
//! gives its room to the next.

use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pieces that are smaller are the allocator's business.
const LEAST: usize = 1 << 20;

/// Rooms of one owner. Those that wait are never more than were lent at the same time, and there are none
/// once the last one has come back.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    waiting: Vec<Vec<u8>>,
    lent: usize,
}

/// A room that comes back when its last reader is done.
struct Lent {
    room: Vec<u8>,
    of: Rooms,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.room
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut kept = self.of.kept();
        kept.lent -= 1;
        if kept.lent == 0 {
            kept.waiting = Vec::new();
        } else {
            kept.waiting.push(std::mem::take(&mut self.room));
        }
    }
}

impl Rooms {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of at most this length, as `fill` leaves them: it is given a room that holds anything, and says how
    /// much of it counts.
    pub(super) fn filled<E>(
        &self,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<Bytes, E> {
        if length < LEAST {
            let mut room = vec![0; length];
            let have = fill(&mut room)?;
            room.truncate(have);
            return Ok(room.into());
        }
        let room = {
            let mut kept = self.kept();
            kept.lent += 1;
            kept.waiting.pop()
        };
        let mut lent = Lent { room: room.unwrap_or_default(), of: self.clone() };
        // Only what an earlier piece did not have is cleared.
        lent.room.resize(length, 0);
        let have = fill(&mut lent.room)?;
        Ok(Bytes::from_owner(lent).slice(..have.min(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(rooms: &Rooms, length: usize, byte: u8) -> Bytes {
        let filled = rooms.filled(length, |room| {
            room.fill(byte);
            Ok::<_, ()>(room.len())
        });
        filled.expect("it is filled")
    }

    #[test]
    fn a_room_is_used_again_and_none_is_kept_behind_the_last() {
        let rooms = Rooms::default();
        let (first, second) = (piece(&rooms, LEAST, 1), piece(&rooms, LEAST, 2));
        let at = first.as_ptr();
        let part = first.slice(10..20);
        drop(first);
        assert!(rooms.kept().waiting.is_empty(), "somebody still reads it");
        drop(part);
        let third = piece(&rooms, LEAST, 3);
        assert_eq!(third.as_ptr(), at);
        assert!(second.iter().all(|b| *b == 2) && third.iter().all(|b| *b == 3));
        drop((second, third));
        let kept = rooms.kept();
        assert_eq!((kept.lent, kept.waiting.len()), (0, 0));
    }

    #[test]
    fn what_was_there_before_is_never_seen() {
        let rooms = Rooms::default();
        let held = piece(&rooms, LEAST, 1);
        drop(piece(&rooms, 2 * LEAST, 7));
        let short = rooms.filled(LEAST + 1, |room| {
            room[..3].copy_from_slice(b"abc");
            Ok::<_, ()>(3)
        });
        assert_eq!(short.expect("it is filled"), b"abc".as_slice());
        assert!(rooms.filled(LEAST, |_| Err::<usize, _>(())).is_err());
        drop(held);
        assert_eq!(rooms.kept().lent, 0);
    }
}
