//! Browsers in a pseudo-terminal: ours, and stu.

use super::lister::{self, Lister, PREFIX};
use super::passes;
use super::pty::Pty;
use super::server::BUCKET;
use super::table::{Goal, Table};
use super::tools::Tool;
use super::world::World;
use std::time::{Duration, Instant};

const ENTER: &str = "\r";
const SIZE: (u16, u16) = (120, 40);

/// How long a peer is waited for before it counts as one that does not come to an end.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(world: &World, tool: Tool, url: &str, bucket: &str) -> Pty {
    let program = world.tools.program(tool);
    let program: Vec<&str> = match tool {
        Tool::Stu => {
            vec![&program, "--endpoint-url", url, "--region", "us-east-1", "--path-style", "always", "--bucket", bucket]
        }
        _ => vec![&program, "browse", "--no-mouse", "--endpoint", url],
    };
    let pty = Pty::start(SIZE, &program, |command| {
        world.tools.environment(url, command);
        command
    });
    if tool == Tool::Modelquay {
        // It begins with the list of buckets.
        pty.says(bucket).keys(ENTER);
    }
    pty
}

/// A field of `/proc/PID/status` in MiB.
fn memory(pty: &Pty, field: &str) -> f64 {
    let pid = pty.pid().as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}

/// Seconds of the processor that a program has used.
fn processor(pty: &Pty) -> f64 {
    let pid = pty.pid().as_raw_nonzero();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Waits until nothing has been written for so long; when the last byte came, and how many there are.
fn quiet(pty: &Pty, for_so_long: Duration) -> (Instant, usize) {
    let (mut last, mut count) = (Instant::now(), pty.count());
    while last.elapsed() < for_so_long {
        passes(Duration::from_micros(500));
        let now = pty.count();
        if now != count {
            (last, count) = (Instant::now(), now);
        }
    }
    (last, count)
}

/// Presses a key when nothing moves; milliseconds until the last byte of what it changes, and the bytes.
#[expect(clippy::cast_precision_loss, reason = "no frame is that large")]
fn key(pty: &Pty, keys: &str) -> (f64, f64) {
    let (_, before) = quiet(pty, Duration::from_millis(600));
    let sent = Instant::now();
    pty.keys(keys);
    let (last, after) = quiet(pty, Duration::from_millis(150));
    (last.saturating_duration_since(sent).as_secs_f64() * 1000.0, (after - before) as f64)
}

/// The names of the listing's objects that stand on the screen.
fn names(screen: &vt100::Screen) -> Vec<String> {
    // Beside the list stands what is known of the object under the cursor.
    screen.rows(0, 60).filter_map(|line| line.split_once("object-")?.1.get(..7).map(str::to_owned)).collect()
}

/// Every browser through a large prefix once.
pub fn round(world: &World, lister: &Lister, table: &mut Table) -> Result<(), String> {
    let browsers = [Tool::Modelquay, Tool::Stu].into_iter().filter(|tool| world.tools.has(*tool));
    for tool in browsers {
        let pty = start(world, tool, &lister.url, lister::BUCKET);
        pty.says(PREFIX.trim_end_matches('/'));
        quiet(&pty, Duration::from_millis(300));
        lister.anew();
        let used = processor(&pty);
        pty.keys(ENTER);
        pty.wait("the first rows", |screen| !names(screen).is_empty());
        let page = lister.first_page().ok_or("rows came before their page")?;
        table.add("first rows after the first page", "s", Goal::AtMost(0.15), tool, page.elapsed().as_secs_f64());
        // The last page has come when the program rests.
        let mut at_rest = processor(&pty);
        loop {
            quiet(&pty, Duration::from_millis(700));
            let now = processor(&pty);
            if now - at_rest < 0.02 {
                break;
            }
            at_rest = now;
        }
        table.add("the whole listing: processor", "s", Goal::AtMost(5.0), tool, at_rest - used);
        table.add("the whole listing: resident", "MiB", Goal::AtMost(150.0), tool, memory(&pty, "VmHWM"));
        moves(&pty, tool, table);
        filter(&pty, tool, table);
    }
    Ok(())
}

fn moves(pty: &Pty, tool: Tool, table: &mut Table) {
    // What stands beside the list is drawn when the cursor rests, and is not the key's.
    for stroke in ["j", "j", "k", "j", "j"] {
        let (spent, bytes) = key(pty, stroke);
        table.add("a row move", "ms", Goal::AtMost(5.0), tool, spent);
        table.add("a row move: bytes", "B", Goal::AtMost(300.0), tool, bytes);
    }
}

fn filter(pty: &Pty, tool: Tool, table: &mut Table) {
    key(pty, "/");
    let mut typed = String::new();
    for press in ["9", "9", "-", "o"] {
        typed.push_str(press);
        quiet(pty, Duration::from_millis(600));
        let sent = Instant::now();
        pty.keys(press);
        let holds = |screen: &vt100::Screen| {
            let names = names(screen);
            let all = names.iter().all(|name| format!("{name}-of").contains(&typed));
            !names.is_empty() && all
        };
        pty.wait("the rows that match", holds);
        table.add("a key of the filter", "ms", Goal::AtMost(50.0), tool, sent.elapsed().as_secs_f64() * 1000.0);
    }
}

/// What stands at the begin of the large object.
const SEEN: &str = "line 0000003 of";

/// The large object looked at: the cursor is put on it, or what it takes elsewhere.
pub fn preview(world: &World, table: &mut Table) {
    const WHAT: (&str, &str) = ("preview of a large object: time", "preview of a large object: resident");
    const GOALS: (Goal, Goal) = (Goal::AtMost(0.3), Goal::AtMost(20.0));
    let url = world.server.url();
    for tool in [Tool::Modelquay, Tool::Stu].into_iter().filter(|tool| world.tools.has(*tool)) {
        let pty = start(world, tool, &url, BUCKET);
        // The first prefix, then its second object.
        pty.says("large").keys(ENTER).says("weights.bin");
        quiet(&pty, Duration::from_millis(600));
        if tool == Tool::Stu {
            pty.keys("j\r").says("Last Modified");
            quiet(&pty, Duration::from_millis(600));
        }
        let begun = Instant::now();
        pty.keys(if tool == Tool::Stu { "p" } else { "j" });
        while begun.elapsed() < PATIENCE && !pty.text().contains(SEEN) {
            passes(Duration::from_millis(2));
        }
        if pty.text().contains(SEEN) {
            table.add(WHAT.0, "s", GOALS.0, tool, begun.elapsed().as_secs_f64());
        } else {
            table.say(WHAT.0, "s", GOALS.0, tool, format!("> {}", PATIENCE.as_secs()));
        }
        table.add(WHAT.1, "MiB", GOALS.1, tool, memory(&pty, "VmHWM"));
        // The program's own text is most of it, and shared by all who run it.
        table.add("preview of a large object: without its text", "MiB", Goal::Open, tool, memory(&pty, "RssAnon"));
    }
}
