use super::*;
use crate::transport::testing::{DIRECT, Reply, Seen, Server};
use base64::Engine;

async fn cluster(server: &Server) -> KubeCluster {
    under(server, Under::default()).await
}

async fn under(server: &Server, under: Under) -> KubeCluster {
    let ca = base64::engine::general_purpose::STANDARD.encode(&server.ca.pem);
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: default\n\
         contexts: [{{name: default, context: {{cluster: default, user: default}}}}]\n\
         clusters: [{{name: default, cluster: {{server: '{}', certificate-authority-data: {ca}}}}}]\n\
         users: [{{name: default, user: {{token: t}}}}]\n",
        server.url("")
    );
    KubeCluster::new(&Secret::new(text.into_bytes()), DIRECT, under).await.expect("the kubeconfig is right")
}

fn map(version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "n", "resourceVersion": version}, "data": {"x": "1"}})
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "7"}, "items": items})
}

fn what() -> ObjectRef {
    ObjectRef::new(Kind::ConfigMap, "n", "a")
}

fn is_watch(seen: &Seen) -> bool {
    seen.path.contains("watch=true")
}

#[tokio::test]
async fn an_apply_is_strict_unforced_and_ours() {
    let server = Server::start(|_| Reply::json(200, &map("5"))).await;
    let cluster = cluster(&server).await;
    cluster.apply(&map("5"), false).await.expect("the server takes it");
    let seen = server.only();
    assert_eq!(seen.method, http::Method::PATCH);
    assert_eq!(seen.headers["content-type"], "application/apply-patch+yaml");
    let (path, query) = seen.path.split_once('?').expect("it has a query");
    assert_eq!(path, "/api/v1/namespaces/n/configmaps/a");
    assert!(query.contains("fieldManager=modelquay") && query.contains("fieldValidation=Strict"), "{query}");
    assert!(!query.contains("force=true") && !query.contains("dryRun"), "{query}");
    cluster.apply(&map("5"), true).await.expect("the server takes it");
    assert!(server.seen()[1].path.contains("dryRun=All"), "{:?}", server.seen()[1]);
}

#[tokio::test]
async fn each_request_names_the_lease_under_which_it_is_sent() {
    let server = Server::start(|_| Reply::json(200, &map("5"))).await;
    let lease = Under::default();
    let cluster = under(&server, lease.clone()).await;
    cluster.get(&what()).await.expect("it is there");
    lease.set(7);
    cluster.apply(&map("5"), false).await.expect("the server takes it");
    let version = env!("CARGO_PKG_VERSION");
    let agents: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| String::from_utf8_lossy(seen.headers["user-agent"].as_bytes()).into())
        .collect();
    assert_eq!(agents, [format!("modelquay/{version}"), format!("modelquay/{version} (lease 7)")]);
}

#[tokio::test]
async fn a_create_that_finds_it_there_reads_it_back() {
    let server = Server::start(|seen| match seen.method {
        http::Method::POST => Reply::json(409, &json!({"kind": "Status", "code": 409, "reason": "AlreadyExists"})),
        _ => Reply::json(200, &map("3")),
    })
    .await;
    let seen = cluster(&server).await.create(&map("")).await.expect("it is there");
    assert_eq!(seen, Created::Existed(map("3")));
    assert!(server.seen()[0].path.contains("fieldValidation=Strict"));
    assert_eq!(server.seen()[1].method, http::Method::GET);
}

#[tokio::test]
async fn what_is_not_there_is_none_also_where_its_kind_is_unknown() {
    let server = Server::start(|_| Reply::Answer(404, "404 page not found\n".to_owned())).await;
    let cluster = cluster(&server).await;
    let tenant = ObjectRef::new(Kind::Tenant, "n", "t");
    assert_eq!(cluster.get(&tenant).await, Ok(None));
    assert_eq!(cluster.list(Kind::Tenant, "n", "").await, Ok(Vec::new()));
    assert_eq!(cluster.delete(&tenant).await, Ok(()));
    assert_eq!(server.seen()[0].path, "/apis/minio.min.io/v2/namespaces/n/tenants/t");
}

