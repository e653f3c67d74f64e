//! The server on its sockets: TLS under the throw-away CA, health, and each fault.

use super::super::faults::{Fault, Faults, Harm};
use super::super::{Server, Store};
use crate::base::{Clock, SystemClock};
use crate::transport::simulated::ca::Ca;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

struct Site {
    ca: Ca,
    faults: Arc<Faults>,
    server: Server,
    directory: tempfile::TempDir,
}

fn site() -> Site {
    let now = SystemClock.now_ms();
    let ca = Ca::new(now).expect("a CA");
    let (chain, key) = ca.issue(&["192.0.2.10", "localhost"], now, 3600).expect("a certificate");
    let (store, faults) = (Store::new(Arc::new(SystemClock)), Arc::new(Faults::default()));
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("s3");
    let server = Server::start(&store, &faults, &chain, &key, Some(&socket)).expect("it listens");
    Site { ca, faults, server, directory }
}

type Outcome = Result<(u16, Bytes), String>;

async fn ask<S>(stream: S, ca: &str, name: &'static str, path: &str) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let text = |e: &dyn std::error::Error| e.to_string();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("a CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS").with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(name).expect("a name");
    let stream = connector.connect(name, stream).await.map_err(|e| text(&e))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| text(&e))?;
    let driver = tokio::spawn(connection);
    let request = http::Request::get(path).header("host", "192.0.2.10").body(Empty::<Bytes>::new()).expect("a request");
    let answer = sender.send_request(request).await.map_err(|e| text(&e))?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|e| text(&e))?.to_bytes();
    driver.abort();
    Ok((status, body))
}

impl Site {
    async fn get(&self, path: &str) -> Outcome {
        let stream = TcpStream::connect(self.server.address()).await.expect("it listens");
        ask(stream, self.ca.pem(), "192.0.2.10", path).await
    }
}

#[tokio::test]
async fn it_answers_under_its_ca_and_under_no_other() {
    let site = site();
    assert_eq!(site.get("/minio/health/live").await.map(|a| a.0), Ok(200));
    assert_eq!(site.get("/models").await.map(|a| a.0), Ok(403), "nobody is anonymous");
    let socket = UnixStream::connect(site.directory.path().join("s3")).await.expect("it listens");
    assert_eq!(ask(socket, site.ca.pem(), "192.0.2.10", "/minio/health/cluster").await.map(|a| a.0), Ok(200));

    let connect = || TcpStream::connect(site.server.address());
    let other = Ca::new(SystemClock.now_ms()).expect("a CA");
    let wrong_ca = ask(connect().await.expect("it listens"), other.pem(), "192.0.2.10", "/").await;
    assert!(wrong_ca.expect_err("refused").contains("certificate"));
    let wrong_name = ask(connect().await.expect("it listens"), site.ca.pem(), "192.0.2.11", "/").await;
    assert!(wrong_name.expect_err("refused").contains("certificate"));

    // A certificate that is changed serves the next connection.
    let now = SystemClock.now_ms();
    let (chain, key) = site.ca.issue(&["192.0.2.11"], now, 3600).expect("a certificate");
    site.server.set_certificate(&chain, &key).expect("taken");
    let moved = ask(connect().await.expect("it listens"), site.ca.pem(), "192.0.2.11", "/minio/health/live").await;
    assert_eq!(moved.map(|a| a.0), Ok(200));
}

#[tokio::test]
async fn each_fault_does_its_harm_as_often_as_asked() {
    let site = site();
    let fault = |harm, times| Fault { method: "GET", path: "/m".into(), harm, times };
    site.faults.add(fault(Harm::Refuse { status: 503, code: "SlowDown" }, 2));
    for _ in 0..2 {
        let (status, body) = site.get("/models").await.expect("an answer");
        assert!(status == 503 && body.windows(8).any(|w| w == b"SlowDown"));
    }
    assert_eq!(site.get("/models").await.map(|a| a.0), Ok(403));
    site.faults.add(fault(Harm::Swallow, 1));
    assert!(site.get("/models").await.is_err());
    site.faults.add(fault(Harm::Tear { after: 10 }, 1));
    assert!(site.get("/models").await.is_err(), "an answer that breaks off looked whole");
    site.faults.add(fault(Harm::Stall(Duration::from_millis(50)), 1));
    let began = std::time::Instant::now();
    assert_eq!(site.get("/models").await.map(|a| a.0), Ok(403));
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(site.faults.left(), 0);
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let site = site();
    let address = site.server.address();
    drop(site.server);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(address).await.is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "it still listens");
        tokio::task::yield_now().await;
    }
}
