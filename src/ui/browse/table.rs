//! Lists that stand in front of the browser: a sign, a name, and what is told of it at the right.

use super::Browse;
use crate::ports::objects::Moment;
use crate::ui::theme::{Glyph, Role, Theme};
use crate::ui::widgets::lines::{cut, draw as draw_lines, span, width, wrapped};
use crate::ui::widgets::list::{Cursor, mark_more};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::BTreeSet;

/// A line of such a list.
pub(super) struct Row {
    /// A sign before the name, unless the cursor or a mark stands there.
    pub sign: (Role, Glyph),
    /// What the name is.
    pub role: Role,
    /// The name, made safe.
    pub name: String,
    /// What is told of it; as wide in each line.
    pub rest: String,
}

/// What a list shows.
pub(super) struct Shown<'a> {
    /// How many lines it has.
    pub len: usize,
    /// Where the cursor is.
    pub cursor: Cursor,
    /// Lines that are marked.
    pub marked: &'a BTreeSet<usize>,
}

/// Draws the lines around the cursor.
pub(super) fn table(
    theme: Theme,
    shown: &Shown<'_>,
    row: impl Fn(usize) -> Option<Row>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let rows = usize::from(area.height);
    let (first, at) = (shown.cursor.first(shown.len, rows), shown.cursor.of(shown.len));
    let mut lines = Vec::with_capacity(rows);
    for place in first..shown.len.min(first + rows) {
        let Some(row) = row(place) else { break };
        let (here, marked) = (place == at, shown.marked.contains(&place));
        let (sign_role, sign) = match (here, marked) {
            (true, _) => (Role::Accent, Glyph::Current),
            (false, true) => (Role::Good, Glyph::Good),
            (false, false) => row.sign,
        };
        let role = match (here, marked) {
            (true, _) => Role::Focus,
            (false, true) => Role::Good,
            (false, false) => row.role,
        };
        // A sign, spaces around it, a space behind the name, the edge that says whether there is more.
        let room = usize::from(area.width).saturating_sub(5 + width(&row.rest));
        let name = cut(theme, &row.name, room);
        let blank = " ".repeat(room.saturating_sub(width(&name)) + 1);
        lines.push(Line::from(vec![
            span(theme, sign_role, format!(" {} ", theme.glyph(sign))),
            span(theme, role, name),
            span(theme, Role::Dim, format!("{blank}{}", row.rest)),
        ]));
    }
    draw_lines(lines, area, buffer);
    mark_more(theme, area, first, shown.len, buffer);
}

/// Says in place of a list why there is none.
pub(super) fn instead(browse: &Browse, role: Role, words: &str, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(4);
    draw_lines(wrapped(browse.shell.theme, role, &format!("   {words}"), room), area, buffer);
}

/// A text at the right end of so many cells.
pub(super) fn right(theme: Theme, text: &str, cells: usize) -> String {
    let text = cut(theme, text, cells);
    format!("{}{text}", " ".repeat(cells.saturating_sub(width(&text))))
}

/// `2026-11-23 22:16`, in UTC.
pub(super) fn time_text(moment: Option<Moment>) -> String {
    let Some(ms) = moment.and_then(|at| u64::try_from(at).ok()).map(|seconds| seconds.saturating_mul(1000)) else {
        return String::new();
    };
    let utc = crate::base::clock::utc_text(ms);
    utc.get(..16).unwrap_or(&utc).replace('T', " ")
}

/// So much of so much as a bar of so many cells; what is more than nothing is seen.
pub(super) fn bar(theme: Theme, part: u64, of: u64, cells: usize) -> (String, String) {
    let exact = u128::from(part.min(of)) * cells as u128 / u128::from(of.max(1));
    let done = usize::try_from(exact).unwrap_or(cells).max(usize::from(part > 0)).min(cells);
    (theme.glyph(Glyph::BarDone).repeat(done), theme.glyph(Glyph::BarOpen).repeat(cells - done))
}
