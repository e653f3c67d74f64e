//! `modelquay completions`.

use super::args::{Cli, Completions};
use super::output;
use crate::app::Exit;
use clap::CommandFactory as _;

pub fn run(args: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "modelquay", &mut script);
    output::data(&String::from_utf8_lossy(&script))
}
