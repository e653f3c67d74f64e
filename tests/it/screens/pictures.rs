//! What the screens look like: each line, and below it a letter for the role of each of its cells.
//! `INSTA_UPDATE=always cargo test --test it pictures` writes them anew.

use super::sizes::drawn;
use super::states;
use modelquay::ui::text::Lang;
use modelquay::ui::theme::Role;
use modelquay::ui::{Model, Msg};
use unicode_width::UnicodeWidthStr as _;

fn picture(model: &Model, columns: u16, rows: u16) -> String {
    let mut model = model.clone();
    model.update(Msg::Resize(columns, rows));
    let letters: Vec<_> = Role::ALL.iter().map(|(role, c)| (model.shell.theme.style(*role).fg, *c)).collect();
    let buffer = drawn(&model, columns, rows);
    let mut lines = Vec::new();
    for y in 0..rows {
        let (mut text, mut roles, mut x) = (String::new(), String::new(), 0);
        while x < columns {
            let cell = &buffer[(x, y)];
            let letter = letters.iter().find(|(fg, _)| *fg == Some(cell.fg)).map_or(' ', |(_, letter)| *letter);
            // A wide character has the cell after it too.
            let cells = cell.symbol().width().max(1);
            text.push_str(cell.symbol());
            roles.extend(std::iter::repeat_n(letter, cells));
            x += u16::try_from(cells).expect("a character has two cells at most");
        }
        lines.push(format!("{:02} |{}", y + 1, text.trim_end()));
        if !roles.trim_end().is_empty() {
            lines.push(format!("   :{}", roles.trim_end()));
        }
    }
    lines.join("\n")
}

fn compare(name: &str, picture: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture));
}

/// Those of the install have their own pictures beside their code.
fn kept() -> impl Iterator<Item = (&'static str, Model)> {
    states(Lang::En).into_iter().filter(|(name, _)| !["install", "failure"].contains(name))
}

#[test]
fn every_screen_looks_as_it_did() {
    for (name, model) in kept() {
        compare(&format!("{name}-80x24"), &picture(&model, 80, 24));
        compare(&format!("{name}-120x40"), &picture(&model, 120, 40));
    }
}

#[test]
fn a_window_that_is_too_small_is_told_so() {
    let (_, model) = states(Lang::En).swap_remove(0);
    compare("too-small-39x24", &picture(&model, 39, 24));
    compare("too-small-20x4", &picture(&model, 20, 4));
}

#[test]
fn the_main_screens_look_as_they_did_in_chinese() {
    let main = ["start", "host", "host-key", "facts-bad", "registry", "plan"];
    for (name, model) in states(Lang::ZhHans).into_iter().filter(|(name, _)| main.contains(name)) {
        compare(&format!("zh-{name}-80x24"), &picture(&model, 80, 24));
    }
}
