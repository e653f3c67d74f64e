//! The object under the cursor: what is known of it, once the cursor rests.

use super::Browse;
use super::msg::Effect;
use crate::ports::objects::{At, ObjectError};
pub use crate::registry::preview::Previewed;
use crate::ui::keys::Command;
use std::time::Duration;

/// How long the cursor rests before an object is looked at: while somebody walks through a list, nothing is
/// fetched and nothing beside the list is drawn.
const REST_MS: u64 = 250;

/// What is known, and what is asked for.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The cursor moved at this time, and nothing was asked since.
    moved_ms: Option<u64>,
    asked: Option<u64>,
    id: u64,
    /// The object of the cursor.
    pub at: Option<At>,
    /// What was found.
    pub found: Option<Result<Box<Previewed>, ObjectError>>,
    /// The first line of it that is seen.
    pub first: usize,
}

impl State {
    /// Nothing is known any more.
    pub fn forget(&mut self) {
        *self = Self { id: self.id, ..Self::default() };
    }

    /// The cursor moved.
    pub fn moved(&mut self, now_ms: u64) {
        self.moved_ms = Some(now_ms);
    }

    /// After how long something is to be asked for.
    pub fn waits(&self, now_ms: u64) -> Option<Duration> {
        self.moved_ms.map(|at| Duration::from_millis((at + REST_MS).saturating_sub(now_ms).max(1)))
    }

    /// Takes in what was found.
    pub fn found(&mut self, id: u64, found: Result<Box<Previewed>, ObjectError>) {
        if self.asked == Some(id) {
            (self.asked, self.found) = (None, Some(found));
        }
    }

    /// Whether an answer is awaited.
    pub fn looking(&self) -> bool {
        self.asked.is_some()
    }
}

impl Browse {
    /// Looks at the object of the cursor once it rests.
    pub(super) fn preview_when_resting(&mut self) -> Vec<Effect> {
        let now_ms = self.shell.now_ms;
        let seen = self.over.as_ref().is_none_or(super::over::Over::has_pane);
        if !seen || self.preview.moved_ms.is_none_or(|at| now_ms < at + REST_MS) {
            return Vec::new();
        }
        self.preview.moved_ms = None;
        if self.pane && self.shows_pane() && !self.shell.frugal { self.preview_now() } else { Vec::new() }
    }

    /// Looks at the object of the cursor, unless it is known.
    pub(super) fn preview_now(&mut self) -> Vec<Effect> {
        let at = match &self.over {
            Some(_) => self.version_here(),
            None => self.spot.bucket.clone().zip(self.object_here()).map(|(bucket, key)| At::new(bucket, key)),
        };
        let Some(at) = at else {
            self.preview.forget();
            return Vec::new();
        };
        self.look_at(at)
    }

    /// Moves what is known of the object by half a page.
    pub(super) fn scroll_pane(&mut self, command: Command) {
        let (lines, rows) = self.pane_size();
        let (most, half) = (lines.saturating_sub(rows), (rows / 2).max(1));
        let first = self.preview.first.min(most);
        self.preview.first =
            if command == Command::PaneDown { (first + half).min(most) } else { first.saturating_sub(half) };
    }

    /// Looks at an object or a version, unless it is known.
    pub(super) fn look_at(&mut self, at: At) -> Vec<Effect> {
        // What could not be had is asked for again by whoever asks again.
        let failed = matches!(self.preview.found, Some(Err(_)));
        if self.preview.at.as_ref() == Some(&at) && !failed {
            return Vec::new();
        }
        self.preview.forget();
        self.preview.id += 1;
        (self.preview.asked, self.preview.at) = (Some(self.preview.id), Some(at.clone()));
        vec![Effect::Preview { id: self.preview.id, at }]
    }
}
