//! A port of this computer, for its own programs only, behind which the bytes of each connection are
//! carried to somewhere else. What they mean is for the two ends: TLS goes through untouched.

use crate::plan::Failure;
use crate::ports::Stream;
use async_trait::async_trait;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How many connections are carried at once. A browser opens six, and a few more for what it keeps open.
/// A further one waits until one of them ends, which is said; those behind it wait in the system's own queue.
pub const MOST: usize = 64;

/// How many bytes are carried in one piece.
const PIECE: usize = 16 * 1024;

/// The pause after a connection that could not be taken, as where no descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the bytes go.
#[async_trait]
pub trait Way: Send + Sync {
    /// Another connection to the other side, asked for anew for each one that comes.
    async fn open(&self) -> Result<Box<dyn Stream>, Failure>;

    /// No way was found for a connection, which was closed.
    fn failed(&self, why: &Failure);

    /// The other side has ended a connection without a byte.
    fn silent(&self);

    /// A connection waits, because as many are open as may be.
    fn full(&self, most: usize);
}

/// The port. Dropping it closes it, with every connection.
pub struct Doorway {
    listener: TcpListener,
    port: u16,
}

impl Doorway {
    /// Listens on this port, or else on `usual` or any that is free.
    pub async fn open(port: Option<u16>, usual: u16) -> Result<Self, Failure> {
        let listener = match port {
            Some(port) => listen(port).await.map_err(|error| {
                Failure::permanent(format!("port {port} of this computer cannot be used"))
                    .because(error.to_string())
                    .help("name another one with --port, or none to have one chosen")
            })?,
            None => match listen(usual).await {
                Ok(listener) => listener,
                Err(_) => listen(0).await.map_err(|e| no_port(&e))?,
            },
        };
        let port = listener.local_addr().map_err(|e| no_port(&e))?.port();
        Ok(Self { listener, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Carries connections for as long as it is asked to; they end with it.
    pub async fn serve(&self, way: &Arc<dyn Way>) {
        let free = Arc::new(Semaphore::new(MOST));
        let mut streams = JoinSet::new();
        // Said once for each time that it comes to that.
        let mut said = false;
        loop {
            let near = match self.listener.accept().await {
                Ok((near, _)) => near,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if free.available_permits() == 0 && !std::mem::replace(&mut said, true) {
                way.full(MOST);
            }
            // Nobody closes the semaphore.
            let Ok(turn) = free.clone().acquire_owned().await else { return };
            said &= free.available_permits() < MOST / 2;
            streams.spawn(carry(near, way.clone(), turn));
            // Those that have ended are forgotten.
            while streams.try_join_next().is_some() {}
        }
    }
}

async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

fn no_port(error: &std::io::Error) -> Failure {
    Failure::permanent("no port of this computer can be had").because(error.to_string())
}

async fn carry(near: TcpStream, way: Arc<dyn Way>, _turn: OwnedSemaphorePermit) {
    let far = match way.open().await {
        Ok(far) => far,
        Err(why) => return way.failed(&why),
    };
    // Requests are written in one piece, so waiting for more (Nagle) only costs time.
    let _ = near.set_nodelay(true);
    let (mut from_near, mut to_near) = tokio::io::split(near);
    let (mut from_far, mut to_far) = tokio::io::split(far);
    let (asked, answered) = (AtomicU64::new(0), AtomicU64::new(0));
    let up = async {
        pump(&mut from_near, &mut to_far, &asked).await;
        std::future::pending::<()>().await;
    };
    // It is over when the other side has said everything: one that only listens would hold its place for ever.
    tokio::select! {
        () = up => {}
        () = pump(&mut from_far, &mut to_near, &answered) => {}
    }
    if asked.into_inner() > 0 && answered.into_inner() == 0 {
        way.silent();
    }
}

/// Carries bytes in one direction until they end or cannot be taken, which is for the two ends to notice, and
/// counts them.
async fn pump(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), carried: &AtomicU64) {
    let mut piece = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
        carried.fetch_add(count as u64, Ordering::Relaxed);
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
#[path = "doorway_tests.rs"]
mod tests;
