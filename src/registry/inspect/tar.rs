//! Tar archives: POSIX ustar. Each entry has a block of 512 bytes before it, so an index means jumping
//! from one to the next; that is done only as far as it is cheap.

use super::report::clean;
use super::window::{Look, Stop, Window};
use super::{Found, note};

/// A tar archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tar {
    /// Its first entries.
    pub entries: Vec<TarEntry>,
    /// Whether these are all.
    pub whole: bool,
}

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarEntry {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size: u64,
}

const BLOCK: u64 = 512;

const BAD: Stop = Stop::Bad("not an entry of a tar archive");

/// How many jumps to places that are not held are made: each costs a round trip.
const JUMPS: u64 = 6;

pub(super) fn inspect(window: &Window) -> Found<Tar> {
    let mut notes = Vec::new();
    let mut tar = Tar::default();
    let mut at = 0;
    while let Some(next) = note(entry(window, at), "the rest of the archive", &mut notes)? {
        let Some((entry, end)) = next else {
            tar.whole = true;
            break;
        };
        tar.entries.extend(entry);
        at = end;
    }
    Ok((tar, notes))
}

type Next = Option<(Option<TarEntry>, u64)>;

/// The entry at `at` and where the next begins; `None` at the archive's end.
fn entry(window: &Window, at: u64) -> Look<Next> {
    if at == window.size() {
        return Ok(None);
    }
    let spent = window.asked() > 16 * 1024 + JUMPS * 4096;
    let block = match window.bytes(at, BLOCK) {
        Err(Stop::Want(_)) if spent => return Err(Stop::Spent),
        other => other?,
    };
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let size = block.get(124..136).and_then(number).ok_or(BAD)?;
    let end = size.checked_next_multiple_of(BLOCK).and_then(|size| size.checked_add(at + BLOCK)).ok_or(BAD)?;
    if end > window.size() {
        return Err(Stop::Ends);
    }
    let text = |from: usize, to: usize| {
        let field = block.get(from..to).unwrap_or_default();
        field.split(|byte| *byte == 0).next().unwrap_or_default()
    };
    // Global and extended headers (x, g) and long names (L, K) are no entries of their own.
    let kind = block.get(156).copied().unwrap_or_default();
    let listed = !matches!(kind, b'x' | b'g' | b'L' | b'K');
    let prefix = if text(257, 263).starts_with(b"ustar") { text(345, 500) } else { &[] };
    let name = if prefix.is_empty() { text(0, 100).to_vec() } else { [prefix, b"/", text(0, 100)].concat() };
    Ok(Some((listed.then(|| TarEntry { name: clean(&name), size }), end)))
}

/// A number in octal digits, or in binary where the first bit is set, as GNU writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let mut value = 0_u64;
        for byte in field.get(1..)? {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let digits = std::str::from_utf8(field).ok()?;
    let digits = digits.trim_matches(|c: char| c == ' ' || c == '\0');
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}
