//! What the service keeps.

use super::faults::{Fault, Op, What};
use super::{Call, refuse};
use crate::ports::objects::{Answer, Checksums, Notes, ObjectInfo, OnlyIf, Part, Sum, SumKind, Why, Written};
use crate::registry::transfer::sums::{self, Crc, Digest};
use bytes::Bytes;
use std::collections::BTreeMap;

/// How a server differs from S3.
#[expect(clippy::struct_excessive_bools, reason = "each is a habit that servers have or lack")]
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Whether `If-Match` is heeded on reads.
    pub if_match: bool,
    /// Whether `If-None-Match` is heeded on writes.
    pub if_absent: bool,
    /// Whether `If-Match` is heeded on writes.
    pub if_unchanged: bool,
    /// Whether conditions on the target of a copy are heeded.
    pub if_copied: bool,
    /// Whether ranges are answered.
    pub ranges: bool,
    /// Whether CRC-64/NVME is known; otherwise it is refused with 501.
    pub crc64: bool,
    /// Whether checksums are known at all.
    pub sums: bool,
    /// Whether there are `ETag`s.
    pub etags: bool,
    /// Whether versions are kept.
    pub versions: bool,
    /// The smallest part but the last.
    pub part_at_least: u64,
    /// The largest number of parts.
    pub parts: u16,
    /// The largest object that one request copies.
    pub copy: u64,
    /// Bytes of a body that come at a time.
    pub piece: usize,
    /// Rows of a page.
    pub page: usize,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            if_match: true,
            if_absent: true,
            if_unchanged: true,
            if_copied: true,
            ranges: true,
            crc64: true,
            sums: true,
            etags: true,
            versions: false,
            part_at_least: 0,
            parts: 10_000,
            copy: 5 << 30,
            piece: 1000,
            page: 1000,
        }
    }
}

/// An object that is kept, or a delete marker.
#[derive(Clone, Debug)]
pub struct Kept {
    pub bytes: Bytes,
    pub info: ObjectInfo,
    pub marker: bool,
    pub tags: Vec<(String, String)>,
}

/// A part that is kept.
#[derive(Clone, Debug)]
pub struct KeptPart {
    pub bytes: Bytes,
    pub part: Part,
}

/// An upload that was begun.
#[derive(Clone, Debug)]
pub struct Open {
    pub key: String,
    pub notes: Notes,
    pub sum: Option<SumKind>,
    pub parts: BTreeMap<u16, KeptPart>,
}

/// Everything.
pub struct State {
    /// Newest last.
    pub objects: BTreeMap<String, Vec<Kept>>,
    pub uploads: BTreeMap<String, Open>,
    pub faults: Vec<Fault>,
    pub calls: Vec<Call>,
    pub versions: bool,
    /// What happens from this call on, whatever it is, so many times.
    pub harm: Option<(usize, u32, What)>,
    /// All current objects after each write, where that is wanted.
    pub history: Option<Vec<BTreeMap<String, Bytes>>>,
    next: u64,
}

impl State {
    pub fn new(versions: bool) -> Self {
        let (objects, uploads) = (BTreeMap::new(), BTreeMap::new());
        Self { objects, uploads, faults: Vec::new(), calls: Vec::new(), versions, harm: None, history: None, next: 0 }
    }

    pub fn id(&mut self, letter: char) -> String {
        self.next += 1;
        format!("{letter}{:06}", self.next)
    }

    /// What happens to this call.
    pub fn struck(&mut self, op: Op) -> Option<What> {
        self.faults.iter_mut().find_map(|fault| fault.strikes(op).then_some(fault.what))
    }

    /// What happens to the call that was just noted, because of its number.
    pub fn harmed(&mut self) -> Option<What> {
        let call = self.calls.len().checked_sub(1)?;
        let (from, times, what) = self.harm.filter(|(from, times, _)| call >= *from && *times > 0)?;
        self.harm = Some((from, times - 1, what));
        Some(what)
    }

    /// Notes what is there now.
    pub fn remember(&mut self) {
        let Some(mut history) = self.history.take() else { return };
        let now = self.objects.keys().filter_map(|key| Some((key.clone(), self.current(key)?.bytes.clone())));
        history.push(now.collect());
        self.history = Some(history);
    }

