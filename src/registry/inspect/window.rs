//! The parts of an object that have been read so far, and what may still be read.
//!
//! Parsers ask for bytes as if all were there. What is missing comes back as [`Stop::Want`], the
//! caller reads that range, and the parser starts again from the beginning: a header is small, so
//! that costs nothing, and no parser has a state of its own that could be wrong.

use std::ops::Range;

/// What may be read of one object, in all.
pub const CAP: u64 = 256 * 1024;

/// How many ranges may be asked for. Each costs a round trip, so on a line of 300 ms this is the
/// longest wait that a preview may be.
pub const MOST_ASKS: u32 = 16;

/// Less is never asked for, because the round trip costs more than the bytes.
const GRAIN: u64 = 4096;

/// Why a parser did not get the bytes that it wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// They can be read.
    Want(Range<u64>),
    /// They are there, but more than may be read.
    Spent,
    /// The object ends before them.
    Ends,
    /// They are not what the format says; with what was wrong.
    Bad(&'static str),
}

/// The result of a parser's step.
pub(super) type Look<T> = Result<T, Stop>;

/// What is held of an object.
#[derive(Clone, Debug)]
pub(super) struct Window {
    size: u64,
    /// In order, apart from each other: pieces that touch are one.
    pieces: Vec<(u64, Vec<u8>)>,
    asked: u64,
    asks: u32,
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Window {
    /// Nothing yet, of an object of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        Self { size, pieces: Vec::new(), asked: 0, asks: 0 }
    }

    /// The object's size.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes were asked for so far.
    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    /// How many ranges were asked for so far.
    pub(super) fn asks(&self) -> u32 {
        self.asks
    }

    /// How many bytes may still be asked for.
    pub(super) fn left(&self) -> u64 {
        if self.asks < MOST_ASKS { CAP - self.asked } else { 0 }
    }

    /// Counts a range that is about to be read.
    pub(super) fn charge(&mut self, range: &Range<u64>) {
        self.asked = self.asked.saturating_add(range.end.saturating_sub(range.start)).min(CAP);
        self.asks += 1;
    }

    /// Takes what was read from `at` on. Bytes that are held already are not held twice, and none
    /// are kept behind the object's end.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(length(bytes)).min(self.size);
        let mut from = at;
        while from < end {
            let (start, stop) = match self.piece(from) {
                Some(held) => (held.end, held.end),
                None => (from, self.next_start(from).min(end)),
            };
            if let (Some(first), Some(last)) = (index(start, at), index(stop, at))
                && let Some(new) = bytes.get(first..last)
                && !new.is_empty()
            {
                self.pieces.push((start, new.to_vec()));
                self.merge();
            }
            from = stop.max(from + 1);
        }
    }

    fn merge(&mut self) {
        self.pieces.sort_by_key(|(start, _)| *start);
        let mut merged: Vec<(u64, Vec<u8>)> = Vec::with_capacity(self.pieces.len());
        for (start, bytes) in self.pieces.drain(..) {
            match merged.last_mut() {
                Some((before, held)) if *before + length(held) == start => held.extend_from_slice(&bytes),
                _ => merged.push((start, bytes)),
            }
        }
        self.pieces = merged;
    }

    /// The object turned out to be shorter.
    pub(super) fn shorten(&mut self, size: u64) {
        self.size = self.size.min(size);
    }

    fn piece(&self, at: u64) -> Option<Range<u64>> {
        self.pieces.iter().map(|(start, bytes)| *start..start + length(bytes)).find(|held| held.contains(&at))
    }

    fn next_start(&self, at: u64) -> u64 {
        self.pieces.iter().map(|(start, _)| *start).find(|start| *start > at).unwrap_or(self.size)
    }

    /// What is held from `at` on without a gap; nothing is asked for.
    pub(super) fn held(&self, at: u64) -> &[u8] {
        self.pieces
            .iter()
            .find(|(start, bytes)| *start <= at && at < start + length(bytes))
            .and_then(|(start, bytes)| bytes.get(index(at, *start)?..))
            .unwrap_or_default()
    }

    /// Exactly these bytes.
    pub(super) fn bytes(&self, at: u64, len: u64) -> Look<&[u8]> {
        let end = at.checked_add(len).filter(|end| *end <= self.size).ok_or(Stop::Ends)?;
        let held = self.held(at);
        if let Some(bytes) = usize::try_from(len).ok().and_then(|len| held.get(..len)) {
            return Ok(bytes);
        }
        let start = at + length(held);
        // A little more where it costs nothing, but never bytes that are held.
        let end = end.max(start.saturating_add(GRAIN)).min(self.next_start(start)).min(self.size);
        let wanted = end - start;
        match self.left() {
            // The last of the budget is spent on what was really asked for.
            left if wanted <= left => Err(Stop::Want(start..end)),
            left if at + len - start <= left => Err(Stop::Want(start..at + len)),
            _ => Err(Stop::Spent),
        }
    }

    /// These bytes, or the first of them: as many as there are and may be read.
    pub(super) fn most(&self, at: u64, len: u64) -> Look<&[u8]> {
        let end = at.saturating_add(len).min(self.size);
        if at >= end {
            return Err(Stop::Ends);
        }
        let held = self.held(at);
        let start = at + length(held);
        let stop = end.min(self.next_start(start)).min(start.saturating_add(self.left()));
        if start < stop {
            return Err(Stop::Want(start..stop));
        }
        Ok(usize::try_from(end - at).ok().and_then(|len| held.get(..len)).unwrap_or(held))
    }

    /// These bytes, or fewer where the object ends before.
    pub(super) fn upto(&self, at: u64, len: u64) -> Look<&[u8]> {
        if at >= self.size {
            return Err(Stop::Ends);
        }
        self.bytes(at, len.min(self.size - at))
    }
}

fn index(at: u64, start: u64) -> Option<usize> {
    usize::try_from(at.checked_sub(start)?).ok()
}

/// Numbers out of bytes, where the bytes are there.
pub(super) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(super) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    u16_le(bytes, at).map(u16::swap_bytes)
}

pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    u32_le(bytes, at).map(u32::swap_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_asked_for_once_and_pieces_that_touch_are_one() {
        let mut window = Window::new(20_000);
        assert_eq!(window.bytes(0, 10), Err(Stop::Want(0..4096)));
        window.put(0, &[1; 4096]);
        assert_eq!(window.bytes(4090, 10), Err(Stop::Want(4096..8192)));
        window.put(8192, &[3; 100]);
        assert_eq!(window.bytes(4090, 5000), Err(Stop::Want(4096..8192)), "held bytes are not asked for again");
        window.put(4000, &[2; 5000]);
        let held = window.held(0);
        assert_eq!((held.len(), held[4095], held[4096], held[8192]), (9000, 1, 2, 3), "and not overwritten");
        assert_eq!(window.pieces.len(), 1);
        assert_eq!(window.bytes(19_999, 2), Err(Stop::Ends));
        assert_eq!(window.bytes(u64::MAX, 2), Err(Stop::Ends));
    }

    #[test]
    fn no_more_is_asked_for_than_may_be_read() {
        let mut window = Window::new(u64::MAX);
        window.charge(&(0..CAP - 10));
        assert_eq!(window.bytes(0, 11), Err(Stop::Spent));
        assert_eq!(window.bytes(0, 10), Err(Stop::Want(0..10)), "the grain gives way to the budget");
        for _ in 0..MOST_ASKS {
            window.charge(&(0..0));
        }
        assert_eq!(window.bytes(0, 1), Err(Stop::Spent));
    }
}
