//! Where the walk without screens reads and writes: a terminal, or a test.

use crate::base::Cancel;
use crate::cli::output;
use crate::cli::prompt::terminal;
use crate::plan::Failure;
use std::io::Write;

/// Lines that are said, and questions that are answered by a line.
pub trait Lines: Send + Sync {
    /// Says a line.
    fn say(&self, line: &str);
    /// Asks, and waits for the answer. It fails when none will come any more.
    fn ask(&self, question: &str) -> Result<String, Failure>;
    /// Where the lines of a run go while it is under way.
    fn writer(&self) -> Box<dyn Write + Send>;
}

/// The terminal.
pub struct TerminalLines {
    cancel: Cancel,
}

impl TerminalLines {
    /// The terminal, until a stop is asked for.
    pub fn new(cancel: Cancel) -> Self {
        Self { cancel }
    }
}

impl Lines for TerminalLines {
    fn say(&self, line: &str) {
        // Whoever closed standard output is not told anything any more, and is not held up by it.
        let _ = output::data(&format!("{line}\n"));
    }

    fn ask(&self, question: &str) -> Result<String, Failure> {
        let answer = terminal::line(question, terminal::Echo::On, &self.cancel)?;
        Ok(answer.expose().trim().to_owned())
    }

    fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(std::io::stdout())
    }
}
