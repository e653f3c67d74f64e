use super::*;
use crate::plan::FailureKind;
use crate::transport::testing::{Ca, Reply, Server, closed_port};

struct To(PathBuf);

#[async_trait]
impl Tunnel for To {
    async fn socket(&self, _: Ipv4Addr, _: u16) -> Result<PathBuf, Failure> {
        Ok(self.0.clone())
    }
}

async fn live() -> Server {
    Server::start(|_| Reply::Answer(200, String::new())).await
}

#[tokio::test]
async fn the_direct_way_comes_first_and_the_certificate_is_told() {
    let until = |p: &mut rcgen::CertificateParams| p.not_after = rcgen::date_time_ymd(2099, 1, 1);
    let server = Server::start_as("127.0.0.1", until, |_| Reply::Answer(503, String::new())).await;
    let seen = Prober::new(None).get(&server.endpoint(), "/minio/health/live").await.expect("it answers");
    assert_eq!((seen.status, seen.route), (503, Route::Direct));
    assert_eq!(crate::base::clock::utc_text(seen.not_after_ms), "2099-01-01T00:00:00Z");
    assert_eq!(seen.certificate_sha256.len(), 64);
    assert_eq!(server.only().path, "/minio/health/live");
}

#[tokio::test]
async fn where_the_direct_way_is_closed_the_tunnel_is_taken_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let server = live().await;
    let closed = Endpoint { port: closed_port().await, ..server.endpoint() };
    let prober = Prober::new(Some(Arc::new(To(server.forward(dir.path())))));
    let seen = prober.get(&closed, "/").await.expect("the tunnel leads there");
    assert_eq!((seen.status, seen.route), (200, Route::Tunnel));
    assert!(matches!(prober.route(&closed).await, Ok(Wire::Unix(_))));
    assert_eq!(prober.route(&server.endpoint()).await, Ok(Wire::Direct));
}

#[tokio::test]
async fn where_both_fail_both_are_told_and_no_way_skips_verification() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let server = live().await;
    let other = Endpoint { port: closed_port().await, ca_pem: Ca::new().pem, ..server.endpoint() };
    let prober = Prober::new(Some(Arc::new(To(server.forward(dir.path())))));
    let failure = prober.get(&other, "/").await.expect_err("the CA is another one");
    assert_eq!(failure.kind, FailureKind::Permanent);
    let line = failure.line();
    assert!(line.contains("not signed by the site's own CA") && line.contains("refused"), "{line}");
}

#[tokio::test]
async fn a_way_that_somebody_else_found_closed_is_not_tried() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let server = live().await;
    let at = server.endpoint();
    let prober = Prober::new(Some(Arc::new(To(server.forward(dir.path())))));
    assert_eq!(prober.route(&at).await, Ok(Wire::Direct));
    prober.found_closed(&at, &Failure::transient("nothing comes back"));
    assert!(matches!(prober.route(&at).await, Ok(Wire::Unix(_))));
}

#[tokio::test]
async fn a_closed_way_is_not_tried_again_at_every_look() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let server = live().await;
    let swallowed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    swallowed.set_nonblocking(true).expect("it is ours");
    // Something that takes the connection and never speaks TLS: as slow as a silent firewall.
    let at = Endpoint { port: swallowed.local_addr().expect("it is bound").port(), ..server.endpoint() };
    // Above AT_ONCE: a way that is refused at once is tried twice.
    let limit = AT_ONCE + Duration::from_millis(500);
    let prober = Prober { direct_limit: limit, ..Prober::new(Some(Arc::new(To(server.forward(dir.path()))))) };
    let tried = |listener: &std::net::TcpListener| std::iter::from_fn(|| listener.accept().ok()).count();
    for _ in 0..3 {
        let seen = prober.get(&at, "/").await.expect("the tunnel leads there");
        assert_eq!(seen.route, Route::Tunnel);
    }
    assert_eq!(tried(&swallowed), 1, "the closed way was tried again");
    // Another endpoint is another way.
    assert_eq!(prober.route(&server.endpoint()).await, Ok(Wire::Direct));
}
