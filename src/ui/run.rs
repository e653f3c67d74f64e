//! The loop: what happened goes into the model, what is to be done comes out of it, and the screen is
//! drawn when something changed, as often as the line can carry.

use super::budget::{Budget, FRUGAL, USUAL};
use super::effect::Leaving;
use crate::base::{Clock, Secret};
use crate::engine::tail::{Line, Output};
use crossterm::event::{Event, KeyEvent, MouseEvent};
use futures_util::{Stream, StreamExt as _};
use ratatui::backend::Backend;
use ratatui::{Frame, Terminal};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What the loop hears: from the terminal, from the clock, and from a driver that says `M` and shows `L`.
#[derive(Clone, Debug)]
pub enum Input<M, L> {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// The mouse was used, where it is listened to.
    Mouse(MouseEvent),
    /// Time has passed: milliseconds since 1970.
    Tick(u64),
    /// New lines of output, and how many there were in all.
    Lines(Vec<Line>, u64),
    /// What moves by itself, as it is now.
    Live(L),
    /// The driver says something.
    Said(M),
}

/// What of an effect is the loop's matter.
pub enum Own<E> {
    /// Leave the screens.
    Leave(Leaving),
    /// Give the terminal back to the shell until it says `fg`.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Send a text to the terminal's clipboard.
    Copy(Secret<String>),
    /// Nothing: it goes to the driver.
    No(E),
}

/// A word of the loop on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Something was sent to the terminal's clipboard.
    Copied,
    /// It is longer than a terminal's clipboard takes, and was not sent.
    TooLong,
    /// The driver has too much to do.
    Busy,
}

/// A model with its pictures, as the loop sees it. All state is in it, and nothing else changes it.
pub trait Screens {
    /// What the driver says.
    type Msg;
    /// What the driver is asked for.
    type Effect;
    /// What the driver shows.
    type Live: Clone;

    /// What is asked for first.
    fn first(&mut self) -> Vec<Self::Effect>;
    /// Takes in what happened and says what is to be done.
    fn hear(&mut self, input: Input<Self::Msg, Self::Live>) -> Vec<Self::Effect>;
    /// Draws everything.
    fn draw(&self, frame: &mut Frame<'_>);
    /// After how long something on the screen has moved by itself, where something moves.
    fn moving(&self) -> Option<Duration>;
    /// The signal by which the system asks the program to end: nothing is asked any more.
    fn told_to_end(&self) -> Leaving;
    /// What of an effect is the loop's matter.
    fn own(effect: Self::Effect) -> Own<Self::Effect>;
    /// Shows a word of the loop until the next key.
    fn say(&mut self, word: Word);
    /// Whether a message is drawn when the line has room, and not at once: somebody asked for it long ago,
    /// and many of its kind follow.
    fn patient(&self, _: &Self::Msg) -> bool {
        false
    }
}

/// Where the loop hears from.
pub struct Feeds<M, L> {
    /// What happened. The driver waits when it is full (64): the loop empties it with every turn.
    pub msgs: mpsc::Receiver<M>,
    /// What moves by itself; the newest wins.
    pub live: watch::Receiver<L>,
    /// The output of the run that is under way.
    pub output: watch::Receiver<Option<Output>>,
    /// The system asks the program to end; the newest wins.
    pub end: watch::Receiver<bool>,
    /// The shell asks the program to stop for a while.
    pub suspend: watch::Receiver<u64>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the line is so bad that frames are to be few.
    pub frugal: bool,
}

/// What the loop does to the terminal beside drawing.
pub trait Tty {
    /// What is drawn on.
    type Backend: Backend;
    /// The terminal.
    fn screen(&mut self) -> &mut Terminal<Self::Backend>;
    /// Gives it back until the program is continued.
    fn suspend(&mut self) -> io::Result<()>;
    /// Sends a text to its clipboard, and says what came of it.
    fn copy(&mut self, text: &str) -> io::Result<Word>;
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

    fn copy(&mut self, text: &str) -> io::Result<Word> {
        match super::clipboard::sequence(text, self.wrapped) {
            Some(sequence) => self.say(&sequence).map(|()| Word::Copied),
            None => Ok(Word::TooLong),
        }
    }

