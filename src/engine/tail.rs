//! Output of the host's programs, on its way to the run's log file and to whoever watches.

use crate::base::{Redactor, sanitise};
use crate::plan::StepId;
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Lines kept for watching.
pub const KEPT: usize = 1000;
/// Bytes of a line that are kept.
pub const LINE: usize = 2048;
/// Bytes of log kept in the run's file; what comes after is counted and said.
pub const FILE_CAP: u64 = 256 << 20;

/// Where output goes. Cloning it gives another handle on the same output.
///
/// Nothing is queued: a line is written, kept in a ring of [`KEPT`] lines (the oldest falls out when
/// it is full), and a poke wakes whoever watches.
#[derive(Clone)]
pub struct Output {
    inner: Arc<Mutex<Inner>>,
    poke: Arc<Notify>,
    redactor: Redactor,
}

struct Inner {
    file: Option<File>,
    path: Option<PathBuf>,
    written: u64,
    cap: u64,
    dropped: u64,
    ring: VecDeque<Line>,
    seen: u64,
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which step's.
    pub step: StepId,
    /// The line, harmless and without known secrets.
    pub text: String,
}

impl Output {
    /// Output that is only kept in memory.
    pub fn memory(redactor: Redactor) -> Self {
        Self::with(None, None, redactor)
    }

    /// Output that also goes to a file. A file that cannot be written is given up: a log is worth a
    /// notice, not a run.
    pub fn to_file(file: File, path: PathBuf, redactor: Redactor) -> Self {
        Self::with(Some(file), Some(path), redactor)
    }

    fn with(file: Option<File>, path: Option<PathBuf>, redactor: Redactor) -> Self {
        let inner = Inner { file, path, written: 0, cap: FILE_CAP, dropped: 0, ring: VecDeque::new(), seen: 0 };
        Self { inner: Arc::new(Mutex::new(inner)), poke: Arc::new(Notify::new()), redactor }
    }

    /// Takes one line of raw output.
    pub fn line(&self, step: StepId, raw: &[u8]) {
        let safe = sanitise::line(raw, LINE);
        let text = self.redactor.redact(&safe).into_owned();
        let Ok(mut inner) = self.inner.lock() else { return };
        inner.write(&format!("{step} {text}\n"));
        if inner.ring.len() == KEPT {
            inner.ring.pop_front();
        }
        inner.ring.push_back(Line { step, text });
        inner.seen += 1;
        drop(inner);
        self.poke.notify_waiters();
    }

    /// The last lines of a step, oldest first.
    pub fn last(&self, step: StepId, count: usize) -> Vec<String> {
        let Ok(inner) = self.inner.lock() else { return Vec::new() };
        let mut found: Vec<String> =
            inner.ring.iter().rev().filter(|l| l.step == step).take(count).map(|l| l.text.clone()).collect();
        found.reverse();
        found
    }

    /// Lines from number `from` on that are still kept, and the number of the next one.
    pub fn since(&self, from: u64) -> (Vec<Line>, u64) {
        let Ok(inner) = self.inner.lock() else { return (Vec::new(), from) };
        let first = inner.seen - inner.ring.len() as u64;
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        (inner.ring.iter().skip(skip).cloned().collect(), inner.seen)
    }

    /// Waits for the next poke.
    pub async fn poked(&self) {
        self.poke.notified().await;
    }

    /// Where the log file is.
    pub fn path(&self) -> Option<PathBuf> {
        self.inner.lock().ok()?.path.clone()
    }
}

impl Inner {
    fn write(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        if self.written + line.len() as u64 > self.cap {
            if self.dropped == 0 {
                let _ = file.write_all(b"(the log has reached its limit; what follows is on the host only)\n");
            }
            self.dropped += 1;
            return;
        }
        if file.write_all(line.as_bytes()).is_err() {
            self.file = None;
            return;
        }
        self.written += line.len() as u64;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let (Some(file), true) = (&mut self.file, self.dropped > 0) {
            let _ = writeln!(file, "({} lines did not fit into this log)", self.dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StepKind;

    #[test]
    fn only_the_newest_lines_are_kept_and_no_secret() {
        let redactor = Redactor::new();
        redactor.learn("s3cr3t-value");
        let output = Output::memory(redactor);
        let step = StepId::of(StepKind::ClusterStart, "edge".parse().expect("a label"));
        for n in 0..KEPT + 5 {
            output.line(step, format!("line {n} s3cr3t-value\u{1b}[2J").as_bytes());
        }
        let (lines, next) = output.since(0);
        assert_eq!((lines.len(), next), (KEPT, KEPT as u64 + 5));
        assert_eq!(lines[0].text, "line 5 [secret]");
        assert_eq!(output.last(step, 1), [format!("line {} [secret]", KEPT + 4)]);
        assert_eq!(output.since(next).0, []);
    }
    #[test]
    fn a_full_log_file_says_how_many_lines_it_lacks() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        let file = File::create(&path).expect("it can be written");
        let output = Output::to_file(file, path.clone(), Redactor::new());
        output.inner.lock().expect("nobody panics with it").cap = 100;
        let step = StepId::of(StepKind::Tenant, "edge".parse().expect("a label"));
        for n in 0..20 {
            output.line(step, format!("line {n:02}").as_bytes());
        }
        drop(output);
        let text = std::fs::read_to_string(&path).expect("it was written");
        let kept = text.lines().filter(|line| line.starts_with("tenant line")).count();
        assert_eq!(kept, 6, "{text}");
        assert!(text.ends_with("(14 lines did not fit into this log)\n"), "{text}");
    }
}
