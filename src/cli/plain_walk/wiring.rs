//! Where the walk without screens meets the terminal and the use cases.

use super::{PlainWalk, TerminalLines, WalkFace};
use crate::app::session::Session;
use crate::app::{Env, Exit, Machine, ssh_hosts};
use crate::base::{Cancel, Redactor, SystemClock};
use crate::cli::args::Global;
use crate::cli::prompt::TerminalPrompt;
use crate::cli::wire::{by, refuse, runtime_dir};
use crate::cli::{interrupt, output, walk};
use crate::engine::retry::Retry;
use crate::engine::step::Hook;
use crate::plan::Failure;
use crate::ui::text::Text;
use rustix::termios::isatty;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whether lines were asked for, and somebody is there to answer.
pub fn possible(global: &Global) -> bool {
    global.plain && isatty(std::io::stdin()) && TerminalPrompt::possible()
}

/// `modelquay --plain`: the walk, line by line.
pub fn install(global: &Global, answers: Option<&Path>) -> Exit {
    let (draft, base, sites) = match walk::begin_with(global, answers) {
        Ok(begin) => begin,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::permanent("start the program's threads").because(error.to_string())),
    };
    let cancel = Cancel::new();
    let lines = Arc::new(TerminalLines::new(cancel.clone()));
    let face = Arc::new(WalkFace::new(lines.clone()));
    let env = Env {
        sites,
        clock: Arc::new(SystemClock),
        prompt: Arc::new(TerminalPrompt::new(cancel.clone())),
        face: face.clone(),
        cancel: cancel.clone(),
        redactor: Redactor::new(),
        runtime_dir: runtime_dir(),
        // Somebody is there to stop it; a link that is away for a night is waited for.
        link_timeout: Duration::from_hours(24),
        retry: Retry::default(),
        hook: Hook::default(),
        by: by(),
        take_over: false,
    };
    let walk = PlainWalk {
        lines,
        face,
        session: Session::new(env, Machine::Real),
        draft,
        text: Text::of(crate::cli::screens::language(global)),
        base,
        here: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        hosts: ssh_hosts::names(),
    };
    let exit = runtime.block_on(async {
        if let Err(error) = interrupt::listen(&cancel, interrupt::SAFE_POINT) {
            output::talk(&format!("modelquay: signals cannot be heard: {error}"));
        }
        Box::pin(walk.walk()).await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    exit
}
