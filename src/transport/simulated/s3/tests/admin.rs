//! The admin interface, called as the product's client calls it: signed, and sealed where a secret
//! goes over.

use super::client::{Bench, HOST, ROOT, code};
use crate::transport::madmin_crypto::encrypt;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http_body_util::BodyExt;
use serde_json::{Value, json};

async fn call(bench: &Bench, key: (&str, &str), method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
    let uri = format!("http://{HOST}/minio/admin/v3/{path}");
    let identity = Credentials::new(key.0, key.1, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(std::time::UNIX_EPOCH + std::time::Duration::from_millis(bench.store.now_ms()))
        .settings(settings)
        .build()
        .expect("all is given")
        .into();
    let headers = [("host", HOST)].into_iter();
    let signable = SignableRequest::new(method, &uri, headers, SignableBody::Bytes(&body)).expect("a request");
    let (instructions, _) = sign(signable, &params).expect("signed").into_parts();
    let request = http::Request::builder().method(method).uri(&uri).header("host", HOST).body(body);
    let mut request = request.expect("a request");
    instructions.apply_to_request_http1x(&mut request);
    let answer = bench.service().call(request.map(s3s::Body::from)).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_key_is_made_given_a_policy_and_works() {
    let (bench, _root) = Bench::with_bucket(false).await;
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::models"]}]});
    let put = |path: &'static str, body: Vec<u8>| call(&bench, ROOT, "PUT", path, body);
    assert_eq!(put("add-canned-policy?name=mine", document.to_string().into_bytes()).await.0, 200);
    assert_eq!(put("add-canned-policy?name=bad", b"{}".to_vec()).await.0, 400);
    let user = json!({"secretKey": "0123456789abcdef", "status": "enabled"}).to_string();
    let sealed = |key: &str| encrypt(key, user.as_bytes()).expect("sealed");
    assert_eq!(put("add-user?accessKey=reader", user.clone().into_bytes()).await.0, 400, "a secret in the open");
    assert_eq!(put("add-user?accessKey=reader", sealed("another key")).await.0, 400);
    assert_eq!(put("add-user?accessKey=reader", sealed(ROOT.1)).await.0, 200);

    let key = ("reader", "0123456789abcdef");
    let list = || bench.client(key).list_objects_v2().bucket("models").send();
    assert_eq!(code(list().await), "AccessDenied", "no policy yet");
    let attach = "set-user-or-group-policy?policyName=mine&userOrGroup=reader&isGroup=false";
    assert_eq!(put(attach, Vec::new()).await.0, 200);
    assert_eq!(code(list().await), "done");
    assert_eq!(
        put("set-user-or-group-policy?policyName=none&userOrGroup=reader&isGroup=false", Vec::new()).await.0,
        404
    );
    let get = |path: &'static str| call(&bench, ROOT, "GET", path, Vec::new());
    assert_eq!(get("user-info?accessKey=reader").await.1, json!({"policyName": "mine", "status": "enabled"}));
    assert_eq!(get("user-info?accessKey=nobody").await.0, 404);
    assert_eq!(get("info-canned-policy?name=mine&v=2").await.1.get("Policy"), Some(&document));
    assert_eq!(call(&bench, key, "GET", "info", Vec::new()).await.0, 403, "only root may look");
    assert_eq!(get("info").await.1.get("mode"), Some(&json!("online")));
}

#[tokio::test]
async fn a_quota_is_set_and_read() {
    let (bench, _root) = Bench::with_bucket(false).await;
    let none = call(&bench, ROOT, "GET", "get-bucket-quota?bucket=models", Vec::new()).await;
    assert_eq!(none.1.get("quota"), Some(&json!(0)));
    let body = json!({"quota": 12345, "quotatype": "hard"}).to_string().into_bytes();
    assert_eq!(call(&bench, ROOT, "PUT", "set-bucket-quota?bucket=models", body).await.0, 200);
    let set = call(&bench, ROOT, "GET", "get-bucket-quota?bucket=models", Vec::new()).await;
    assert_eq!(set.1, json!({"quota": 12345, "quotatype": "hard"}));
}
