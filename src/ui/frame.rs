//! The frame around every place: who and where, the walk, one sentence, the keys.

use super::hints::{help, keys_line};
use super::model::Model;
use super::text::clock;
use super::theme::{Glyph, Role};
use super::walk::{self, Place};
use super::widgets::lines::{cut, draw, fit, line, rule, span, split_bottom, split_left, split_top, width, wrapped};
use crate::ports::LinkState;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The smallest terminal in which the walk can be used.
pub const LEAST: (u16, u16) = (40, 10);
/// From so many columns on the walk is a rail at the left.
pub const WIDE: u16 = 110;
/// Columns of that rail.
const RAIL: u16 = 18;

/// Draws everything.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    render(model, area, frame.buffer_mut());
}

/// Draws everything into a buffer.
pub fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let size = model.shell.text.with("too-small", [("columns", LEAST.0.into()), ("rows", LEAST.1.into())]);
        draw(wrapped(theme, Role::Text, &size, usize::from(area.width)), area, buffer);
        return;
    }
    let (head, rest) = split_top(area, 1);
    draw(vec![header(model, head.width)], head, buffer);
    let (rest, foot) = split_bottom(rest, 2);
    let body = body(model, area);
    if model.walk.place == Place::Start {
        draw(vec![rule(theme, rest.width)], split_top(rest, 1).0, buffer);
    } else if area.width >= WIDE {
        let (ruled, below) = split_top(rest, 1);
        draw(vec![rule(theme, ruled.width)], ruled, buffer);
        let (rail, _) = split_left(below, RAIL);
        draw(rail_lines(model, rail.width), rail, buffer);
    } else {
        let (walk, _) = split_top(rest, 2);
        draw(vec![walk_line(model, walk.width), rule(theme, walk.width)], walk, buffer);
    }
    let idle = |command| walk::idle(model, command);
    if model.shell.help {
        help(&model.shell, model.scope(), idle, |_| None, body, buffer);
    } else {
        walk::draw(model, body, buffer);
    }
    draw(vec![status_line(model, foot.width), keys_line(&model.shell, model.scope(), idle, foot.width)], foot, buffer);
}

/// Where a place is drawn within a terminal of this size: what keys do may depend on how much of it is seen.
pub fn body(model: &Model, area: Rect) -> Rect {
    let (rest, _) = split_bottom(split_top(area, 1).1, 2);
    if model.walk.place == Place::Start {
        split_top(rest, 1).1
    } else if area.width >= WIDE {
        split_left(split_top(rest, 1).1, RAIL).1
    } else {
        split_top(rest, 2).1
    }
}

/// Who and where at the left, the link and the clock of the run at the right.
fn header(model: &Model, columns: u16) -> Line<'static> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let mut spans = vec![Span::raw(" ")];
    if model.shell.rehearsal {
        spans.push(span(theme, Role::Rehearsal, format!(" {} ", text.t("rehearsal"))));
        spans.push(Span::raw(" "));
    }
    let site = model.walk.draft.text(super::draft::FieldId::Site);
    let address = model.walk.draft.text(super::draft::FieldId::Address);
    let who = match (model.walk.place, site.is_empty()) {
        (Place::Start, _) => String::new(),
        (_, true) => text.t("new-site"),
        (_, false) if model.shell.rehearsal || address == site => site,
        (_, false) => format!("{site} ({address})"),
    };
    let who = if who.is_empty() { String::new() } else { format!(" {} {who}", theme.glyph(Glyph::Between)) };
    let right = right_of_header(model);
    let used: usize = spans.iter().map(Span::width).sum();
    let right_width = right.iter().map(Span::width).sum::<usize>() + 1;
    let room = usize::from(columns).saturating_sub(used + right_width);
    spans.push(span(theme, Role::Title, fit(theme, &format!("modelquay{who}"), room)));
    spans.extend(right);
    Line::from(spans)
}

fn right_of_header(model: &Model) -> Vec<Span<'static>> {
    let theme = model.shell.theme;
    let (role, link) = link_words(model);
    let mut spans = vec![span(theme, role, link)];
    if let Some(seconds) = run_seconds(model) {
        spans.push(Span::raw("   "));
        spans.push(span(theme, Role::Text, clock(seconds)));
    }
    if model.shell.rehearsal && walk::running(model) {
        spans.push(span(theme, Role::Dim, format!("  {}x", model.shell.speed)));
    }
    spans
}

