//! How far something is, for who watches: one line on a terminal, now and then; nothing elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a terminal is told.
const TOLD: Duration = Duration::from_millis(500);

/// The line, which goes when it is dropped.
pub struct Told {
    last: Option<Instant>,
    terminal: bool,
}

impl Told {
    /// None yet.
    pub fn new() -> Self {
        Self { last: None, terminal: std::io::stderr().is_terminal() }
    }

    /// Says it, if it is time again.
    pub fn tell(&mut self, words: impl FnOnce() -> String) {
        if !self.terminal || self.last.is_some_and(|at| at.elapsed() < TOLD) {
            return;
        }
        self.last = Some(Instant::now());
        // A terminal that is gone is noticed where the results are written.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", words());
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
