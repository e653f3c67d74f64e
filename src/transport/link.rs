//! The link to a host over a whole run: it notices a loss and comes back by itself where nobody has
//! to be asked.

use super::answers::Desk;
use super::connection::Connection;
use super::local::Here;
use super::master::{self, Master, Start};
use super::options::Effective;
use super::private_dir::PrivateDir;
use super::questions::Attempt;
use super::root::{Machine, Seat};
use super::runner::RoundTrips;
use super::runner_host::Under;
use crate::base::{Cancel, Clock, Redactor};
use crate::plan::site::{Reach, SshReach};
use crate::plan::{Failure, FailureKind, HostId};
use crate::ports::{Host, LinkState, Prompt};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Between two measurements of the round trip.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The longest pause between two attempts to come back. Short, because a person waits and an attempt
/// costs nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a link is made from.
pub struct LinkOptions {
    /// Where to.
    pub reach: Reach,
    /// The host's name in the site.
    pub host: HostId,
    /// Who answers questions.
    pub prompt: Arc<dyn Prompt>,
    /// Where sockets may lie, as in `$XDG_RUNTIME_DIR`.
    pub runtime_dir: PathBuf,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Learns every secret that is answered.
    pub redactor: Redactor,
    /// The program that OpenSSH starts to ask a question; `None` for this very program, whose `main`
    /// begins with [`super::askpass::askpass_branch`].
    pub askpass: Option<PathBuf>,
}

/// A link. Dropping it ends the connection.
pub struct Link {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

struct Shared {
    reach: Reach,
    host: HostId,
    desk: Arc<Desk>,
    dir: Arc<PrivateDir>,
    clock: Arc<dyn Clock>,
    askpass: PathBuf,
    trips: RoundTrips,
    under: Under,
    state: watch::Sender<LinkState>,
    /// The live connection. Held only for moments, never across a wait.
    current: std::sync::Mutex<Option<Arc<Connection>>>,
    /// Why the link will not come back by itself, with what to do.
    gone: std::sync::Mutex<Option<Failure>>,
}

/// Connects to a host, asking what has to be asked, until a runner answers there as root.
pub async fn connect(options: LinkOptions) -> Result<Arc<Link>, Failure> {
    let LinkOptions { reach, host, prompt, runtime_dir, clock, redactor, askpass } = options;
    let askpass = match askpass {
        Some(program) => program,
        None => std::env::current_exe()
            .map_err(|error| Failure::permanent("this program cannot find itself").because(error.to_string()))?,
    };
    let first = if reach == Reach::Local { LinkState::Local } else { LinkState::Connecting { attempt: 1 } };
    let shared = Arc::new(Shared {
        reach,
        host,
        desk: Arc::new(Desk::new(prompt, redactor)),
        dir: Arc::new(PrivateDir::new(&runtime_dir)?),
        clock,
        askpass,
        trips: RoundTrips::default(),
        under: Under::default(),
        state: watch::Sender::new(first),
        current: std::sync::Mutex::default(),
        gone: std::sync::Mutex::default(),
    });
    shared.open(1).await?;
    let keeper = tokio::spawn(keep(shared.clone()));
    Ok(Arc::new(Link { shared, keeper }))
}

impl Link {
    /// The host as root, over the connection that is up now. Kind `Unknown` where there is none.
    pub async fn host(&self) -> Result<Arc<dyn Host>, Failure> {
        Ok(self.shared.connection()?.host().await.map_err(|failure| self.shared.or_lost(failure))?)
    }

    /// A Unix socket that leads to a TCP port as the host reaches it. It belongs to the connection
    /// that is up now: after a loss it is asked for again.
    pub async fn forward(&self, host: &str, port: u16) -> Result<PathBuf, Failure> {
        self.shared.connection()?.forward(host, port).await
    }

    /// The generation of the lease under which things are changed over this link.
    pub fn under(&self) -> &Under {
        &self.shared.under
    }

    /// Whether the host is this computer.
    pub fn local(&self) -> bool {
        self.shared.reach == Reach::Local
    }

    /// The number of the connection that is up, or of the last one: what belonged to an earlier one is
    /// gone.
    pub fn generation(&self) -> u64 {
        let current = self.shared.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map_or(0, |connection| u64::from(connection.number()))
    }

    /// The state of the link, to be watched.
    pub fn watch(&self) -> watch::Receiver<LinkState> {
        self.shared.state.subscribe()
    }

    /// How many requests a host has answered over this link so far, heartbeats left out.
    pub fn round_trips(&self) -> u64 {
        self.shared.trips.get()
    }

    /// Waits until the link is back and a runner answers, at most so long. Ends early, with a failure,
    /// where it will not come back by itself and when a stop is asked for.
    pub async fn restore(&self, at_most: Duration, cancel: &Cancel) -> Result<(), Failure> {
        let mut state = self.watch();
        let until = Instant::now() + at_most;
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                LinkState::Gone { why } => {
                    let known = self.shared.gone.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    return Err(gone(known.unwrap_or_else(|| Failure::needs_human(why))));
                }
                LinkState::Up { .. } | LinkState::Local => {
                    // The loss may not have been noticed yet: only an answer says that it is back.
                    let answered = async { self.shared.connection()?.host().await?.ping().await };
                    tokio::select! {
                        answer = answered => if answer.is_ok() { return Ok(()) },
                        _ = state.changed() => continue,
                        () = tokio::time::sleep_until(until) => {}
                        () = cancel.stop_asked() => {}
                    }
                }
                LinkState::Connecting { .. } | LinkState::Lost { .. } => {}
            }
            let pause = Instant::now() + Duration::from_millis(250);
            tokio::select! {
                _ = state.changed() => {}
                () = tokio::time::sleep_until(pause.min(until)) => {}
                () = cancel.stop_asked() => {}
            }
            if cancel.stopping() {
                return Err(Failure::unknown("the link was not back yet when a stop was asked for"));
            }
            if Instant::now() >= until {
                return Err(Failure::unknown(format!("the link was not back within {} s", at_most.as_secs()))
                    .help("What runs on the host goes on; `modelquay resume` takes it up."));
            }
        }
    }
}

