//! The one HTTPS client: S3, the admin interface, the probe and Kubernetes all go through here.
//!
//! It trusts exactly the CAs that it is given and takes no proxy from the environment: what it talks
//! to is the site, which no proxy of this computer knows. Only the bucket browser, for services
//! that are not ours, asks for the CAs of this computer, or speaks without TLS where an address
//! begins with `http:`.

use super::dial::Dial;
pub use super::dial::Route;
use super::trouble::Trouble;
use crate::plan::Failure;
use crate::ports::objects::Trust;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long nothing may move on a connection before it counts as cut. MinIO sends white space while
/// it works on long requests, so this need not be longer than a bad link's worst pause.
pub(super) const QUIET_LIMIT: Duration = Duration::from_mins(1);
/// How long an unused connection is kept: less than the server's own limit.
const POOL_LIMIT: Duration = Duration::from_secs(30);

/// The CA certificates that may vouch for a server, and nothing else.
#[derive(Clone, Debug)]
pub struct Roots(pub(super) Arc<RootCertStore>);

impl Roots {
    /// Reads them from PEM text. Text without a certificate is refused: an empty set would refuse
    /// every server with a message about the server.
    pub fn from_pem(pem: &str) -> Result<Self, Failure> {
        let unreadable = |e: String| Failure::permanent("the site's CA cannot be read").because(e);
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
            store.add(certificate).map_err(|e| unreadable(e.to_string()))?;
        }
        if store.is_empty() {
            return Err(unreadable("it holds no certificate".to_owned()));
        }
        Ok(Self(Arc::new(store)))
    }

    /// Those that this computer trusts: its own bundle, or what `SSL_CERT_FILE` names.
    pub fn of_this_computer() -> Result<Self, Failure> {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        // A bundle may hold old certificates that cannot be read; the others still vouch.
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            let causes = found.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            return Err(Failure::permanent("this computer has no CA certificates")
                .because(if causes.is_empty() { "none were found".to_owned() } else { causes })
                .help("Install the package ca-certificates, or name the service's own CA file."));
        }
        Ok(Self(Arc::new(store)))
    }

    /// Those that a service is trusted by.
    pub fn of(trust: &Trust) -> Result<Self, Failure> {
        match trust {
            Trust::Only(pem) => Self::from_pem(pem),
            Trust::System => Self::of_this_computer(),
        }
    }

    pub(super) fn tls(&self) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::permanent("TLS cannot be set up").because(e.to_string()))?;
        Ok(config.with_root_certificates(self.0.clone()).with_no_client_auth())
    }
}

/// The connector below the client.
pub(super) type Connector = HttpsConnector<Dial>;

/// A connector that speaks HTTP/1.1 over TLS with this configuration and refuses anything without.
pub(super) fn connector(tls: ClientConfig, dial: Dial) -> Connector {
    HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().wrap_connector(dial)
}

/// A connector that uses TLS where the address begins with `https:`, and none where it begins with
/// `http:`. Only for services that somebody named by such an address.
fn connector_of_any_scheme(tls: ClientConfig, dial: Dial) -> Connector {
    HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(dial)
}

/// A client with its pool of connections. Cloning it shares the pool.
#[derive(Debug)]
pub struct Client<B = Full<Bytes>> {
    inner: legacy::Client<Connector, B>,
}

// Derived, it would ask that bodies can be cloned, and those of the SDK cannot.
impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

/// A client for one route and one CA.
pub fn client<B>(route: Route, roots: &Roots) -> Result<Client<B>, Failure>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    Ok(Client::over(connector(roots.tls()?, Dial::new(route, Some(QUIET_LIMIT)))))
}

/// A client for addresses that begin with `http:` as well; those need no roots.
pub fn client_of_any_scheme<B>(route: Route, roots: Option<&Roots>) -> Result<Client<B>, Failure>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let none = Roots(Arc::new(RootCertStore::empty()));
    let tls = roots.unwrap_or(&none).tls()?;
    Ok(Client::over(connector_of_any_scheme(tls, Dial::new(route, Some(QUIET_LIMIT)))))
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl<B> Client<B>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    pub(super) fn over(connector: Connector) -> Self {
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_LIMIT)
            .pool_timer(TokioTimer::new())
            // As many as are used at once by transfers: a further handshake costs two round trips.
            .pool_max_idle_per_host(64)
            .build(connector);
        Self { inner }
    }
}

