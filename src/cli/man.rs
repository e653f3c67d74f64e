//! `modelquay man`.

use super::args::{Cli, Man};
use super::output;
use crate::app::Exit;
use clap::CommandFactory as _;

pub fn run(args: &Man) -> Exit {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        return match clap_mangen::Man::new(Cli::command()).render(&mut page) {
            Ok(()) => output::data(&String::from_utf8_lossy(&page)),
            Err(error) => output::after(&error),
        };
    };
    match std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir)) {
        Ok(()) => {
            output::talk(&format!("manual pages were written into {}", dir.display()));
            Exit::Done
        }
        Err(error) => {
            output::talk(&format!("modelquay: manual pages cannot be written into {}: {error}", dir.display()));
            Exit::Failed
        }
    }
}
