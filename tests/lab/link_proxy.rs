//! A bad link: a proxy between the product and a host's port that can be cut, held silent and slowed,
//! and that counts round trips.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pieces that may be under way in one direction; a sender that finds it full waits, as before a
/// window that is closed.
const UNDER_WAY: usize = 4096;

/// Round trips that follow each other. One begins with a piece that is sent towards the host, and
/// everything that is sent before an answer to that piece can be back belongs to it. So what is asked
/// side by side counts once, and a question that needs an earlier answer counts anew.
#[derive(Default)]
pub struct Trips(Mutex<(usize, Option<Instant>)>);

impl Trips {
    fn sent(&self, round_trip: Duration) {
        let mut trips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if trips.1.is_none_or(|began| now - began >= round_trip) {
            *trips = (trips.0 + 1, Some(now));
        }
    }

    /// How many there were since the last call.
    pub fn take(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// How many there were since the last [`Trips::take`].
    pub fn so_far(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What the link does.
#[derive(Default)]
struct State {
    /// New connections are refused and old ones ended.
    cut: AtomicBool,
    /// Nothing passes, and nobody is told.
    black: AtomicBool,
    /// Milliseconds by which everything is delayed, one way.
    delay: AtomicU64,
    /// Connections that were taken.
    taken: AtomicUsize,
    open: Mutex<Vec<Socket>>,
    ended: AtomicBool,
    trips: Arc<Trips>,
}

/// One end of a connection.
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn again(&self) -> std::io::Result<Self> {
        Ok(match self {
            Self::Tcp(s) => Self::Tcp(s.try_clone()?),
            Self::Unix(s) => Self::Unix(s.try_clone()?),
        })
    }

    fn shutdown(&self, how: Shutdown) {
        let _ = match self {
            Self::Tcp(s) => s.shutdown(how),
            Self::Unix(s) => s.shutdown(how),
        };
    }

    fn read(&mut self, piece: &mut [u8]) -> usize {
        match self {
            Self::Tcp(s) => s.read(piece),
            Self::Unix(s) => s.read(piece),
        }
        .unwrap_or(0)
    }

    fn write(&mut self, piece: &[u8]) -> bool {
        match self {
            Self::Tcp(s) => s.write_all(piece),
            Self::Unix(s) => s.write_all(piece),
        }
        .is_ok()
    }
}

/// A proxy before a port of a host.
pub struct Link {
    /// Where it listens on this machine; 0 where it listens on a Unix socket.
    pub port: u16,
    ip: &'static str,
    state: Arc<State>,
}

impl Link {
    /// To port 22 of this address.
    pub fn to(ip: &str) -> Self {
        Self::on("127.0.0.1", &format!("{ip}:22"))
    }

    /// From a free port of this address of the machine to that address and port.
    pub fn on(ip: &'static str, to: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("the address has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State::default());
        let (shared, to) = (state.clone(), to.to_owned());
        std::thread::spawn(move || {
            serve(listener.incoming().flatten().map(Socket::Tcp), &to, &shared);
        });
        Self { port, ip, state }
    }

    /// From a Unix socket to this address and port. Round trips are counted in `trips`.
    pub fn from_socket(socket: &Path, to: &str, trips: &Arc<Trips>) -> Self {
        let listener = UnixListener::bind(socket).expect("the socket's name is free");
        let state = Arc::new(State { trips: trips.clone(), ..State::default() });
        let (shared, to) = (state.clone(), to.to_owned());
        std::thread::spawn(move || {
            serve(listener.incoming().flatten().map(Socket::Unix), &to, &shared);
        });
        Self { port: 0, ip: "127.0.0.1", state }
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.state.cut.store(true, Ordering::Relaxed);
        if let Ok(mut open) = self.state.open.lock() {
            for stream in open.drain(..) {
                stream.shutdown(Shutdown::Both);
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

    /// Delays everything one way by this.
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
        // Wakes the listener, so that its thread sees the end. One on a Unix socket ends with the
        // process.
        let _ = TcpStream::connect((self.ip, self.port));
    }
}

fn serve(clients: impl Iterator<Item = Socket>, to: &str, state: &Arc<State>) {
    for client in clients {
        if state.ended.load(Ordering::Relaxed) {
            return;
        }
        if state.cut.load(Ordering::Relaxed) {
            client.shutdown(Shutdown::Both);
            continue;
        }
        let shared = state.clone();
        let to = to.to_owned();
        std::thread::spawn(move || carry(client, &to, &shared));
    }
}

fn carry(client: Socket, to: &str, state: &Arc<State>) {
    // Making a TCP connection is a round trip of its own, which the near end of a proxy hides.
    let by = Duration::from_millis(state.delay.load(Ordering::Relaxed));
    if !by.is_zero() {
        state.trips.sent(by * 2);
        pause(by * 2);
    }
    let Ok(server) = TcpStream::connect(to).map(Socket::Tcp) else { return client.shutdown(Shutdown::Both) };
    state.taken.fetch_add(1, Ordering::Relaxed);
    if let Ok(mut open) = state.open.lock() {
        open.extend([client.again(), server.again()].into_iter().flatten());
    }
    // A cut that came while it was being made has not seen it.
    if state.cut.load(Ordering::Relaxed) {
        client.shutdown(Shutdown::Both);
        return server.shutdown(Shutdown::Both);
    }
    let (Ok(client_again), Ok(server_again)) = (client.again(), server.again()) else { return };
    let shared = state.clone();
    std::thread::spawn(move || pump(client_again, server_again, &shared, true));
    pump(server, client, state, false);
}

/// A piece of the link's own work waits on a channel that nothing is ever sent to.
fn pause(by: Duration) {
    let (_keep, never) = sync_channel::<()>(1);
    let _ = never.recv_timeout(by);
}

/// Copies one direction. Each piece is delayed by itself: those behind it do not wait for it, as on a
/// real line.
fn pump(mut from: Socket, into: Socket, state: &Arc<State>, outward: bool) {
    let (sender, receiver) = sync_channel(UNDER_WAY);
    let shared = state.clone();
    let Ok(ends) = from.again() else { return };
    let writer = std::thread::spawn(move || arrive(into, &ends, &receiver, &shared));
    read(&mut from, &sender, state, outward);
    drop(sender);
    let _ = writer.join();
}

fn read(from: &mut Socket, sender: &SyncSender<(Instant, Vec<u8>)>, state: &State, outward: bool) {
    let mut piece = [0u8; 16 * 1024];
    loop {
        let count = from.read(&mut piece);
        if count == 0 {
            return;
        }
        let delay = Duration::from_millis(state.delay.load(Ordering::Relaxed));
        if outward {
            state.trips.sent(delay * 2);
        }
        if sender.send((Instant::now() + delay, piece[..count].to_vec())).is_err() {
            return;
        }
    }
}

fn arrive(mut into: Socket, from: &Socket, receiver: &Receiver<(Instant, Vec<u8>)>, state: &State) {
    while let Ok((due, piece)) = receiver.recv() {
        pause(due.saturating_duration_since(Instant::now()));
        while state.black.load(Ordering::Relaxed) && !state.ended.load(Ordering::Relaxed) {
            pause(Duration::from_millis(50));
        }
        if !into.write(&piece) {
            break;
        }
    }
    into.shutdown(Shutdown::Both);
    from.shutdown(Shutdown::Both);
}
