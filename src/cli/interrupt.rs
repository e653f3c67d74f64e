//! Ctrl-C and its relatives.

use super::output;
use crate::base::Cancel;
use tokio::signal::unix::{SignalKind, signal};

/// What is said at the first signal, while a run is under way.
pub const SAFE_POINT: &str = "modelquay: stopping at the next safe point; once more leaves at once";

/// The first signal asks for a stop at the next safe point, the second leaves at once. SIGTERM and
/// SIGHUP count like Ctrl-C: a terminal that was closed is no reason to stop in the middle.
///
/// `first_word` is said at the first one. Must be called within a tokio runtime; the listener ends with it.
pub fn listen(cancel: &Cancel, first_word: &'static str) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let cancel = cancel.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                got = interrupt.recv() => if got.is_none() { return },
                got = terminate.recv() => if got.is_none() { return },
                got = hangup.recv() => if got.is_none() { return },
            }
            let first = !cancel.stopping();
            cancel.escalate();
            output::talk(if first { first_word } else { "modelquay: leaving at once" });
        }
    });
    Ok(())
}
