//! From the arguments to an exit code.

use super::args::{Cli, Command};
use super::{answers, browse, completions, credentials, man, output, plain_walk, report, s3, screens, walk, wire};
use crate::app::Exit;
use clap::Parser as _;
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    // There is one TLS stack in the program and one provider of its cryptography. That it was set
    // before is no trouble: it is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let exit = match &cli.command {
        None if plain_walk::possible(&cli.global) => plain_walk::install(&cli.global, cli.answers.as_deref()),
        None => walk::install(&cli.global, cli.answers.as_deref()),
        Some(Command::Check(args)) => wire::check(&cli.global, args),
        Some(Command::Plan(args)) => wire::plan(&cli.global, args),
        Some(Command::Install(args)) => wire::install(&cli.global, args),
        Some(Command::Resume(args)) if screens::possible(&cli.global) && args.plain_only().is_none() => {
            walk::resume(&cli.global, args)
        }
        Some(Command::Resume(args)) => wire::resume(&cli.global, args),
        Some(Command::Browse(args)) => browse::browse(&cli.global, args),
        Some(Command::Attach(args)) if screens::possible(&cli.global) && args.reaching.password_fd.is_none() => {
            walk::attach(&cli.global, args)
        }
        Some(Command::Attach(args)) => wire::attach(&cli.global, args),
        Some(Command::Status(args)) => wire::status(&cli.global, args),
        Some(Command::Console(args)) => wire::console(&cli.global, args),
        Some(Command::Credentials(args)) => credentials::run(&cli.global, args),
        Some(Command::Report(args)) => report::run(&cli.global, args),
        Some(Command::Rehearse(args)) if screens::possible(&cli.global) && args.stop_at.is_none() => {
            walk::rehearse(&cli.global, args)
        }
        Some(Command::Rehearse(args)) => wire::rehearse(&cli.global, args),
        Some(Command::S3(args)) => s3::run(&cli.global, args),
        Some(Command::Answers) => answers::run(),
        Some(Command::Completions(args)) => completions::run(args),
        Some(Command::Man(args)) => man::run(args),
    };
    exit.into()
}

/// Help and version are data and success; everything else is a mistake.
fn usage(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        output::talk(error.render().to_string().trim_end());
        return Exit::Usage;
    }
    output::data(&error.render().to_string())
}
