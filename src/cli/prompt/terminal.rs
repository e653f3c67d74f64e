//! Questions on the controlling terminal.

use super::who;
use crate::base::{Cancel, Secret, sanitise};
use crate::plan::Failure;
use crate::ports::{Answer, Prompt, Question};
use async_trait::async_trait;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use tokio::sync::Mutex;
use zeroize::Zeroize as _;

/// The longest answer, in bytes.
const LONGEST: usize = 4096;

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// It can.
    On,
    /// It cannot.
    Off,
}

/// Asks on `/dev/tty`, one question after the other, whatever standard input is.
pub struct TerminalPrompt {
    cancel: Cancel,
    one: Mutex<()>,
}

impl TerminalPrompt {
    /// A prompt that gives up when a stop is asked for.
    pub fn new(cancel: Cancel) -> Self {
        Self { cancel, one: Mutex::new(()) }
    }

    /// Whether there is a terminal to ask on.
    pub fn possible() -> bool {
        OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok()
    }

    async fn line(&self, text: String, echo: Echo) -> Result<Secret<String>, Failure> {
        let _one = self.one.lock().await;
        let cancel = self.cancel.clone();
        tokio::task::spawn_blocking(move || line(&text, echo, &cancel))
            .await
            .unwrap_or_else(|_| Err(Failure::needs_human("the question could not be asked")))
    }
}

#[async_trait]
impl Prompt for TerminalPrompt {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        match question {
            Question::HostKey { host, kind, fingerprint } => {
                let text = format!(
                    "The host key of {} is not known yet: {kind} {fingerprint}\nCompare it with the host's own. Type yes to \
                     accept and remember it, once to accept it for this run, or the fingerprint itself: ",
                    safe(&host)
                );
                let answer = self.line(text, Echo::On).await?;
                Ok(match answer.expose().trim() {
                    "yes" => Answer::AcceptAndRemember,
                    "once" => Answer::AcceptOnce,
                    typed if typed == fingerprint => Answer::AcceptAndRemember,
                    _ => Answer::Refuse,
                })
            }
            Question::Hidden { asker, text, refused } => {
                let again = if refused > 0 { "The last answer was refused.\n" } else { "" };
                let text = format!("{again}{}: {} (what you type is not shown) ", who(&asker), safe(&text));
                self.line(text, Echo::Off).await.map(Answer::Text)
            }
            Question::Shown { asker, text } => {
                self.line(format!("{}: {} ", who(&asker), safe(&text)), Echo::On).await.map(Answer::Text)
            }
        }
    }
}

fn safe(text: &str) -> String {
    sanitise::text(text.trim_end(), 400)
}

/// Puts the terminal back, however the question ends.
struct Quiet<'t>(&'t File, Termios);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Asks for one line and waits for it, or until a stop is asked for.
pub fn line(text: &str, echo: Echo, cancel: &Cancel) -> Result<Secret<String>, Failure> {
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|e| {
        Failure::needs_human("there is no terminal to ask on")
            .because(e.to_string())
            .help("use --password-fd for passwords and --yes to agree to the plan beforehand")
    })?;
    let trouble = |e: std::io::Error| Failure::needs_human("use the terminal").because(e.to_string());
    let before = tcgetattr(&tty).map_err(|e| trouble(e.into()))?;
    // Held until the line is read; what was typed ahead of a hidden question is thrown away with it.
    let writer = tty.try_clone().map_err(trouble)?;
    let _quiet = Quiet(&writer, before.clone());
    if echo == Echo::Off {
        let mut hidden = before;
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&tty, OptionalActions::Flush, &hidden).map_err(|e| trouble(e.into()))?;
    }
    tty.write_all(text.as_bytes()).and_then(|()| tty.flush()).map_err(trouble)?;
    let answer = read(&mut tty, cancel);
    if echo == Echo::Off {
        let _ = tty.write_all(b"\n");
    }
    answer
}

fn read(tty: &mut File, cancel: &Cancel) -> Result<Secret<String>, Failure> {
    let mut bytes = [0; LONGEST];
    let mut len = 0;
    let answer = loop {
        if cancel.stopping() {
            break Err(Failure::needs_human("the question was left unanswered, because a stop was asked for"));
        }
        let ready = {
            let mut fds = [PollFd::new(tty, PollFlags::IN)];
            let pause = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            match poll(&mut fds, Some(&pause)) {
                Ok(ready) => ready > 0,
                Err(rustix::io::Errno::INTR) => false,
                Err(error) => break Err(Failure::needs_human("read the terminal").because(error.to_string())),
            }
        };
        if !ready {
            continue;
        }
        match tty.read(&mut bytes[len..]) {
            Ok(0) => break Err(Failure::needs_human("the question was left unanswered: the input has ended")),
            Ok(more) => {
                len += more;
                if let Some(end) = bytes[..len].iter().position(|b| *b == b'\n') {
                    break text(&bytes[..end]);
                }
                if len == LONGEST {
                    break Err(Failure::needs_human("the answer is too long"));
                }
            }
            Err(error) => break Err(Failure::needs_human("read the terminal").because(error.to_string())),
        }
    };
    bytes.zeroize();
    answer
}

fn text(bytes: &[u8]) -> Result<Secret<String>, Failure> {
    let line = std::str::from_utf8(bytes).map_err(|_| Failure::needs_human("the answer is not UTF-8"))?;
    Ok(Secret::new(line.trim_end_matches('\r').to_owned()))
}
