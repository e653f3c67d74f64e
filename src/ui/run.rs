//! The loop: what happened goes into the model, what is to be done comes out of it, and the screen is
//! drawn when something changed, as often as the line can carry.

use super::effect::{Effect, Leaving};
use super::model::Model;
use super::msg::{Live, Msg};
use super::view;
use crate::base::Clock;
use crate::engine::tail::Output;
use crossterm::event::Event;
use futures_util::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// The least time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// What frames that no key asked for may cost on average, in bytes a second: a line of 9,600 baud
/// carries it, and a key that is pressed during a flood of output is seen at once.
const RATE: f64 = 900.0;
/// What they may cost at once after a quiet time: a screen of 80×24 that has changed in half.
const BURST: f64 = 2048.0;

/// Where the loop hears from.
pub struct Feeds {
    /// What happened. The driver waits when it is full (64): the loop empties it with every turn.
    pub msgs: mpsc::Receiver<Msg>,
    /// What moves by itself; the newest wins.
    pub live: watch::Receiver<Live>,
    /// The output of the run that is under way.
    pub output: watch::Receiver<Option<Output>>,
    /// The system asks the program to end; the newest wins.
    pub end: watch::Receiver<bool>,
    /// The shell asks the program to stop for a while.
    pub suspend: watch::Receiver<u64>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the loop does to the terminal beside drawing.
pub trait Tty {
    /// What is drawn on.
    type Backend: Backend;
    /// The terminal.
    fn screen(&mut self) -> &mut Terminal<Self::Backend>;
    /// Gives it back until the program is continued.
    fn suspend(&mut self) -> io::Result<()>;
    /// Sends a text to its clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Bytes that were written so far.
    fn written(&self) -> u64;
}

impl Tty for super::terminal::Taken {
    type Backend = super::terminal::Back;

    fn screen(&mut self) -> &mut Terminal<Self::Backend> {
        &mut self.screen
    }

    fn suspend(&mut self) -> io::Result<()> {
        Self::suspend(self)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.say(&super::clipboard::sequence(text))
    }

    fn written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// How often frames are drawn that no key asked for: at most thirty times a second, and no more bytes on
/// average than a bad line carries.
#[derive(Debug)]
struct Budget {
    tokens: f64,
    at: Instant,
    last: Instant,
}

impl Budget {
    fn new(now: Instant) -> Self {
        Self { tokens: BURST, at: now, last: now }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * RATE).min(BURST);
        self.at = now;
    }

    /// When the next frame may be drawn.
    fn next(&mut self, now: Instant) -> Instant {
        self.fill(now);
        let wait = if self.tokens > 0.0 { 0.0 } else { -self.tokens / RATE };
        (self.last + FRAME).max(now + Duration::from_secs_f64(wait))
    }

