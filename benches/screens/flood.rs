//! A step that prints without end, on the install's screen: how soon a key is seen, and at what cost.
//!
//! No real step prints as fast as this, so the loop of the screens is run here by itself, on a real
//! terminal, with the output of a run that is made up.

use super::{Figure, figure, float, median, most, passes, pty::Pty, quiet, t};
use futures_util::StreamExt as _;
use modelquay::base::{Redactor, SystemClock};
use modelquay::engine::RunState;
use modelquay::engine::event::{Event, EventKind, StepPlan};
use modelquay::engine::tail::Output;
use modelquay::plan::{HostId, StepId, StepKind};
use modelquay::ui::clipboard::Wrapped;
use modelquay::ui::run::{Feeds, run};
use modelquay::ui::terminal::{Taken, watch_panics};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::{Live, Model, Msg};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Set for the program that is measured.
pub const ROLE: &str = "MODELQUAY_BENCH_FLOOD";
/// Lines that are printed.
const LINES: u64 = 3_000_000;

fn under_way(site: HostId) -> RunState {
    let steps = StepKind::ALL.iter().map(|kind| StepId::of(*kind, site)).collect::<Vec<_>>();
    let plan = steps.iter().map(|id| StepPlan { id: *id, needs: Vec::new(), agreed: Vec::new() }).collect();
    let began = EventKind::RunStarted { steps: plan, intent: String::new(), rehearsal: true };
    let step = EventKind::StepStarted { step: steps[6], attempt: 1 };
    let events = [began, step].into_iter().zip(0..).map(|(event, seq)| Event { seq, at_ms: 0, event });
    RunState::fold(&events.collect::<Vec<_>>())
}

/// The screens with a flood behind them. `MODELQUAY_BENCH_FLOOD` is how many lines come a second; 0 is as
/// many as there can be.
pub fn child() -> ExitCode {
    let rate: u64 = std::env::var(ROLE).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    watch_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let site: HostId = "flood".parse().expect("a label");
        let mut model = Model::new(Text::of(Lang::En), Theme { colours: Colours::Sixteen, ascii: false }, true);
        let state = under_way(site);
        let step = state.steps[6].id;
        model.update(Msg::RunBegun { site, answers: String::new(), log: "log".into() });
        let live = watch::Sender::new(Live::default());
        let seen_live = live.subscribe();
        live.send_replace(Live { run: Some(Arc::new(state)), ..Live::default() });
        let output = Output::memory(Redactor::new());
        let (_msgs, heard) = mpsc::channel(64);
        let (effects, mut asked) = mpsc::channel(64);
        let outputs = watch::Sender::new(Some(output.clone()));
        let (end, suspend) = (watch::Sender::new(false), watch::Sender::new(0));
        let feeds = Feeds {
            msgs: heard,
            live: seen_live,
            output: outputs.subscribe(),
            end: end.subscribe(),
            suspend: suspend.subscribe(),
            clock: Arc::new(SystemClock),
            frugal: false,
        };
        std::thread::spawn(move || {
            for n in 0..LINES {
                output
                    .line(step, format!("{n} pulling a layer and printing a line about every block of it").as_bytes());
                if rate > 0 && n % (rate / 50).max(1) == 0 {
                    passes(Duration::from_millis(20));
                }
            }
        });
        tokio::spawn(async move { while asked.recv().await.is_some() {} });
        let mut tty = Taken::take(false, Wrapped::Plain).expect("a terminal");
        let events = crossterm::event::EventStream::new().boxed();
        run(&mut model, &mut tty, events, feeds, effects).await;
    });
    ExitCode::SUCCESS
}

fn flooded(size: (u16, u16), rate: &str) -> Pty {
    let this = std::env::current_exe().expect("a program");
    let pty = Pty::start(size, &[this], |command| command.env(ROLE, rate).env("LANG", "C.UTF-8"));
    pty.says("printing a line");
    pty
}

/// Resident memory in MiB.
fn resident(pty: &Pty) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid().as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

/// Milliseconds from a key until what it opens is seen, again and again; `delay` is the key's own way.
fn keys(pty: &Pty, count: usize, delay: Duration) -> Vec<f64> {
    let title = t("help-title");
    let mut took = Vec::new();
    for _ in 0..count {
        for open in [true, false] {
            let begun = Instant::now();
            passes(delay);
            pty.keys("?").wait("the key's effect", |screen| screen.contents().contains(&title) == open);
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    took.sort_by(f64::total_cmp);
    took
}

/// A terminal that takes everything at once.
pub fn fast(_: &Path) -> Vec<Figure> {
    let pty = flooded((120, 40), "0");
    let (memory, begun, before) = (resident(&pty), Instant::now(), pty.count());
    let took = keys(&pty, 50, Duration::ZERO);
    let rate = float(pty.count() - before) / begun.elapsed().as_secs_f64();
    let p99 = took[took.len() * 99 / 100];
    vec![
        figure("key to frame while 3,000,000 lines are printed, median of 100", median(took), "ms", 50.0),
        figure("the same, 99th of 100", p99, "ms", 50.0),
        figure("memory that it took", resident(&pty) - memory, "MiB", 10.0),
        figure("bytes a second with two keys each", rate, "B/s", f64::INFINITY),
    ]
}

/// Keys in a log that fills its pane: a line further changes every row of it.
pub fn full_log(_: &Path) -> Vec<Figure> {
    let pty = flooded((120, 40), "0");
    quiet(&pty, Duration::from_millis(600));
    pty.keys("\t");
    let mut costs = Vec::new();
    for key in ["k"].repeat(20) {
        let before = quiet(&pty, Duration::from_millis(400));
        pty.keys(key);
        passes(Duration::from_millis(60));
        costs.push(float(pty.count() - before));
    }
    vec![
        figure("a line further in a log that fills its pane, median of 20", median(costs.clone()), "B", 4096.0),
        figure("the same, the dearest", most(&costs), "B", 4096.0),
    ]
}

/// A line of 8,000 bytes a second behind a buffer of 64 KiB, and keys that are 300 ms under way.
pub fn slow(_: &Path) -> Vec<Figure> {
    let pty = flooded((80, 24), "20000");
    pty.pace(8_000);
    // The line has what it holds before the first key.
    passes(Duration::from_secs(5));
    let took = keys(&pty, 10, Duration::from_millis(300));
    let most = took.last().copied().unwrap_or_default();
    vec![
        figure("key to visible over a slow line during a flood, median of 20", median(took), "ms", 1_500.0),
        figure("the same, the longest", most, "ms", 1_500.0),
    ]
}
