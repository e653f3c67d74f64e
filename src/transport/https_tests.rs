use super::*;
use crate::plan::FailureKind;
use crate::transport::testing::{Ca, DIRECT, Reply, Server, closed_port};

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).expect("the address is right")
}

async fn ask(route: Route, roots: &Roots, url: &str) -> Result<Answer, Trouble> {
    client(route, roots).expect("the roots are right").fetch(get(url), 1000).await
}

fn tls_trouble(seen: Result<Answer, Trouble>) -> String {
    match seen {
        Err(trouble @ Trouble::Tls { .. }) => trouble.failure("there", true).line(),
        other => panic!("not refused for its certificate: {other:?}"),
    }
}

async fn hello() -> Server {
    Server::start(|_| Reply::Answer(200, "hello".to_owned())).await
}

#[tokio::test]
async fn the_right_ca_verifies_and_another_does_not() {
    let server = hello().await;
    let answer = ask(DIRECT, &server.ca.roots(), &server.url("/x")).await.expect("the CA is right");
    assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (200, b"hello".as_slice()));
    let refusal = tls_trouble(ask(DIRECT, &Ca::new().roots(), &server.url("/x")).await);
    assert!(refusal.contains("not signed by the site's own CA"), "{refusal}");
    assert_eq!(server.seen().len(), 1, "a request was sent to a server that was not verified");
}

#[tokio::test]
async fn the_certificate_must_carry_the_address() {
    let server = Server::start_as("registry.example", |_| (), |_| Reply::Answer(200, String::new())).await;
    let refusal = tls_trouble(ask(DIRECT, &server.ca.roots(), &server.url("/")).await);
    assert!(refusal.contains("127.0.0.1") && refusal.contains("registry.example"), "{refusal}");
}

#[tokio::test]
async fn a_certificate_that_ended_says_when() {
    let past = |p: &mut rcgen::CertificateParams| {
        p.not_before = rcgen::date_time_ymd(2020, 1, 1);
        p.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let server = Server::start_as("127.0.0.1", past, |_| Reply::Answer(200, String::new())).await;
    let refusal = tls_trouble(ask(DIRECT, &server.ca.roots(), &server.url("/")).await);
    assert!(refusal.contains("ended at 2021-01-01"), "{refusal}");
}

#[tokio::test]
async fn a_unix_socket_changes_the_way_and_not_the_name() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let server = hello().await;
    let route = Route::Unix(server.forward(dir.path()));
    ask(route.clone(), &server.ca.roots(), &server.url("/")).await.expect("the name is the endpoint's");
    let other = format!("https://10.1.2.3:{}/", server.port);
    let refusal = tls_trouble(ask(route, &server.ca.roots(), &other).await);
    assert!(refusal.contains("not for 10.1.2.3"), "{refusal}");
    let gone =
        ask(Route::Unix(dir.path().join("none")), &server.ca.roots(), &other).await.expect_err("no socket is there");
    assert_eq!(gone.failure("x", true).kind, FailureKind::Unknown, "{gone}");
}

#[tokio::test]
async fn a_closed_port_and_a_cut_are_told_apart() {
    let server = Server::start(|_| Reply::Cut).await;
    let cut = ask(DIRECT, &server.ca.roots(), &server.url("/")).await.expect_err("it is cut");
    assert_eq!(cut.failure("x", false).kind, FailureKind::Unknown, "{cut}");
    assert_eq!(cut.failure("x", true).kind, FailureKind::Transient, "{cut}");
    let url = format!("https://127.0.0.1:{}/", closed_port().await);
    let refused = ask(DIRECT, &server.ca.roots(), &url).await.expect_err("nothing listens there");
    assert_eq!(refused, Trouble::Refused);
    assert_eq!(refused.failure("x", false).kind, FailureKind::Transient);
}

#[tokio::test]
async fn silence_ends_and_so_does_too_much() {
    let server =
        Server::start(|seen| if seen.path == "/hold" { Reply::Hold } else { Reply::Answer(200, "x".repeat(1001)) })
            .await;
    let roots = server.ca.roots();
    let quick = Dial::new(DIRECT, Some(Duration::from_millis(200)));
    let client: Client = Client::over(connector(roots.tls().expect("the roots are right"), quick));
    let silent = client.fetch(get(&server.url("/hold")), 10).await.expect_err("it never answers");
    assert!(silent.to_string().contains("nothing moved for 0.2 s"), "{silent}");
    let large = ask(DIRECT, &roots, &server.url("/large")).await.expect_err("it is too large");
    assert_eq!(large, Trouble::TooLarge(1000));
}

#[test]
fn a_text_without_a_certificate_is_no_ca() {
    assert!(Roots::from_pem("").is_err());
    assert!(Roots::from_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
}
