//! Zip archives by their directory, which stands at the end: PKWARE's APPNOTE 6.3, sections 4.3.12 to
//! 4.3.16. What PyTorch writes is such an archive.

use super::report::clean;
use super::window::{Look, Stop, Window, u16_le, u32_le, u64_le};
use super::{Found, Note, note};

/// A zip archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// What it holds, going by the names in it.
    pub content: Content,
    /// How many entries its directory has.
    pub count: u64,
    /// The entries, as far as they were read.
    pub entries: Vec<ZipEntry>,
    /// Bytes of the entries that were read, unpacked.
    pub unpacked: u64,
}

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// A network as TorchScript, which Triton's PyTorch backend loads.
    TorchScript,
    /// A network exported or compiled ahead of time by PyTorch (`.pt2`).
    TorchExport,
    /// Only weights of PyTorch, without code: Triton's PyTorch backend refuses it.
    TorchCheckpoint,
    /// Arrays of NumPy.
    Npz,
    /// Anything else.
    #[default]
    Files,
}

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipEntry {
    /// Its name.
    pub name: String,
    /// Its size, unpacked.
    pub size: u64,
    /// Its size in the archive.
    pub packed: u64,
}

const BAD: Stop = Stop::Bad("has no directory of a zip archive at its end");

/// The end record and its longest comment.
const END: u64 = 22;
const COMMENT: u64 = 65_535;

struct Directory {
    start: u64,
    length: u64,
    count: u64,
}

pub(super) fn inspect(window: &Window) -> Found<Archive> {
    let mut notes = Vec::new();
    let mut archive = Archive::default();
    let Some(directory) = note(directory(window), "the archive's directory", &mut notes)? else {
        return Ok((archive, notes));
    };
    archive.count = directory.count;
    let Some(bytes) = note(listed(window, &directory), "the archive's directory", &mut notes)? else {
        return Ok((archive, notes));
    };
    let mut rest = bytes;
    while let Some((entry, length)) = entry(rest) {
        archive.unpacked = archive.unpacked.saturating_add(entry.size);
        archive.entries.push(entry);
        rest = rest.get(length..).unwrap_or_default();
    }
    let found = u64::try_from(archive.entries.len()).unwrap_or(u64::MAX);
    if found < archive.count {
        notes.push(Note::NotReached("the rest of the archive's directory"));
    }
    archive.content = content(&archive.entries);
    Ok((archive, notes))
}

/// The directory's bytes, or as many of its first as may be read.
fn listed<'a>(window: &'a Window, directory: &Directory) -> Look<&'a [u8]> {
    if directory.start.saturating_add(directory.length) > window.size() {
        return Err(Stop::Ends);
    }
    if directory.length == 0 {
        return Ok(&[]);
    }
    window.most(directory.start, directory.length)
}

/// Where the directory lies. The end record is the last thing in the file but for a comment.
fn directory(window: &Window) -> Look<Directory> {
    let size = window.size();
    // Nearly no archive has a comment; a short look first.
    for length in [1024, END + COMMENT] {
        let start = size.saturating_sub(length);
        let tail = window.upto(start, length)?;
        let Some(at) = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06") else { continue };
        let record = tail.get(at..).unwrap_or_default();
        let (Some(count), Some(length), Some(offset)) = (u16_le(record, 10), u32_le(record, 12), u32_le(record, 16))
        else {
            continue;
        };
        let found = Directory { start: offset.into(), length: length.into(), count: count.into() };
        let large = count == u16::MAX || length == u32::MAX || offset == u32::MAX;
        let at = start.saturating_add(u64::try_from(at).map_err(|_| BAD)?);
        return if large { large_directory(window, at, found) } else { Ok(found) };
    }
    Err(BAD)
}

/// Archives beyond 4 GiB or 65,535 entries have a second record before the end record.
fn large_directory(window: &Window, end: u64, small: Directory) -> Look<Directory> {
    let Some(at) = end.checked_sub(20) else { return Ok(small) };
    let locator = window.bytes(at, 20)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(small);
    }
    let record = window.bytes(u64_le(locator, 8).ok_or(BAD)?, 56)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(BAD);
    }
    match (u64_le(record, 32), u64_le(record, 40), u64_le(record, 48)) {
        (Some(count), Some(length), Some(start)) => Ok(Directory { start, length, count }),
        _ => Err(BAD),
    }
}

/// The entry at the beginning of these bytes, and how long its record is.
fn entry(bytes: &[u8]) -> Option<(ZipEntry, usize)> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (packed, size) = (u32_le(bytes, 20)?, u32_le(bytes, 24)?);
    let name = usize::from(u16_le(bytes, 28)?);
    let extra = usize::from(u16_le(bytes, 30)?);
    let comment = usize::from(u16_le(bytes, 32)?);
    let mut entry = ZipEntry { name: clean(bytes.get(46..46 + name)?), size: size.into(), packed: packed.into() };
    let mut extras = bytes.get(46 + name..46 + name + extra)?;
    while let (Some(id), Some(length)) = (u16_le(extras, 0), u16_le(extras, 2)) {
        if id == 1 {
            // Only those of the two that did not fit are there, in this order.
            let mut at = 4;
            for (small, large) in [(size, &mut entry.size), (packed, &mut entry.packed)] {
                if small == u32::MAX {
                    *large = u64_le(extras, at)?;
                    at += 8;
                }
            }
        }
        extras = extras.get(4 + usize::from(length)..).unwrap_or_default();
    }
    Some((entry, 46 + name + extra + comment))
}

fn content(entries: &[ZipEntry]) -> Content {
    let within = |path: &str| entries.iter().any(|entry| entry.name.split_once('/').is_some_and(|(_, p)| p == path));
    let below =
        |path: &str| entries.iter().any(|entry| entry.name.split_once('/').is_some_and(|(_, p)| p.starts_with(path)));
    if within("constants.pkl") && below("code/") {
        Content::TorchScript
    } else if within("archive_format") || below("data/aotinductor/") {
        Content::TorchExport
    } else if within("data.pkl") {
        Content::TorchCheckpoint
    } else if !entries.is_empty()
        && entries.iter().all(|entry| entry.name.rsplit_once('.').is_some_and(|(_, e)| e == "npy"))
    {
        Content::Npz
    } else {
        Content::Files
    }
}
