//! How a screen of fields is drawn: its fields, how many of them there is no room for, and below them why
//! the focused one matters.

use super::{fields, focused, origin_text, texts};
use crate::ui::draft::{Input, problem_of};
use crate::ui::model::Model;
use crate::ui::theme::{Glyph, Role, Theme};
use crate::ui::walk::{Place, truths};
use crate::ui::widgets::lines::{
    cut, draw as draw_lines, fit, inset, line, span, split_bottom, split_left, split_top, width, wrapped,
};
use crate::ui::widgets::list;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::ops::Range;

fn title(model: &Model) -> String {
    let key = match (model.walk.forms.supply_open, model.walk.place) {
        (true, _) => "supply-title",
        (_, Place::Names) => "names-title",
        (_, Place::Compute) => "compute-title",
        _ => "registry-title",
    };
    model.t(key)
}

/// Rows that a field takes up.
fn height(model: &Model, n: usize) -> u16 {
    let id = fields(model)[n];
    let focus = id == focused(model);
    match model.walk.draft.get(id).0 {
        Input::Text(field) if field.several() => {
            let rows = u16::try_from(field.rows().len()).unwrap_or(u16::MAX);
            if focus { rows.clamp(2, 6) } else { rows.clamp(1, 3) }
        }
        _ => 1,
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let why = why(model, room);
    let height_of_why = u16::try_from(why.len() + 1).unwrap_or(6).min(area.height / 2);
    let (top, rest) = split_top(area, 1);
    let (list, below) = split_bottom(rest, height_of_why);
    let seen = seen(model, list.height);
    let above = beyond(model, Glyph::Up, seen.start);
    let title = if above.is_empty() { title(model) } else { fit(theme, &title(model), room - width(&above).min(room)) };
    draw_lines(vec![Line::from(vec![span(theme, Role::Title, title), span(theme, Role::Dim, above)])], top, buffer);
    let mut lines = vec![edge(theme, &beyond(model, Glyph::More, fields(model).len() - seen.end), room)];
    lines.extend(why);
    draw_lines(lines, below, buffer);
    let mut y = list.y;
    for n in seen {
        let left = (list.y + list.height).saturating_sub(y);
        let row = Rect { y, height: height(model, n).min(left), ..list };
        draw_field(model, n, row, buffer);
        y += row.height;
    }
}

/// The fields that are seen in so many rows.
fn seen(model: &Model, rows: u16) -> Range<usize> {
    let all = fields(model).len();
    let at = model.walk.forms.focus.min(all - 1);
    let height = |from: usize, to: usize| (from..to).map(|n| height(model, n)).sum::<u16>();
    // From the first field on that leaves the focused one in sight.
    let mut first = list::first(at, all, usize::from(rows));
    while first < at && height(first, at + 1) > rows {
        first += 1;
    }
    let end = (first..all).find(|end| height(first, *end) >= rows).unwrap_or(all);
    first..end
}

/// How many fields there are beyond an edge of what is seen.
fn beyond(model: &Model, glyph: Glyph, count: usize) -> String {
    let glyph = model.shell.theme.glyph(glyph);
    let words = || model.shell.text.with("fields-more", [("count", count.into())]);
    if count == 0 { String::new() } else { format!("{glyph} {}", words()) }
}

/// The rule below the fields, with what it hides.
fn edge(theme: Theme, hidden: &str, room: usize) -> Line<'static> {
    let across = |cells: usize| span(theme, Role::Rule, theme.glyph(Glyph::Across).repeat(cells));
    if hidden.is_empty() {
        return Line::from(across(room));
    }
    let words = cut(theme, &format!(" {hidden} "), room.saturating_sub(2));
    let rest = room.saturating_sub(2 + width(&words));
    Line::from(vec![across(2), span(theme, Role::Dim, words), across(rest)])
}

fn draw_field(model: &Model, n: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let id = fields(model)[n];
    let focus = id == focused(model);
    let (label_area, rest) = split_left(area, (area.width / 3).clamp(14, 24));
    let bad = problem_of(id, &model.walk.forms.problems).is_some();
    let mark = if bad {
        theme.glyph(Glyph::Bad)
    } else if focus {
        theme.glyph(Glyph::Current)
    } else {
        " "
    };
    let label =
        format!("{mark} {}", fit(theme, &model.t(texts(id).0), usize::from(label_area.width).saturating_sub(4)));
    let role = if bad {
        Role::Bad
    } else if focus {
        Role::Accent
    } else {
        Role::Dim
    };
    draw_lines(vec![line(theme, role, label)], label_area, buffer);
    let (input, origin) = model.walk.draft.get(id);
    let from = origin_text(origin).map_or_else(String::new, |key| model.t(key));
    let from_width = u16::try_from(width(&from)).unwrap_or(0);
    let text = input.text();
    let used = text.lines().map(width).max().unwrap_or(0);
    let fits = usize::from(rest.width) > used + usize::from(from_width) + 3;
    let (value_area, from_area) =
        if fits && !text.is_empty() { split_right(rest, from_width + 1) } else { (rest, Rect::ZERO) };
    draw_lines(vec![line(theme, Role::Dim, from)], from_area, buffer);
    match input {
        Input::Text(field) => {
            field.draw(value_area, buffer, theme.style(Role::Text), focus.then(|| theme.style(Role::Focus)));
        }
        Input::Flag(on) => {
            let glyph = theme.glyph(if *on { Glyph::Ticked } else { Glyph::Unticked });
            let role = if focus { Role::Focus } else { Role::Text };
            draw_lines(vec![line(theme, role, format!("{glyph} "))], value_area, buffer);
        }
        Input::Choice { options, at } => {
            let words = options.iter().enumerate().map(|(n, option)| {
                let glyph = theme.glyph(if n == *at { Glyph::Chosen } else { Glyph::Other });
                format!("{glyph} {}   ", model.t(option_text(option)))
            });
            let role = if focus { Role::Focus } else { Role::Text };
            draw_lines(vec![line(theme, role, words.collect::<String>())], value_area, buffer);
        }
    }
}

fn split_right(area: Rect, columns: u16) -> (Rect, Rect) {
    split_left(area, area.width.saturating_sub(columns))
}

fn option_text(option: &str) -> &'static str {
    match option {
        "gpu" => "option-gpu",
        "cpu" => "option-cpu",
        "pull" => "option-pull",
        _ => "option-tarballs",
    }
}

/// Why the focused field matters, what is wrong with it, and the plain truths about this site.
fn why(model: &Model, room: usize) -> Vec<Line<'static>> {
    let theme = model.shell.theme;
    let id = focused(model);
    let mut lines = Vec::new();
    if let Some(problem) = problem_of(id, &model.walk.forms.problems) {
        lines.extend(wrapped(theme, Role::Bad, &problem.what, room));
        if let Some(help) = &problem.help {
            lines.extend(wrapped(theme, Role::Text, help, room));
        }
    }
    lines.extend(wrapped(theme, Role::Dim, &model.t(texts(id).1), room));
    if let Some(site) = model.walk.draft.site() {
        let truth = match (model.walk.forms.supply_open, model.walk.place) {
            (false, Place::Registry) => truths::registry(model, &site),
            (false, Place::Compute) => truths::compute(model),
            _ => String::new(),
        };
        if !truth.is_empty() {
            lines.push(line(theme, Role::Text, ""));
            lines.extend(wrapped(theme, Role::Text, &truth, room));
        }
    }
    lines
}
