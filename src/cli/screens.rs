//! What all screens need of the terminal and the environment: whether there is one, what it can show, in which
//! language, and the signals that end them.

use super::args::Global;
use crate::app::Exit;
use crate::ui::clipboard::Wrapped;
use crate::ui::text::Lang;
use crate::ui::theme::{Colours, Theme};
use rustix::termios::isatty;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Messages and effects that may wait. The loop takes messages with every turn, so a full queue makes the
/// driver wait for a moment; effects that find no room are refused with a word on the screen.
pub const QUEUE: usize = 64;

/// Whether there is a terminal that screens can be drawn on, and nobody asked for lines.
pub fn possible(global: &Global) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    !global.plain && !global.json && !dumb && isatty(std::io::stdin()) && isatty(std::io::stdout())
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The locale for texts, as programs in C find it.
fn locale() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().map(env).find(|value| !value.is_empty()).unwrap_or_default()
}

/// The locale for characters.
fn characters() -> String {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(env).find(|value| !value.is_empty()).unwrap_or_default()
}

/// The look that this terminal can show.
pub fn theme(global: &Global) -> Theme {
    let characters = characters().to_ascii_lowercase();
    let utf8 = characters.contains("utf-8") || characters.contains("utf8");
    let colours = if !env("NO_COLOR").is_empty() {
        Colours::None
    } else if matches!(env("COLORTERM").as_str(), "truecolor" | "24bit") {
        Colours::True
    } else {
        Colours::Sixteen
    };
    Theme { colours, ascii: global.ascii || !utf8 }
}

/// What stands between this program and the terminal that has the clipboard.
pub fn wrapped() -> Wrapped {
    Wrapped::of(&env("TMUX"), &env("STY"), &env("TERM"))
}

/// The language that was asked for, or the locale's.
pub fn language(global: &Global) -> Lang {
    global.lang.unwrap_or_else(|| Lang::of_locale(&locale()))
}

/// How long the screens have to end after a signal: longer than their last words take.
const STALLED: Duration = Duration::from_secs(10);

/// Where the wish to end and the wish to stop for a while are heard.
pub type Heard = (watch::Receiver<bool>, watch::Receiver<u64>);

/// SIGTERM and SIGHUP end the screens at once, SIGTSTP gives the terminal back for a while. A terminal
/// that takes no more output blocks the thread that draws: then the program ends without it.
pub fn signals() -> std::io::Result<Heard> {
    let (end, ended) = watch::channel(false);
    let (stop, stopped) = watch::channel(0_u64);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut suspend = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
                _ = interrupt.recv() => {}
                _ = suspend.recv() => { stop.send_modify(|n| *n += 1); continue; }
            }
            end.send_replace(true);
            // In use the program is gone long before.
            tokio::time::sleep(STALLED).await;
            let _ = crossterm::terminal::disable_raw_mode();
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    Ok((ended, stopped))
}
