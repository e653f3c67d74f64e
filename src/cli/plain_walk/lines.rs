//! Where the walk without screens reads and writes: a terminal, or a test.

use crate::base::Cancel;
use crate::cli::output;
use crate::cli::prompt::terminal;
use crate::plan::Failure;
use crate::ui::widgets::lines::wrap;
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

/// Columns of the terminal; a serial line may know nothing of them.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col >= 20).then(|| size.ws_col.into())
}

/// Prose broken between words. What is indented is there to be copied, and stays whole.
fn broken(line: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) if !line.starts_with(' ') => wrap(line, columns).join("\n"),
        _ => line.to_owned(),
    }
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
        let _ = output::data(&format!("{}\n", broken(line, columns())));
    }

    fn ask(&self, question: &str) -> Result<String, Failure> {
        let answer = terminal::line(question, terminal::Echo::On, &self.cancel)?;
        Ok(answer.expose().trim().to_owned())
    }

    fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(std::io::stdout())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words_and_commands_stay_whole() {
        assert_eq!(broken("one two three four five", Some(20)), "one two three four\nfive");
        assert_eq!(broken("  mc alias set edge-07 https://10.77.0.2:30900", Some(20)).lines().count(), 1);
        assert_eq!(broken("one two three four five", None).lines().count(), 1);
        assert_eq!(broken("", Some(20)), "");
    }
}
