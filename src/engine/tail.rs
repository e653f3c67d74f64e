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
        // Before it is cut, so that no half of a secret is left at the end, and after it, because what was taken
        // out may have stood in the middle of one.
        let safe = sanitise::line(&self.redactor.redact_bytes(raw), LINE);
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
    use crate::base::fuzz;
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
    fn no_half_of_a_secret_is_left_where_a_line_is_cut() {
        let redactor = Redactor::new();
        redactor.learn("correct-horse-battery");
        let output = Output::memory(redactor);
        let step = StepId::of(StepKind::ClusterStart, "edge".parse().expect("a label"));
        for before in LINE - 30..LINE {
            output.line(step, format!("{}correct-horse-battery and more", "x".repeat(before)).as_bytes());
        }
        output.line(step, b"corr\x1b[1mect-horse-bat\x00tery");
        for line in output.since(0).0 {
            assert!(!line.text.contains("corr"), "{}", line.text);
        }
    }

    #[test]
    fn any_line_is_kept_harmless_and_short() {
        let redactor = Redactor::new();
        redactor.learn("correct-horse-battery");
        let output = Output::memory(redactor);
        let step = StepId::of(StepKind::ClusterStart, "edge".parse().expect("a label"));
        let lines = [
            "time=\"2026-11-02T10:00:00Z\" level=info msg=\"Waiting for cri connection: rpc error\"",
            "W1102 10:00:00.000000    1234 authentication.go:321] Unable to authenticate: correct-horse-battery",
            "\u{1b}[33mWARN\u{1b}[0m \u{1b}]8;;https://x\u{7}a link\u{1b}]8;;\u{7}",
        ];
        let mut from = 0;
        fuzz::each(fuzz::CASES, |dice| {
            let mut raw = dice.one(&lines).as_bytes().to_vec();
            fuzz::bend(dice, &mut raw);
            output.line(step, &raw);
            let (new, next) = output.since(from);
            from = next;
            assert_eq!(new.len(), 1);
            fuzz::shown(&new[0].text, LINE);
            assert!(!new[0].text.contains("correct-horse-battery"), "{raw:?}");
        });
        fuzz::soon("a large line", || output.line(step, fuzz::large("\u{1b}[1ma").as_bytes()));
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