    pub fn current(&self, key: &str) -> Option<&Kept> {
        self.objects.get(key)?.last().filter(|kept| !kept.marker)
    }

    pub fn find(&self, key: &str, version: Option<&str>) -> Option<&Kept> {
        match version {
            None => self.current(key),
            Some(version) => {
                let all = self.objects.get(key)?;
                all.iter().find(|kept| kept.info.version.as_deref() == Some(version) && !kept.marker)
            }
        }
    }

    pub fn find_mut(&mut self, key: &str, version: Option<&str>) -> Option<&mut Kept> {
        let all = self.objects.get_mut(key)?;
        match version {
            None => all.last_mut().filter(|kept| !kept.marker),
            Some(version) => all.iter_mut().find(|kept| kept.info.version.as_deref() == Some(version)),
        }
    }

    pub fn allowed(&self, key: &str, only: &OnlyIf, habits: Habits) -> Answer<()> {
        let there = self.current(key);
        let holds = match only {
            OnlyIf::Always => true,
            OnlyIf::Absent => !habits.if_absent || there.is_none(),
            OnlyIf::Matches(etag) => {
                !habits.if_unchanged || there.is_some_and(|kept| kept.info.etag.as_ref() == Some(etag))
            }
        };
        if holds { Ok(()) } else { refuse(Why::Changed) }
    }

    /// Keeps an object and says what was written.
    pub fn keep(&mut self, key: &str, bytes: Bytes, mut info: ObjectInfo) -> Written {
        info.size = bytes.len() as u64;
        info.modified = Some(1_700_000_000);
        info.version = self.versions.then(|| self.id('v'));
        let written =
            Written { etag: info.etag.clone(), version: info.version.clone(), checksums: info.checksums.clone() };
        let kept = Kept { bytes, info, marker: false, tags: Vec::new() };
        let all = self.objects.entry(key.to_owned()).or_default();
        if !self.versions {
            all.clear();
        }
        all.push(kept);
        self.remember();
        written
    }

    pub fn place(&mut self, key: &str, bytes: Vec<u8>, part: Option<usize>, habits: Habits) {
        let etag = match part {
            None => sums::hex(&sums::digest(Digest::Md5, &bytes)),
            Some(part) => {
                let md5s: Vec<_> = bytes.chunks(part).map(|chunk| sums::digest(Digest::Md5, chunk)).collect();
                format!("{}-{}", sums::hex(&sums::digest_of_digests(Digest::Md5, &md5s)), md5s.len())
            }
        };
        let info = ObjectInfo { etag: habits.etags.then_some(etag), ..ObjectInfo::default() };
        self.keep(key, bytes.into(), info);
    }

    pub fn rot(&mut self, key: &str, at: usize) {
        let kept = self.objects.get_mut(key).and_then(|all| all.last_mut()).expect("the object is there");
        let mut bytes = kept.bytes.to_vec();
        bytes[at] ^= 1;
        kept.bytes = bytes.into();
    }
}

/// Checks a checksum that came with bytes, and what is kept of it.
pub fn checked(bytes: &[u8], sum: Option<&Sum>, habits: Habits) -> Answer<Checksums> {
    let mut kept = Checksums::default();
    let right = match sum {
        None => return Ok(kept),
        Some(Sum::Crc64Nvme(_)) if !habits.crc64 => return refuse(Why::Unsupported),
        Some(_) if !habits.sums => return refuse(Why::Refused),
        Some(Sum::Crc64Nvme(text)) => {
            kept.crc64nvme = Some(text.clone());
            *text == Crc::Crc64Nvme.text(Crc::Crc64Nvme.of(bytes))
        }
        Some(Sum::Crc32C(text)) => {
            kept.crc32c = Some(text.clone());
            *text == Crc::Crc32C.text(Crc::Crc32C.of(bytes))
        }
        Some(Sum::Sha256(text)) => {
            kept.sha256 = Some(text.clone());
            *text == sums::base64(&sums::digest(Digest::Sha256, bytes))
        }
    };
    if right { Ok(kept) } else { refuse(Why::Refused) }
}
