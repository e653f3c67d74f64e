//! The simulated cluster as a client sees it: writes, refusals, and what follows by itself.

use crate::base::{Clock, SystemClock};
use crate::plan::{FailureKind, HostId};
use crate::ports::cluster::{Created, Kind, ObjectRef};
use crate::ports::{Cluster, ScriptId, World};
use crate::transport::simulated::bad_day::BadDay;
use crate::transport::simulated::world::tests::Bench;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A cluster that has just become ready.
async fn ready(bad: &[BadDay]) -> (Bench, Arc<dyn Cluster>) {
    let bench = Bench::new(bad);
    bench.install_rke2().await;
    let cluster = bench.sim.cluster().await.expect("its API answers");
    (bench, cluster)
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn service(name: &str, port: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "model-registry"},
        "spec": {"type": "NodePort", "selector": {"v1.min.io/tenant": "model-registry"},
            "ports": [{"port": 9000, "nodePort": port}]}})
}

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().expect("each object has one")
}

#[tokio::test]
async fn apply_owns_what_it_sends_and_repeats_without_change() {
    let (_bench, cluster) = ready(&[]).await;
    cluster.apply(&namespace("model-registry"), false).await.expect("a namespace");
    let object = |data: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "model-registry"}, "data": data})
    };
    let tried = cluster.apply(&object(json!({"a": "1"})), true).await.expect("tried");
    assert_eq!(tried["data"]["a"], "1");
    let what = ObjectRef::new(Kind::ConfigMap, "model-registry", "c");
    assert_eq!(cluster.get(&what).await, Ok(None), "a dry run made it");
    let first = cluster.apply(&object(json!({"a": "1", "b": "2"})), false).await.expect("applied");
    let again = cluster.apply(&object(json!({"a": "1", "b": "2"})), false).await.expect("applied");
    assert_eq!(version(&first), version(&again));
    let less = cluster.apply(&object(json!({"a": "1"})), false).await.expect("applied");
    assert_eq!(less["data"], json!({"a": "1"}), "a field that is not sent any more stays");
    assert_ne!(version(&first), version(&less));
    let elsewhere = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "nowhere"}});
    let failure = cluster.apply(&elsewhere, false).await.expect_err("no such namespace");
    assert!(failure.line().contains("namespaces \"nowhere\" not found"), "{failure}");
    cluster.delete(&what).await.expect("gone");
    cluster.delete(&what).await.expect("gone twice is the same");
}

#[tokio::test]
async fn create_meets_what_is_there() {
    let (_bench, cluster) = ready(&[]).await;
    cluster.apply(&namespace("model-registry"), false).await.expect("a namespace");
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "namespace": "model-registry"}, "stringData": {"k": value}})
    };
    let Created::New(made) = cluster.create(&secret("one")).await.expect("made") else { panic!("it was not there") };
    assert_eq!(made["data"]["k"], json!(STANDARD.encode("one")));
    assert!(made.get("stringData").is_none());
    assert_eq!(cluster.create(&secret("two")).await, Ok(Created::Existed(made)));
}

#[tokio::test]
async fn a_node_port_is_given_once() {
    let (_bench, cluster) = ready(&[]).await;
    cluster.apply(&namespace("model-registry"), false).await.expect("a namespace");
    cluster.apply(&service("one", 30_900), false).await.expect("free");
    cluster.apply(&service("one", 30_900), false).await.expect("its own");
    let clash = cluster.apply(&service("two", 30_900), false).await.expect_err("taken");
    assert_eq!(clash.kind, FailureKind::Permanent);
    assert!(clash.line().contains("nodePort: Invalid value: 30900: provided port is already allocated"), "{clash}");
    let range = cluster.apply(&service("two", 80), false).await.expect_err("out of range");
    assert!(range.line().contains("30000-32767"), "{range}");
}

#[tokio::test]
async fn a_good_request_is_signed_after_approval_and_a_bad_one_fails() {
    let (bench, cluster) = ready(&[]).await;
    for (name, organisation, good) in [("good", "system:nodes", true), ("bad", "somebody", false)] {
        let what = ObjectRef::global(Kind::CertificateSigningRequest, name);
        cluster.create(&bench.request(name, organisation)).await.expect("made");
        cluster.changed(&what, None, Duration::from_secs(1)).await.expect("it is there");
        let made = cluster.get(&what).await.expect("read").expect("there");
        assert!(made.pointer("/status/certificate").is_none(), "signed without approval");
        cluster.approve(name, "Test").await.expect("approved");
        cluster.approve(name, "Test").await.expect("approved twice is the same");
        let seen = bench.until(&*cluster, &what, |o| {
            let conditions = o.pointer("/status/conditions").and_then(Value::as_array).map_or(0, Vec::len);
            o.pointer("/status/certificate").is_some() || conditions > 1
        });
        let seen = seen.await;
        let certificate = seen.pointer("/status/certificate").and_then(Value::as_str);
        assert_eq!(certificate.is_some(), good, "{seen}");
        if let Some(certificate) = certificate {
            let pem = STANDARD.decode(certificate).expect("base64");
            let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).expect("PEM");
            let parsed = pem.parse_x509().expect("a certificate");
            let now = i64::try_from(SystemClock.now_ms() / 1000).expect("in range");
            assert!(parsed.validity().not_after.timestamp() <= now + 700, "expirationSeconds was not kept to");
            assert!(parsed.issuer().to_string().contains("rke2-server-ca"));
        }
    }
    assert!(cluster.approve("absent", "Test").await.is_err());
}

