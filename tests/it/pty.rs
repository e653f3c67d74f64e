//! A program in a pseudo-terminal, read through a terminal emulator. Whoever drives it waits for what
//! stands on the screen, with a deadline, and never for time to pass.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long something may take to appear; what hangs is a failure.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Lines of scroll-back that the emulator keeps.
const SCROLLBACK: usize = 2000;

/// Everything that a terminal was sent, and how large it was.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// Columns and rows, each from behind so many bytes on; the first from the beginning.
    pub sizes: Vec<(usize, (u16, u16))>,
}

/// What was read so far.
struct Seen {
    emulator: vt100::Parser,
    /// All of it, for whoever replays it.
    sent: Recording,
    /// How often there was nothing to read, and nothing left to show.
    idle: u64,
    closed: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    more: Condvar,
    /// Whether nothing is read for now.
    held: AtomicBool,
    /// How many bytes a second reach the screen; 0 is all of them.
    pace: AtomicUsize,
}

/// A program with its terminal. It is ended when this is dropped.
pub struct Pty {
    master: Option<File>,
    /// Kept open, so that the terminal's settings can be looked at when the program has ended.
    terminal: Option<OwnedFd>,
    child: Child,
    shared: Arc<Shared>,
    /// Closing it ends the reader.
    wake: Option<PipeWriter>,
    reader: Option<std::thread::JoinHandle<()>>,
    at_first: String,
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has cells")
}

/// A terminal of so many columns and rows, that has not begun to read yet.
struct Open {
    master: OwnedFd,
    terminal: OwnedFd,
}

fn open(columns: u16, rows: u16) -> Open {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(&name, flags, Mode::empty()).expect("it can be opened");
    tcsetwinsize(&master, size(columns, rows)).expect("it has a size");
    Open { master, terminal }
}

fn settings(terminal: &OwnedFd) -> String {
    let settings = tcgetattr(terminal).expect("it has settings");
    let modes = (settings.input_modes, settings.output_modes, settings.control_modes, settings.local_modes);
    format!("{modes:?} {:?}", settings.special_codes)
}

