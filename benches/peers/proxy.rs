//! A wire that counts what passes, between a client and the server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes that have passed in each direction.
#[derive(Default)]
pub struct Passed {
    /// From the client to the server.
    pub up: AtomicU64,
    /// From the server to the client.
    pub down: AtomicU64,
}

/// The wire. Its threads end with their connections; the one that waits for them ends with the program.
pub struct Proxy {
    pub url: String,
    pub passed: Arc<Passed>,
}

impl Proxy {
    /// A wire to this port of loopback.
    pub fn to(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let passed = Arc::new(Passed::default());
        let counts = Arc::clone(&passed);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else { return };
                let (up, down) = (Arc::clone(&counts), Arc::clone(&counts));
                std::thread::spawn(move || carry(client, server, |n| up.up.fetch_add(n, Relaxed)));
                std::thread::spawn(move || carry(from_server, to_client, |n| down.down.fetch_add(n, Relaxed)));
            }
        });
        Ok(Self { url, passed })
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, count: impl Fn(u64) -> u64) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        // What was read has left the sender, whether it arrives or not.
        count(n as u64);
        if to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Read);
    let _ = to.shutdown(Shutdown::Write);
}
