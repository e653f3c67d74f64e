use super::*;
use crate::base::SystemClock;
use crate::base::clock::SetClock;
use crate::ports::trust::{San, Skew};
use crate::transport::testing::{Ca, Reply, Server};

fn service(server: &Server, pem: &str) -> Service {
    Service {
        url: server.endpoint().url(),
        region: "us-east-1".to_owned(),
        trust: Trust::Only(pem.to_owned()),
        keys: None,
        session_token: None,
        path_style: true,
    }
}

fn answers(_: &crate::transport::testing::Seen) -> Reply {
    Reply::Answer(403, String::new())
}

async fn refused(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams), ca: Option<&str>) -> Refused {
    let server = Server::start_as(name, change, answers).await;
    let service = service(&server, ca.unwrap_or(&server.ca.pem));
    let looked = look(&service, Wire::Direct, &SystemClock).await.expect("it is there");
    assert!(server.seen().is_empty(), "something was sent to a service that is not trusted");
    assert_eq!(looked.clocks, None);
    match looked.outcome {
        Outcome::Refused(refused) => *refused,
        other => panic!("{other:?}"),
    }
}

fn until(year: i32) -> impl FnOnce(&mut rcgen::CertificateParams) {
    move |p| {
        p.not_before = rcgen::date_time_ymd(2020, 1, 1);
        p.not_after = rcgen::date_time_ymd(year, 1, 1);
    }
}

#[tokio::test]
async fn a_service_that_verifies_is_told_with_all_that_was_seen() {
    let server = Server::start_as("127.0.0.1", until(2099), answers).await;
    let socket = tempfile::tempdir().expect("a directory");
    let through = Wire::Unix(server.forward(socket.path()));
    let service = service(&server, &server.ca.pem);
    for (wire, way) in [(Wire::Direct, Route::Direct), (through, Route::Tunnel)] {
        let looked = look(&service, wire, &SystemClock).await.expect("it is there");
        assert_eq!((looked.way, looked.url.as_str()), (way, service.url.as_str()));
        let Outcome::Trusted(trusted) = looked.outcome else { panic!("{:?}", looked.outcome) };
        assert_eq!(trusted.named, Some(San::Ip("127.0.0.1".parse().expect("an address"))));
        assert_eq!(trusted.version, "TLS 1.3");
        assert!(trusted.cipher.starts_with("TLS_"), "{}", trusted.cipher);
        assert!(matches!(trusted.lasts, Lasts::Fine { days: 10_000.. }), "{:?}", trusted.lasts);
        let own = &trusted.chain[0];
        assert_eq!((trusted.chain.len(), own.ca, own.key.as_str()), (1, false, "ECDSA P-256"));
        let anchor = trusted.anchor.expect("the CA is known");
        assert!(anchor.ca && anchor.subject == own.issuer && anchor.sha256 != own.sha256);
        assert_eq!(looked.clocks.map(|c| c.skew()), Some(Skew::Same), "it is this computer's own clock");
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_certificate_near_its_end_is_trusted_and_warned_of() {
    let server = Server::start_as("127.0.0.1", until(2099), answers).await;
    let end = rcgen::date_time_ymd(2099, 1, 1).unix_timestamp();
    let clock = SetClock::at((u64::try_from(end).expect("it is late") - 10 * 86_400) * 1000);
    let service = service(&server, &server.ca.pem);
    let looked = look(&service, Wire::Direct, &clock).await.expect("it is there");
    let Outcome::Trusted(trusted) = looked.outcome else { panic!("{:?}", looked.outcome) };
    assert_eq!(trusted.lasts, Lasts::SoonExpires { days: 10 });
    // The clock that was asked is seventy years ahead of the one by which the server lives.
    assert_eq!(looked.clocks.map(|c| (c.skew(), c.ahead_ms() < 0)), Some((Skew::Refused, true)));
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_its_chain() {
    let found = refused("127.0.0.1", until(2021), None).await;
    assert_eq!(found.why, Refusal::Expired { since_ms: 1_609_459_200_000 });
    assert_eq!(found.chain[0].until_ms, 1_609_459_200_000);
    assert!(found.failure.message.contains("it ended at 2021-01-01T00:00:00Z, and now is 2"), "{}", found.failure);
}

#[tokio::test]
async fn a_certificate_of_the_future_is_refused() {
    let later = |p: &mut rcgen::CertificateParams| p.not_before = rcgen::date_time_ymd(2098, 1, 1);
    let found = refused("127.0.0.1", later, None).await;
    assert_eq!(found.why, Refusal::NotYet { from_ms: 4_039_372_800_000 });
}

#[tokio::test]
async fn another_ca_is_named_beside_the_one_that_is_trusted() {
    let other = Ca::new();
    let found = refused("127.0.0.1", |_| (), Some(&other.pem)).await;
    let Refusal::OtherCa { signed_by, trusted } = &found.why else { panic!("{:?}", found.why) };
    assert_eq!((signed_by, trusted.len()), (&found.chain[0].issuer, 1));
    assert!(found.failure.message.contains("it is signed by another CN="), "{}", found.failure);
    assert!(found.failure.hint.as_ref().is_some_and(|hint| hint.contains("CA's file")), "{:?}", found.failure.hint);
}

#[tokio::test]
async fn a_certificate_for_another_name_says_which_it_has() {
    let found = refused("minio.example", |_| (), None).await;
    let has = vec![San::Dns("minio.example".to_owned())];
    assert_eq!(found.why, Refusal::OtherName { dialled: "127.0.0.1".to_owned(), has });
    assert!(found.failure.message.contains("not for 127.0.0.1, but for minio.example"), "{}", found.failure);
}

#[tokio::test]
async fn what_is_no_server_and_what_speaks_no_tls_is_a_failure() {
    let server = Server::start(answers).await;
    let mut gone = service(&server, &server.ca.pem);
    gone.url = format!("https://127.0.0.1:{}", crate::transport::testing::closed_port().await);
    let failure = look(&gone, Wire::Direct, &SystemClock).await.expect_err("nothing listens");
    assert!(failure.message.contains("refused"), "{failure}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    gone.url = format!("https://{}", listener.local_addr().expect("it is bound"));
    let (looked, ()) = tokio::join!(look(&gone, Wire::Direct, &SystemClock), async {
        use tokio::io::AsyncWriteExt as _;
        let (mut wire, _) = listener.accept().await.expect("it comes");
        wire.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it reads");
    });
    assert!(looked.is_err_and(|failure| failure.message.contains("does not speak TLS")));
}

#[test]
fn a_date_is_read_and_what_is_none_is_not() {
    assert_eq!(of_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
    for bad in ["", "now", "Sun, 06 Nov 1894 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT"] {
        assert_eq!(of_date(bad), None, "{bad}");
    }
}
