//! What is wrong with an answers file.

use std::fmt::{self, Write as _};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its line, counted from 1.
    pub line: usize,
    /// The key, as in `registry.volumes`; empty where the file is not TOML there.
    pub key: String,
    /// What was found, and what is valid.
    pub what: String,
    /// What was probably meant, or what to do instead.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// All mistakes of a file for people, one a line, with the file's name in front as compilers do it.
pub fn report(file: &str, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "{file}: {problem}");
    }
    let mistakes = if problems.len() == 1 { "mistake" } else { "mistakes" };
    let _ = write!(text, "{file}: {} {mistakes}; nothing was done", problems.len());
    text
}
