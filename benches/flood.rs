//! `cargo bench --bench flood`: a step prints three million lines while keys are pressed, through the real
//! loop and the real terminal backend, with a writer that counts in place of a terminal.
//!
//! It prints what it measured beside what is promised, and fails where a promise is broken.

use crossterm::event::{Event, KeyCode, KeyEvent};
use modelquay::base::{Clock, Redactor, SystemClock};
use modelquay::engine::RunState;
use modelquay::engine::event::{Event as Happened, EventKind, StepPlan};
use modelquay::engine::tail::Output;
use modelquay::plan::{StepId, StepKind};
use modelquay::ports::LinkState;
use modelquay::ui::draft::Draft;
use modelquay::ui::run::{Feeds, Tty, run};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::{Leaving, Live, Model, Msg};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{self, BufRead as _, BufWriter, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Lines that are printed.
const LINES: u64 = 3_000_000;
/// Between two keys.
const KEYS: Duration = Duration::from_millis(50);
/// The screen.
const SIZE: (u16, u16) = (120, 40);

/// What was seen of the frames.
#[derive(Default)]
struct Seen {
    bytes: AtomicU64,
    frames: AtomicU64,
    /// When the key that the loop has taken was pressed.
    taken: Mutex<Option<Instant>>,
    waits: Mutex<Vec<Duration>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A terminal that takes everything at once and counts it.
struct Counting(Arc<Seen>);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Back = CrosstermBackend<BufWriter<Counting>>;

struct Counted {
    screen: Terminal<Back>,
    seen: Arc<Seen>,
    /// The loop asks how much was written before each frame and behind it.
    asked: std::cell::Cell<bool>,
}

impl Tty for Counted {
    type Backend = Back;

    fn screen(&mut self) -> &mut Terminal<Back> {
        &mut self.screen
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn written(&self) -> u64 {
        if self.asked.replace(!self.asked.get()) {
            self.seen.frames.fetch_add(1, Ordering::Relaxed);
            if let Some(pressed) = locked(&self.seen.taken).take() {
                locked(&self.seen.waits).push(pressed.elapsed());
            }
        }
        self.seen.bytes.load(Ordering::Relaxed)
    }
}

fn step() -> StepId {
    StepId::of(StepKind::ClusterStart, "edge-07".parse().expect("a label"))
}

fn state(now_ms: u64) -> RunState {
    let id = |kind: &StepKind| StepId::of(*kind, "edge-07".parse().expect("a label"));
    let steps = StepKind::ALL.iter().map(|kind| StepPlan { id: id(kind), needs: vec![], agreed: vec![] }).collect();
    let kinds = [
        EventKind::RunStarted { steps, intent: String::new(), rehearsal: false },
        EventKind::StepStarted { step: step(), attempt: 1 },
        EventKind::StepApplying { step: step(), changes: 1 },
    ];
    let events: Vec<Happened> = (0..).zip(kinds).map(|(seq, event)| Happened { seq, at_ms: now_ms, event }).collect();
    RunState::fold(&events)
}

fn model(live: &Live) -> Model {
    let mut model = Model::new(Text::of(Lang::En), Theme { colours: Colours::True, ascii: false }, false);
    model.update(Msg::Resize(SIZE.0, SIZE.1));
    let site = "edge-07".parse().expect("a label");
    model.update(Msg::RunBegun { site, answers: Draft::default().answers(), log: String::new() });
    model.update(Msg::Live(live.clone()));
    model
}

/// A number of `/proc/self/status`, in KiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn flood(output: &Output) {
    let mut line = Vec::with_capacity(128);
    for n in 0..LINES {
        line.clear();
        let _ = write!(line, "level=info msg=\"line {n}\"");
        output.line(step(), &line);
    }
}

/// The `nth` part of a hundred of sorted waits.
fn part(waits: &[Duration], nth: usize) -> Duration {
    waits.get((waits.len() * nth / 100).min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let file = std::fs::File::create(&path).expect("it can be written");
    let output = Output::to_file(file, path.clone(), Redactor::new());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let state = Some(Arc::new(state(clock.now_ms())));
    let live = Live { run: state, link: Some(LinkState::Up { rtt_ms: Some(42) }), ..Live::default() };
    let mut model = model(&live);
    let seen = Arc::new(Seen::default());
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, Counting(seen.clone())));
    let screen =
        Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(area) }).expect("no terminal");
    let mut tty = Counted { screen, seen: seen.clone(), asked: std::cell::Cell::new(false) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let (_msgs, heard) = mpsc::channel(64);
    let (effects, _asked) = mpsc::channel(64);
    let (_live, live) = watch::channel(live);
    let (_output, outputs) = watch::channel(Some(output.clone()));
    let (end, ended) = watch::channel(false);
    let (_suspend, suspend) = watch::channel(0);
    let feeds = Feeds { msgs: heard, live, output: outputs, end: ended, suspend, clock };
    // A key at a time: the next one is pressed when this one was seen, so that none waits for another.
    let (press, mut pressed) = mpsc::channel::<Instant>(1);
    let taken = seen.clone();
    let keys = futures_util::stream::poll_fn(move |cx| {
        pressed.poll_recv(cx).map(|at| {
            at.map(|at| {
                *locked(&taken.taken) = Some(at);
                Ok(Event::Key(KeyEvent::from(KeyCode::Tab)))
            })
        })
    });
    let over = Arc::new(AtomicBool::new(false));
    let before = memory("VmRSS:");
    let begun = Instant::now();
    let printing = std::thread::spawn({
        let (over, output) = (over.clone(), output.clone());
        move || {
            flood(&output);
            over.store(true, Ordering::SeqCst);
            begun.elapsed()
        }
    });
    let hand = {
        let over = over.clone();
        runtime.spawn(async move {
            let mut every = tokio::time::interval(KEYS);
            while !over.load(Ordering::SeqCst) {
                every.tick().await;
                if press.send(Instant::now()).await.is_err() {
                    return;
                }
            }
            end.send_replace(true);
            // The keys end after the screens: a terminal without keys is one that is gone.
            press.closed().await;
        })
    };
    let leaving = runtime.block_on(run(&mut model, &mut tty, keys, feeds, effects));
    assert_eq!(leaving, Leaving::Detach, "the loop has ended by itself");
    let flooded = printing.join().expect("it prints and ends");
    let _ = runtime.block_on(hand);
    let took = begun.elapsed();
    let peak = memory("VmHWM:").max(memory("VmRSS:"));
    drop(output);
    let written = io::BufReader::new(std::fs::File::open(&path).expect("it was written")).lines().count() as u64;
    report(&seen, took, flooded, peak.saturating_sub(before), written);
}

