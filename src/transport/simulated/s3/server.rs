//! The simulated registry on real sockets: hyper over TLS on a free loopback port and, for the
//! product's own clients, on a Unix socket.

use super::admin::Admin;
use super::api::Api;
use super::auth::Gate;
use super::faults::{Faults, Harm};
use super::store::Store;
use super::tls::Slot;
use crate::plan::Failure;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// How many connections are served at a time; a further one waits.
const CONNECTIONS: usize = 256;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Response<Body>;

/// A registry that answers until it is dropped.
pub struct Server {
    address: SocketAddr,
    slot: Arc<Slot>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What answers one request.
#[derive(Clone)]
struct Front {
    s3: S3Service,
    faults: Arc<Faults>,
}

impl Server {
    /// Starts a registry over `store` with this certificate chain and key (PEM), on 127.0.0.1 and,
    /// where a path is given, on a Unix socket there. It must be called within a runtime.
    pub fn start(
        store: &Arc<Store>,
        faults: &Arc<Faults>,
        chain_pem: &str,
        key_pem: &str,
        socket: Option<&Path>,
    ) -> Result<Self, Failure> {
        let cannot =
            |e: std::io::Error| Failure::permanent("the simulated registry cannot listen").because(e.to_string());
        let slot = Slot::new(chain_pem, key_pem)?;
        let acceptor = TlsAcceptor::from(slot.config()?);
        let mut builder = S3ServiceBuilder::new(Api(Arc::clone(store)));
        builder.set_auth(Gate(Arc::clone(store)));
        builder.set_access(Gate(Arc::clone(store)));
        builder.set_route(Admin(Arc::clone(store)));
        let front = Front { s3: builder.build(), faults: Arc::clone(faults) };
        let room = Arc::new(Semaphore::new(CONNECTIONS));

        let tcp = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        tcp.set_nonblocking(true).map_err(cannot)?;
        let tcp = TcpListener::from_std(tcp).map_err(cannot)?;
        let address = tcp.local_addr().map_err(cannot)?;
        let mut tasks =
            vec![tokio::spawn(accept_tcp(tcp, acceptor.clone(), front.clone(), Arc::clone(&room))).abort_handle()];
        if let Some(path) = socket {
            // One of an earlier server of the same simulation may lie there.
            match std::fs::remove_file(path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(cannot(e)),
                _ => {}
            }
            let unix = UnixListener::bind(path).map_err(cannot)?;
            tasks.push(tokio::spawn(accept_unix(unix, acceptor, front, room)).abort_handle());
        }
        Ok(Self { address, slot, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Uses another certificate from the next connection on.
    pub fn set_certificate(&self, chain_pem: &str, key_pem: &str) -> Result<(), Failure> {
        self.slot.set(chain_pem, key_pem)
    }
}

async fn accept_tcp(listener: TcpListener, acceptor: TlsAcceptor, front: Front, room: Arc<Semaphore>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        // An accept that fails concerns that one connection; the listener itself cannot go away.
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (acceptor, front) = (acceptor.clone(), front.clone());
            connections.spawn(async move {
                serve(stream, acceptor, front).await;
                drop(permit);
            });
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn accept_unix(listener: UnixListener, acceptor: TlsAcceptor, front: Front, room: Arc<Semaphore>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        if let Ok((stream, _)) = listener.accept().await {
            let (acceptor, front) = (acceptor.clone(), front.clone());
            connections.spawn(async move {
                serve(stream, acceptor, front).await;
                drop(permit);
            });
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, acceptor: TlsAcceptor, front: Front) {
    // A client that does not trust us ends the handshake: its affair, and its message to show.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(front.clone(), request));
    // A connection that breaks is what clients have to bear; there is nobody here to tell.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn plain(status: StatusCode, text: String) -> Answer {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

async fn answer(front: Front, request: Request<Incoming>) -> Result<Answer, BoxError> {
    let harm = front.faults.take(request.method().as_str(), request.uri().path());
    if let Some(Harm::Refuse { status, code }) = harm {
        // A refusal that comes before the request was read ends the connection while its sender still writes,
        // who then sees a cut as often as the refusal.
        drop(request.into_body().collect().await);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
        );
        return Ok(plain(status, text));
    }
    let served = match request.uri().path() {
        "/minio/health/live" | "/minio/health/ready" | "/minio/health/cluster" => plain(StatusCode::OK, String::new()),
        _ => front.s3.call(request.map(s3s::Body::from)).await.map_err(BoxError::from)?.map(BodyExt::boxed_unsync),
    };
    match harm {
        None | Some(Harm::Refuse { .. }) => Ok(served),
        Some(Harm::Stall(time)) => {
            tokio::time::sleep(time).await;
            Ok(served)
        }
        Some(Harm::Swallow) => Err("the connection ends here on purpose".into()),
        Some(Harm::Tear { after }) => Ok(served.map(|body| torn(body, after))),
    }
}

/// A body that breaks off with an error behind its first `after` bytes.
fn torn(body: Body, after: u64) -> Body {
    let mut left = after;
    let pieces = body.into_data_stream().flat_map(move |piece| {
        let pieces = match piece {
            Ok(data) if data.len() as u64 <= left => {
                left -= data.len() as u64;
                vec![Ok(Frame::data(data))]
            }
            Ok(data) => {
                let kept = data.slice(..usize::try_from(left).unwrap_or(usize::MAX).min(data.len()));
                vec![Ok(Frame::data(kept)), Err(BoxError::from("the answer breaks off here on purpose"))]
            }
            Err(e) => vec![Err(e)],
        };
        futures_util::stream::iter(pieces)
    });
    StreamBody::new(pieces).boxed_unsync()
}