#[tokio::test]
async fn a_silent_signer_signs_nothing() {
    let (bench, cluster) = ready(&[BadDay::SignerSilent]).await;
    let what = ObjectRef::global(Kind::CertificateSigningRequest, "good");
    cluster.create(&bench.request("good", "system:nodes")).await.expect("made");
    cluster.approve("good", "Test").await.expect("approved");
    let version = cluster.get(&what).await.expect("read").map(|o| version(&o).to_owned());
    cluster.changed(&what, version.as_deref(), Duration::from_mins(2)).await.expect("waited");
    let csr = cluster.get(&what).await.expect("read").expect("there");
    assert!(csr.pointer("/status/certificate").is_none());
}

#[tokio::test]
async fn a_tenant_walks_through_its_states_in_order() {
    let (bench, cluster) = ready(&[]).await;
    assert!(cluster.apply(&Bench::tenant(), false).await.is_err(), "a tenant without its definition");
    bench.before_tenant(&*cluster).await;
    cluster.apply(&Bench::tenant(), false).await.expect("applied");
    let what = ObjectRef::new(Kind::Tenant, "model-registry", "model-registry");
    let mut states: Vec<String> = Vec::new();
    let done = bench.until(&*cluster, &what, |o| {
        let state = o["status"]["currentState"].as_str().unwrap_or_default().to_owned();
        if states.last() != Some(&state) {
            states.push(state);
        }
        o["status"]["currentState"] == "Initialized"
    });
    let done = done.await;
    assert_eq!(done["status"]["healthStatus"], "green");
    assert_eq!(states, ["", "Provisioning MinIO Headless Service", "Waiting for Tenant to be healthy", "Initialized"]);
    let claims = cluster.list(Kind::PersistentVolumeClaim, "model-registry", "v1.min.io/tenant=model-registry").await;
    let claims = claims.expect("listed");
    assert_eq!(claims.iter().filter(|c| c["status"]["phase"] == "Bound").count(), 4);
    let pods = cluster.list(Kind::Pod, "model-registry", "v1.min.io/tenant=model-registry").await.expect("listed");
    assert!(pods.iter().all(|p| p["status"]["containerStatuses"][1]["ready"] == true));
    cluster.delete(&what).await.expect("deleted");
    let left = cluster.list(Kind::PersistentVolumeClaim, "model-registry", "").await.expect("listed");
    assert_eq!(left.len(), 4, "claims outlive their tenant");
    assert!(cluster.list(Kind::StatefulSet, "model-registry", "").await.expect("listed").is_empty());
}

#[tokio::test]
async fn a_tenant_without_its_secret_is_mute_but_for_an_event() {
    let (bench, cluster) = ready(&[BadDay::SecretDeleted]).await;
    bench.before_tenant(&*cluster).await;
    cluster.apply(&Bench::tenant(), false).await.expect("applied");
    let what = ObjectRef::new(Kind::Tenant, "model-registry", "model-registry");
    let version = cluster.get(&what).await.expect("read").map(|o| version(&o).to_owned());
    cluster.changed(&what, version.as_deref(), Duration::from_mins(1)).await.expect("waited");
    let tenant = cluster.get(&what).await.expect("read").expect("there");
    assert!(tenant["status"].get("currentState").is_none());
    let events = cluster.list(Kind::Event, "model-registry", "").await.expect("listed");
    assert!(events.iter().any(|e| e["message"] == "secrets \"model-registry-configuration\" not found"));
}

#[tokio::test]
async fn the_cluster_is_not_there_before_it_is_started() {
    let bench = Bench::new(&[]);
    let host: HostId = "edge-07".parse().expect("a label");
    assert!(bench.sim.cluster().await.is_err());
    let host = bench.sim.host(host).await.expect("the host is there");
    let early = host.run(ScriptId::StartCluster, &["start"], None).await.expect("answered");
    assert_ne!(early.status, 0, "a service that is not installed was started");
}
