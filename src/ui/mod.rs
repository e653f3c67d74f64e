//! The screens: a model, a pure `update`, a pure `view`, and the loop that joins them to a terminal.
//!
//! Nothing here reaches a host, a cluster or a disk: what is to be done leaves as an [`Effect`], and what
//! came of it comes back as a [`Msg`]. `docs/ARCHITECTURE.md` has the recipe for a new screen.

pub mod browse;
mod budget;
pub mod clipboard;
mod commands;
pub mod draft;
pub mod effect;
mod fields;
mod frame;
pub mod hints;
pub mod keys;
pub mod model;
pub mod msg;
pub mod run;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod theme;
pub mod walk;
pub mod widgets;

pub use effect::{Effect, Leaving};
pub use frame::{LEAST, WIDE, body, render, view};
pub use model::{Model, Shell};
pub use msg::{Live, Msg};
