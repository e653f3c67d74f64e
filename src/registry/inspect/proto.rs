//! Protobuf's wire format: fields one after the other, as slices or by their places in an object.
//! <https://protobuf.dev/programming-guides/encoding/>

use super::window::{Look, Stop, Window};
use std::ops::Range;

/// A field whose value is a number or a run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number.
    Varint(u64),
    /// Bytes, a text or a message.
    Bytes(&'a [u8]),
    /// Four or eight bytes.
    Fixed,
}

/// A varint and how many bytes it has.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (n, byte) in bytes.iter().take(10).enumerate() {
        let part = u64::from(byte & 0x7f);
        if n == 9 && part > 1 {
            return None;
        }
        value |= part << (7 * n);
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}

/// The fields of a message that is held as a whole. `None` stands for bytes that are none; nothing
/// comes after it.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Option<(u64, Value<'_>)>> {
    let mut rest = Some(message);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        let field = one(bytes);
        rest = field.as_ref().and_then(|(_, _, length)| bytes.get(*length..));
        Some(field.map(|(number, value, _)| (number, value)))
    })
}

fn one(bytes: &[u8]) -> Option<(u64, Value<'_>, usize)> {
    let (tag, mut at) = varint(bytes)?;
    let value = match tag & 7 {
        0 => {
            let (value, length) = varint(bytes.get(at..)?)?;
            at += length;
            Value::Varint(value)
        }
        1 => {
            bytes.get(at..at + 8)?;
            at += 8;
            Value::Fixed
        }
        5 => {
            bytes.get(at..at + 4)?;
            at += 4;
            Value::Fixed
        }
        2 => {
            let (length, header) = varint(bytes.get(at..)?)?;
            let start = at + header;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            at = end;
            Value::Bytes(bytes.get(start..end)?)
        }
        _ => return None,
    };
    // A field without a number is none.
    (tag >> 3 > 0).then_some((tag >> 3, value, at))
}

/// A field of which only the place is known; the bytes need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number.
    pub(super) field: u64,
    /// Its number's value, where it is a number.
    pub(super) number: Option<u64>,
    /// Where its bytes lie, where it has some.
    pub(super) bytes: Range<u64>,
    /// Whether it has bytes.
    pub(super) delimited: bool,
}

/// A tag and a length are at most this long.
const HEADER: u64 = 20;

/// The field that begins at `at`, within a message that ends at `end`. Only its first bytes are
/// looked at.
pub(super) fn place(window: &Window, at: u64, end: u64) -> Look<Place> {
    let head = window.upto(at, HEADER.min(end.saturating_sub(at)))?;
    placed(head, at, end).ok_or(Stop::Bad("not the fields of a protobuf message"))
}

/// The same from bytes that are held from `at` on.
pub(super) fn placed(head: &[u8], at: u64, end: u64) -> Option<Place> {
    let (tag, first) = varint(head)?;
    let rest = head.get(first..)?;
    let after = at + u64::try_from(first).ok()?;
    let (number, from, to) = match tag & 7 {
        0 => {
            let (value, length) = varint(rest)?;
            let to = after + u64::try_from(length).ok()?;
            (Some(value), to, to)
        }
        1 => (None, after, after.checked_add(8)?),
        5 => (None, after, after.checked_add(4)?),
        2 => {
            let (length, header) = varint(rest)?;
            let from = after + u64::try_from(header).ok()?;
            (None, from, from.checked_add(length)?)
        }
        _ => return None,
    };
    let fits = tag >> 3 > 0 && to <= end;
    fits.then_some(Place { field: tag >> 3, number, bytes: from..to, delimited: tag & 7 == 2 })
}

/// Whether bytes may be an ONNX file: it has no tag of its own. It begins with its IR version, which
/// is a small number, and goes on with fields that a model has, of the types that they have there.
pub(super) fn looks_like_onnx(head: &[u8]) -> bool {
    let mut at = 0;
    let mut seen = 0;
    let mut version = false;
    while seen < 8 {
        let Some((tag, length)) = head.get(at..).and_then(varint) else { break };
        let (field, wire) = (tag >> 3, tag & 7);
        let known = match wire {
            0 => matches!(field, 1 | 5),
            2 => matches!(field, 2..=4 | 6..=8 | 14 | 20 | 25),
            _ => false,
        };
        let Some((value, more)) = head.get(at + length..).and_then(varint).filter(|_| known) else { return false };
        if field == 1 {
            version = (1..=64).contains(&value);
        }
        seen += 1;
        if field == 7 {
            break;
        }
        let skip = if wire == 2 { usize::try_from(value).ok() } else { Some(0) };
        let from = at + length + more;
        let Some(next) = skip.and_then(|skip| from.checked_add(skip)) else { return false };
        // Names and versions: a SavedModel of TensorFlow begins alike, but has a message in this place.
        let text = || head.get(from..next).and_then(|text| std::str::from_utf8(text).ok());
        if wire == 2 && (2..=4).contains(&field) && text().is_none_or(|text| text.contains(char::is_control)) {
            return false;
        }
        at = next;
    }
    version && seen >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_fields_are_read() {
        assert_eq!(varint(&[0x96, 1]), Some((150, 2)));
        assert_eq!(varint(&[0xff; 9]), None);
        assert_eq!(varint(&[0xff; 12]), None);
        let max = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(varint(&max), Some((u64::MAX, 10)));
        let found: Vec<_> = fields(b"\x08\x05\x12\x02hi\x1d\0\0\0\0").collect();
        assert_eq!(found, [Some((1, Value::Varint(5))), Some((2, Value::Bytes(b"hi"))), Some((3, Value::Fixed))]);
        assert_eq!(fields(b"\x12\x7fhi").collect::<Vec<_>>(), [None], "a length beyond the message ends it");
        assert_eq!(fields(b"\x02\x00").collect::<Vec<_>>(), [None], "there is no field 0");
    }
}