#[tokio::test]
async fn secrets_are_listed_as_a_table_and_in_no_other_form() {
    let server = Server::start(|seen| {
        if seen.path.contains("/namespaces/whole/") {
            return Reply::json(200, &json!({"kind": "SecretList", "items": [{"data": {"k": "canary"}}]}));
        }
        let next = if seen.path.contains("continue=") { "" } else { "eyJ-_" };
        let rows = json!([{"cells": ["s"], "object": {"metadata": {"name": "s"}}}]);
        let columns = json!([{"name": "Name"}]);
        Reply::json(
            200,
            &json!({"kind": "Table", "metadata": {"continue": next}, "columnDefinitions": columns, "rows": rows}),
        )
    })
    .await;
    let cluster = cluster(&server).await;
    let found = cluster.printed(Kind::Secret, "n").await.expect("a table");
    assert_eq!(found.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["s", "s"]);
    for seen in server.seen() {
        assert_eq!(seen.headers["accept"], "application/json;as=Table;v=v1;g=meta.k8s.io");
        assert!(
            seen.path.starts_with("/api/v1/namespaces/n/secrets?limit=250&includeObject=Metadata"),
            "{}",
            seen.path
        );
    }
    assert!(server.seen()[1].path.ends_with("&continue=eyJ-_"), "{}", server.seen()[1].path);
    let failure = cluster.printed(Kind::Secret, "whole").await.expect_err("no table");
    assert!(failure.message.contains("no table") && !format!("{failure:?}").contains("canary"), "{failure:?}");
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_and_a_read_is_not() {
    let server = Server::start(|_| Reply::Cut).await;
    let cluster = cluster(&server).await;
    let kind = |r: Result<(), Failure>| r.expect_err("it is cut").kind;
    assert_eq!(kind(cluster.apply(&map(""), false).await.map(|_| ())), FailureKind::Unknown);
    assert_eq!(kind(cluster.create(&map("")).await.map(|_| ())), FailureKind::Unknown);
    assert_eq!(kind(cluster.delete(&what()).await), FailureKind::Unknown);
    assert_eq!(kind(cluster.get(&what()).await.map(|_| ())), FailureKind::Transient);
    assert_eq!(kind(cluster.apply(&map(""), true).await.map(|_| ())), FailureKind::Transient);
    assert_eq!(server.seen().len(), 5, "something was sent again by itself");
}

#[tokio::test]
async fn a_wait_sees_what_changed_before_it_began() {
    let server = Server::start(|_| Reply::json(200, &list(&[map("5")]))).await;
    let cluster = cluster(&server).await;
    cluster.changed(&what(), Some("4"), Duration::from_mins(1)).await.expect("it has changed");
    cluster.changed(&what(), None, Duration::from_mins(1)).await.expect("it exists");
    assert!(server.seen().iter().all(|seen| !is_watch(seen)));
    assert!(server.seen()[0].path.contains("fieldSelector=metadata.name"), "{:?}", server.seen()[0]);
}

#[tokio::test]
async fn a_wait_ends_early_when_the_watch_is_cut_and_late_when_nothing_comes() {
    let cut =
        Server::start(|seen| if is_watch(seen) { Reply::Cut } else { Reply::json(200, &list(&[map("5")])) }).await;
    let begun = std::time::Instant::now();
    cluster(&cut).await.changed(&what(), Some("5"), Duration::from_mins(1)).await.expect("a cut only ends the wait");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(cut.seen()[1].path.contains("resourceVersion=7"), "{:?}", cut.seen()[1]);
    let quiet =
        Server::start(|seen| if is_watch(seen) { Reply::Hold } else { Reply::json(200, &list(&[map("5")])) }).await;
    let limit = Duration::from_millis(200);
    let begun = std::time::Instant::now();
    cluster(&quiet).await.changed(&what(), Some("5"), limit).await.expect("the time is over");
    assert!(begun.elapsed() >= limit);
}

#[tokio::test]
async fn an_approval_goes_to_its_subresource_and_survives_a_conflict() {
    let csr =
        json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "c"}});
    let conflicts = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |seen| {
        if seen.method == http::Method::PUT && conflicts.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reply::json(
                409,
                &json!({"kind": "Status", "code": 409, "message": "the object has been modified"}),
            );
        }
        Reply::json(200, &csr)
    })
    .await;
    cluster(&server).await.approve("c", "Ours").await.expect("the second try is taken");
    let puts: Vec<Seen> = server.seen().into_iter().filter(|s| s.method == http::Method::PUT).collect();
    assert_eq!(puts.len(), 2);
    assert!(
        puts[1].path.starts_with("/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval"),
        "{:?}",
        puts[1]
    );
    let body: Value = serde_json::from_slice(&puts[1].body).expect("it is JSON");
    assert_eq!(body["status"]["conditions"][0]["type"], "Approved");
    assert_eq!(body["status"]["conditions"][0]["reason"], "Ours");
}

#[tokio::test]
async fn a_name_that_would_leave_its_path_is_refused() {
    let server = Server::start(|_| Reply::json(200, &map("1"))).await;
    let cluster = cluster(&server).await;
    for bad in ["../secrets/x", "a?b", "a b", "a%2fb"] {
        assert!(cluster.get(&ObjectRef::new(Kind::ConfigMap, "n", bad)).await.is_err(), "{bad}");
        assert!(cluster.list(Kind::ConfigMap, bad, "").await.is_err(), "{bad}");
    }
    assert!(server.seen().is_empty());
}
