//! The command line: it parses, wires and exits, and holds no logic of its own.
//!
//! What a sub-command gives goes to standard output; everything that is talk goes to standard error. A
//! reader that closes the pipe early is not an error.

mod answers;
pub mod args;
mod browse;
mod completions;
mod credentials;
pub mod face;
pub mod interrupt;
mod man;
mod output;
pub mod plain_walk;
pub mod prompt;
mod report;
pub mod s3;
mod screens;
mod start;
mod status;
mod stop_at;
mod walk;
mod wire;

pub use start::main;
