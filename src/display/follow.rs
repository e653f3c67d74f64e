//! Writes a run that is under way, as it goes.

use super::View;
use crate::base::Clock;
use crate::engine::event::{Event, EventKind};
use crate::engine::step::Progress;
use crate::ports::LinkState;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Events that may wait for a reader. A run has some hundred; when a terminal has stalled for so long
/// that more pile up, further ones are counted and the reader is told: the journal has them all.
const WAITING: usize = 4096;

/// Where the recorder's listener puts events. It never blocks, so a stalled terminal stalls no run.
#[derive(Clone)]
pub struct Feed {
    events: mpsc::Sender<Event>,
    missed: Arc<AtomicU64>,
}

/// The other end of a [`Feed`].
pub struct Fed {
    events: mpsc::Receiver<Event>,
    missed: Arc<AtomicU64>,
}

/// A feed and its end.
pub fn feed() -> (Feed, Fed) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let missed = Arc::new(AtomicU64::new(0));
    (Feed { events: sender, missed: missed.clone() }, Fed { events: receiver, missed })
}

impl Feed {
    /// Passes an event on.
    pub fn event(&self, event: &Event) {
        if self.events.try_send(event.clone()).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes until the run has ended, or until every [`Feed`] is gone. Ends with an error when the lines
/// cannot be written; a broken pipe is one of those errors, and the caller decides what it means.
///
/// Writing blocks this task alone, so it should be a task of its own.
pub async fn follow(
    view: &mut dyn View,
    out: &mut (dyn Write + Send),
    mut fed: Fed,
    mut progress: watch::Receiver<Progress>,
    mut link: watch::Receiver<LinkState>,
    clock: Arc<dyn Clock>,
) -> io::Result<()> {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut link_open = true;
    loop {
        let lines = tokio::select! {
            biased;
            event = fed.events.recv() => {
                let Some(event) = event else { return Ok(()) };
                let missed = fed.missed.swap(0, Ordering::Relaxed);
                let mut lines = if missed > 0 { view.missed(missed) } else { Vec::new() };
                lines.extend(view.event(&event));
                write(out, &lines)?;
                if matches!(event.event, EventKind::RunFinished { .. } | EventKind::RunAborted { at_once: true }) {
                    return Ok(());
                }
                continue;
            }
            changed = link.changed(), if link_open => {
                link_open = changed.is_ok();
                let now = link.borrow_and_update().clone();
                if link_open { view.link(&now, clock.now_ms()) } else { Vec::new() }
            }
            _ = tick.tick() => {
                let now = progress.borrow_and_update().clone();
                view.progress(&now, clock.now_ms())
            }
        };
        write(out, &lines)?;
    }
}

/// Writes whole lines and flushes them: a reader at the other end of a pipe sees them at once.
pub fn write(out: &mut (dyn Write + Send), lines: &[String]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut text = lines.join("\n");
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SetClock;
    use crate::display::LineView;
    use crate::engine::event::RunResult;

    #[tokio::test]
    async fn it_ends_with_the_run_and_says_what_was_missed() {
        let (feed, fed) = feed();
        let event = |seq, event| Event { seq, at_ms: 0, event };
        for seq in 0..=WAITING as u64 {
            feed.event(&event(seq, EventKind::LinkBack { after: seq }));
        }
        assert_eq!(feed.missed.load(Ordering::Relaxed), 1);
        let (_progress, watched) = watch::channel(Progress::default());
        let (_link, linked) = watch::channel(LinkState::Local);
        let mut out = Vec::new();
        let mut view = LineView::default();
        let clock = Arc::new(SetClock::at(0));
        let task = async {
            let write = follow(&mut view, &mut out, fed, watched, linked, clock).await;
            write.expect("memory can be written");
        };
        let ending = async {
            // Room comes as soon as the reader has read; then the end is passed on.
            let end = event(WAITING as u64 + 1, EventKind::RunFinished { result: RunResult::Done });
            feed.events.send(end).await.expect("the reader reads");
        };
        tokio::join!(task, ending);
        let text = String::from_utf8(out).expect("lines are text");
        assert!(text.contains("1 events were not shown"), "{}", &text[..200]);
        assert!(text.trim_end().ends_with("steps are done"));
    }
}
