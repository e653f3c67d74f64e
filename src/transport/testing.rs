//! A small HTTPS server in this process, for the tests of the clients.

use super::https::{Roots, Route};
use crate::base::Secret;
use crate::ports::world::{Credentials, Endpoint};
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream, UnixListener};

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

/// What the server does with it.
pub enum Reply {
    /// An answer.
    Answer(u16, String),
    /// The connection is closed without one.
    Cut,
    /// Nothing, for ever.
    Hold,
}

impl Reply {
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer(status, body.to_string())
    }
}

/// A CA of the tests.
pub struct Ca {
    pub pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Ca {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names are right names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a CA signs itself").pem();
        Self { pem, issuer: rcgen::Issuer::new(params, key) }
    }

    pub fn roots(&self) -> Roots {
        Roots::from_pem(&self.pem).expect("it was just made")
    }

    fn acceptor(&self, name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> tokio_rustls::TlsAcceptor {
        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("the name is right");
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).expect("the CA signs");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("the key belongs to the certificate");
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }
}

/// A running server; it ends with the test's runtime.
pub struct Server {
    pub port: u16,
    pub ca: Ca,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// One that answers so, with a certificate for 127.0.0.1.
    pub async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_as("127.0.0.1", |_| (), reply).await
    }

    /// One with a certificate of one's own making.
    pub async fn start_as(
        name: &str,
        change: impl FnOnce(&mut rcgen::CertificateParams),
        reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let ca = Ca::new();
        let acceptor = ca.acceptor(name, change);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback is there");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, reply) = (seen.clone(), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), wire, kept.clone(), reply.clone()));
            }
        });
        Self { port, ca, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics while it holds this").clone()
    }

    /// The one request that was seen.
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen[0].clone()
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint { ip: Ipv4Addr::LOCALHOST, port: self.port, ca_pem: self.ca.pem.clone() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint().url())
    }

    /// A Unix socket behind which the server is, as OpenSSH forwards one.
    pub fn forward(&self, dir: &Path) -> PathBuf {
        let path = dir.join("forward.sock");
        let listener = UnixListener::bind(&path).expect("the directory is ours");
        let port = self.port;
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        path
    }
}

async fn serve(
    acceptor: tokio_rustls::TlsAcceptor,
    wire: TcpStream,
    kept: Arc<Mutex<Vec<Seen>>>,
    reply: Arc<impl Fn(&Seen) -> Reply + Send + Sync + 'static>,
) {
    let Ok(stream) = acceptor.accept(wire).await else { return };
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (kept, reply) = (kept.clone(), reply.clone());
        async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let seen = Seen { method: head.method, path, headers: head.headers, body };
            kept.lock().map_err(|_| io::Error::other("a test panicked"))?.push(seen.clone());
            match reply(&seen) {
                Reply::Answer(status, body) => {
                    let mut answer = Response::new(Full::new(Bytes::from(body)));
                    *answer.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
                    Ok(answer)
                }
                Reply::Cut => Err(io::Error::other("cut")),
                Reply::Hold => std::future::pending().await,
            }
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// A pair of keys.
pub fn keys() -> Credentials {
    Credentials { access_key: "reader".to_owned(), secret_key: Secret::from("the-secret-of-reader") }
}

/// A port on which nothing listens.
pub async fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback is there");
    listener.local_addr().expect("it is bound").port()
}

/// The direct way, for short.
pub const DIRECT: Route = Route::Direct;