impl Pty {
    /// Starts a program in a terminal of its own. What `with` sets on the command holds for it: its
    /// environment is empty but for `PATH` and `TERM`.
    pub fn start<S: AsRef<OsStr>>(
        (columns, rows): (u16, u16),
        program: &[S],
        with: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let Open { master, terminal } = open(columns, rows);
        // Read before there is a program: one that is quick has changed them by the time that anybody asks.
        let at_first = settings(&terminal);
        let stdio = || terminal.try_clone().expect("a descriptor is free");
        // A new session of which this is the controlling terminal, as a login makes it; setsid then
        // becomes the program.
        let mut command = Command::new("setsid");
        command.arg("--ctty").args(program).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TERM", "xterm-256color");
        command.stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = with(&mut command).spawn().expect("setsid is there");
        drop(command);
        let emulator = vt100::Parser::new(cells(rows), cells(columns), SCROLLBACK);
        let sent = Recording { bytes: Vec::new(), sizes: vec![(0, (columns, rows))] };
        let seen = Seen { emulator, sent, idle: 0, closed: false };
        let shared = Arc::new(Shared {
            seen: Mutex::new(seen),
            more: Condvar::new(),
            held: AtomicBool::new(false),
            pace: AtomicUsize::new(0),
        });
        let (woken, wake) = std::io::pipe().expect("a pipe");
        let master = File::from(master);
        let own = master.try_clone().expect("a descriptor is free");
        let into = Arc::clone(&shared);
        let reader = std::thread::spawn(move || read(own, &woken, &into));
        let (master, terminal, wake, reader) = (Some(master), Some(terminal), Some(wake), Some(reader));
        Self { master, terminal, child, shared, wake, reader, at_first }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the screen as it is now.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.seen().emulator.screen())
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    /// Every byte that was read.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().sent.bytes.clone()
    }

    /// How many bytes were read.
    pub fn count(&self) -> usize {
        self.seen().sent.bytes.len()
    }

    /// Everything that was read, to be replayed.
    pub fn recording(&self) -> Recording {
        self.seen().sent.clone()
    }

    /// The id of the program.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait(&self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> &Self {
        self.wait_for(DEADLINE, what, holds)
    }

    /// The same with another deadline.
    #[track_caller]
    pub fn wait_for(&self, deadline: Duration, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> &Self {
        let until = Instant::now() + deadline;
        let mut seen = self.seen();
        while !holds(seen.emulator.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            let text = seen.emulator.screen().contents();
            assert!(!left.is_zero(), "waited {deadline:?} for {what}; there is:\n{text}");
            assert!(!seen.closed, "the program has ended before {what}; there is:\n{text}");
            seen = self.shared.more.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(seen);
        self
    }

    /// Waits until these words are on the screen.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        self.wait(&format!("the words {words:?}"), |screen| screen.contents().contains(words))
    }

    /// Presses keys, as the bytes that a terminal sends for them.
    #[track_caller]
    pub fn keys(&self, bytes: &str) -> &Self {
        let mut master = self.master.as_ref().expect("the terminal is open");
        master.write_all(bytes.as_bytes()).expect("the terminal takes keys");
        self
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) -> &Self {
        let mut seen = self.seen();
        seen.emulator.set_size(cells(rows), cells(columns));
        let at = seen.sent.bytes.len();
        seen.sent.sizes.push((at, (columns, rows)));
        drop(seen);
        tcsetwinsize(self.master.as_ref().expect("the terminal is open"), size(columns, rows)).expect("it is ours");
        self
    }

    /// Reads nothing for now: what the program writes piles up, as on a line that does not move.
    pub fn hold(&self, held: bool) -> &Self {
        self.shared.held.store(held, Ordering::Relaxed);
        self
    }

    /// Lets so many bytes a second reach the screen from now on; what comes faster waits in a buffer of
    /// 64 KiB, as in a line between.
    pub fn pace(&self, bytes_a_second: usize) -> &Self {
        self.shared.pace.store(bytes_a_second, Ordering::Relaxed);
        self
    }

    /// The settings of the terminal, as text that can be compared.
    pub fn settings(&self) -> String {
        settings(self.terminal.as_ref().expect("the terminal is open"))
    }

    /// What they were before the program was started.
    pub fn settings_at_first(&self) -> &str {
        &self.at_first
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) -> &Self {
        kill_process(self.pid(), signal).expect("the program is there");
        self
    }

    /// Waits until the program has stopped, as ctrl-z stops one.
    pub fn stopped(&self) -> &Self {
        let changed = waitpid(Some(self.pid()), WaitOptions::UNTRACED).expect("it is ours");
        let (_, status) = changed.expect("the wait was not told to return at once");
        assert!(status.stopped(), "it did not stop: {status:?}");
        self
    }

    /// Waits until it has ended, and until everything that it wrote was read.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        self.ended_within(DEADLINE)
    }

    /// The same, for what takes longer.
    #[track_caller]
    pub fn ended_within(&mut self, deadline: Duration) -> ExitStatus {
        let until = Instant::now() + deadline;
        let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            assert!(Instant::now() < until, "it did not end; there is:\n{}", self.text());
            // There is no descriptor of a child to wait for in the standard library.
            let _ = never.recv_timeout(Duration::from_millis(10));
        };
        self.drained(until);
        status
    }

    /// Everything that was written is in the terminal's buffer now: it was shown when there is nothing to
    /// read any more.
    fn drained(&self, until: Instant) {
        if self.shared.held.load(Ordering::Relaxed) {
            return;
        }
        let mut seen = self.seen();
        let enough = seen.idle + 2;
        while seen.idle < enough && !seen.closed && Instant::now() < until {
            let waited = self.shared.more.wait_timeout(seen, Duration::from_millis(100));
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes the terminal under the program, as a lost connection does.
    pub fn hang_up(&mut self) -> &mut Self {
        self.wake = None;
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        (self.master, self.terminal) = (None, None);
        self
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.wake = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// What a line between holds.
const BUFFER: usize = 64 * 1024;

/// Reads until the other end of `woken` is closed, or the terminal is.
fn read(mut master: File, woken: &PipeReader, into: &Shared) {
    let mut piece = [0_u8; 16 * 1024];
    let mut line = Vec::new();
    let mut moved = Instant::now();
    loop {
        let (held, pace) = (into.held.load(Ordering::Relaxed), into.pace.load(Ordering::Relaxed));
        let full = held || pace > 0 && line.len() + piece.len() > BUFFER;
        let of_master = if full { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = [PollFd::new(&master, of_master), PollFd::new(woken, PollFlags::IN)];
        // Looks again from time to time whether it is still held, and moves the line on.
        let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        let ready = poll(&mut fds, Some(&moment)).unwrap_or(0) > 0;
        let ended = !fds[1].revents().is_empty();
        let closed = ready && !full && !ended && {
            let count = master.read(&mut piece).unwrap_or(0);
            line.extend_from_slice(&piece[..count]);
            count == 0
        };
        let due = if pace == 0 {
            line.len()
        } else {
            let microseconds = usize::try_from(moved.elapsed().as_micros()).unwrap_or(usize::MAX);
            (pace.saturating_mul(microseconds) / 1_000_000).min(line.len())
        };
        if due > 0 || line.is_empty() {
            moved = Instant::now();
        }
        if !ready && line.is_empty() {
            into.seen.lock().unwrap_or_else(PoisonError::into_inner).idle += 1;
            into.more.notify_all();
        }
        if due == 0 && !closed && !ended {
            continue;
        }
        let mut seen = into.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.emulator.process(&line[..due]);
        seen.sent.bytes.extend_from_slice(&line[..due]);
        line.drain(..due);
        seen.closed = closed || ended;
        into.more.notify_all();
        if closed || ended {
            return;
        }
    }
}