impl<B> Client<B>
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// The pooled client of hyper itself, for layers that bring their own errors.
    pub(super) fn into_inner(self) -> legacy::Client<Connector, B> {
        self.inner
    }

    /// Sends a request and gives the head of its answer. hyper sends a request again by itself only
    /// where a pooled connection was closed before a byte of it was written.
    pub async fn send(&self, request: Request<B>) -> Result<Response<Incoming>, Trouble> {
        self.inner.request(request).await.map_err(|e| Trouble::from_error(&e, !e.is_connect()))
    }

    /// Sends a request and reads its answer whole, at most `max` bytes of it.
    pub async fn fetch(&self, request: Request<B>, max: usize) -> Result<Answer, Trouble> {
        let (head, body) = self.send(request).await?.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: read(body, max).await? })
    }
}

/// Reads a body of at most `max` bytes.
pub(super) async fn read(mut body: Incoming, max: usize) -> Result<Bytes, Trouble> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Trouble::from_error(&e, true))?;
        if let Some(data) = frame.data_ref() {
            if read.len() + data.len() > max {
                return Err(Trouble::TooLarge(max));
            }
            read.extend_from_slice(data);
        }
    }
    Ok(read.freeze())
}

/// One GET over a connection of its own, with the certificate that the server showed (DER). The
/// pooled client cannot say which certificate it saw.
pub async fn look(route: Route, roots: &Roots, url: &Uri) -> Result<(StatusCode, Vec<u8>), LookError> {
    let tls = tokio_rustls::TlsConnector::from(Arc::new(roots.tls()?));
    let name = server_name(url)?;
    let wire = Dial::new(route, Some(QUIET_LIMIT)).open(url).await?;
    let stream = tls.connect(name, wire).await.map_err(|e| Trouble::from_error(&e, false))?;
    let certificate =
        stream.get_ref().1.peer_certificates().and_then(|all| all.first()).map(|c| c.to_vec()).unwrap_or_default();
    let (status, _) = once(stream, url, http::Method::GET).await?;
    Ok((status, certificate))
}

/// What the certificate of a URL's server has to name.
pub(super) fn server_name(url: &Uri) -> Result<ServerName<'static>, Failure> {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    ServerName::try_from(host).map_err(|e| {
        Failure::permanent(format!("{url} has no host that a certificate could name")).because(e.to_string())
    })
}

/// One request without a body over a connection of its own, which ends with it. Gives the head of its answer.
pub(super) async fn once<S>(stream: S, url: &Uri, method: http::Method) -> Result<(StatusCode, HeaderMap), LookError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let cut = |e: hyper::Error| Trouble::from_error(&e, true);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
    let path = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let authority = url.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, authority)
        .header(http::header::CONNECTION, "close")
        .body(Full::<Bytes>::default())
        .map_err(|e| Failure::permanent(format!("{url} is no address")).because(e.to_string()))?;
    let asked = async {
        let answer = sender.send_request(request).await.map_err(cut)?;
        Ok::<_, Trouble>((answer.status(), answer.headers().clone()))
    };
    // The connection is driven here and not by a task, so that nothing of it outlives this call. It
    // may end in the same moment in which it hands the answer over, so the answer has the last word.
    tokio::pin!(asked);
    let head = tokio::select! {
        head = &mut asked => head?,
        _ = connection => asked.await?,
    };
    Ok(head)
}

/// Why a [`look`] found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookError {
    /// It got no answer.
    Trouble(Trouble),
    /// It could not even ask.
    Failure(Failure),
}

impl From<Trouble> for LookError {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Failure> for LookError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl LookError {
    /// The failure of a look at `at`.
    pub fn failure(self, at: &str) -> Failure {
        match self {
            Self::Trouble(trouble) => trouble.failure(at, true),
            Self::Failure(failure) => failure,
        }
    }
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;
