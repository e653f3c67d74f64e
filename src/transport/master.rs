//! One SSH connection of our own: an OpenSSH master that we start, watch and end.

use super::askpass::{Listener, SOCKET_VARIABLE};
use super::options::{self, Effective, Files};
use super::questions::Attempt;
use super::root::{Machine, Pipes};
use super::{explain, private_dir::PrivateDir};
use crate::base::Chain;
use crate::plan::Failure;
use crate::plan::site::SshReach;
use async_trait::async_trait;
use openssh::{Session, Stdio as Remote};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::Instant;

/// Starts `ssh` and ends it, by its id, as soon as standard input ends: when we drop it, and when we
/// are killed, so that no connection outlives the program. (A parent-death signal would need unsafe
/// code, and exists on Linux only.)
const WATCHED: &str = r#"exec 3<&0
"$@" </dev/null 3<&- & ssh=$!
{ read -r _; kill "$ssh"; } <&3 >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$ssh"; ended=$?
kill "$watch" 2>/dev/null
exit "$ended""#;

/// Between two looks whether the master is up. It tells nobody, it only makes its socket.
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// Without a question open, a connection that is not up for so long is given up. OpenSSH's own limit
/// ends with the key exchange.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a new forward is watched for being closed at once.
const TRIAL: Duration = Duration::from_millis(600);

/// For a session or a forward on a connection that is up.
const SHORT: Duration = Duration::from_secs(30);

/// What the user's configuration comes to for this destination.
pub async fn effective(reach: &SshReach) -> Result<Effective, Failure> {
    let (args, to) = options::destination(reach);
    let output = Command::new("ssh").arg("-G").args(args).arg("--").arg(&to).stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| {
        Failure::permanent("`ssh` cannot be started")
            .because(error.to_string())
            .help("Install OpenSSH's client on this computer.")
    })?;
    if !output.status.success() {
        return Err(explain::failure(&to, &String::from_utf8_lossy(&output.stderr)));
    }
    Ok(Effective::parse(&String::from_utf8_lossy(&output.stdout)))
}

/// A connection that is up. Dropping it ends it.
pub struct Master {
    session: Arc<Session>,
    /// Why it has ended, once it has.
    ended: watch::Receiver<Option<String>>,
    log: PathBuf,
    /// While it is open the connection lives.
    _leash: ChildStdin,
}

/// What a master is started from.
pub struct Start<'a> {
    /// Where to.
    pub reach: &'a SshReach,
    /// The user's configuration.
    pub user: &'a Effective,
    /// The link's private directory.
    pub dir: &'a PrivateDir,
    /// Counts the link's connections, so that their files have names of their own.
    pub number: u32,
    /// The program that OpenSSH starts to ask a question: ours.
    pub askpass: &'a Path,
    /// Whether this host was connected to in this run before.
    pub again: bool,
}

