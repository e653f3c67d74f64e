//! The terminal: taken when the screens begin, and given back as it was, however they end.

use super::clipboard::Wrapped;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, QueueableCommand as _};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Whether the screens have the terminal now. A panic anywhere asks this, so it cannot be a field.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is listened to.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses and the wheel, with numbers as text; movements are not asked for: each is a packet on a bad line.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Counts what is written, so that the loop knows what a frame costs on a slow line.
#[derive(Debug)]
pub struct Counted<W> {
    inner: W,
    bytes: Arc<AtomicU64>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Where frames go.
pub type Back = CrosstermBackend<BufWriter<Counted<io::Stdout>>>;
/// What the screens are drawn on.
pub type Screen = Terminal<Back>;

/// The terminal in the hands of the screens. Dropping it gives the terminal back.
pub struct Taken {
    /// What is drawn on.
    pub screen: Screen,
    /// Bytes that were written to it.
    pub bytes: Arc<AtomicU64>,
    /// What stands between it and this program.
    pub wrapped: Wrapped,
}

impl Taken {
    /// Takes the terminal: raw mode, the alternate screen, pasted text as such, no cursor, and the mouse where it
    /// is wanted: then text is selected with shift held down.
    pub fn take(mouse: bool, wrapped: Wrapped) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        enter()?;
        let bytes = Arc::new(AtomicU64::new(0));
        // One write a frame: on a slow line each further one is a packet of its own.
        let writer = BufWriter::with_capacity(64 * 1024, Counted { inner: io::stdout(), bytes: bytes.clone() });
        let screen = match Terminal::new(CrosstermBackend::new(writer)) {
            Ok(screen) => screen,
            Err(error) => {
                give_back();
                return Err(error);
            }
        };
        Ok(Self { screen, bytes, wrapped })
    }

    /// Gives the terminal back to the shell, stops this process as ctrl-z does, and takes the terminal
    /// again when it is continued.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        enter()?;
        clear(&mut self.screen)
    }

    /// Writes a sequence that draws nothing, such as one for the clipboard.
    pub fn say(&mut self, sequence: &[u8]) -> io::Result<()> {
        let writer = self.screen.backend_mut();
        writer.write_all(sequence)?;
        Write::flush(writer)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the next frame draw everything. ratatui's own `clear` asks the terminal where its cursor is: on a
/// bad line the answer is late, and keys that are pressed meanwhile are taken for it.
pub fn clear<B: Backend>(screen: &mut Terminal<B>) -> Result<(), B::Error> {
    let size = screen.size()?;
    screen.resize(size.into())
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    out.queue(EnterAlternateScreen)?.queue(EnableBracketedPaste)?.queue(Hide)?.queue(Clear(ClearType::All))?;
    if MOUSE.load(Ordering::SeqCst) {
        out.write_all(MOUSE_ON.as_bytes())?;
    }
    out.flush()
}

/// Gives the terminal back as it was, once: the alternate screen is cleared first, because some
/// terminals keep it. Nothing is done about a terminal that is gone.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut sequence = if MOUSE.load(Ordering::SeqCst) { MOUSE_OFF.to_owned() } else { String::new() };
    // Writing to a String cannot fail.
    let _ = Clear(ClearType::All).write_ansi(&mut sequence);
    let _ = DisableBracketedPaste.write_ansi(&mut sequence);
    let _ = LeaveAlternateScreen.write_ansi(&mut sequence);
    let _ = Show.write_ansi(&mut sequence);
    let mut out = io::stdout();
    let _ = out.write_all(sequence.as_bytes()).and_then(|()| out.flush());
    let _ = disable_raw_mode();
}

/// Makes a panic of the thread that draws give the terminal back before it is told. A panic of another
/// thread must not write over the screens: it ends that task alone, and goes to the log.
pub fn watch_panics() {
    let drawing = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == drawing {
            give_back();
            before(info);
        } else {
            tracing::error!("{info}");
        }
    }));
}
