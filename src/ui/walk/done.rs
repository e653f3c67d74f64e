//! The hand-over: where the registry is, and what to do next.

use crate::ui::effect::{Effect, Leaving};
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::msg::HandOver;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Where everything is.
    pub hand_over: Option<HandOver>,
}

/// A command.
pub fn command(_model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Take | Command::Forward => vec![Effect::Leave(Leaving::Quit)],
        _ => Vec::new(),
    }
}

/// The sentence above the keys.
pub fn status(_model: &Model) -> (Role, String) {
    (Role::Text, String::new())
}

/// Draws it.
pub fn draw(_model: &Model, _area: Rect, _buffer: &mut Buffer) {}
