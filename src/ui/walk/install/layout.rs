//! Where everything of the install's screen stands: the steps beside their log, or above it where there is
//! no room, and the sentence about what is waited for below both.

use super::failure;
use crate::ui::model::Model;
use crate::ui::widgets::lines::{split_bottom, split_left, split_top};
use ratatui::layout::Rect;

/// From so many columns on the log stands beside the steps.
const BESIDE: u16 = 72;
/// From so many columns on it stands beside the words about a failure.
const BESIDE_FAILURE: u16 = 96;

/// The parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The steps, or the words about a failure.
    pub left: Rect,
    /// The log with its title.
    pub log: Rect,
    /// Whether the log stands beside the rest.
    pub beside: bool,
    /// What is waited for.
    pub why: Rect,
    /// The bar.
    pub bar: Rect,
}

/// The parts in the terminal as it is.
pub fn of(model: &Model) -> Areas {
    let (width, height) = model.shell.size;
    within(model, crate::ui::body(model, Rect::new(0, 0, width, height)))
}

/// The parts within an area.
pub fn within(model: &Model, area: Rect) -> Areas {
    if model.walk.install.log.zoom {
        return Areas { log: area, ..Areas::default() };
    }
    if model.walk.install.ended.is_some() {
        return of_failure(model, area);
    }
    // One row for a rule, and the sentence as far as the steps keep some rows.
    let why_rows = match area.height {
        0..8 => 0,
        8..14 => 1,
        _ => 3,
    };
    let (rest, bar) = split_bottom(area, u16::from(area.height > 4));
    let (rest, why) = split_bottom(rest, if why_rows == 0 { 0 } else { why_rows + 1 });
    if area.width >= BESIDE {
        let (left, log) = split_left(rest, (area.width * 2 / 5).clamp(32, 46));
        Areas { left, log, beside: true, why, bar }
    } else {
        let (left, log) = split_top(rest, rest.height.div_ceil(2));
        Areas { left, log, beside: false, why, bar }
    }
}

fn of_failure(model: &Model, area: Rect) -> Areas {
    if area.width >= BESIDE_FAILURE {
        let (left, log) = split_left(area, area.width / 2);
        return Areas { left, log, beside: true, ..Areas::default() };
    }
    // The words first, then as many lines of the log as are left; four of them where there are any.
    let wanted = u16::try_from(failure::rows(model, area.width)).unwrap_or(u16::MAX);
    let some = super::log::shown(model).is_some_and(|step| !model.walk.install.log.last(step, 1).is_empty());
    let least = if some && area.height >= 12 { 5 } else { 0 };
    let (left, log) = split_top(area, wanted.min(area.height - least));
    Areas { left, log, beside: false, ..Areas::default() }
}
