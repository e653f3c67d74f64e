//! What refusals and troubles become.

use super::{Bench, at, whole};
use crate::plan::FailureKind;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{At, ListQuery, Notes, Objects, OnlyIf, Trust, Why};
use crate::transport::https::Route;
use crate::transport::objects::S3Objects;
use crate::transport::simulated::s3::store::Keeps;
use crate::transport::simulated::s3::{Fault, Harm};
use crate::transport::testing::{Reply, Server, closed_port};

fn to(server: &Server) -> S3Objects {
    let service = super::service(&server.url(""), Trust::Only(server.ca.pem.clone()));
    S3Objects::new(&service, Route::Direct).expect("the address is right")
}

fn error(status: u16, code: &str) -> Reply {
    Reply::Answer(status, format!("<Error><Code>{code}</Code><Message>because</Message></Error>"))
}

#[tokio::test]
async fn each_refusal_says_what_can_be_done() {
    let server = Server::start(|seen| match seen.path.split(['/', '?']).nth(1).unwrap_or_default() {
        "denied" => error(403, "AccessDenied"),
        "missing" => error(404, "NoSuchKey"),
        "changed" => error(412, "PreconditionFailed"),
        "conflict" => error(409, "ConditionalRequestConflict"),
        "range" => error(416, "InvalidRange"),
        "busy" => error(503, "SlowDown"),
        "many" => error(429, "TooManyRequests"),
        "not" => error(501, "NotImplemented"),
        "never" => error(405, "MethodNotAllowed"),
        "full" => error(507, "XMinioStorageFull"),
        "quota" => error(400, "XMinioAdminBucketQuotaExceeded"),
        "region" => error(301, "PermanentRedirect"),
        "odd" => error(400, "Odd"),
        "junk" => Reply::Answer(200, "no XML".to_owned()),
        _ => Reply::Cut,
    })
    .await;
    let s3 = to(&server);
    let cases = [
        ("denied", Why::Denied, FailureKind::Permanent),
        ("missing", Why::Missing, FailureKind::Permanent),
        ("changed", Why::Changed, FailureKind::Permanent),
        ("conflict", Why::Changed, FailureKind::Permanent),
        ("range", Why::BadRange, FailureKind::Permanent),
        ("busy", Why::Busy, FailureKind::Transient),
        ("many", Why::Busy, FailureKind::Transient),
        ("not", Why::Unsupported, FailureKind::Permanent),
        ("never", Why::Unsupported, FailureKind::Permanent),
        ("full", Why::Full, FailureKind::Permanent),
        ("quota", Why::Full, FailureKind::Permanent),
        ("region", Why::Refused, FailureKind::Permanent),
        ("odd", Why::Refused, FailureKind::Permanent),
        ("junk", Why::Cut, FailureKind::Unknown),
        ("cut", Why::Cut, FailureKind::Transient),
    ];
    for (bucket, why, kind) in cases {
        let query = ListQuery { bucket: bucket.to_owned(), ..ListQuery::default() };
        let error = s3.list(&query).await.expect_err("it is refused");
        assert_eq!((error.why, error.failure.kind), (why, kind), "{bucket}: {error}");
        assert!(error.failure.message.contains("to list bucket"), "{error}");
    }
    assert_eq!(server.seen().len(), cases.len(), "the SDK tried again by itself");
    // A write whose answer is lost may have been done.
    let write = s3.put(&at("k"), "x".into(), &Notes::default(), None, &OnlyIf::Always).await.expect_err("it is cut");
    assert_eq!((write.why, write.failure.kind), (Why::Cut, FailureKind::Unknown));
    assert!(write.may_pass());
}

#[tokio::test]
async fn an_answer_under_another_root_is_read_where_it_says_what_was_asked() {
    let server = Server::start(|seen| match seen.path.split(['/', '?']).nth(1).unwrap_or_default() {
        // As rclone 1.75.2 and moto 5.2.5 answer.
        "rclone" => Reply::Answer(
            200,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUpload>\n  <Bucket>rclone</Bucket>\n  \
             <UploadId>u-1</UploadId>\n</InitiateMultipartUpload>"
                .to_owned(),
        ),
        "moto-off" => Reply::Answer(200, "<GetBucketVersioningResponse xmlns=\"http://s3/\"/>".to_owned()),
        "moto-on" => Reply::Answer(
            200,
            "<GetBucketVersioningResponse><Status>Enabled</Status></GetBucketVersioningResponse>".to_owned(),
        ),
        "torn" => Reply::Answer(200, "<InitiateMultipartUpload><UploadId>u-1</UploadId>".to_owned()),
        "none" => Reply::Answer(200, "<InitiateMultipartUpload/>".to_owned()),
        _ => Reply::Answer(200, "<html><Status>Enabled</Status><UploadId>u</UploadId></html>".to_owned()),
    })
    .await;
    let s3 = to(&server);
    let begin = async |bucket: &str| s3.begin_upload(&At::new(bucket, "k"), &Notes::default(), None).await;
    assert_eq!(begin("rclone").await.expect("it has an identity").id, "u-1");
    for (bucket, why) in [("torn", Why::Cut), ("other", Why::Cut), ("none", Why::Refused)] {
        assert_eq!(begin(bucket).await.expect_err("it has none").why, why, "{bucket}");
    }
    assert_eq!(s3.keeps_versions("moto-off").await, Ok(Versioning::Off));
    assert_eq!(s3.keeps_versions("moto-on").await, Ok(Versioning::On));
    // Whole, and no answer to what was asked: nobody waits for another one.
    let error = s3.keeps_versions("other").await.expect_err("it says nothing of versions");
    assert_eq!((error.why, error.failure.kind), (Why::Unsupported, FailureKind::Permanent), "{error}");
    assert_eq!(s3.keeps_versions("torn").await.expect_err("it is torn").why, Why::Cut);
}

