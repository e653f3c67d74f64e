//! A cursor in a list, and what part of the list is seen.

use super::lines::span;
use crate::ui::keys::Command;
use crate::ui::theme::{Glyph, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A line in a list. The list may have become shorter meanwhile, so every question names its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    at: usize,
}

impl Cursor {
    /// At this line.
    pub fn at(line: usize) -> Self {
        Self { at: line }
    }

    /// The line that it is on, in a list of so many; 0 in an empty one.
    pub fn of(self, len: usize) -> usize {
        self.at.min(len.saturating_sub(1))
    }

    /// Puts it on a line.
    pub fn set(&mut self, line: usize) {
        self.at = line;
    }

    /// Moves it, and says whether the command was a movement.
    pub fn moved(&mut self, command: Command, len: usize, page: usize) -> bool {
        let last = len.saturating_sub(1);
        let now = self.at.min(last);
        self.at = match command {
            Command::Up => now.saturating_sub(1),
            Command::Down => (now + 1).min(last),
            Command::PageUp => now.saturating_sub(page.max(1)),
            Command::PageDown => (now + page.max(1)).min(last),
            Command::Top => 0,
            Command::Bottom => last,
            _ => return false,
        };
        true
    }

    /// The first line that is seen, so that the cursor is in the middle where it can be.
    pub fn first(self, len: usize, rows: usize) -> usize {
        first(self.of(len), len, rows)
    }
}

/// The first of `len` lines that is seen in so many rows when line `at` has to be.
pub fn first(at: usize, len: usize, rows: usize) -> usize {
    if rows == 0 || len <= rows { 0 } else { at.saturating_sub(rows / 2).min(len - rows) }
}

/// Marks at the right edge that a list of `len` lines, seen from line `first` on, has more above and below.
pub fn mark_more(theme: Theme, area: Rect, first: usize, len: usize, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let edge = area.right() - 1;
    if first > 0 {
        buffer.set_span(edge, area.y, &span(theme, Role::Dim, theme.glyph(Glyph::Up)), 1);
    }
    if len > first + usize::from(area.height) {
        buffer.set_span(edge, area.bottom() - 1, &span(theme, Role::Dim, theme.glyph(Glyph::More)), 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_cursor_is_always_seen(at in 0usize..200, len in 1usize..150, rows in 1usize..40) {
            let cursor = Cursor::at(at);
            let first = cursor.first(len, rows);
            let line = cursor.of(len);
            prop_assert!(first <= line && line < first + rows);
            prop_assert!(first + rows.min(len) <= len);
        }
    }

    #[test]
    fn what_is_not_seen_is_marked_at_the_edge() {
        let theme = Theme { colours: crate::ui::theme::Colours::None, ascii: true };
        let area = Rect::new(0, 0, 3, 2);
        let marks = |first, len| {
            let mut buffer = Buffer::empty(area);
            mark_more(theme, area, first, len, &mut buffer);
            [0, 1].map(|y| buffer.cell((2, y)).map(|cell| cell.symbol().to_owned()).unwrap_or_default())
        };
        assert_eq!(marks(0, 2), [" ", " "]);
        assert_eq!(marks(0, 3), [" ", "v"]);
        assert_eq!(marks(1, 3), ["^", " "]);
        assert_eq!(marks(1, 4), ["^", "v"]);
    }

    #[test]
    fn it_stays_in_its_list() {
        let mut cursor = Cursor::default();
        assert!(cursor.moved(Command::Up, 3, 10) && cursor.of(3) == 0);
        assert!(cursor.moved(Command::PageDown, 3, 10) && cursor.of(3) == 2);
        assert!(!cursor.moved(Command::Take, 3, 10));
        assert_eq!(cursor.of(0), 0);
    }
}
