//! The hand-over: where the registry is, and what to do next. Its lines can be chosen and copied.

use super::credentials::{about_site, saved_lines};
use crate::base::Secret;
use crate::ports::Route;
use crate::ui::draft::FieldId;
use crate::ui::effect::{Effect, Leaving};
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::msg::HandOver;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{chunks, draw as draw_lines, fit, inset, line, span, wrapped};
use crate::ui::widgets::list::{Cursor, first, mark_more};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Cells of the labels at the left, where there is room for them.
const LABEL: usize = 15;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Where everything is.
    pub hand_over: Option<HandOver>,
    cursor: Cursor,
}

/// A line that can be copied.
struct Item {
    label: &'static str,
    value: String,
    /// Texts that stand below it.
    notes: Vec<String>,
    /// A heading that stands above it.
    heading: Option<&'static str>,
}

impl Item {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), notes: Vec::new(), heading: None }
    }

    fn note(mut self, text: String) -> Self {
        self.notes.push(text);
        self
    }

    fn under(mut self, heading: &'static str) -> Self {
        self.heading = Some(heading);
        self
    }
}

fn items(model: &Model) -> Vec<Item> {
    let Some(at) = &model.walk.done.hand_over else { return Vec::new() };
    let route = match at.route {
        Route::Direct => model.t("route-direct"),
        Route::Tunnel => model.t("route-tunnel"),
    };
    let mut items = vec![Item::new("done-endpoint", &at.url).note(route)];
    items.push(match &at.next.console {
        _ if model.shell.rehearsal => Item::new("done-console", model.t("done-no-console")),
        // A port that is blocked from here is of no use; the way through the connection is.
        Some(address) if at.route == Route::Direct => Item::new("done-console", address),
        _ => Item::new("done-console", &at.next.open_console),
    });
    items.push(Item::new("done-ca", &at.ca_path));
    items.push(Item::new("done-fingerprint", &at.ca_fingerprint).note(model.t("done-ca-what")));
    items.push(Item::new("done-sheet", &at.sheet_path));
    items.push(Item::new("done-mc-trust", &at.next.mc_trust).under("done-mc"));
    items.push(Item::new("done-mc-alias", &at.next.mc_alias));
    items.push(Item::new("done-triton-inside", &at.next.triton_inside).under("done-triton"));
    items.push(Item::new("done-triton-outside", &at.next.triton_outside));
    items
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let items = items(model);
    if model.walk.done.cursor.moved(command, items.len(), 5) {
        return Vec::new();
    }
    match command {
        Command::Browse => vec![Effect::Leave(Leaving::Browse(None))],
        Command::Copy => {
            let at = model.walk.done.cursor.of(items.len());
            let chosen = items.into_iter().nth(at);
            chosen.map(|item| Effect::Copy(Secret::new(item.value))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    if model.shell.rehearsal {
        return (Role::Warn, model.t("status-done-rehearsed"));
    }
    (Role::Text, model.t("status-done"))
}

/// Where the keys are.
fn keys(model: &Model, room: usize) -> Vec<Line<'static>> {
    match model.walk.credentials.saved() {
        Some(saved) => saved_lines(model, saved, room),
        // There is no cluster to have them again from.
        None if model.shell.rehearsal => wrapped(model.shell.theme, Role::Dim, &model.t("done-keys-rehearsed"), room),
        None => wrapped(model.shell.theme, Role::Dim, &about_site(model, "done-keys-in-cluster"), room),
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let name = model.walk.draft.text(FieldId::Site);
    let title = model.shell.text.with("done-title", [("site", name.into())]);
    let mut lines = vec![line(theme, Role::Title, title)];
    lines.extend(keys(model, room));
    lines.push(Line::default());
    let items = items(model);
    let at = model.walk.done.cursor.of(items.len());
    let beside = room >= LABEL * 3;
    let indent = if beside { LABEL + 2 } else { 4 };
    let cells = room.saturating_sub(indent).max(1);
    let mut focus = 0;
    for (n, item) in items.iter().enumerate() {
        if let Some(heading) = item.heading {
            lines.push(Line::default());
            lines.push(line(theme, Role::Dim, model.t(heading)));
        }
        let mark = if n == at { theme.glyph(Glyph::Current) } else { " " };
        let role = if n == at { Role::Focus } else { Role::Text };
        let label = model.t(item.label);
        if !beside {
            lines.push(line(theme, Role::Dim, format!("{mark} {label}")));
        }
        for (k, piece) in chunks(&item.value, cells).into_iter().enumerate() {
            let left =
                if k == 0 && beside { format!("{mark} {}", fit(theme, &label, LABEL)) } else { " ".repeat(indent) };
            lines.push(Line::from(vec![span(theme, Role::Dim, left), span(theme, role, piece)]));
        }
        if n == at {
            focus = lines.len() - 1;
        }
        for note in &item.notes {
            let pieces = wrapped(theme, Role::Dim, note, cells);
            lines.extend(pieces.into_iter().map(|piece| {
                let mut spans = vec![span(theme, Role::Dim, " ".repeat(indent))];
                spans.extend(piece.spans);
                Line::from(spans)
            }));
        }
    }
    let rows = usize::from(area.height);
    // At the first line the words above it are seen as well.
    let focus = if at == 0 { 0 } else { focus };
    let skip = first(focus, lines.len(), rows);
    let len = lines.len();
    draw_lines(lines.into_iter().skip(skip).take(rows).collect(), area, buffer);
    mark_more(theme, area, skip, len, buffer);
}
