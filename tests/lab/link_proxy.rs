//! A bad link: a proxy between the product and sshd that can be cut, held silent and slowed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the link does.
#[derive(Default)]
struct State {
    /// New connections are refused and old ones ended.
    cut: AtomicBool,
    /// Nothing passes, and nobody is told.
    black: AtomicBool,
    /// Milliseconds by which each piece is delayed, one way.
    delay: AtomicU64,
    /// Connections that were taken.
    taken: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

/// A proxy on loopback before a host's sshd.
pub struct Link {
    /// Where it listens.
    pub port: u16,
    state: Arc<State>,
}

impl Link {
    /// To port 22 of this address.
    pub fn to(ip: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State::default());
        let (shared, to) = (state.clone(), format!("{ip}:22"));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.ended.load(Ordering::Relaxed) {
                    return;
                }
                if shared.cut.load(Ordering::Relaxed) {
                    let _ = client.shutdown(Shutdown::Both);
                    continue;
                }
                let Ok(server) = TcpStream::connect(&to) else { continue };
                shared.taken.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut open) = shared.open.lock() {
                    open.extend([client.try_clone(), server.try_clone()].into_iter().flatten());
                }
                let pairs = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
                for (from, into) in pairs {
                    let (Ok(from), Ok(into)) = (from, into) else { continue };
                    let shared = shared.clone();
                    std::thread::spawn(move || pump(from, into, &shared));
                }
            }
        });
        Self { port, state }
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.state.cut.store(true, Ordering::Relaxed);
        if let Ok(mut open) = self.state.open.lock() {
            for stream in open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Nothing passes any more, without a word.
    pub fn go_black(&self) {
        self.state.black.store(true, Ordering::Relaxed);
    }

    /// It works again; connections that were held silent are ended.
    pub fn mend(&self) {
        if self.state.black.swap(false, Ordering::Relaxed) {
            self.cut();
        }
        self.state.cut.store(false, Ordering::Relaxed);
    }

    /// Delays every piece one way by this.
    pub fn delay(&self, by: Duration) {
        self.state.delay.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Connections taken so far.
    pub fn taken(&self) -> usize {
        self.state.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Relaxed);
        self.cut();
        // Wakes the listener, so that its thread sees the end.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Copies one direction. A delayed piece is a piece of the link's own work, so it waits on a channel
/// that nothing is ever sent to.
fn pump(mut from: TcpStream, mut into: TcpStream, state: &State) {
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    let pause = |by: Duration| {
        let _ = never.recv_timeout(by);
    };
    let mut piece = [0u8; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let delay = state.delay.load(Ordering::Relaxed);
        if delay > 0 {
            pause(Duration::from_millis(delay));
        }
        while state.black.load(Ordering::Relaxed) && !state.ended.load(Ordering::Relaxed) {
            pause(Duration::from_millis(50));
        }
        if into.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = into.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