    fn drawn(&mut self, now: Instant, bytes: u64) {
        self.fill(now);
        // A debt of two seconds at most: longer and the screen would look dead.
        self.tokens = (self.tokens - u32::try_from(bytes).map_or(f64::MAX, f64::from)).max(-2.0 * RATE);
        self.last = now;
    }
}

/// Runs the screens until they are left. `effects` never blocks them: what does not fit (64) is refused
/// with a word on the screen.
///
/// A terminal that is gone ends them like a signal: nothing that runs on the host is touched by it.
pub async fn run<T: Tty>(
    model: &mut Model,
    tty: &mut T,
    mut events: impl Stream<Item = io::Result<Event>> + Unpin,
    mut feeds: Feeds,
    effects: mpsc::Sender<Effect>,
) -> Leaving
where
    <T::Backend as Backend>::Error: std::fmt::Debug,
{
    let mut budget = Budget::new(Instant::now());
    let mut seen_lines = 0;
    let mut dirty = true;
    let mut at_once = true;
    let mut tick_at = None;
    let size = tty.screen().size().map_or(model.shell.size, |size| (size.width, size.height));
    model.update(Msg::Resize(size.0, size.1));
    model.update(Msg::Tick(feeds.clock.now_ms()));
    let mut asked: Vec<Effect> = vec![Effect::LookAround];
    loop {
        for effect in asked.drain(..) {
            // What it was suspended by may have come from outside, with nothing else to draw.
            let anew = matches!(effect, Effect::Suspend | Effect::Redraw);
            (dirty, at_once) = (dirty || anew, at_once || anew);
            match perform(model, tty, effect, &effects) {
                Ok(Some(leaving)) => return leaving,
                Ok(None) => {}
                Err(()) => return gone(model),
            }
        }
        let now = Instant::now();
        if dirty && (at_once || budget.next(now) <= now) {
            pull(model, &feeds, &mut seen_lines);
            let before = tty.written();
            if tty.screen().draw(|frame| view(model, frame)).is_err() {
                return gone(model);
            }
            budget.drawn(Instant::now(), tty.written() - before);
            (dirty, at_once) = (false, false);
        }
        let frame_at = dirty.then(|| budget.next(Instant::now()));
        tick_at = model.moving().map(|after| tick_at.unwrap_or_else(|| Instant::now() + after));
        let output = feeds.output.borrow().clone();
        let msg = tokio::select! {
            biased;
            ended = feeds.end.changed() => {
                if ended.is_ok() && !*feeds.end.borrow_and_update() { continue }
                asked.push(model.told_to_end());
                continue;
            }
            Ok(()) = feeds.suspend.changed() => {
                feeds.suspend.borrow_and_update();
                asked.push(Effect::Suspend);
                continue;
            }
            event = events.next() => match event {
                Some(Ok(event)) => {
                    at_once = true;
                    match event {
                        Event::Key(key) => Some(Msg::Key(key)),
                        Event::Paste(text) => Some(Msg::Paste(text)),
                        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
                        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
                    }
                }
                Some(Err(_)) | None => return gone(model),
            },
            Some(msg) = feeds.msgs.recv() => { at_once = true; Some(msg) }
            Ok(()) = feeds.live.changed() => Some(Msg::Live(feeds.live.borrow_and_update().clone())),
            Ok(()) = feeds.output.changed() => { feeds.output.borrow_and_update(); seen_lines = 0; None }
            () = poked(output.as_ref()), if !dirty => None,
            () = until(frame_at) => None,
            () = until(tick_at) => { tick_at = None; None }
        };
        dirty = true;
        model.update(Msg::Tick(feeds.clock.now_ms()));
        asked.extend(msg.map(|msg| model.update(msg)).unwrap_or_default());
    }
}

/// Output is pulled once a frame, and only then: however much there is, a frame shows its end.
fn pull(model: &mut Model, feeds: &Feeds, seen: &mut u64) {
    let Some(output) = feeds.output.borrow().clone() else { return };
    let (lines, next) = output.since(*seen);
    if next != *seen {
        *seen = next;
        model.update(Msg::Lines(lines, next));
    }
}

fn gone(model: &Model) -> Leaving {
    match model.told_to_end() {
        Effect::Leave(leaving) => leaving,
        _ => Leaving::Quit,
    }
}

async fn poked(output: Option<&Output>) {
    match output {
        Some(output) => output.poked().await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Does what only the loop can do, and hands all else to the driver.
fn perform<T: Tty>(
    model: &mut Model,
    tty: &mut T,
    effect: Effect,
    effects: &mpsc::Sender<Effect>,
) -> Result<Option<Leaving>, ()> {
    match effect {
        Effect::Leave(leaving) => return Ok(Some(leaving)),
        Effect::Suspend => tty.suspend().map_err(|_| ())?,
        Effect::Redraw => super::terminal::clear(tty.screen()).map_err(|_| ())?,
        Effect::Copy(text) => {
            tty.copy(text.expose()).map_err(|_| ())?;
            model.shell.notice = Some(model.t("notice-copied"));
        }
        effect => {
            if effects.try_send(effect).is_err() {
                model.shell.notice = Some(model.t("notice-busy"));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames and bytes of so many seconds in which every frame costs the same and something has always
    /// changed.
    fn flood(seconds: u64, bytes_a_frame: u64) -> (u32, u64) {
        let begun = Instant::now();
        let mut budget = Budget::new(begun);
        let (mut now, mut frames, mut bytes) = (begun, 0, 0);
        while now < begun + Duration::from_secs(seconds) {
            now = budget.next(now).max(now);
            budget.drawn(now, bytes_a_frame);
            frames += 1;
            bytes += bytes_a_frame;
        }
        (frames, bytes)
    }

    #[test]
    fn a_flood_is_drawn_as_often_as_a_bad_line_carries_it() {
        let (frames, bytes) = flood(60, 900);
        assert!(bytes < 60 * 1024, "{bytes} bytes in {frames} frames");
        assert!(frames > 55, "{frames} frames look dead");
    }

    #[test]
    fn a_screen_that_changes_a_little_is_drawn_thirty_times_a_second_at_most() {
        let (frames, _) = flood(1, 10);
        assert!((25..=32).contains(&frames), "{frames}");
    }
}