    fn written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Runs the screens until they are left. `effects` never blocks them: what does not fit (64) is refused
/// with a word on the screen.
///
/// A terminal that is gone ends them like a signal: nothing that runs on the host is touched by it.
pub async fn run<S: Screens, T: Tty>(
    model: &mut S,
    tty: &mut T,
    mut events: impl Stream<Item = io::Result<Event>> + Unpin,
    mut feeds: Feeds<S::Msg, S::Live>,
    effects: mpsc::Sender<S::Effect>,
) -> Leaving
where
    <T::Backend as Backend>::Error: std::fmt::Debug,
{
    let mut budget = Budget::new(Instant::now(), if feeds.frugal { FRUGAL } else { USUAL });
    let mut seen_lines = 0;
    let mut dirty = true;
    let mut at_once = true;
    let mut tick_at = None;
    if let Ok(size) = tty.screen().size() {
        model.hear(Input::Resize(size.width, size.height));
    }
    let mut asked = model.hear(Input::Tick(feeds.clock.now_ms()));
    asked.extend(model.first());
    loop {
        for effect in asked.drain(..) {
            let own = S::own(effect);
            // What it was suspended by may have come from outside, with nothing else to draw.
            let anew = matches!(own, Own::Suspend | Own::Redraw);
            (dirty, at_once) = (dirty || anew, at_once || anew);
            match perform(model, tty, own, &effects) {
                Ok(Some(leaving)) => return leaving,
                Ok(None) => {}
                Err(()) => return model.told_to_end(),
            }
        }
        let now = Instant::now();
        if dirty && (at_once || budget.next(now) <= now) {
            pull(model, &feeds, &mut seen_lines);
            let before = tty.written();
            if tty.screen().draw(|frame| model.draw(frame)).is_err() {
                return model.told_to_end();
            }
            budget.drawn(Instant::now(), tty.written() - before);
            (dirty, at_once) = (false, false);
        }
        let frame_at = dirty.then(|| budget.next(Instant::now()));
        tick_at = model.moving().map(|after| {
            let next = Instant::now() + after;
            tick_at.map_or(next, |at: Instant| at.min(next))
        });
        let output = feeds.output.borrow().clone();
        let heard = tokio::select! {
            biased;
            ended = feeds.end.changed() => {
                if ended.is_ok() && !*feeds.end.borrow_and_update() { continue }
                return model.told_to_end();
            }
            Ok(()) = feeds.suspend.changed() => {
                feeds.suspend.borrow_and_update();
                if tty.suspend().is_err() {
                    return model.told_to_end();
                }
                at_once = true;
                None
            }
            event = events.next() => match event {
                Some(Ok(event)) => {
                    at_once = true;
                    match event {
                        Event::Key(key) => Some(Input::Key(key)),
                        Event::Paste(text) => Some(Input::Paste(text)),
                        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
                        Event::Mouse(mouse) => Some(Input::Mouse(mouse)),
                        Event::FocusGained | Event::FocusLost => None,
                    }
                }
                Some(Err(_)) | None => return model.told_to_end(),
            },
            Some(msg) = feeds.msgs.recv() => { at_once |= !model.patient(&msg); Some(Input::Said(msg)) }
            Ok(()) = feeds.live.changed() => Some(Input::Live(feeds.live.borrow_and_update().clone())),
            Ok(()) = feeds.output.changed() => { feeds.output.borrow_and_update(); seen_lines = 0; None }
            () = poked(output.as_ref()), if !dirty => None,
            () = until(frame_at) => None,
            () = until(tick_at) => { tick_at = None; None }
        };
        dirty = true;
        asked.extend(model.hear(Input::Tick(feeds.clock.now_ms())));
        asked.extend(heard.map(|heard| model.hear(heard)).unwrap_or_default());
    }
}

/// Output is pulled once a frame, and only then: however much there is, a frame shows its end.
fn pull<S: Screens>(model: &mut S, feeds: &Feeds<S::Msg, S::Live>, seen: &mut u64) {
    let Some(output) = feeds.output.borrow().clone() else { return };
    let (lines, next) = output.since(*seen);
    if next != *seen {
        *seen = next;
        model.hear(Input::Lines(lines, next));
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
fn perform<S: Screens, T: Tty>(
    model: &mut S,
    tty: &mut T,
    effect: Own<S::Effect>,
    effects: &mpsc::Sender<S::Effect>,
) -> Result<Option<Leaving>, ()> {
    match effect {
        Own::Leave(leaving) => return Ok(Some(leaving)),
        Own::Suspend => tty.suspend().map_err(|_| ())?,
        Own::Redraw => super::terminal::clear(tty.screen()).map_err(|_| ())?,
        Own::Copy(text) => {
            let word = tty.copy(text.expose()).map_err(|_| ())?;
            model.say(word);
        }
        Own::No(effect) => {
            if effects.try_send(effect).is_err() {
                model.say(Word::Busy);
            }
        }
    }
    Ok(None)
}
