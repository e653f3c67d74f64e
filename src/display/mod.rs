//! A run and a plan as text: lines for people and for serial lines, JSON for programs.
//!
//! Everything here turns values into lines and changes nothing. Whoever writes the lines decides where
//! they go; [`writer::Writer`] does so for a run that is under way.

pub mod console;
pub mod credentials;
pub mod diff;
pub mod findings;
#[cfg(test)]
mod fuzz_tests;
pub mod json;
pub mod line;
pub mod preview;
pub mod report;
pub mod writer;

use crate::engine::event::Event;
use crate::engine::state::RunState;
use crate::engine::step::Progress;
use crate::plan::Failure;
use crate::ports::LinkState;

pub use json::JsonView;
pub use line::LineView;
pub use writer::Writer;

/// What stands in front of every line of a rehearsal.
pub const REHEARSAL: &str = "REHEARSAL";

/// What a run is, said once at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The run's id.
    pub run: String,
    /// The site's name.
    pub site: String,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// Where the run's journal is, where it is a file.
    pub journal: Option<String>,
    /// What its earlier events came to, where it is resumed.
    pub so_far: RunState,
}

/// The last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// The program's exit code.
    pub exit: u8,
    /// What the code means.
    pub meaning: &'static str,
    /// What failed, where something did.
    pub failure: Option<Failure>,
    /// Sentences: what was done, what was not, how to go on.
    pub words: Vec<String>,
}

/// One way to show a run. Each call gives the lines to write now, without line feeds; often none.
pub trait View: Send {
    /// The first lines.
    fn header(&mut self, about: &About) -> Vec<String>;
    /// An event; each gives at least one line.
    fn event(&mut self, event: &Event) -> Vec<String>;
    /// The newest progress, offered as often as one likes: the view decides when it is worth a line.
    fn progress(&mut self, progress: &Progress, now_ms: u64) -> Vec<String>;
    /// The state of the link, after it has changed.
    fn link(&mut self, link: &LinkState, now_ms: u64) -> Vec<String>;
    /// Events that could not be shown, because whoever reads the lines was too slow.
    fn missed(&mut self, events: u64) -> Vec<String>;
    /// The last lines.
    fn summary(&mut self, last: &Last) -> Vec<String>;
}

/// Foreign text for a line: harmless, on one line, and not endless.
pub(crate) fn safe(text: &str) -> String {
    crate::base::sanitise::text(&text.replace('\n', ", "), 600)
}

/// `12 s`, `3 min 5 s`, `2 h 3 min`.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
