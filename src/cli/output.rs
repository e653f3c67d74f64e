//! Standard output and standard error.

use crate::app::Exit;
use crate::base::sanitise;
use std::io::{self, Write};

/// Writes data to standard output. A closed pipe is success: the reader has had enough.
pub fn data(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) => after(&error),
    }
}

/// What a write that failed means for the exit.
pub fn after(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Done;
    }
    talk(&format!("modelquay: standard output cannot be written: {error}"));
    Exit::Failed
}

/// The longest line that is said, in bytes.
const LINE: usize = 16 << 10;

/// Says something on standard error. That it cannot be said changes nothing. Failures repeat what a host or a file
/// said, and nothing of that acts on the terminal.
pub fn talk(text: &str) {
    let mut err = io::stderr().lock();
    for line in harmless(text) {
        let _ = writeln!(err, "{line}");
    }
}

fn harmless(text: &str) -> impl Iterator<Item = String> {
    text.split('\n').map(|line| sanitise::text(line, LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_keeps_its_lines_and_does_not_act() {
        let said: Vec<String> = harmless("a: \u{1b}]0;x\u{7}b\n\n  \u{202e}c\r").collect();
        assert_eq!(said, ["a: b", "", "  <U+202E>c"]);
    }
}
