//! Writes a run that is under way, as it goes, without ever holding it up.

use super::{About, Last, View};
use crate::base::Clock;
use crate::engine::event::Event;
use crate::engine::step::Progress;
use crate::ports::LinkState;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Messages that may wait for a reader. A run has some hundred; when a terminal has stalled for so long
/// that more pile up, further ones are counted and the reader is told: the journal has the events.
const WAITING: usize = 4096;

/// What is to be written.
enum Message {
    Header(About),
    Event(Box<Event>),
    Link(LinkState),
    Lines(Vec<String>),
    Last(Box<Last>),
    Settled(oneshot::Sender<()>),
}

/// A view and a thread of its own that writes it. The thread, and not the run, waits for a stalled
/// terminal; it also asks the view every second whether progress is worth a line.
pub struct Writer {
    sender: SyncSender<Message>,
    missed: Arc<AtomicU64>,
    progress: Arc<Mutex<Progress>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(view: Box<dyn View>, out: Box<dyn Write + Send>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let progress = Arc::new(Mutex::new(Progress::default()));
        let mut body = Body { view, out, clock, missed: missed.clone(), progress: progress.clone() };
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || body.run(&receiver))?;
        Ok(Self { sender, missed, progress, thread })
    }

    fn send(&self, message: Message) {
        if self.sender.try_send(message).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The first lines.
    pub fn header(&self, about: &About) {
        self.send(Message::Header(about.clone()));
    }

    /// An event.
    pub fn event(&self, event: &Event) {
        self.send(Message::Event(Box::new(event.clone())));
    }

    /// The state of the link.
    pub fn link(&self, link: &LinkState) {
        self.send(Message::Link(link.clone()));
    }

    /// Lines that are ready, such as a plan.
    pub fn lines(&self, lines: Vec<String>) {
        self.send(Message::Lines(lines));
    }

    /// The newest progress; the one before is forgotten.
    pub fn progress(&self, progress: &Progress) {
        if let Ok(mut slot) = self.progress.lock() {
            slot.clone_from(progress);
        }
    }

    /// The last lines.
    pub fn last(&self, last: &Last) {
        self.send(Message::Last(Box::new(last.clone())));
    }

    /// Waits until what was handed over so far is written, or nobody reads it: so that a question on the terminal
    /// stands behind what it is about.
    pub async fn settled(&self) {
        let (written, settled) = oneshot::channel();
        self.send(Message::Settled(written));
        // A writer that has ended drops its end, which ends the wait as well.
        let _ = settled.await;
    }

    /// Whether nobody reads any more.
    pub fn broken(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until everything is written. A broken pipe is an error here; the caller decides what it
    /// means.
    pub fn finish(self) -> io::Result<()> {
        drop(self.sender);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writer has ended in the middle")))
    }
}

struct Body {
    view: Box<dyn View>,
    out: Box<dyn Write + Send>,
    clock: Arc<dyn Clock>,
    missed: Arc<AtomicU64>,
    progress: Arc<Mutex<Progress>>,
}

impl Body {
    fn run(&mut self, receiver: &Receiver<Message>) -> io::Result<()> {
        loop {
            let message = receiver.recv_timeout(Duration::from_secs(1));
            let missed = self.missed.swap(0, Ordering::Relaxed);
            if missed > 0 {
                let lines = self.view.missed(missed);
                self.write(&lines)?;
            }
            let lines = match message {
                Ok(Message::Header(about)) => self.view.header(&about),
                Ok(Message::Event(event)) => self.view.event(&event),
                Ok(Message::Link(link)) => self.view.link(&link, self.clock.now_ms()),
                Ok(Message::Lines(lines)) => lines,
                Ok(Message::Last(last)) => self.view.summary(&last),
                Ok(Message::Settled(written)) => {
                    // Whoever waited may have gone.
                    let _ = written.send(());
                    Vec::new()
                }
                Err(RecvTimeoutError::Timeout) => {
                    let progress = self.progress.lock().map(|slot| slot.clone()).unwrap_or_default();
                    self.view.progress(&progress, self.clock.now_ms())
                }
                Err(RecvTimeoutError::Disconnected) => return self.out.flush(),
            };
            self.write(&lines)?;
        }
    }

    /// Whole lines, flushed: a reader at the other end of a pipe sees them at once.
    fn write(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = lines.join("\n");
        text.push('\n');
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SetClock;
    use crate::display::JsonView;
    use crate::engine::event::EventKind;
    use std::sync::mpsc::sync_channel;

    /// A terminal that takes nothing until it is told to, and then keeps what it gets.
    struct Stalled(Option<Receiver<()>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(gate) = self.0.take() {
                gate.recv().map_err(io::Error::other)?;
            }
            self.1.lock().expect("nobody panics with it").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stalled_terminal_holds_nobody_up_and_is_told_what_it_missed() {
        let (open, gate) = sync_channel(1);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let out = Box::new(Stalled(Some(gate), kept.clone()));
        let writer = Writer::start(Box::new(JsonView::default()), out, Arc::new(SetClock::at(0))).expect("a thread");
        for seq in 0..2 * WAITING as u64 {
            writer.event(&Event { seq, at_ms: 0, event: EventKind::LinkBack { after: 1 } });
        }
        open.send(()).expect("the writer waits for it");
        writer.finish().expect("memory can be written");
        let text = String::from_utf8(kept.lock().expect("nobody panics with it").clone()).expect("lines are text");
        let missed = text.lines().filter(|line| line.contains("\"type\":\"missed\"")).count();
        assert!(missed >= 1 && text.lines().count() >= WAITING, "{missed} {}", text.lines().count());
    }

    #[tokio::test]
    async fn what_is_settled_is_written() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let out = Box::new(Stalled(None, kept.clone()));
        let writer = Writer::start(Box::new(JsonView::default()), out, Arc::new(SetClock::at(0))).expect("a thread");
        for n in 0..50 {
            writer.lines(vec![n.to_string()]);
            writer.settled().await;
            let lines = String::from_utf8(kept.lock().expect("nobody panics with it").clone()).expect("text");
            assert_eq!(lines.lines().count(), n + 1);
        }
        writer.finish().expect("memory can be written");
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_writer_and_not_the_run() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let writer =
            Writer::start(Box::new(JsonView::default()), Box::new(Gone), Arc::new(SetClock::at(0))).expect("a thread");
        for _ in 0..10 {
            writer.lines(vec!["x".into()]);
        }
        let error = writer.finish().expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
