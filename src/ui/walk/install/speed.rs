//! How fast a rehearsal goes.

use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;

/// How many times faster than life a rehearsal can go.
const SPEEDS: [u32; 6] = [1, 5, 20, 60, 200, 1000];

/// Turns it up or down, as far as it goes.
pub fn turn(model: &mut Model, command: Command) -> Vec<Effect> {
    let now = model.shell.speed;
    let to = match command {
        Command::Faster => SPEEDS.iter().find(|s| **s > now),
        _ => SPEEDS.iter().rev().find(|s| **s < now),
    };
    let Some(to) = to.copied() else { return Vec::new() };
    model.shell.speed = to;
    vec![Effect::Speed(to)]
}
