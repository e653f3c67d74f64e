//! Standard output and standard error.

use crate::app::Exit;
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

/// Says something on standard error. That it cannot be said changes nothing.
pub fn talk(text: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{text}");
}
