//! Starting a runner as root: the dialogue with sudo, and the runner's first words.
//!
//! sudo is told a prompt that nothing else says, and gets a password only when that prompt appears:
//! so none is ever sent where none is wanted, and a prompt that appears again says that the answer
//! before was refused. (Tried before: `sudo -n true` first and an empty prompt. It needs one more
//! session, and a refusal could then only be told by sudo's wording.)

use super::answers::Desk;
use super::frames::PROTOCOL;
use super::runner::{RoundTrips, Runner};
use super::runner_host::{Open, Under};
use crate::base::{Secret, sanitise};
use crate::plan::Failure;
use async_trait::async_trait;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// The runner's text.
const RUNNER: &str = include_str!("../../assets/templates/runner.sh");

/// Says that it is there, then takes a length and so many bytes of program. It is what a host's logs
/// show as the command that was run, so it is short; the runner itself comes by standard input.
const BOOT: &str = r#"echo modelquay-boot; read -r n; eval "$(head -c "$n")""#;

/// The line that `BOOT` says.
const BOOT_LINE: &str = "modelquay-boot";

/// Starts `$1` as root. `$2` is sudo's prompt. In the C locale, so that sudo's reasons can be told apart. From which
/// address the login comes is handed on, because sudo clears it away.
const BECOME_ROOT: &str = r#"f=${SSH_CONNECTION%% *}; if [ "$(id -u)" = 0 ]; then exec sh -c "$1" sh "$f"; fi; LC_ALL=C; export LC_ALL; exec sudo -S -p "$2" -- sh -c "$1" sh "$f""#;

/// What sudo says when it wants the password. It is no secret and no decision hangs on it but *when*
/// to answer.
const SUDO_PROMPT: &str = "modelquay:sudo-asks:";

/// Without a word from the host for so long (and nobody being asked) the start has failed.
const PATIENCE: Duration = Duration::from_secs(40);

/// Text on standard error without a line feed, and nothing after it for so long, is a question that a
/// PAM module asks in its own words.
const QUIET: Duration = Duration::from_millis(800);

/// What a host may say before the runner is there; a login script can be talkative.
const MOST_NOISE: usize = 256 << 10;

/// The pipes of a program that runs on some machine.
pub struct Pipes {
    /// Its standard input.
    pub stdin: Box<dyn AsyncWrite + Unpin + Send>,
    /// Its standard output.
    pub stdout: Box<dyn AsyncRead + Unpin + Send>,
    /// Its standard error.
    pub stderr: Box<dyn AsyncRead + Unpin + Send>,
    /// Lives as long as the pipes are needed.
    pub keep: Box<dyn Send>,
}

/// Where programs can be started.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Starts a program with its arguments.
    async fn spawn(&self, command: &[&str]) -> Result<Pipes, Failure>;
}

/// Who becomes root, and where.
#[derive(Clone)]
pub struct Seat {
    /// Where programs are started.
    pub machine: Arc<dyn Machine>,
    /// The host's name in the site.
    pub host: String,
    /// The user that logs in.
    pub user: String,
    /// Who answers sudo.
    pub desk: Arc<Desk>,
    /// Counts what the runners answer.
    pub trips: RoundTrips,
    /// The generation of the lease under which the runners change things.
    pub under: Under,
    /// A shell that is started as it is, by whoever we are: tests need no root.
    pub shell: Option<Vec<String>>,
}

#[async_trait]
impl Open for Seat {
    /// Starts a runner and waits until it is ready.
    async fn open(&self) -> Result<Runner, Failure> {
        let command = match &self.shell {
            Some(shell) => shell.iter().map(String::as_str).chain(["-c", BOOT]).collect(),
            None => vec!["sh", "-c", BECOME_ROOT, "sh", BOOT, SUDO_PROMPT],
        };
        let mut pipes = self.machine.spawn(&command).await?;
        let mut talk = Talk { pipes: &mut pipes, out: Vec::new(), said: Vec::new(), read: 0, asked: 0, given: None };
        talk.line(self, |line| line == BOOT_LINE).await?;
        let program = format!("{}\n{RUNNER}", RUNNER.len());
        let sent = async {
            talk.pipes.stdin.write_all(program.as_bytes()).await?;
            talk.pipes.stdin.flush().await
        };
        sent.await.map_err(|error| Failure::transient("the runner could not be sent").because(error.to_string()))?;
        let ready = talk.line(self, |line| line.starts_with("ready ")).await?;
        let uid = ready.strip_prefix(&format!("ready {PROTOCOL} "));
        if self.shell.is_none() && uid != Some("0") {
            return Err(Failure::permanent(format!("sudo on {} did not make us root: {ready:?}", self.host)));
        }
        if talk.given.is_some() {
            self.desk.keep_sudo(talk.given.take());
        }
        let Pipes { stdin, stdout, mut stderr, keep } = pipes;
        // The runner sends what its scripts say in its replies; what is left must not fill the pipe.
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
        Ok(Runner::over(BufReader::new(stdout), stdin, self.trips.clone(), keep))
    }
}

/// The talk with a machine until the runner is ready.
struct Talk<'p> {
    pipes: &'p mut Pipes,
    /// Of standard output, what is no complete line yet.
    out: Vec<u8>,
    /// Standard error.
    said: Vec<u8>,
    /// How much of it has been dealt with.
    read: usize,
    /// How often sudo's prompt appeared.
    asked: u32,
    /// The answer given last, which has not been refused yet.
    given: Option<Secret<String>>,
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<(Secret<String>, bool), Failure>> + Send + 'a>>;