impl Master {
    /// Connects. Questions go to `attempt`.
    pub async fn start(start: &Start<'_>, attempt: &Arc<Attempt>) -> Result<Self, Failure> {
        let Start { reach, user, dir, number, askpass, again } = start;
        let (control, log) = (dir.file(&format!("ctl{number}")), dir.file(&format!("log{number}")));
        let ask = dir.file(&format!("ask{number}"));
        let here =
            |what: &'static str| move |error: std::io::Error| Failure::permanent(what).because(error.to_string());
        let _listener = Listener::on(&ask, attempt.clone()).map_err(here("questions of ssh cannot be listened for"))?;
        let known_hosts = dir.file("known_hosts");
        let files = Files { control: &control, log: &log, known_hosts: &known_hosts };
        let errors = std::fs::File::options().create(true).append(true).open(&log).map_err(here("the log of ssh"))?;
        let mut child = Command::new("sh")
            .args(["-c", WATCHED, "sh", "ssh"])
            .args(options::master(reach, user, files, *again))
            .env("SSH_ASKPASS", askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env(SOCKET_VARIABLE, &ask)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A jump host's ssh has no log of its own.
            .stderr(errors)
            // A Ctrl-C that asks us to stop must not cut the connection.
            .process_group(0)
            .spawn()
            .map_err(here("`ssh` cannot be started"))?;
        let Some(leash) = child.stdin.take() else { return Err(Failure::permanent("ssh has no leash")) };

        let to = &reach.destination;
        let mut since = Instant::now();
        let session = loop {
            tokio::select! {
                biased;
                failure = attempt.stopped() => return Err(failure),
                _ = child.wait() => {
                    // It may have ended because we refused a question.
                    let stopped = futures_util::FutureExt::now_or_never(attempt.stopped());
                    return Err(stopped.unwrap_or_else(|| explain::failure(to, &explain::end_of(&log))));
                }
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            if attempt.asking() {
                since = Instant::now();
            }
            if control.exists() {
                let session = Session::resume_mux(control.clone().into_boxed_path(), None);
                if session.check().await.is_ok() {
                    break session;
                }
            }
            if since.elapsed() > PATIENCE {
                let failure = Failure::transient(format!("{to}: the server does not finish the log-in"));
                return Err(failure.because(format!("nothing happened for {} s", PATIENCE.as_secs())));
            }
        };
        if attempt.came_up() {
            remember(&known_hosts, user);
        }
        let (end, ended) = watch::channel(None);
        let kept = log.clone();
        tokio::spawn(async move {
            // Either way it has ended.
            let _ = child.wait().await;
            end.send_replace(Some(explain::loss(&explain::end_of(&log))));
            for file in [control, log, ask] {
                let _ = std::fs::remove_file(file);
            }
        });
        Ok(Self { session: Arc::new(session), ended, log: kept, _leash: leash })
    }

    /// Waits until the connection has ended, and says why.
    pub async fn lost(&self) -> String {
        let mut ended = self.ended.clone();
        let why = ended.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "the connection has ended".into())
    }

    /// Whether the connection is up as far as we know.
    pub fn alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Where programs can be started on the host.
    pub fn machine(&self) -> Arc<dyn Machine> {
        Arc::new(Far(self.session.clone()))
    }

    /// Makes `socket` lead to a TCP port as the host reaches it. That nothing listens there is no
    /// failure: it may be about to.
    pub async fn forward(&self, socket: &Path, host: &str, port: u16) -> Result<(), Failure> {
        let target = openssh::Socket::TcpSocket { host: host.into(), port };
        let listen = openssh::Socket::UnixSocket { path: socket.into() };
        let request = self.session.request_port_forward(openssh::ForwardType::Local, listen, target);
        match tokio::time::timeout(SHORT, request).await {
            Ok(Ok(())) => self.allowed(socket).await,
            Ok(Err(error)) if self.alive() => {
                Err(Failure::transient(format!("no way to {host}:{port} through the connection"))
                    .because(Chain(&error).to_string()))
            }
            _ => Err(Failure::unknown("the connection was lost")),
        }
    }
}

impl Master {
    /// Whether the server carries what comes by a forward. It says so only when one is used, and then
    /// only to OpenSSH's log: so it is used once, and where it is closed at once the log is read.
    async fn allowed(&self, socket: &Path) -> Result<(), Failure> {
        use tokio::io::AsyncReadExt as _;
        let closed = async {
            let mut stream = tokio::net::UnixStream::connect(socket).await?;
            stream.read(&mut [0; 1]).await
        };
        let closed = tokio::time::timeout(TRIAL, closed).await;
        if matches!(closed, Ok(Ok(0))) && explain::end_of(&self.log).contains("administratively prohibited") {
            return Err(Failure::needs_human("the server forbids to forward TCP through the connection")
                .help("Set `AllowTcpForwarding local` for this user in the server's sshd_config."));
        }
        Ok(())
    }
}

/// Programs on the other side of a connection.
struct Far(Arc<Session>);

#[async_trait]
impl Machine for Far {
    async fn spawn(&self, command: &[&str]) -> Result<Pipes, Failure> {
        let Some((program, args)) = command.split_first() else {
            return Err(Failure::permanent("there is no program to start"));
        };
        let mut remote = self.0.clone().arc_command((*program).to_owned());
        remote.args(args).stdin(Remote::piped()).stdout(Remote::piped()).stderr(Remote::piped());
        let spawned = tokio::time::timeout(SHORT, remote.spawn()).await;
        let mut child =
            spawned.map_err(|_| Failure::transient("the host does not open a session"))?.map_err(|error| {
                Failure::transient("the server opens no session on the connection")
                    .because(Chain(&error).to_string())
                    .help("Two sessions are needed; look at MaxSessions in the server's sshd_config.")
            })?;
        let pipes = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Failure::permanent("the session has no pipes"));
        };
        Ok(Pipes { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr), keep: Box::new(child) })
    }
}

/// Adds what this run accepted to the user's own file of known hosts. That it cannot be written is
/// no reason to stop: the key is asked about again next time.
fn remember(run: &Path, user: &Effective) {
    let Some(file) = user.known_hosts().first().and_then(|file| expand(file)) else { return };
    let add = || -> std::io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        let new = std::fs::read_to_string(run)?;
        if let Some(dir) = file.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let mut out = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&file)?;
        let mut text = String::new();
        if !known.is_empty() && !known.ends_with('\n') {
            text.push('\n');
        }
        for line in new.lines().filter(|line| !known.lines().any(|k| k == *line)) {
            text.push_str(line);
            text.push('\n');
        }
        out.write_all(text.as_bytes())
    };
    if let Err(error) = add() {
        tracing::warn!(%error, file = %file.display(), "the host key could not be remembered");
    }
}

/// A path of OpenSSH's configuration; one with other things to expand than `~/` is left alone.
fn expand(file: &str) -> Option<PathBuf> {
    if file.contains(['%', '$']) || file == "/dev/null" {
        return None;
    }
    match file.strip_prefix("~/") {
        Some(rest) => Some(PathBuf::from(std::env::var_os("HOME")?).join(rest)),
        None => file.starts_with('/').then(|| file.into()),
    }
}