/// Seconds since the run began, for as long as it lasts; then how long it took.
fn run_seconds(model: &Model) -> Option<u64> {
    let run = walk::run(model)?;
    let began = run.started_ms?;
    let until = if walk::running(model) { model.shell.now_ms.max(run.last_ms) } else { run.last_ms };
    Some(until.saturating_sub(began) / 1000)
}

/// The link in words, apart from the install's health.
pub fn link_words(model: &Model) -> (Role, String) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    match &model.live.link {
        None => (Role::Dim, text.t("link-none")),
        Some(LinkState::Local) => (Role::Dim, text.t("link-local")),
        Some(LinkState::Connecting { .. }) => (Role::Accent, text.t("link-connecting")),
        Some(LinkState::Up { rtt_ms: None }) => {
            (Role::Good, format!("{} {}", text.t("link"), theme.glyph(Glyph::Link)))
        }
        Some(LinkState::Up { rtt_ms: Some(ms) }) => {
            (Role::Good, format!("{} {} {ms} ms", text.t("link"), theme.glyph(Glyph::Link)))
        }
        Some(LinkState::Lost { since_ms, .. }) => {
            let seconds = model.shell.now_ms.saturating_sub(*since_ms) / 1000;
            let lost = text.with("link-lost", [("time", clock(seconds).into())]);
            (Role::Bad, format!("{} {lost}", theme.glyph(Glyph::Bad)))
        }
        Some(LinkState::Gone { .. }) => (Role::Bad, format!("{} {}", theme.glyph(Glyph::Bad), text.t("link-gone"))),
    }
}

fn place_role(model: &Model, place: Place) -> Role {
    match place.cmp(&model.walk.place) {
        std::cmp::Ordering::Less => Role::Text,
        std::cmp::Ordering::Equal => Role::Accent,
        std::cmp::Ordering::Greater => Role::Dim,
    }
}

fn walk_line(model: &Model, columns: u16) -> Line<'static> {
    let theme = model.shell.theme;
    let names: Vec<String> = Place::rail().iter().map(|p| model.t(&format!("place-{}", p.id()))).collect();
    let whole: usize = names.iter().map(|n| width(n) + 3).sum();
    let mut spans = vec![Span::raw(" ")];
    if whole > usize::from(columns) + 2 {
        // Too narrow for all of it: where it is, and how far that is.
        let at = Place::rail().iter().position(|p| *p == model.walk.place).unwrap_or_default();
        let place = format!("{} ({}/{})", names[at.min(names.len() - 1)], at + 1, names.len());
        spans.push(span(theme, Role::Accent, cut(theme, &place, usize::from(columns).saturating_sub(2))));
        return Line::from(spans);
    }
    for (n, (place, name)) in Place::rail().iter().zip(names).enumerate() {
        if n > 0 {
            spans.push(span(theme, Role::Dim, format!(" {} ", theme.glyph(Glyph::Then))));
        }
        spans.push(span(theme, place_role(model, *place), name));
    }
    Line::from(spans)
}

fn rail_lines(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let theme = model.shell.theme;
    let room = usize::from(columns).saturating_sub(4);
    Place::rail()
        .iter()
        .map(|place| {
            let mark = match place.cmp(&model.walk.place) {
                std::cmp::Ordering::Less => theme.glyph(Glyph::Good),
                std::cmp::Ordering::Equal => theme.glyph(Glyph::Current),
                std::cmp::Ordering::Greater => theme.glyph(Glyph::Open),
            };
            let name = cut(theme, &model.t(&format!("place-{}", place.id())), room);
            line(theme, place_role(model, *place), format!(" {mark} {name}"))
        })
        .collect()
}

fn status_line(model: &Model, columns: u16) -> Line<'static> {
    let (role, text) = walk::status(model);
    let theme = model.shell.theme;
    line(theme, role, format!(" {}", cut(theme, &text, usize::from(columns).saturating_sub(2))))
}
