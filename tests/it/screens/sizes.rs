//! No size panics.

use super::states;
use modelquay::ui::text::Lang;
use modelquay::ui::{Model, Msg, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Draws a model at this size.
pub fn drawn(model: &Model, columns: u16, rows: u16) -> ratatui::buffer::Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("it is in memory");
    terminal.draw(|frame| view(model, frame)).expect("it is in memory");
    terminal.backend().buffer().clone()
}

/// The frame in every size, and the five main layouts with it; all else at the edges.
#[test]
fn no_size_panics() {
    let main = ["start", "facts", "registry", "plan", "install"];
    let mut count = 0;
    for (name, model) in states(Lang::En) {
        let mut at = |columns: u16, rows: u16| {
            let mut model = model.clone();
            model.update(Msg::Resize(columns, rows));
            drawn(&model, columns, rows);
            count += 1;
        };
        // Below the least size there is one sentence, whatever the place.
        let every = main.contains(&name);
        for columns in 1..=60 {
            for rows in 1..=20 {
                let edge = columns == 1 || rows == 1 || (39..=41).contains(&columns) || (9..=11).contains(&rows);
                if every || edge {
                    at(columns, rows);
                }
            }
        }
        for (columns, rows) in [(300, 100), (300, 1), (1, 100), (109, 24), (110, 24), (119, 40), (120, 40)] {
            at(columns, rows);
        }
    }
    assert!(count > 5 * 1200, "{count} pictures");
}

#[test]
fn wide_texts_are_drawn_at_every_edge_too() {
    for (_, mut model) in states(Lang::ZhHans) {
        for (columns, rows) in [(40, 10), (41, 11), (80, 24), (109, 24), (120, 40)] {
            model.update(Msg::Resize(columns, rows));
            drawn(&model, columns, rows);
        }
    }
}