impl Shared {
    fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        current
            .filter(|c| c.alive())
            .ok_or_else(|| Failure::unknown(format!("there is no connection to {}", self.host)))
    }

    /// A failure on a connection that has gone meanwhile says nothing but that.
    fn or_lost(&self, failure: Failure) -> Failure {
        match self.connection() {
            Err(lost) if failure.kind == FailureKind::Transient => lost.because(failure.line()),
            _ => failure,
        }
    }

    /// Connects for the `number`th time and waits for the first answer of a runner.
    async fn open(&self, number: u32) -> Result<(), Failure> {
        let (master, machine, user) = match &self.reach {
            Reach::Local => (None, Arc::new(Here::default()) as Arc<dyn Machine>, local_user()),
            Reach::Ssh(reach) => {
                let effective = master::effective(reach).await?;
                let master = self.dial(reach, &effective, number).await?;
                let machine = master.machine();
                (Some(master), machine, effective.get("user").to_owned())
            }
        };
        let seat = Seat {
            machine,
            host: self.host.to_string(),
            user,
            desk: self.desk.clone(),
            trips: self.trips.clone(),
            under: self.under.clone(),
            shell: None,
        };
        let connection = Arc::new(Connection::new(master, seat, self.dir.clone(), number));
        // A connection that dies while sudo is asked must not be waited for.
        let rtt = tokio::select! {
            rtt = async { connection.host().await?.ping().await } => rtt?,
            why = connection.lost() => return Err(Failure::transient("the connection was lost at once").because(why)),
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        if self.reach != Reach::Local {
            self.up(rtt);
        }
        Ok(())
    }

    async fn dial(&self, reach: &SshReach, user: &Effective, number: u32) -> Result<Master, Failure> {
        let (dir, askpass) = (&*self.dir, self.askpass.as_path());
        let start = Start { reach, user, dir, number, askpass, again: number > 1 };
        let host = self.host.to_string();
        let fingerprint = reach.fingerprint.clone();
        let attempt = Arc::new(Attempt::new(self.desk.clone(), &host, user.get("hostname"), fingerprint));
        Master::start(&start, &attempt).await
    }

    fn up(&self, rtt: Duration) {
        let rtt_ms = Some(u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX));
        self.state.send_if_modified(|state| {
            let new = LinkState::Up { rtt_ms };
            let changed = *state != new;
            *state = new;
            changed
        });
    }
}

/// Watches the link for as long as it lives.
async fn keep(shared: Arc<Shared>) {
    let mut number = 1;
    loop {
        let Ok(connection) = shared.connection() else {
            // It went between two looks.
            if !come_back(&shared, &mut number, "the connection has ended".into()).await {
                return;
            }
            continue;
        };
        let beat = async {
            tokio::time::sleep(HEARTBEAT).await;
            connection.host().await?.ping().await
        };
        tokio::select! {
            why = connection.lost() => {
                drop(connection);
                if !come_back(&shared, &mut number, why).await {
                    return;
                }
            }
            beat = beat => {
                // One that fails says nothing certain: the keep-alives decide whether the link is lost.
                if let (Ok(rtt), true) = (beat, shared.reach != Reach::Local) {
                    shared.up(rtt);
                }
            }
        }
    }
}

/// Connects again and again until it works or somebody has to decide. At first nobody is asked; where
/// nobody being asked is what fails, a person is.
async fn come_back(shared: &Shared, number: &mut u32, why: String) -> bool {
    *shared.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let since_ms = shared.clock.now_ms();
    let mut pause = Duration::ZERO;
    let mut attempts = 0;
    shared.desk.attend(false);
    loop {
        let retry_at_ms = shared.clock.now_ms() + u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        shared.state.send_replace(LinkState::Lost { since_ms, retry_at_ms, attempts, why: why.clone() });
        tokio::time::sleep(pause).await;
        attempts += 1;
        *number += 1;
        match shared.open(*number).await {
            Ok(()) => {
                shared.desk.attend(true);
                return true;
            }
            Err(_) if !shared.desk.attended() && shared.desk.wanted() => {
                shared.desk.attend(true);
                pause = Duration::ZERO;
            }
            Err(failure) if matches!(failure.kind, FailureKind::Transient | FailureKind::Unknown) => {
                tracing::debug!(%failure, attempts, "not back yet");
                shared.desk.attend(false);
                pause = (pause * 2).clamp(Duration::from_millis(250), LONGEST_PAUSE);
            }
            Err(failure) => {
                let why = failure.line();
                *shared.gone.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                shared.state.send_replace(LinkState::Gone { why });
                return false;
            }
        }
    }
}

/// The failure of a link that has gone, with the help of whatever took it.
fn gone(why: Failure) -> Failure {
    Failure { kind: FailureKind::NeedsHuman, ..why.context("the link does not come back by itself") }
}

fn local_user() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "this user".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_has_gone_says_what_to_do() {
        let log = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n";
        let failure = gone(crate::transport::explain::failure("tech@edge", log));
        assert_eq!(failure.kind, FailureKind::NeedsHuman);
        assert!(failure.line().contains("the host key has changed: nothing was sent"), "{failure:?}");
        assert!(failure.hint.is_some_and(|help| help.contains("ssh-keygen -R")));
    }
}
