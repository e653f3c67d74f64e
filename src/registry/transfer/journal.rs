//! What a killed transfer leaves for the next try: one JSON value a line, of which the last may be torn.
//!
//! Lines are not synced one by one: what a line says is compared with the disk before it is believed,
//! so that after a power cut only what the disk really has counts.

use super::sums;
use crate::base::jsonl;
use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{FileSeen, Local, LocalError, LocalFile, WhyLocal};
use crate::ports::objects::{Header, Notes, SumKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal with more than this is read as far as that.
const MAX: u64 = 32 << 20;

/// More parts than this no download of ours has.
const MOST_PARTS: u64 = 1_000_000;

/// The format of these files.
const FORMAT: u32 = 1;

/// Which object a download's journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    format: u32,
    /// The service's URL.
    pub service: String,
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version, where versions are kept.
    pub version: Option<String>,
    /// Its `ETag`.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// The size of every part but the last.
    pub part: u64,
}

impl Source {
    /// Of a download that begins.
    pub fn new(service: &str, at: &crate::ports::objects::At, etag: &str, size: u64, part: u64) -> Self {
        Self {
            format: FORMAT,
            service: service.to_owned(),
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            version: at.version.clone(),
            etag: etag.to_owned(),
            size,
            part,
        }
    }

    /// Whether its parts can be counted: a file that somebody changed must not cost all memory.
    pub fn is_sane(&self) -> bool {
        self.part > 0 && self.size.div_ceil(self.part) <= MOST_PARTS
    }

    /// Whether both are the same bytes, whatever the parts and whether a version was named.
    pub fn same_object(&self, other: &Self) -> bool {
        let of = |s: &Self| (s.format, s.service.clone(), s.bucket.clone(), s.key.clone(), s.etag.clone(), s.size);
        of(self) == of(other)
    }
}

/// Which upload a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    format: u32,
    /// The service's URL.
    pub service: String,
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// The file that is sent.
    pub file: PathBuf,
    /// The file's size.
    pub size: u64,
    /// When it was last written.
    pub modified_ns: i64,
    /// Its number on its disk.
    pub inode: u64,
    /// The size of every part but the last.
    pub part: u64,
    /// Which checksum goes with the parts.
    pub sum: Option<SumName>,
    /// What is noted of the object.
    pub content_type: Option<String>,
    /// What is noted of the object.
    pub metadata: Vec<(String, String)>,
    /// What is noted of the object; journals of earlier versions have none.
    #[serde(default)]
    pub headers: Vec<(Header, String)>,
}

/// A kind of checksum in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SumName {
    /// CRC-64/NVME.
    Crc64Nvme,
    /// CRC-32C.
    Crc32C,
}

impl From<SumKind> for SumName {
    fn from(kind: SumKind) -> Self {
        match kind {
            SumKind::Crc64Nvme => Self::Crc64Nvme,
            SumKind::Crc32C => Self::Crc32C,
        }
    }
}

impl From<SumName> for SumKind {
    fn from(name: SumName) -> Self {
        match name {
            SumName::Crc64Nvme => Self::Crc64Nvme,
            SumName::Crc32C => Self::Crc32C,
        }
    }
}