fn report(seen: &Seen, took: Duration, flooded: Duration, grown: u64, written: u64) {
    let mut waits = locked(&seen.waits).clone();
    waits.sort_unstable();
    let frames = seen.frames.load(Ordering::Relaxed);
    let bytes = seen.bytes.load(Ordering::Relaxed);
    let seconds = took.as_secs_f64();
    let keys = waits.len() as u64;
    let each = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from) / seconds;
    let ms = |wait: Duration| wait.as_secs_f64() * 1000.0;
    let mut out = io::stdout().lock();
    let mut row = |what: &str, value: String, promise: &str| {
        let _ = writeln!(out, "{what:<34} {value:>18}   {promise}");
    };
    row("lines printed", LINES.to_string(), "");
    row("lines in the log file", written.to_string(), "all, up to 256 MiB");
    row("printing took", format!("{:.2} s", flooded.as_secs_f64()), "");
    row("frames", format!("{frames}, {:.1}/s", each(frames)), "<= 30/s and one a key");
    row("bytes to the terminal", format!("{bytes}, {:.0}/s", each(bytes)), "");
    row("keys pressed", keys.to_string(), "");
    row("key to frame, median", format!("{:.2} ms", ms(part(&waits, 50))), "");
    row("key to frame, p99", format!("{:.2} ms", ms(part(&waits, 99))), "<= 50 ms");
    row("key to frame, longest", format!("{:.2} ms", ms(part(&waits, 100))), "");
    row("resident memory grew by", format!("{grown} KiB"), "<= 10240 KiB");
    assert_eq!(written, LINES, "lines are missing in the log file");
    assert!(part(&waits, 99) <= Duration::from_millis(50), "a key waits too long");
    assert!(each(frames) <= 30.0 + each(keys + 2), "too many frames");
    assert!(grown <= 10 * 1024, "memory grows with output");
}
