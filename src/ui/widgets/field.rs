//! A text that is typed: one line, or several.

use super::lines::{self, behind, span, width};
use crate::base::sanitise::visible;
use crate::ui::theme::{Role, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget as _;
use tui_textarea::{CursorMove, TextArea};

/// The most characters that a field takes: a list of names in a certificate is the longest.
const LONGEST: usize = 8 * 1024;

/// A text under the user's hands.
#[derive(Clone, Debug)]
pub struct Field {
    area: Box<TextArea<'static>>,
    several: bool,
}

impl Default for Field {
    fn default() -> Self {
        Self::line("")
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.several == other.several && self.area.lines() == other.area.lines()
    }
}

impl Field {
    /// A field of one line.
    pub fn line(text: &str) -> Self {
        Self::with(text, false)
    }

    /// A field of several lines.
    pub fn lines(text: &str) -> Self {
        Self::with(text, true)
    }

    fn with(text: &str, several: bool) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut area = Box::new(TextArea::new(if lines.is_empty() { vec![String::new()] } else { lines }));
        area.set_cursor_line_style(Style::new());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, several }
    }

    /// What stands in it.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Its lines.
    pub fn rows(&self) -> &[String] {
        self.area.lines()
    }

    /// The row and the character of it that the cursor is on.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }

    /// A row made safe, in at most so many cells, with the cursor in it where it has the focus.
    pub fn safe_row(&self, theme: Theme, row: usize, focus: bool, cells: usize) -> Vec<Span<'static>> {
        let text = self.area.lines().get(row).map(String::as_str).unwrap_or_default();
        let (at_row, at) = self.cursor();
        let here = focus && at_row == row;
        let cut = text.char_indices().nth(if here { at } else { usize::MAX }).map_or(text.len(), |(byte, _)| byte);
        let (before, rest) = text.split_at(cut);
        let under = rest.chars().next();
        let after = under.map_or("", |c| &rest[c.len_utf8()..]);
        let before = visible(before).into_owned();
        // What is typed is seen; of what stands before it the end.
        let room = cells.saturating_sub(2);
        let before = behind(&before, width(&before).saturating_sub(room)).to_owned();
        let left = cells.saturating_sub(width(&before) + usize::from(here));
        let mut spans = vec![span(theme, Role::Text, before)];
        if here {
            let shown = under.map_or_else(|| " ".to_owned(), |c| visible(&c.to_string()).into_owned());
            spans.push(span(theme, Role::Focus, shown));
        }
        if left > 0 && !after.is_empty() {
            spans.push(span(theme, Role::Text, lines::cut(theme, &visible(after), left)));
        }
        spans
    }

    /// Whether it is of several lines.
    pub fn several(&self) -> bool {
        self.several
    }

    /// Another text, with the cursor at its end.
    pub fn set(&mut self, text: &str) {
        *self = Self::with(text, self.several);
    }

    /// Takes a key that belongs to the text, and says whether it did.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let row = self.area.cursor().0;
        let ours = match key.code {
            KeyCode::Char(c) => !ctrl || matches!(c, 'a' | 'e' | 'k' | 'u' | 'w' | 'h'),
            KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End => {
                true
            }
            KeyCode::Enter => self.several,
            KeyCode::Up => self.several && row > 0,
            KeyCode::Down => self.several && row + 1 < self.area.lines().len(),
            _ => false,
        };
        if !ours {
            return false;
        }
        match key.code {
            // Readline's meaning; the text area's own is undo.
            KeyCode::Char('u') if ctrl => {
                self.area.delete_line_by_head();
            }
            KeyCode::Char(_) | KeyCode::Enter if !ctrl && self.size() >= LONGEST => {}
            _ => {
                self.area.input(*key);
            }
        }
        true
    }

    /// Takes a pasted text. In a field of one line its lines are joined.
    pub fn paste(&mut self, text: &str) {
        let clean: String =
            text.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !c.is_control()).take(LONGEST).collect();
        let clean = if self.several { clean } else { clean.trim().replace('\n', " ") };
        if self.size() + clean.len() <= LONGEST {
            self.area.insert_str(clean);
        }
    }

    fn size(&self) -> usize {
        self.area.lines().iter().map(|l| l.len() + 1).sum()
    }

    /// Draws it. With the focus the cursor is a reversed cell: no terminal cursor has to be moved about.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, style: Style, focus: Option<Style>) {
        if area.is_empty() {
            return;
        }
        let mut shown = self.area.clone();
        shown.set_style(style);
        shown.set_cursor_style(focus.unwrap_or(style));
        shown.render(area, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: &mut Field, text: &str) {
        for c in text.chars() {
            field.key(&KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    #[test]
    fn one_line_stays_one_line() {
        let mut field = Field::line("edge");
        typed(&mut field, "-07");
        assert!(!field.key(&KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), "enter belongs to the screen");
        field.paste(" a\nb\u{1b}[2J\n");
        assert_eq!(field.text(), "edge-07a b[2J");
        field.key(&KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(field.text(), "");
    }

    #[test]
    fn several_lines_give_their_edges_to_the_screen() {
        let mut field = Field::lines("a\nb");
        let up = KeyEvent::new(KeyCode::Up, KeyModifiers::NONE);
        assert!(field.key(&up) && !field.key(&up), "above the first line is the field before");
        field.key(&KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
        assert_eq!(field.rows().len(), 3);
    }

    #[test]
    fn the_cursor_is_seen_wherever_it_is_and_nothing_unsafe_is() {
        let theme = Theme { colours: crate::ui::theme::Colours::None, ascii: true };
        let mut field = Field::line("models/a\u{202e}b");
        let words = |field: &Field, cells| {
            field.safe_row(theme, 0, true, cells).iter().map(|span| span.content.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(words(&field, 40).last().map(String::as_str), Some(" "));
        assert!(!words(&field, 40).concat().contains('\u{202e}'));
        field.key(&KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        assert_eq!(words(&field, 40)[..2], ["", "m"]);
        for cells in 0..20 {
            for _ in 0..10 {
                let shown = words(&field, cells);
                assert!(width(&shown.concat()) <= cells.max(10), "{cells}: {shown:?}");
                field.key(&KeyEvent::new(KeyCode::Right, KeyModifiers::NONE));
            }
        }
    }

    #[test]
    fn no_text_is_too_long_for_it() {
        let mut field = Field::lines("");
        field.paste(&"x".repeat(LONGEST * 2));
        typed(&mut field, "y");
        assert!(field.text().len() <= LONGEST);
    }
}