impl Target {
    /// Of an upload that begins.
    pub fn new(service: &str, to: &crate::ports::objects::At, file: &Path, seen: &FileSeen, part: u64) -> Self {
        Self {
            format: FORMAT,
            service: service.to_owned(),
            bucket: to.bucket.clone(),
            key: to.key.clone(),
            file: file.to_owned(),
            size: seen.size,
            modified_ns: seen.modified_ns,
            inode: seen.inode,
            part,
            sum: None,
            content_type: None,
            metadata: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The same with what is noted of the object.
    #[must_use]
    pub fn noting(mut self, notes: &Notes) -> Self {
        self.content_type.clone_from(&notes.content_type);
        self.metadata.clone_from(&notes.metadata);
        self.headers.clone_from(&notes.headers);
        self
    }

    /// Whether the same is noted of the object.
    pub fn same_notes(&self, notes: &Notes) -> bool {
        (&self.content_type, &self.metadata, &self.headers) == (&notes.content_type, &notes.metadata, &notes.headers)
    }

    /// Whether the file still is what was sent then.
    pub fn same_file(&self, seen: &FileSeen) -> bool {
        (self.size, self.modified_ns, self.inode) == (seen.size, seen.modified_ns, seen.inode)
    }
}

/// A line behind the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// So many bytes of a part of a download are in the file, with this CRC-64.
    Have {
        /// The part, from 0.
        part: u64,
        /// How many of its bytes.
        bytes: u64,
        /// Their CRC-64/NVME in hexadecimal.
        crc: String,
    },
    /// This process writes from here on.
    By {
        /// Its number on its computer.
        process: u32,
    },
    /// The file is whole, has been compared, and gets its name now.
    Whole,
    /// The service gave an upload this identity.
    Begun {
        /// The identity.
        id: String,
    },
    /// The service has a part of an upload.
    Sent {
        /// Its number, from 1.
        part: u16,
        /// Its `ETag`.
        etag: String,
        /// Its CRC-64/NVME in hexadecimal.
        crc: String,
    },
    /// All parts are there and the service is asked to make the object; its `ETag` will be this one
    /// where that can be known.
    Completing {
        /// The `ETag` of the object, or nothing.
        etag: String,
    },
}

/// A CRC-64 as it stands in a journal.
pub fn crc_text(crc: u64) -> String {
    sums::hex(&crc.to_be_bytes())
}

fn crc_read(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

/// What a journal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<H> {
    /// Its first line.
    pub head: H,
    /// For a part of a download: bytes and CRC, the most that was noted.
    pub have: BTreeMap<u64, (u64, u64)>,
    /// For a part of an upload: `ETag` and CRC.
    pub sent: BTreeMap<u16, (String, u64)>,
    /// Whether the file was whole.
    pub whole: bool,
    /// The upload's identity.
    pub upload: Option<String>,
    /// That the object was being made, and the `ETag` that it would get; empty where that cannot be known.
    pub completing: Option<String>,
    /// Which process wrote it last.
    pub by: Option<u32>,
    /// Whether its last line is torn.
    torn: bool,
}

/// Reads a journal; `None` where there is none or it is not one of ours. A line that cannot be read is
/// left out, which costs what it spoke of and no more.
pub async fn read<H: for<'a> Deserialize<'a>>(files: &dyn LocalFiles, path: &Path) -> Local<Option<Told<H>>> {
    Ok(files.read(path, MAX).await?.and_then(|bytes| told(&bytes)))
}

fn told<H: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Option<Told<H>> {
    let split = jsonl::split(bytes);
    let (head, lines) = split.lines.split_first()?;
    let mut told = Told {
        head: serde_json::from_slice(head).ok()?,
        have: BTreeMap::new(),
        sent: BTreeMap::new(),
        whole: false,
        upload: None,
        completing: None,
        by: None,
        torn: split.torn(bytes.len()),
    };
    for line in lines.iter().filter_map(|line| serde_json::from_slice(line).ok()) {
        match line {
            Line::Have { part, bytes, crc } => {
                let Some(crc) = crc_read(&crc) else { continue };
                let noted = told.have.entry(part).or_insert((bytes, crc));
                if noted.0 < bytes {
                    *noted = (bytes, crc);
                }
            }
            Line::By { process } => told.by = Some(process),
            Line::Whole => told.whole = true,
            Line::Begun { id } => told.upload = Some(id),
            Line::Sent { part, etag, crc } => {
                if let Some(crc) = crc_read(&crc) {
                    told.sent.insert(part, (etag, crc));
                }
            }
            Line::Completing { etag } => told.completing = Some(etag),
        }
    }
    Some(told)
}

/// A journal that is this process's alone as long as a clone of it lives.
#[derive(Clone)]
pub struct Journal {
    file: Arc<dyn LocalFile>,
    process: u32,
}

impl Journal {
    /// Takes a journal, whatever stands in it. `what` is called so where another process has it.
    pub async fn claim(files: &dyn LocalFiles, path: &Path, what: &str) -> Local<Self> {
        match files.claim(path).await {
            Ok(file) => Ok(Self { file, process: files.process() }),
            Err(error) if error.why == WhyLocal::Taken => {
                let by = read::<serde_json::Value>(files, path).await.ok().flatten().and_then(|told| told.by);
                let who = match by {
                    Some(process) if process == files.process() => "this program".to_owned(),
                    Some(process) => format!("process {process}"),
                    None => "another process".to_owned(),
                };
                let failure = Failure::needs_human(format!("{what} is being carried by {who}"));
                let help = "Wait until that has ended, or end it; then say the same again: it goes on there.";
                Err(LocalError { failure: failure.help(help), ..error })
            }
            Err(error) => Err(error),
        }
    }

