//! A cursor in a list, and what part of the list is seen.

use crate::ui::keys::Command;

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
    fn it_stays_in_its_list() {
        let mut cursor = Cursor::default();
        assert!(cursor.moved(Command::Up, 3, 10) && cursor.of(3) == 0);
        assert!(cursor.moved(Command::PageDown, 3, 10) && cursor.of(3) == 2);
        assert!(!cursor.moved(Command::Take, 3, 10));
        assert_eq!(cursor.of(0), 0);
    }
}
