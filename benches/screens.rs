//! Figures of the screens, measured on the real program in a pseudo-terminal, each with its goal.
//!
//! `cargo bench --bench screens` measures all of them; a name after `--` measures one.

#![expect(clippy::print_stdout, reason = "figures, for whoever runs this")]

#[expect(dead_code, reason = "the tests use the rest of it")]
#[path = "../tests/it/pty.rs"]
mod pty;

#[path = "screens/flood.rs"]
mod flood;

use modelquay::ui::text::{Lang, Text};
use pty::Pty;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_modelquay");
const ENTER: &str = "\r";
const CTRL_F: &str = "\u{6}";

fn t(key: &str) -> String {
    Text::of(Lang::En).t(key)
}

/// One figure with its goal.
pub struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    goal: f64,
}

impl Figure {
    fn met(&self) -> bool {
        self.value <= self.goal
    }
}

fn figure(what: impl Into<String>, value: f64, unit: &'static str, goal: f64) -> Figure {
    Figure { what: what.into(), value, unit, goal }
}

#[expect(clippy::cast_precision_loss, reason = "no figure here is that large")]
fn float(n: usize) -> f64 {
    n as f64
}

fn start(size: (u16, u16), args: &[&str], home: &std::path::Path) -> Pty {
    let program = [&[PROGRAM], args].concat();
    Pty::start(size, &program, |command| command.env("HOME", home).env("TMPDIR", home).env("LANG", "C.UTF-8"))
}

/// Waits for time to pass: a part of what is measured.
pub fn passes(time: Duration) {
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    let _ = never.recv_timeout(time);
}

/// Waits until nothing has been written for so long, and gives the bytes that were written until then.
fn quiet(pty: &Pty, for_so_long: Duration) -> usize {
    let mut count = pty.count();
    loop {
        passes(for_so_long);
        let now = pty.count();
        if now == count {
            return count;
        }
        count = now;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn first_frame(home: &std::path::Path) -> Vec<Figure> {
    let title = t("start-title");
    let took = (0..20).map(|_| {
        let begun = Instant::now();
        let pty = start((80, 24), &[], home);
        pty.says(&title);
        begun.elapsed().as_secs_f64() * 1000.0
    });
    let took: Vec<f64> = took.collect();
    vec![figure("start to first frame, median of 20", median(took), "ms", 25.0)]
}

/// Clock ticks of the processor that a process has used, over all of its threads.
fn ticks(pty: &Pty) -> f64 {
    let pid = pty.pid().as_raw_nonzero();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum()
}

fn idle(home: &std::path::Path) -> Vec<Figure> {
    let pty = start((80, 24), &[], home);
    pty.says(&t("start-title"));
    let before = quiet(&pty, Duration::from_secs(1));
    let used = ticks(&pty);
    passes(Duration::from_secs(10));
    vec![
        figure("idle for 10 s, bytes", float(pty.count() - before), "B", 0.0),
        figure("idle for 10 s, processor", (ticks(&pty) - used) * 10.0, "ms", 0.0),
    ]
}

/// Walks a rehearsal to its plan, and gives the bytes of each change of place.
fn to_the_plan(pty: &Pty) -> Vec<(String, f64)> {
    let mut changes = Vec::new();
    let places = [
        ("host-rehearsed", ENTER),
        ("row-memory", ENTER),
        ("names-title", CTRL_F),
        ("compute-title", CTRL_F),
        ("registry-title", CTRL_F),
        ("step-operator", ""),
    ];
    let mut before = pty.count();
    for (key, go_on) in places {
        pty.says(&t(key));
        let now = quiet(pty, Duration::from_millis(300));
        changes.push((format!("change to the screen with {:?}", t(key)), float(now - before)));
        before = now;
        pty.keys(go_on);
    }
    changes
}

fn screen_change(home: &std::path::Path) -> Vec<Figure> {
    let pty = start((80, 24), &["rehearse"], home);
    let changes = to_the_plan(&pty);
    changes.into_iter().map(|(what, bytes)| figure(what, bytes, "B", 4096.0)).collect()
}

fn key_on_install(home: &std::path::Path) -> Vec<Figure> {
    let pty = start((120, 40), &["rehearse", "--speed", "1"], home);
    to_the_plan(&pty);
    pty.keys("i");
    pty.says(&t("do-detach"));
    // The first steps are quick, and what they change is not a key's: the first long one has said how much it has
    // to fetch, and has been painted.
    pty.wait("the fetching", |screen| screen.contents().contains(" MiB "));
    quiet(&pty, Duration::from_millis(700));
    let (mut moves, mut brings, mut follows) = (Vec::new(), Vec::new(), Vec::new());
    for key in ["j", "j", "k", "\t", "j", "k", "\t", "f", "f"].iter().cycle().take(36) {
        let sent = pty.count();
        // A clock that ticks at the same moment is not the key's, nor is the log that follows a cursor that
        // rests: that is a figure of its own.
        let before = quiet(&pty, Duration::from_millis(700));
        follows.push(float(before - sent));
        pty.keys(key);
        passes(Duration::from_millis(60));
        let cost = float(pty.count() - before);
        if *key == "f" { brings.push(cost) } else { moves.push(cost) }
    }
    vec![
        figure("a key that moves on the install's screen at 120x40, median of 28", median(moves.clone()), "B", 300.0),
        figure("the same, the dearest", most(&moves), "B", 300.0),
        figure("a key that brings another step's log at once, the dearest", most(&brings), "B", 4096.0),
        figure("what follows a key by itself (another step's log), at most", most(&follows), "B", 4096.0),
    ]
}

/// The dearest of them.
pub fn most(of: &[f64]) -> f64 {
    of.iter().copied().fold(0.0, f64::max)
}

/// Bytes a second while an install goes on and nobody presses a key.
fn followed(home: &std::path::Path, more: &[&str], goal: f64) -> Figure {
    let pty = start((80, 24), &[&["rehearse", "--speed", "10"], more].concat(), home);
    to_the_plan(&pty);
    let before = pty.count();
    pty.keys("i");
    let begun = Instant::now();
    pty.says(&t("do-reveal"));
    let rate = float(pty.count() - before) / begun.elapsed().as_secs_f64();
    let what = format!("following an install of {:.0} s {}", begun.elapsed().as_secs_f64(), more.join(" "));
    figure(what.trim_end(), rate, "B/s", goal)
}

fn following(home: &std::path::Path) -> Vec<Figure> {
    vec![followed(home, &[], 1024.0), followed(home, &["--low-bandwidth"], 256.0)]
}

/// What is measured, by name.
type Measure = (&'static str, fn(&std::path::Path) -> Vec<Figure>);

const MEASURES: &[Measure] = &[
    ("first-frame", first_frame),
    ("idle", idle),
    ("key", key_on_install),
    ("screen-change", screen_change),
    ("following", following),
    ("full-log", flood::full_log),
    ("flood", flood::fast),
    ("slow-link", flood::slow),
];

fn main() -> ExitCode {
    if std::env::var_os(flood::ROLE).is_some() {
        return flood::child();
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let home = tempfile::tempdir().expect("a directory");
    println!("{} build", if cfg!(debug_assertions) { "debug" } else { "release" });
    let mut missed = 0;
    for (name, measure) in MEASURES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)) {
        for figure in measure(home.path()) {
            let word = if figure.met() { "met" } else { "MISSED" };
            let Figure { what, value, unit, goal } = &figure;
            println!("{name:14} {what:60} {value:10.1} {unit:4} goal {goal:7.0}  {word}");
            missed += usize::from(!figure.met());
        }
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