    /// What stands in it; `None` where that is nothing of ours.
    pub async fn told<H: for<'a> Deserialize<'a>>(&self) -> Local<Option<Told<H>>> {
        let length = self.file.seen().await?.size.min(MAX);
        Ok(told(&self.file.read_at(0, usize::try_from(length).unwrap_or(0)).await?))
    }

    /// Takes out what stands in it: from here on nothing here knows of an earlier try.
    pub async fn clear(&self) -> Local<()> {
        self.file.empty().await
    }

    /// Begins it anew.
    pub async fn begin(&self, head: &impl Serialize) -> Local<()> {
        self.clear().await?;
        self.add(head).await?;
        self.note(&Line::By { process: self.process }).await
    }

    /// Goes on with it after it said this.
    pub async fn resume<H>(&self, told: &Told<H>) -> Local<()> {
        if told.torn {
            // The torn line ends here and will be left out.
            self.file.append(Bytes::from_static(b"\n")).await?;
        }
        self.note(&Line::By { process: self.process }).await
    }

    async fn add(&self, value: &impl Serialize) -> Local<()> {
        // Values of ours always become JSON; a line that did not would cost what it spoke of.
        let mut line = serde_json::to_vec(value).unwrap_or_default();
        line.push(b'\n');
        self.file.append(line.into()).await
    }

    /// Adds a line.
    pub async fn note(&self, line: &Line) -> Local<()> {
        self.add(line).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::objects::At;

    #[test]
    fn every_torn_byte_leaves_what_was_noted_before() {
        let source = Source::new("http://s", &At::new("b", "k\u{202e}\n\"x"), "e", 100, 10);
        let mut bytes = serde_json::to_vec(&source).expect("JSON");
        bytes.push(b'\n');
        let head = bytes.len();
        for (part, have) in [(0, 4), (1, 10), (0, 10), (0, 7)] {
            let line = Line::Have { part, bytes: have, crc: crc_text(have * 3) };
            bytes.extend(serde_json::to_vec(&line).expect("JSON"));
            bytes.push(b'\n');
        }
        for cut in 0..=bytes.len() {
            let read = told::<Source>(&bytes[..cut]);
            assert_eq!(read.is_some(), cut >= head, "cut at {cut}");
            if let Some(read) = read {
                assert_eq!(read.head, source);
                assert!(read.have.values().all(|(bytes, crc)| *crc == bytes * 3));
            }
        }
        let whole = told::<Source>(&bytes).expect("ours");
        assert_eq!(whole.have, BTreeMap::from([(0, (10, 30)), (1, (10, 30))]));
        assert!(told::<Source>(b"{\"x\":1}\n").is_none() && told::<Target>(&bytes).is_none());
    }
}
