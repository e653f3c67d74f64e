//! One live connection to a host, by SSH or to this machine: its runners, its forwards, its end.

use super::master::Master;
use super::private_dir::PrivateDir;
use super::root::Seat;
use super::runner_host::RunnerHost;
use crate::plan::Failure;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;

/// How many connections one forward of this machine carries at once; more wait for their turn.
const STREAMS: usize = 64;

/// A connection. Dropping it ends it with its runners and forwards.
pub struct Connection {
    /// `None` for this machine.
    master: Option<Master>,
    seat: Arc<Seat>,
    dir: Arc<PrivateDir>,
    number: u32,
    host: Mutex<Option<Arc<RunnerHost>>>,
    forwards: Mutex<BTreeMap<(String, u16), Forward>>,
}

struct Forward {
    socket: PathBuf,
    /// Carries the bytes where there is no SSH that does.
    task: Option<JoinHandle<()>>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Connection {
    /// Which connection of its link this is, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// A connection on which nothing has been opened yet. `number` makes its files' names its own.
    pub fn new(master: Option<Master>, seat: Seat, dir: Arc<PrivateDir>, number: u32) -> Self {
        let (host, forwards) = (Mutex::default(), Mutex::default());
        Self { master, seat: Arc::new(seat), dir, number, host, forwards }
    }

    /// The host as root. Its runner is started when it is first wanted, and again when it has ended.
    pub async fn host(&self) -> Result<Arc<RunnerHost>, Failure> {
        let mut slot = self.host.lock().await;
        if let Some(host) = slot.as_ref().filter(|host| host.alive()) {
            return Ok(host.clone());
        }
        // A new sudo begins with no runner of its own left over.
        *slot = None;
        let host = Arc::new(RunnerHost::open(self.seat.clone(), self.seat.under.clone()).await?);
        Ok(slot.insert(host).clone())
    }

    /// A Unix socket that leads to a TCP port as the host reaches it.
    pub async fn forward(&self, host: &str, port: u16) -> Result<PathBuf, Failure> {
        let mut forwards = self.forwards.lock().await;
        let key = (host.to_owned(), port);
        if let Some(forward) = forwards.get(&key) {
            return Ok(forward.socket.clone());
        }
        let socket = self.dir.file(&format!("f{}-{}", self.number, forwards.len()));
        let task = match &self.master {
            Some(master) => {
                master.forward(&socket, host, port).await?;
                None
            }
            None => Some(carry(&socket, host.to_owned(), port)?),
        };
        forwards.insert(key, Forward { socket: socket.clone(), task });
        Ok(socket)
    }

    /// Whether it is up as far as we know.
    pub fn alive(&self) -> bool {
        self.master.as_ref().is_none_or(Master::alive)
    }

    /// Waits until it has ended, and says why. This machine does not end.
    pub async fn lost(&self) -> String {
        match &self.master {
            Some(master) => master.lost().await,
            None => std::future::pending().await,
        }
    }
}

/// Carries bytes between a Unix socket and a TCP port of this machine.
fn carry(socket: &std::path::Path, host: String, port: u16) -> Result<JoinHandle<()>, Failure> {
    let listener = UnixListener::bind(socket)
        .map_err(|error| Failure::permanent("a socket cannot be made").because(error.to_string()))?;
    Ok(tokio::spawn(async move {
        let free = Arc::new(Semaphore::new(STREAMS));
        // Ends with the task, and the streams with it.
        let mut streams = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((mut near, _)) = accepted else {
                        // Out of file descriptors, most likely: asking again at once would only burn the processor.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    };
                    let Ok(turn) = free.clone().acquire_owned().await else { continue };
                    let host = host.clone();
                    streams.spawn(async move {
                        if let Ok(mut far) = TcpStream::connect((host.as_str(), port)).await {
                            // How a stream ends is its two ends' matter.
                            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        }
                        drop(turn);
                    });
                }
                Some(_) = streams.join_next() => {}
            }
        }
    }))
}
