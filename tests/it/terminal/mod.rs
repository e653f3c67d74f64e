//! The screens in a real terminal: the walk by keys, and the terminal as it was, however they end.

mod back;
mod browse;
mod lines;
mod mended;
mod report;
mod walk;

use crate::pty::Pty;
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::walk::Place;
use std::path::Path;
use std::process::Command;

/// Keys as a terminal sends them.
pub const ENTER: &str = "\r";
pub const CTRL_C: &str = "\u{3}";
pub const CTRL_F: &str = "\u{6}";
pub const CTRL_L: &str = "\u{c}";
pub const CTRL_U: &str = "\u{15}";
pub const CTRL_Z: &str = "\u{1a}";
pub const DOWN: &str = "\u{1b}[B";
pub const TAB: &str = "\t";

/// The product's program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_modelquay");

/// A text of the screens in English.
pub fn t(key: &str) -> String {
    Text::of(Lang::En).t(key)
}

/// The environment of a user whose home is this directory.
pub fn at_home<'c>(home: &Path, command: &'c mut Command) -> &'c mut Command {
    command.env("HOME", home).env("TMPDIR", home).env("LANG", "C.UTF-8").current_dir(home)
}

/// A rehearsal on the screens.
pub fn rehearsal(home: &Path, size: (u16, u16), more: &[&str]) -> Pty {
    let program = [&[PROGRAM, "rehearse"], more].concat();
    Pty::start(size, &program, |command| at_home(home, command))
}

/// Whether the walk is at this place: its name is the bright one, in the line of the walk or in the rail.
pub fn at(screen: &vt100::Screen, place: Place) -> bool {
    let name = t(&format!("place-{}", place.id()));
    let (rows, columns) = screen.size();
    let bright = |row: u16, column: u16| screen.cell(row, column).is_some_and(vt100::Cell::bold);
    let rows = rows.get();
    let rail = columns.get() >= modelquay::ui::WIDE;
    let (from, to, width) = if rail { (2, rows, 18) } else { (1, 2, columns.get()) };
    screen.rows(0, width).enumerate().skip(from).take(usize::from(to) - from).any(|(row, text)| {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        text.match_indices(&name).any(|(at, _)| {
            let column = u16::try_from(text[..at].chars().count()).unwrap_or(u16::MAX);
            bright(row, column)
        })
    })
}

/// Waits until the walk is at a place.
#[track_caller]
pub fn arrives(pty: &Pty, place: Place) {
    pty.wait(&format!("the place {}", place.id()), |screen| at(screen, place));
}

/// From the first screen of a rehearsal to the plan, by keys.
pub fn to_the_plan(pty: &Pty) {
    arrives(pty, Place::Host);
    pty.keys(ENTER);
    arrives(pty, Place::Facts);
    pty.keys(ENTER);
    for place in [Place::Names, Place::Compute, Place::Registry] {
        arrives(pty, place);
        pty.keys(CTRL_F);
    }
    arrives(pty, Place::Plan);
    pty.says(&t("status-nothing-changed"));
}

/// The same, and the install begun.
pub fn to_the_install(pty: &Pty) {
    to_the_plan(pty);
    // The plan is there when its totals are; then there is something to agree to.
    pty.wait("the plan", |screen| screen.contents().contains(&t("step-operator")));
    pty.keys("i");
    arrives(pty, Place::Install);
    // The run is there when its clock is.
    pty.wait("the run's clock", |screen| screen.rows(0, 300).next().is_some_and(|row| has_clock(&row)));
}

/// Whether there is a time as in `3:07`.
fn has_clock(row: &str) -> bool {
    let digit = |c: &u8| c.is_ascii_digit();
    row.as_bytes().windows(4).any(|w| digit(&w[0]) && w[1] == b':' && digit(&w[2]) && digit(&w[3]))
}
