//! Meaning is never carried by colour alone, and never by a sign that the terminal cannot show.

use super::sizes::drawn;
use super::{site, states, world};
use modelquay::engine::tail::KEPT;
use modelquay::ui::text::Lang;
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::{Model, Msg};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;

fn pictures(theme: Theme) -> Vec<(String, Buffer)> {
    let mut found = Vec::new();
    for (name, mut model) in states(Lang::En) {
        model.shell.theme = theme;
        for (columns, rows) in [(80, 24), (120, 40)] {
            model.update(Msg::Resize(columns, rows));
            found.push((format!("{name} at {columns}x{rows}"), drawn(&without_foreign_words(&model), columns, rows)));
        }
    }
    found
}

/// What a host or a user wrote is theirs and may hold any character.
fn without_foreign_words(model: &Model) -> Model {
    let mut model = model.clone();
    let mut lines = world::lines(site());
    for line in &mut lines {
        line.text.retain(|c| c.is_ascii());
    }
    // So many that those which came before have fallen out.
    let lines: Vec<_> = lines.into_iter().cycle().take(KEPT).collect();
    model.update(Msg::Lines(lines, 2000));
    model
}

#[test]
fn where_only_ascii_can_be_shown_nothing_else_is() {
    for (name, buffer) in pictures(Theme { colours: Colours::Sixteen, ascii: true }) {
        let found: Vec<&str> = buffer.content().iter().map(Cell::symbol).filter(|s| !s.is_ascii()).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn without_colours_none_is_set() {
    for (name, buffer) in pictures(Theme { colours: Colours::None, ascii: false }) {
        let plain = |color: Color| color == Color::Reset;
        let coloured = buffer.content().iter().find(|cell| !plain(cell.fg) || !plain(cell.bg));
        assert!(coloured.is_none(), "{name}: {coloured:?}");
    }
}

#[test]
fn with_colours_the_same_is_said_as_without() {
    let text = |theme| pictures(theme).into_iter().map(|(name, b)| (name, symbols(&b))).collect::<Vec<_>>();
    let without = text(Theme { colours: Colours::None, ascii: false });
    for colours in [Colours::Sixteen, Colours::True] {
        for (one, other) in text(Theme { colours, ascii: false }).iter().zip(&without) {
            assert_eq!(one, other);
        }
    }
}

fn symbols(buffer: &Buffer) -> String {
    buffer.content().iter().map(Cell::symbol).collect()
}
