//! A report about a site for somebody else to read: which pieces it has, how large they may be, and what was taken
//! out of them. Nothing here reads or asks anything.

mod bag;
mod forms;
#[cfg(test)]
mod fuzz_tests;
pub mod host;
mod named;
mod names;
pub mod objects;
mod pem;
mod removed;
mod scrub;

pub use bag::Bag;
pub use removed::{Removed, Sort};
pub use scrub::Scrub;

use crate::base::clock::utc_text;
use crate::plan::HostId;
use std::fmt::Write as _;

/// The most of one piece, in bytes: of what is longer the end is taken.
pub const PIECE: usize = 1 << 20;

/// The most of all pieces together, in bytes.
pub const WHOLE: usize = 64 << 20;

/// The manifest's own name.
pub const MANIFEST: &str = "MANIFEST.txt";

/// A piece that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its name in the archive.
    pub name: String,
    /// Its size there.
    pub bytes: u64,
    /// Whether only its end was taken.
    pub cut: bool,
    /// What was taken out of it.
    pub removed: Removed,
}

/// A piece that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its name, or that of its part of the archive.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What is in a report and what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The site.
    pub site: HostId,
    /// The program that made it, with its version.
    pub program: String,
    /// When, in milliseconds since 1970.
    pub made_ms: u64,
    /// What was taken.
    pub pieces: Vec<Piece>,
    /// What was not.
    pub missing: Vec<Missing>,
}

impl Manifest {
    /// All bytes of the pieces.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }

    /// What was taken out of all pieces together.
    pub fn removed(&self) -> Removed {
        let mut all = Removed::default();
        self.pieces.iter().for_each(|piece| all.add(&piece.removed));
        all
    }

    /// As a text for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("Report about the site {}, made by {} at {}", self.site, self.program, utc_text(self.made_ms)),
            String::new(),
            format!("Taken: {} pieces, {} bytes", self.pieces.len(), self.bytes()),
        ];
        for piece in &self.pieces {
            let mut line = format!("  {:>9}  {}", piece.bytes, piece.name);
            if piece.cut {
                line.push_str("; its end only");
            }
            if !piece.removed.is_empty() {
                let _ = write!(line, "; removed: {}", piece.removed.words());
            }
            lines.push(line);
        }
        if !self.missing.is_empty() {
            lines.extend([String::new(), "Not taken:".into()]);
            lines.extend(self.missing.iter().map(|missing| format!("  {}: {}", missing.name, missing.why)));
        }
        let removed = self.removed();
        lines.push(String::new());
        lines.push(if removed.is_empty() {
            "Nothing had to be removed.".into()
        } else {
            format!("Removed in all: {}. Where one was stands [secret].", removed.words())
        });
        lines.extend(
            [
                "Of Secrets the names, types and names of keys were asked for, and no data.",
                "A secret that looks like any other word cannot be found by a program:",
                "read the report before you hand it on.",
            ]
            .map(str::to_owned),
        );
        lines
    }
}