impl Talk<'_> {
    /// The first line of standard output that `fits`; others are a login script's noise.
    async fn line(&mut self, seat: &Seat, fits: impl Fn(&str) -> bool) -> Result<String, Failure> {
        let mut asking: Option<Asking<'_>> = None;
        let mut until = Instant::now() + PATIENCE;
        let mut err_open = true;
        loop {
            let lines = self.out.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
            let mut done = 0;
            let found =
                lines.inspect(|line| done += line.len() + 1).map(String::from_utf8_lossy).find(|line| fits(line));
            let found = found.map(std::borrow::Cow::into_owned);
            self.out.drain(..done);
            if let Some(line) = found {
                return Ok(line);
            }
            if self.out.len() > MOST_NOISE || self.said.len() > MOST_NOISE {
                return Err(Failure::permanent(format!("{} talks without end before the runner starts", seat.host))
                    .help("Look at what the login scripts of the user print for commands without a terminal."));
            }
            let pending = asking.is_none() && self.said.len() > self.read && !self.said.ends_with(b"\n");
            let own_prompt = pending && self.said.ends_with(SUDO_PROMPT.as_bytes());
            tokio::select! {
                got = self.pipes.stdout.read_buf(&mut self.out) => {
                    if got.unwrap_or(0) == 0 {
                        return Err(self.ended(seat, err_open).await);
                    }
                    until = Instant::now() + PATIENCE;
                }
                got = self.pipes.stderr.read_buf(&mut self.said), if err_open => {
                    err_open = got.unwrap_or(0) > 0;
                    until = Instant::now() + PATIENCE;
                }
                () = tokio::time::sleep(if own_prompt { Duration::ZERO } else { QUIET }), if pending => {
                    asking = Some(self.question(seat, own_prompt));
                }
                answer = async { match asking.as_mut() { Some(asking) => asking.await, None => std::future::pending().await } } => {
                    asking = None;
                    let (answer, password) = answer?;
                    let line = Zeroizing::new([answer.expose().as_bytes(), b"\n"].concat());
                    if self.pipes.stdin.write_all(&line).await.is_err() || self.pipes.stdin.flush().await.is_err() {
                        return Err(self.ended(seat, err_open).await);
                    }
                    if password {
                        self.given = Some(answer);
                    }
                    until = Instant::now() + PATIENCE;
                }
                () = tokio::time::sleep_until(until), if asking.is_none() => {
                    let failure = Failure::transient(format!("{} does not start the runner", seat.host));
                    return Err(self.because(failure.because(format!("nothing was heard for {} s", PATIENCE.as_secs()))));
                }
            }
        }
    }

    /// What is asked on standard error. The flag of the result says whether it is sudo's password,
    /// which alone may be given again.
    fn question<'a>(&mut self, seat: &'a Seat, own_prompt: bool) -> Asking<'a> {
        let unread = self.said.get(self.read..).unwrap_or_default();
        let words = sanitise::lines(unread, 200).pop().unwrap_or_default();
        self.read = self.said.len();
        let (desk, host, user) = (&*seat.desk, seat.host.as_str(), seat.user.as_str());
        if !own_prompt {
            return Box::pin(async move { Ok((desk.sudo(host, user, words, 0).await?, false)) });
        }
        let refused = self.asked;
        self.asked += 1;
        if refused > 0 {
            // Whatever was given is wrong, whoever gave it: it is never given again.
            self.given = None;
            desk.keep_sudo(None);
        }
        Box::pin(async move {
            if let Some(password) = desk.recall_sudo() {
                return Ok((password, true));
            }
            Ok((desk.sudo(host, user, format!("password for {user}"), refused).await?, true))
        })
    }

    /// Whether sudo has refused the password that it was given last: it has asked again, or says so. A connection that ends
    /// while it looks at it says nothing, and its end is no refusal.
    fn refused(&self) -> bool {
        let last = String::from_utf8_lossy(self.said.get(self.read..).unwrap_or_default());
        self.asked > 1 || (self.asked > 0 && last.contains("sudo:"))
    }

    /// Why standard output ended before the runner was ready.
    async fn ended(&mut self, seat: &Seat, err_open: bool) -> Failure {
        if err_open {
            let rest = async { while self.pipes.stderr.read_buf(&mut self.said).await.unwrap_or(0) > 0 {} };
            // Something in the background may hold it open for ever.
            let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
        }
        let said = String::from_utf8_lossy(&self.said).into_owned();
        let has = |any: &[&str]| any.iter().any(|words| said.contains(words));
        let (host, user) = (&seat.host, &seat.user);
        let failure = if has(&["not in the sudoers", "is not allowed to", "may not run sudo"]) {
            Failure::needs_human(format!("{user} may not become root on {host}"))
                .help(format!("Let {user} use sudo there, or connect as a user who may, or as root."))
        } else if self.refused() {
            Failure::needs_human(format!("sudo on {host} did not accept the password of {user}"))
                .help("Start again with the right password; a refused one is never tried twice.")
        } else if has(&["sudo: not found", "sudo: command not found", "Unknown command: sudo"]) {
            Failure::permanent(format!("there is no sudo on {host} and {user} is not root"))
                .help("Install sudo there, or connect as root.")
        } else if has(&["must have a tty", "no tty present"]) {
            Failure::permanent(format!("sudo on {host} wants a terminal"))
                .help("Take `requiretty` out of the sudoers of this user: a program has no terminal.")
        } else {
            Failure::transient(format!("the runner did not start on {host}"))
        };
        self.because(failure)
    }

    fn because(&self, failure: Failure) -> Failure {
        let said = sanitise::lines(&self.said, 200);
        let worth = said.iter().filter(|line| !line.contains(SUDO_PROMPT));
        worth.rev().take(2).collect::<Vec<_>>().into_iter().rev().fold(failure, |f, line| f.because(line.clone()))
    }
}
