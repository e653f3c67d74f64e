//! Who is at the other end, and what its clock says.

use super::{Bench, KEY, run};
use modelquay::base::{Clock as _, SystemClock};
use modelquay::transport::simulated::ca::Ca;
use modelquay::transport::simulated::s3::{Faults, Server, Store};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A server whose certificate is for `name` and holds for so many seconds from `now_ms` on.
fn server(home: &Path, name: &str, now_ms: u64, seconds: u64) -> (Server, String) {
    let ca = Ca::new(now_ms).expect("a CA can be made");
    let (chain, key) = ca.issue(&[name], now_ms, seconds).expect("it signs");
    let store = Store::new(Arc::new(SystemClock));
    store.set_root(KEY.0, KEY.1);
    let server = Server::start(&store, &Arc::new(Faults::default()), &chain, &key, None).expect("loopback is there");
    std::fs::write(home.join("own.pem"), ca.pem()).expect("writable");
    let url = format!("https://{}", server.address());
    (server, url)
}

async fn trust(home: &Path, url: &str, ca: &str) -> (crate::program::Said, Vec<Value>) {
    let ca = home.join(ca);
    let at = ["s3", "--json", "--endpoint", url, "--ca", ca.to_str().expect("a path of ours"), "trust"];
    let said = run(home, &at).await;
    let rows = said.json();
    (said, rows)
}

#[tokio::test]
async fn a_service_that_verifies_is_told_with_its_chain_and_clock() {
    let bench = Bench::new();
    let said = bench.s3(&["trust"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in ["certificate   ", "for         127.0.0.1", "trusted CA    CN=rke2-server-ca@", "the same", "TLS 1.3"]
    {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    // It holds for an hour.
    assert!(said.out.contains("the CA of the named file vouches for it, for 0 days"), "{said:?}");
    assert!(said.err.contains("warning: the certificate ends in 0 days"), "{said:?}");
    let rows = bench.s3(&["--json", "trust", "s3://"]).await.json();
    let roles: Vec<&Value> = rows.iter().filter(|row| row["type"] == "certificate").map(|row| &row["role"]).collect();
    assert_eq!(roles, [&json!("service"), &json!("ca")]);
    let last = rows.last().expect("a verdict");
    assert_eq!((&last["verified"], &last["by"], &last["way"]), (&json!(true), &json!("file"), &json!("direct")));
    assert_eq!((&last["named"], &last["lasts"]), (&json!("127.0.0.1"), &json!("soon-expires")));
    let clocks = rows.iter().find(|row| row["type"] == "clocks").expect("it has a clock");
    assert_eq!(clocks["skew"], json!("same"), "it is this computer's own");
    // The same that `openssl x509 -fingerprint -sha256` prints, where there is one.
    let openssl = tokio::process::Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(bench.home.path().join("ca.pem"))
        .output()
        .await;
    if let Ok(openssl) = openssl {
        let text = String::from_utf8_lossy(&openssl.stdout).into_owned();
        let ca = rows.iter().find(|row| row["role"] == "ca").and_then(|row| row["sha256"].as_str()).expect("one");
        assert_eq!(text.trim().rsplit('=').next(), Some(ca));
    }
}

#[tokio::test]
async fn a_service_that_does_not_verify_is_told_with_the_reason() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, now) = (home.path(), SystemClock.now_ms());
    let other = Ca::new(now - 1_000_000).expect("a CA can be made");
    std::fs::write(dir.join("other.pem"), other.pem()).expect("writable");
    let day = 86_400_000;
    for (name, from, ca, why, words) in [
        ("127.0.0.1", now - 2 * day, "own.pem", "expired", "it ended at "),
        ("127.0.0.1", now + 2 * day, "own.pem", "not-yet", "it begins at "),
        ("127.0.0.1", now, "other.pem", "other-ca", "it is signed by CN=rke2-server-ca@"),
        ("minio.example", now, "own.pem", "other-name", "not for 127.0.0.1, but for minio.example"),
    ] {
        let (_server, url) = server(dir, name, from, 3600);
        let (said, rows) = trust(dir, &url, ca).await;
        assert_eq!(said.code, Some(1), "{why}: {said:?}");
        assert!(said.err.contains(words) && said.err.contains("help: "), "{why}: {said:?}");
        let last = rows.last().expect("a verdict");
        assert_eq!((&last["type"], &last["verified"], &last["why"]), (&json!("trust"), &json!(false), &json!(why)));
        assert_eq!((&rows[0]["role"], &rows[0]["names"]), (&json!("service"), &json!([name])), "{why}: {rows:?}");
        assert!(rows.iter().all(|row| row["type"] != "clocks"), "{why}: nothing was asked of it");
    }
}

/// A server without TLS whose clock is off by so many seconds, and which says so of a signature.
async fn off(by: i64) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match wire.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let now = i64::try_from(SystemClock.now_ms() / 1000).expect("it is soon");
            let date = aws_smithy_types::DateTime::from_secs(now + by)
                .fmt(aws_smithy_types::date_time::Format::HttpDate)
                .expect("a date of this age");
            let body = if head.starts_with(b"HEAD") {
                ""
            } else {
                "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>"
            };
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\ndate: {date}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = wire.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_clock_that_is_off_is_explained_and_named_where_it_refuses() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for (by, skew, words) in [
        (20, "slight", "times of changes look off"),
        (-300, "large", "end so much later than they say"),
        (3600, "refused", "RequestTimeTooSkewed"),
    ] {
        let url = off(by).await;
        let said = run(home.path(), &["s3", "--endpoint", &url, "trust"]).await;
        assert!(said.code == Some(1) && said.out.contains(words), "{said:?}");
        assert!(said.err.contains("without TLS"), "{said:?}");
        let rows = run(home.path(), &["s3", "--json", "--endpoint", &url, "trust"]).await.json();
        assert_eq!((&rows[0]["type"], &rows[0]["skew"]), (&json!("clocks"), &json!(skew)), "{rows:?}");
        let off = rows[0]["ahead_ms"].as_i64().expect("a number") - by * 1000;
        assert!(off.abs() < 10_000, "{off} ms beside {by} s");
        assert_eq!(rows[1]["why"], json!("no-tls"));
    }
    let url = off(3600).await;
    let said = run(home.path(), &["s3", "--endpoint", &url, "ls", "s3://models/"]).await;
    assert!(said.code == Some(1) && said.err.contains("the clocks differ: this computer says 20"), "{said:?}");
    assert!(
        said.err.contains("this one is ") && said.err.contains(" behind it, and signatures hold for 15 min"),
        "{said:?}"
    );
    // The answer to a HEAD has no code.
    let said = run(home.path(), &["s3", "--endpoint", &url, "share", "s3://models/x"]).await;
    assert!(said.code == Some(1) && said.err.contains("the clocks differ"), "{said:?}");
}
