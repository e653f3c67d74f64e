use super::*;
use crate::plan::FailureKind;
use crate::ports::object_store::refused;
use crate::transport::testing::{DIRECT, Reply, Server, closed_port, keys};

fn store(server: &Server) -> S3Store {
    S3Store::new(&server.endpoint(), &keys(), DIRECT).expect("the CA is right")
}

fn error(status: u16, code: &str) -> Reply {
    Reply::Answer(
        status,
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>because</Message></Error>"),
    )
}

#[tokio::test]
async fn requests_are_signed_path_style_and_sent_once() {
    let server = Server::start(|_| Reply::Answer(200, String::new())).await;
    store(&server).put("models", "a b", "x".into()).await.expect("the server takes it");
    let seen = server.only();
    assert!(seen.path.starts_with("/models/a%20b"), "{seen:?}");
    let authorization = seen.headers["authorization"].to_str().expect("it is text");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=reader/"), "{authorization}");
    assert!(authorization.contains("/us-east-1/s3/aws4_request"), "{authorization}");
    assert!(seen.headers.contains_key("x-amz-content-sha256"));
    assert!(!format!("{seen:?}").contains("the-secret-of-reader"));
}

#[tokio::test]
async fn refusals_absence_and_quota_are_told_apart() {
    let server = Server::start(|seen| match seen.path.split(['/', '?']).nth(1).unwrap_or_default() {
        "denied" => error(403, "AccessDenied"),
        "full" => error(400, "XMinioAdminBucketQuotaExceeded"),
        "busy" => error(503, "SlowDown"),
        "bare" => Reply::Answer(404, String::new()),
        _ => error(404, "NoSuchKey"),
    })
    .await;
    let s3 = store(&server);
    let denied = s3.get("denied", "k", 9).await.expect_err("it is denied");
    assert!(refused(&denied) && denied.line().contains("AccessDenied"), "{denied}");
    assert!(refused(&s3.bucket_exists("denied").await.expect_err("it is denied")));
    assert_eq!(s3.get("none", "k", 9).await, Ok(None));
    assert_eq!(s3.head("bare", "k").await, Ok(None));
    assert_eq!(s3.bucket_exists("bare").await, Ok(false));
    let full = s3.put("full", "k", "x".into()).await.expect_err("it is full");
    assert_eq!(full.kind, FailureKind::Permanent);
    assert!(full.line().contains("XMinioAdminBucketQuotaExceeded") && !refused(&full), "{full}");
    let before = server.seen().len();
    assert_eq!(s3.list("busy", "", None).await.expect_err("it is busy").kind, FailureKind::Transient);
    assert_eq!(server.seen().len(), before + 1, "the SDK tried again by itself");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_only_to_a_write() {
    let server = Server::start(|_| Reply::Cut).await;
    let s3 = store(&server);
    assert_eq!(s3.put("b", "k", "x".into()).await.expect_err("it is cut").kind, FailureKind::Unknown);
    assert_eq!(s3.create_bucket("b").await.expect_err("it is cut").kind, FailureKind::Unknown);
    assert_eq!(s3.list_buckets().await.expect_err("it is cut").kind, FailureKind::Transient);
    let nowhere = Endpoint { port: closed_port().await, ..server.endpoint() };
    let s3 = S3Store::new(&nowhere, &keys(), DIRECT).expect("the CA is right");
    let refused = s3.put("b", "k", "x".into()).await.expect_err("nothing listens there");
    assert_eq!(refused.kind, FailureKind::Transient);
    assert!(refused.line().contains("refused"), "{refused}");
}

#[tokio::test]
async fn a_server_that_sends_more_than_was_asked_for_is_cut_off() {
    let server = Server::start(|_| Reply::Answer(206, "x".repeat(100_000))).await;
    let read = store(&server).get("b", "k", 10).await.expect("it answers").expect("it is there");
    assert_eq!(read.len(), 10);
    assert_eq!(server.only().headers["range"], "bytes=0-9");
}
