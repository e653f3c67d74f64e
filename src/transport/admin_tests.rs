use super::*;
use crate::plan::FailureKind;
use crate::ports::object_store::refused;
use crate::transport::testing::{DIRECT, Reply, Seen, Server, keys};

fn admin(server: &Server) -> MinioAdmin {
    MinioAdmin::new(&server.endpoint(), &keys(), DIRECT).expect("the CA is right")
}

fn opened(seen: &Seen) -> Value {
    let plain =
        madmin_crypto::decrypt(keys().secret_key.expose(), &seen.body).expect("it is sealed with the caller's key");
    serde_json::from_slice(&plain).expect("it holds JSON")
}

#[tokio::test]
async fn a_new_key_goes_out_signed_and_sealed() {
    let server = Server::start(|_| Reply::Answer(200, String::new())).await;
    admin(&server).set_key("a key/1", &Secret::from("canary-secret")).await.expect("the server takes it");
    let seen = server.only();
    assert_eq!(seen.path, "/minio/admin/v3/add-user?accessKey=a%20key%2F1");
    let authorization = seen.headers["authorization"].to_str().expect("it is text");
    assert!(authorization.contains("/us-east-1/s3/aws4_request") && authorization.contains("x-amz-content-sha256"));
    assert!(!seen.body.windows(6).any(|w| w == b"canary"), "the secret is in the body as it is");
    assert_eq!(opened(&seen), json!({"secretKey": "canary-secret", "status": "enabled"}));
}

#[tokio::test]
async fn absent_things_are_none_and_refusals_are_refusals() {
    let server = Server::start(|seen| {
        let code = if seen.path.contains("user-info") {
            "XMinioAdminNoSuchUser"
        } else if seen.path.contains("info-canned-policy") {
            "XMinioAdminNoSuchPolicy"
        } else {
            return Reply::json(403, &json!({"Code": "AccessDenied", "Message": "Access Denied."}));
        };
        Reply::json(404, &json!({"Code": code, "Message": "not there"}))
    })
    .await;
    let admin = admin(&server);
    assert_eq!(admin.key("x").await, Ok(None));
    assert_eq!(admin.policy("x").await, Ok(None));
    assert!(refused(&admin.info().await.expect_err("it is denied")));
    assert!(refused(&admin.set_quota("b", 1).await.expect_err("it is denied")));
}

#[tokio::test]
async fn where_setting_a_policy_is_not_offered_it_is_attached_and_the_others_taken_off() {
    let server = Server::start(|seen| {
        if seen.path.contains("set-user-or-group-policy") {
            Reply::json(501, &json!({"Code": "NotImplemented", "Message": "no"}))
        } else if seen.path.contains("user-info") {
            Reply::json(200, &json!({"policyName": "old,older", "status": "enabled"}))
        } else {
            Reply::Answer(200, String::new())
        }
    })
    .await;
    admin(&server).attach("k", "new").await.expect("the newer way is taken");
    let seen = server.seen();
    let posts: Vec<&Seen> = seen.iter().filter(|s| s.method == Method::POST).collect();
    assert_eq!(posts.len(), 2);
    assert!(posts[0].path.ends_with("idp/builtin/policy/attach"), "{:?}", posts[0]);
    assert_eq!(opened(posts[0]), json!({"policies": ["new"], "user": "k"}));
    assert!(posts[1].path.ends_with("idp/builtin/policy/detach"), "{:?}", posts[1]);
    assert_eq!(opened(posts[1]), json!({"policies": ["old", "older"], "user": "k"}));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_only_to_a_write() {
    let server = Server::start(|_| Reply::Cut).await;
    let admin = admin(&server);
    let key = Secret::from("s");
    assert_eq!(admin.set_key("k", &key).await.expect_err("it is cut").kind, FailureKind::Unknown);
    assert_eq!(admin.quota("b").await.expect_err("it is cut").kind, FailureKind::Transient);
}
