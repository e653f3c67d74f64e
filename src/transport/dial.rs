//! How bytes reach a server: by an address, or through a Unix socket that OpenSSH forwards.

use super::trouble::Trouble;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// How long a connection by address may take to be made.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Where a connection goes, whatever the URL says. The URL's host stays the name that the server's
/// certificate must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the URL's host and port. No proxy is ever used.
    Direct,
    /// To a Unix socket on this computer, behind which OpenSSH forwards to the URL's host and port.
    Unix(PathBuf),
}

/// Opens connections along a route.
#[derive(Clone, Debug)]
pub struct Dial {
    route: Route,
    quiet: Option<Duration>,
}

impl Dial {
    /// Connections along `route`. With `quiet` a connection on which nothing moves for so long, in
    /// either direction, fails as timed out; without it that is the caller's business.
    pub fn new(route: Route, quiet: Option<Duration>) -> Self {
        Self { route, quiet }
    }

    /// Opens one.
    pub async fn open(&self, uri: &Uri) -> Result<Stream, Trouble> {
        let wire = match &self.route {
            Route::Direct => Wire::Tcp(direct(uri).await?),
            Route::Unix(path) => {
                let socket = UnixStream::connect(path).await.map_err(|e| Trouble::NoTunnel(e.to_string()))?;
                Wire::Unix(socket)
            }
        };
        Ok(Stream { wire, quiet: self.quiet.map(|limit| (limit, Box::pin(sleep(limit)))) })
    }
}

async fn direct(uri: &Uri) -> Result<TcpStream, Trouble> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let stream = match timeout(CONNECT_LIMIT, TcpStream::connect((host, port))).await {
        Err(_) => return Err(Trouble::NoAnswer(CONNECT_LIMIT)),
        Ok(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => return Err(Trouble::Refused),
        Ok(Err(e)) => return Err(Trouble::Unreachable(e.to_string())),
        Ok(Ok(stream)) => stream,
    };
    // Requests are written in one piece, so waiting for more (Nagle) only costs time. A socket that
    // cannot be told so still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

impl tower::Service<Uri> for Dial {
    type Response = TokioIo<Stream>;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Trouble>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.open(&uri).await.map(TokioIo::new) })
    }
}

/// A connection.
#[derive(Debug)]
pub struct Stream {
    wire: Wire,
    quiet: Option<(Duration, Pin<Box<Sleep>>)>,
}

#[derive(Debug)]
enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Stream {
    /// Something moved: the quiet time begins anew.
    fn moved(&mut self) {
        if let Some((limit, timer)) = &mut self.quiet {
            timer.as_mut().reset(Instant::now() + *limit);
        }
    }

    /// Whether nothing has moved for too long. hyper keeps a read pending while it writes a request,
    /// so a limit for reads alone would cut long uploads: one timer serves both directions.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match &mut self.quiet {
            None => Poll::Pending,
            Some((limit, timer)) => {
                ready!(timer.as_mut().poll(cx));
                let text = format!("nothing moved for {} s", limit.as_secs_f32());
                Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, text))
            }
        }
    }

    fn watched<T>(&mut self, cx: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.moved();
            return moved;
        }
        self.poll_quiet(cx).map(Err)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let moved = match &mut this.wire {
            Wire::Tcp(s) => Pin::new(s).poll_read(cx, buf),
            Wire::Unix(s) => Pin::new(s).poll_read(cx, buf),
        };
        this.watched(cx, moved)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let moved = match &mut this.wire {
            Wire::Tcp(s) => Pin::new(s).poll_write(cx, buf),
            Wire::Unix(s) => Pin::new(s).poll_write(cx, buf),
        };
        this.watched(cx, moved)
    }

    /// Several pieces in one go. Without it hyper copies a request's body behind its head, and each connection
    /// keeps room for the largest one that it ever sent.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let moved = match &mut this.wire {
            Wire::Tcp(s) => Pin::new(s).poll_write_vectored(cx, pieces),
            Wire::Unix(s) => Pin::new(s).poll_write_vectored(cx, pieces),
        };
        this.watched(cx, moved)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Tcp(s) => s.is_write_vectored(),
            Wire::Unix(s) => s.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Tcp(s) => Pin::new(s).poll_flush(cx),
            Wire::Unix(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Tcp(s) => Pin::new(s).poll_shutdown(cx),
            Wire::Unix(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::IoSlice;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn pieces_go_out_together_and_are_not_copied_into_one() {
        let server = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
        let at: Uri = format!("http://{}", server.local_addr().expect("bound")).parse().expect("a URL");
        let dial = Dial::new(Route::Direct, Some(Duration::from_secs(5)));
        let (opened, accepted) = tokio::join!(dial.open(&at), server.accept());
        let (mut stream, mut other) = (opened.expect("it listens"), accepted.expect("it came").0);
        assert!(stream.is_write_vectored());
        let sent = stream.write_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")]).await.expect("there is room");
        drop(stream);
        let mut came = Vec::new();
        other.read_to_end(&mut came).await.expect("readable");
        assert_eq!((sent, came.as_slice()), (8, b"headbody".as_slice()));
    }
}
