//! What will be true, and in which order: plain values and pure functions.
//!
//! Nothing here waits, reads a file, asks a clock or draws a random number, so that a plan can be
//! made, shown, compared and tested without any machine.

pub mod answers;
pub mod asked;
pub mod change;
pub mod components;
pub mod console;
pub mod facts;
mod facts_parse;
pub mod failure;
pub mod failures;
#[cfg(test)]
mod fuzz_tests;
pub mod graph;
pub mod host;
pub mod next;
pub mod preflight;
pub mod report;
pub mod site;
pub mod step;
pub mod template;
pub mod wait;

pub use change::{Change, Changes};
pub use failure::{Failure, FailureKind};
pub use graph::Plan;
pub use host::HostId;
pub use next::NextCommands;
pub use site::Site;
pub use step::{StepId, StepKind, Target};
pub use wait::WaitSpec;