#[tokio::test]
async fn a_server_behind_another_ca_and_a_closed_port_are_told_apart() {
    let server = Server::start(|_| Reply::Answer(200, String::new())).await;
    let other = crate::transport::testing::Ca::new();
    let service = super::service(&server.url(""), Trust::Only(other.pem));
    let s3 = S3Objects::new(&service, Route::Direct).expect("the address is right");
    let error = s3.bucket("b").await.expect_err("another CA signed");
    assert_eq!((error.why, error.failure.kind), (Why::Refused, FailureKind::Permanent));
    assert!(error.failure.line().contains("no CA that is trusted here signed it"), "{error}");
    assert!(error.failure.hint.is_some_and(|hint| hint.contains("the CA's file")));
    assert!(server.seen().is_empty(), "something was sent to a server that was not verified");

    let nowhere =
        super::service(&format!("https://127.0.0.1:{}", closed_port().await), Trust::Only(server.ca.pem.clone()));
    let error = S3Objects::new(&nowhere, Route::Direct).expect("the address is right").bucket("b").await;
    let error = error.expect_err("nothing listens there");
    assert_eq!((error.why, error.failure.kind), (Why::Cut, FailureKind::Transient));
}

#[test]
fn what_is_no_address_is_refused() {
    for bad in ["", "registry", "ftp://host", "registry:9000", "https://", "https://a b/"] {
        let service = super::service(bad, Trust::Only(String::new()));
        let failure = S3Objects::new(&service, Route::Direct).expect_err("it is no address");
        assert!(failure.line().contains("no address"), "{bad}: {failure}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_cut_and_never_an_end() {
    let bench = Bench::new(Keeps::Off);
    bench.put("k", "0123456789").await;
    bench.faults.add(Fault { method: "GET", path: "/models/k".into(), harm: Harm::Tear { after: 4 }, times: 1 });
    // The answer may break off before its head was sent.
    let error = match bench.s3.get(&whole("k")).await {
        Ok(mut got) => loop {
            match got.body.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a torn body looked whole"),
                Err(error) => break error,
            }
        },
        Err(error) => error,
    };
    assert_eq!(error.why, Why::Cut);
    bench.faults.add(Fault { method: "PUT", path: "/models/k".into(), harm: Harm::Swallow, times: 1 });
    let put = bench.s3.put(&at("k"), "new".into(), &Notes::default(), None, &OnlyIf::Always).await;
    assert_eq!(put.expect_err("its answer is lost").failure.kind, FailureKind::Unknown);
}

#[tokio::test]
async fn nobodys_keys_sign_nothing() {
    let server = Server::start(|_| Reply::Answer(200, "<ListBucketResult/>".to_owned())).await;
    let mut service = super::service(&server.url(""), Trust::Only(server.ca.pem.clone()));
    service.keys = None;
    let s3 = S3Objects::new(&service, Route::Direct).expect("the address is right");
    s3.list(&ListQuery { bucket: "b".to_owned(), ..ListQuery::default() }).await.expect("it answers");
    assert!(!server.only().headers.contains_key("authorization"));
    service.keys = Some(crate::transport::testing::keys());
    service.session_token = Some("a-token".into());
    service.region = "eu-north-1".to_owned();
    let s3 = S3Objects::new(&service, Route::Direct).expect("the address is right");
    s3.list(&ListQuery { bucket: "b".to_owned(), ..ListQuery::default() }).await.expect("it answers");
    let seen = server.seen().pop().expect("it was asked");
    assert_eq!(seen.headers["x-amz-security-token"], "a-token");
    assert!(seen.headers["authorization"].to_str().is_ok_and(|a| a.contains("/eu-north-1/s3/")));
}
