//! The pictures of what lies on top.

use super::{Ask, Form};
use crate::ui::browse::Browse;
use crate::ui::browse::status::grouped;
use crate::ui::theme::Role;
use crate::ui::widgets::boxed::{boxed, choice_lines, room};
use crate::ui::widgets::lines::{chunks, line, span, width, wrapped};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines of a field of several.
const FIELD_LINES: usize = 4;

/// Draws what lies on top.
pub(in crate::ui::browse) fn draw(browse: &Browse, ask: &Ask, area: Rect, buffer: &mut Buffer) {
    let (text, theme, room) = (&browse.shell.text, browse.shell.theme, room(area));
    match ask {
        Ask::Form(form) => {
            let mut lines = said(browse, &form.why, room);
            lines.push(Line::default());
            lines.extend(fields(browse, form, room));
            if let Some(wrong) = &form.wrong {
                lines.extend(wrapped(theme, Role::Warn, wrong, room));
            }
            // Where there is no room for all of it, the fields matter more than the words above them.
            let over = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
            boxed(theme, &form.title, lines.split_off(over), area, buffer);
        }
        Ask::Choose(choose) => {
            let mut lines = said(browse, &choose.why, room);
            let choices: Vec<String> = choose.choices.iter().map(|(words, _)| words.clone()).collect();
            if !choices.is_empty() {
                lines.push(Line::default());
                lines.extend(choice_lines(theme, &choices, choose.at));
            }
            let over = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
            boxed(theme, &choose.title, lines.split_off(over), area, buffer);
        }
        Ask::Busy(busy) => {
            let done = usize::try_from(busy.done).unwrap_or(usize::MAX);
            let words = if done > 0 {
                text.with("work-so-far", [("count", grouped(done).into())])
            } else {
                text.t("work-busy")
            };
            let mut lines = wrapped(theme, Role::Text, &words, room);
            lines.extend(wrapped(
                theme,
                Role::Dim,
                &text.t(if busy.changes { "work-stop-changes" } else { "work-stop" }),
                room,
            ));
            boxed(theme, &busy.title, lines, area, buffer);
        }
    }
}

fn said(browse: &Browse, why: &[(Role, String)], room: usize) -> Vec<Line<'static>> {
    let theme = browse.shell.theme;
    let mut lines = Vec::new();
    for (role, words) in why {
        if *role == Role::Secret {
            // A URL is broken anywhere, and nothing in it is left out.
            lines.extend(chunks(words, room).into_iter().map(|piece| line(theme, Role::Secret, piece)));
        } else {
            lines.extend(wrapped(theme, *role, words, room));
        }
    }
    lines
}

fn fields(browse: &Browse, form: &Form, room: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let mut lines = Vec::new();
    for (at, entry) in form.fields.iter().enumerate() {
        let here = at == form.at;
        let label = text.t(entry.label);
        let role = if here { Role::Accent } else { Role::Dim };
        if entry.field.several() {
            lines.push(line(theme, role, label));
            let rows = entry.field.rows().len();
            let cursor = entry.field.cursor().0;
            let first = (cursor + 1).saturating_sub(FIELD_LINES).min(rows.saturating_sub(1));
            for row in first..rows.min(first + FIELD_LINES) {
                let mut spans = vec![span(theme, Role::Text, "  ")];
                spans.extend(entry.field.safe_row(theme, row, here, room.saturating_sub(2)));
                lines.push(Line::from(spans));
            }
            continue;
        }
        let mut spans = vec![span(theme, role, format!("{label}  "))];
        spans.extend(entry.field.safe_row(theme, 0, here, room.saturating_sub(width(&label) + 2)));
        lines.push(Line::from(spans));
    }
    lines
}
