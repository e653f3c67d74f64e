//! The journal file: one header line, then one event a line, synced line by line.

use super::event::{Event, FORMAT, Header};
use super::state::RunState;
use crate::base::{jsonl, own_disk};
use crate::plan::Failure;
use async_trait::async_trait;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Something that lines can be added to.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Adds whole lines and returns when they are on disk.
    async fn append(&mut self, lines: &[u8]) -> Result<(), Failure>;
}

/// A journal on disk.
pub struct FileJournal {
    file: Option<File>,
    path: PathBuf,
}

impl FileJournal {
    /// Makes a new journal (0600). Its directory must exist.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| cannot("make", path, &e))?;
        sync_parent(path).map_err(|e| cannot("make", path, &e))?;
        Ok(Self { file: Some(file), path: path.into() })
    }

    /// Opens a journal to go on with it: a torn end is cut off first.
    pub fn reopen(path: &Path, whole: usize) -> Result<Self, Failure> {
        let file = OpenOptions::new().append(true).open(path).map_err(|e| cannot("open", path, &e))?;
        file.set_len(whole as u64).and_then(|()| file.sync_data()).map_err(|e| cannot("mend", path, &e))?;
        Ok(Self { file: Some(file), path: path.into() })
    }
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::permanent(format!("{what} the journal {}", path.display()))
        .because(own_disk::words(error))
        .help("make room or mend the file's directory; nothing is done that cannot be recorded")
}

#[async_trait]
impl Journal for FileJournal {
    async fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let Some(mut file) = self.file.take() else {
            return Err(Failure::permanent(format!("write the journal {}", self.path.display()))
                .because("an earlier write has failed")
                .help("start again with resume"));
        };
        let lines = lines.to_vec();
        let done = tokio::task::spawn_blocking(move || {
            let result = file.write_all(&lines).and_then(|()| file.sync_data());
            (file, result)
        })
        .await;
        match done {
            Ok((file, Ok(()))) => {
                self.file = Some(file);
                Ok(())
            }
            Ok((_, Err(error))) => Err(cannot("write", &self.path, &error)),
            Err(join) => Err(Failure::permanent("write the journal").because(join.to_string())),
        }
    }
}

/// A journal in memory, for rehearsals of tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal(pub std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if let Ok(mut bytes) = self.0.lock() {
            bytes.extend_from_slice(lines);
        }
        Ok(())
    }
}

/// A journal as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its header.
    pub header: Header,
    /// Its events.
    pub events: Vec<Event>,
    /// Bytes that are whole lines.
    pub whole: usize,
    /// Whether the end was torn.
    pub torn: bool,
    /// Lines in the middle that could not be read.
    pub damaged: usize,
}

impl Read {
    /// What the events come to.
    pub fn state(&self) -> RunState {
        RunState::fold(&self.events)
    }
}

/// Why a journal cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has no whole header.
    #[error("the journal has no whole header: the program ended before anything was begun")]
    NoHeader,
    /// It is from a newer version.
    #[error("the journal needs a reader of format {0}, this version reads {FORMAT}")]
    TooNew(u32),
}

/// Reads a journal's bytes. Total: whatever the bytes are, it ends in one of these ways.
pub fn read(bytes: &[u8]) -> Result<Read, Unreadable> {
    let split = jsonl::split(bytes);
    let (first, rest) = split.lines.split_first().ok_or(Unreadable::NoHeader)?;
    let header: Header = serde_json::from_slice(first).map_err(|_| Unreadable::NoHeader)?;
    if header.min_reader > FORMAT {
        return Err(Unreadable::TooNew(header.min_reader));
    }
    let mut damaged = 0;
    let mut events = Vec::with_capacity(rest.len());
    for line in rest {
        match serde_json::from_slice::<Event>(line) {
            Ok(event) => events.push(event),
            Err(_) => damaged += 1,
        }
    }
    Ok(Read { header, events, whole: split.whole, torn: split.torn(bytes.len()), damaged })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SetClock;
    use crate::engine::event::{EventKind, Outcome, StepPlan};
    use crate::engine::recorder::Recorder;
    use crate::plan::{StepId, StepKind};
    use proptest::prelude::*;
    use std::sync::Arc;

    async fn recorded() -> Vec<u8> {
        let memory = MemoryJournal::default();
        let clock = Arc::new(SetClock::at(1000));
        let recorder =
            Recorder::begin(Box::new(memory.clone()), "r1", "edge", clock).await.expect("memory never fails");
        let step = StepId::of(StepKind::Tenant, "edge".parse().expect("a label"));
        let plan = StepPlan { id: step, needs: vec![], agreed: vec!["d".into()] };
        for kind in [
            EventKind::RunStarted { steps: vec![plan], intent: "i".into(), rehearsal: true },
            EventKind::StepStarted { step, attempt: 1 },
            EventKind::StepFinished { step, outcome: Outcome::Done { why: "it is there".into() } },
        ] {
            recorder.record(kind).await.expect("memory never fails");
        }
        memory.0.lock().expect("nobody panics here").clone()
    }

    #[tokio::test]
    async fn a_journal_cut_at_any_byte_reads_as_a_prefix() {
        let bytes = recorded().await;
        let whole = read(&bytes).expect("a whole journal");
        assert_eq!((whole.events.len(), whole.torn, whole.damaged), (3, false, 0));
        for cut in 0..bytes.len() {
            match read(&bytes[..cut]) {
                Ok(part) => {
                    assert_eq!(part.events, whole.events[..part.events.len()], "cut at {cut}");
                    assert_eq!(part.torn, part.whole < cut);
                }
                Err(error) => assert_eq!(error, Unreadable::NoHeader, "cut at {cut}"),
            }
        }
    }

    #[tokio::test]
    async fn a_torn_end_is_cut_off_before_going_on() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("journal.jsonl");
        let bytes = recorded().await;
        std::fs::write(&path, &bytes[..bytes.len() - 3]).expect("the directory is writable");
        let part = read(&bytes[..bytes.len() - 3]).expect("a header");
        let mut journal = FileJournal::reopen(&path, part.whole).expect("it is there");
        journal
            .append(b"{\"seq\":2,\"at_ms\":1,\"event\":{\"kind\":\"link-back\",\"after\":1}}\n")
            .await
            .expect("writable");
        let again = read(&std::fs::read(&path).expect("it is there")).expect("a header");
        assert_eq!((again.events.len(), again.torn, again.damaged), (3, false, 0));
    }

    #[test]
    fn a_newer_format_is_refused_and_not_guessed_at() {
        let line = b"{\"format\":9,\"min_reader\":9,\"run\":\"r\",\"site\":\"s\"}\n";
        assert_eq!(read(line), Err(Unreadable::TooNew(9)));
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut file = b"{\"format\":1,\"min_reader\":1,\"run\":\"r\",\"site\":\"s\"}\n".to_vec();
            file.extend(&bytes);
            let read = read(&file).expect("the header is whole");
            let _ = read.state();
        }
    }
}
