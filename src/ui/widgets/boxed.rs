//! A box that lies over a screen and wants an answer.

use super::lines::{cut, line};
use crate::ui::theme::{Glyph, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Widget as _};

/// Choices, one a line, the chosen one marked and reversed.
pub fn choice_lines(theme: Theme, choices: &[String], at: usize) -> Vec<Line<'static>> {
    let mark = |n| if n == at { theme.glyph(Glyph::Current) } else { " " };
    let role = |n| if n == at { Role::Focus } else { Role::Text };
    choices.iter().enumerate().map(|(n, text)| line(theme, role(n), format!("{} {text} ", mark(n)))).collect()
}

/// Cells of a line inside a box over this area.
pub fn room(area: Rect) -> usize {
    usize::from(area.width.min(98).saturating_sub(6)).max(1)
}

/// A box with a title over the lower part of an area, as high as its lines and no higher than the area.
pub fn boxed(theme: Theme, title: &str, lines: Vec<Line<'static>>, area: Rect, buffer: &mut Buffer) {
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let width = area.width.saturating_sub(2).min(96);
    if height < 3 || width < 8 {
        // No room for a box: the lines alone.
        Clear.render(area, buffer);
        Paragraph::new(lines).render(area, buffer);
        return;
    }
    let place = Rect { x: area.x + 1, y: area.y + area.height - height, width, height };
    Clear.render(place, buffer);
    let set = if theme.ascii {
        border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        }
    } else {
        border::PLAIN
    };
    let title = cut(theme, title, usize::from(width.saturating_sub(6)));
    let block = Block::new().borders(Borders::ALL).border_set(set).border_style(theme.style(Role::Rule)).title(line(
        theme,
        Role::Title,
        format!(" {title} "),
    ));
    let inner = block.inner(place);
    block.render(place, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    Paragraph::new(lines).render(inner, buffer);
}
