//! Protobuf's text format, as far as Triton's `config.pbtxt` needs it.
//!
//! A text becomes a tree with places ([`parse`]), the tree is compared with what Triton's
//! `ModelConfig` knows ([`check`]), and the parts that decide what is loaded become a typed view
//! ([`ModelConfig`]). Everything that is wrong has its line and column. No text makes it panic, and
//! none nests deeper than [`DEEPEST`].
//! The language: <https://protobuf.dev/reference/protobuf/textformat-spec/>.

mod check;
mod config;
mod edit;
mod highlight;
mod lexer;
mod parse;
mod schema;
#[cfg(test)]
mod tests;

pub use check::check;
pub use config::{At, Batching, EnsembleStep, InstanceGroup, ModelConfig, Tensor, VersionPolicy};
pub use edit::with_version_policy;
pub use highlight::{Role, Span, highlight_json, highlight_pbtxt};
pub use parse::{DEEPEST, Document, Field, Item, Message, Value, parse};

use std::fmt;

/// A place in a text, both counted from one, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// The place of a byte of a text.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.split('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something about a text that is wrong, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Position,
    /// A lowercase fragment.
    pub message: String,
    /// Triton may know better: a field that is not known here can be one of a later version.
    pub doubtful: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}
