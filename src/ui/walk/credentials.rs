//! The keys: shown once, masked, saved to a file. Leaving needs that they were saved, or a typed word.

use crate::plan::Failure;
use crate::ui::effect::Effect;
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::msg::{HandOver, KeyPair};
use crate::ui::theme::Role;
use crate::ui::walk::{self, Place};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The keys, once they were read.
    pub keys: Vec<KeyPair>,
    /// Until when they are shown in clear, in milliseconds since 1970.
    pub revealed_until: Option<u64>,
    /// Where they were saved.
    pub saved: Option<String>,
}

impl Screen {
    /// Whether keys are shown that nobody has kept.
    pub fn unsaved(&self) -> bool {
        !self.keys.is_empty() && self.saved.is_none()
    }
}

/// The place was come to.
pub fn enter(_model: &mut Model) -> Vec<Effect> {
    vec![Effect::ReadKeys]
}

/// The keys were read.
pub fn arrived(model: &mut Model, keys: Vec<KeyPair>, hand_over: HandOver) -> Vec<Effect> {
    model.walk.credentials.keys = keys;
    model.walk.done.hand_over = Some(hand_over);
    Vec::new()
}

/// The keys were saved.
pub fn saved(model: &mut Model, path: String) -> Vec<Effect> {
    model.walk.credentials.saved = Some(path);
    Vec::new()
}

/// What was asked for could not be done.
pub fn failed(_model: &mut Model, _failure: Failure) -> Vec<Effect> {
    Vec::new()
}

/// What the path could go on with.
pub fn completed(_model: &mut Model, _path: &str, _longer: &str, _choices: usize) {}

/// Time has passed: what was revealed is hidden again.
pub fn tick(model: &mut Model) {
    if model.walk.credentials.revealed_until.is_some_and(|until| model.shell.now_ms >= until) {
        model.walk.credentials.revealed_until = None;
    }
}

/// Where keys are pressed.
pub fn scope(_model: &Model) -> Scope {
    Scope::Credentials
}

/// A key for a text that is typed.
pub fn raw(_model: &mut Model, _key: &KeyEvent) -> bool {
    false
}

/// A pasted text.
pub fn paste(_model: &mut Model, _text: &str) {}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Forward | Command::Take if model.walk.credentials.saved.is_some() => walk::go(model, Place::Done),
        _ => Vec::new(),
    }
}

/// The sentence above the keys.
pub fn status(_model: &Model) -> (Role, String) {
    (Role::Text, String::new())
}

/// Draws it.
pub fn draw(_model: &Model, _area: Rect, _buffer: &mut Buffer) {}
