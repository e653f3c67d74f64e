//! The log's pane: a title that says whose log it is and whether it moves, the lines, and what is
//! searched for.

use super::layout::Areas;
use super::log::{self, Seen, hits};
use super::{Pane, step_name};
use crate::ui::model::Model;
use crate::ui::text::Arg;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{
    behind, cut, draw as draw_lines, line, pieces, ruled_left, span, split_bottom, split_top, width,
};
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let area = if areas.beside { ruled_left(theme, areas.log, buffer) } else { areas.log };
    let Some(step) = log::shown(model) else { return };
    let seen = model.walk.install.log.seen(step);
    let (top, rest) = split_top(area, 1);
    draw_lines(vec![title(model, &seen, usize::from(top.width))], top, buffer);
    let asked = model.walk.install.log.typing.as_ref();
    let (body, foot) = split_bottom(rest, u16::from(asked.is_some()));
    if let Some(field) = asked {
        let words = format!("{} {}", model.t("log-search"), field.text());
        draw_lines(vec![line(theme, Role::Focus, format!("{words} "))], foot, buffer);
    }
    if seen.lines.is_empty() {
        draw_lines(vec![line(theme, Role::Dim, format!(" {}", model.t("log-empty")))], body, buffer);
        return;
    }
    draw_lines(rows(model, &seen, usize::from(body.width), usize::from(body.height)), body, buffer);
}

fn title(model: &Model, seen: &Seen<'_>, cells: usize) -> Line<'static> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let install = &model.walk.install;
    let count = |n: usize| Arg::from(n);
    let mut right = Vec::new();
    if seen.paused {
        right.push(match seen.new {
            0 => text.t("log-paused"),
            new => text.with("log-new", [("count", new.into())]),
        });
    }
    if let Some(search) = &install.log.search {
        let found: Vec<usize> =
            (0..seen.lines.len()).filter(|n| !hits(seen.lines[*n], &search.text).is_empty()).collect();
        right.push(match search.at.and_then(|at| found.iter().position(|n| *n == at)) {
            Some(at) => text.with("log-hit", [("at", count(at + 1)), ("all", count(found.len()))]),
            None => text.with("log-hits", [("all", count(found.len()))]),
        });
    } else if seen.follows && install.running {
        right.push(text.t("log-follows"));
    } else if !seen.follows {
        right.push(text.with("log-place", [("at", count(seen.end)), ("all", count(seen.lines.len()))]));
    }
    let right = right.join(", ");
    let right = cut(theme, &right, cells.saturating_sub(8));
    let name = cut(theme, &step_name(model, seen.step), cells.saturating_sub(width(&right) + 2));
    let fill = cells.saturating_sub(width(&name) + width(&right) + 2);
    let focus = install.focus == Pane::Log || install.log.zoom;
    let role = if focus { Role::Accent } else { Role::Title };
    Line::from(vec![
        span(theme, role, format!(" {name}")),
        Span::raw(" ".repeat(fill)),
        span(theme, if seen.follows { Role::Dim } else { Role::Warn }, right),
    ])
}

/// The rows that are seen, the newest at the bottom.
fn rows(model: &Model, seen: &Seen<'_>, cells: usize, height: usize) -> Vec<Line<'static>> {
    let log = &model.walk.install.log;
    let current = log.search.as_ref().and_then(|search| search.at);
    let room = cells.saturating_sub(1).max(1);
    let mut out: Vec<Line<'static>> = Vec::new();
    for n in (0..seen.end).rev() {
        if out.len() >= height {
            break;
        }
        let text = seen.lines[n];
        let mark = current == Some(n);
        if log.wrap {
            // From the last piece up, so that the newest stands at the bottom whatever its length.
            let mut end = text.len();
            let mut parts = Vec::new();
            for piece in pieces(text, room).into_iter().rev() {
                let begin = end - piece.len();
                parts.push(row(model, text, (begin, end), mark && begin == 0, false));
                end = begin;
            }
            out.extend(parts);
        } else {
            let part = behind(text, log.left);
            let begin = text.len() - part.len();
            let first = pieces(part, room).first().map_or(0, |piece| piece.len());
            let (first, more) = if first < part.len() {
                (pieces(part, room.saturating_sub(1).max(1)).first().map_or(0, |piece| piece.len()), true)
            } else {
                (first, false)
            };
            out.push(row(model, text, (begin, begin + first), mark, more));
        }
    }
    out.truncate(height);
    out.reverse();
    out
}

/// A part of a line with its hits.
fn row(model: &Model, text: &str, part: (usize, usize), mark: bool, more: bool) -> Line<'static> {
    let theme = model.shell.theme;
    let log = &model.walk.install.log;
    let typed = log.typing.as_ref().map(crate::ui::widgets::Field::text);
    let wanted = typed.or_else(|| log.search.as_ref().map(|search| search.text.clone())).unwrap_or_default();
    let mut spans = vec![if mark { span(theme, Role::Accent, theme.glyph(Glyph::Current)) } else { Span::raw(" ") }];
    let mut at = part.0;
    for (from, to) in hits(text, &wanted) {
        let (from, to) = (from.max(at), to.min(part.1));
        if from < to {
            spans.push(span(theme, Role::Text, text.get(at..from).unwrap_or_default()));
            spans.push(span(theme, Role::Hit, text.get(from..to).unwrap_or_default()));
            at = to;
        }
    }
    spans.push(span(theme, Role::Text, text.get(at..part.1).unwrap_or_default()));
    if more {
        spans.push(span(theme, Role::Dim, theme.ellipsis()));
    }
    Line::from(spans)
}
