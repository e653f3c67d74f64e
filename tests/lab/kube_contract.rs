//! What we believe of a Kubernetes API server, asked of a real one through the `Cluster` port.
//!
//! It needs an administrator's kubeconfig and makes everything in a namespace of its own, which it
//! deletes again.

use modelquay::base::Secret;
use modelquay::plan::{Failure, FailureKind};
use modelquay::ports::Cluster;
use modelquay::ports::cluster::{Created, Kind, ObjectRef};
use modelquay::transport::https::Route;
use modelquay::transport::kube::KubeCluster;
use modelquay::transport::runner_host::Under;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// The beliefs that hold.
type Holds = Vec<String>;

fn that(holds: &mut Holds, belief: &str, is: bool, seen: &dyn Debug) -> Result<(), String> {
    if !is {
        return Err(format!("does not hold: {belief}; seen: {seen:?}"));
    }
    holds.push(belief.to_owned());
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn line(failure: Failure) -> String {
    failure.line()
}

fn is<T>(result: &Result<T, Failure>, kind: FailureKind, says: &str) -> bool {
    result.as_ref().is_err_and(|e| e.kind == kind && e.line().contains(says))
}

fn version(object: &Value) -> &str {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
}

/// Where the questions are asked.
struct Room<'a> {
    cluster: KubeCluster,
    namespace: &'a str,
}

impl Room<'_> {
    fn config_map(&self, name: &str, value: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": value},
            "metadata": {"name": name, "namespace": self.namespace, "labels": {"of": "contract"}}})
    }
}

/// Asks everything of the cluster behind this kubeconfig in a namespace that must not exist; `csr` is a certificate signing request in
/// PEM that the cluster may sign. Gives the beliefs that hold, or the first that does not.
pub async fn kube_contract(
    kubeconfig: &Secret<Vec<u8>>,
    route: Route,
    namespace: &str,
    csr: &str,
) -> Result<Holds, String> {
    let cluster = KubeCluster::new(kubeconfig, route, Under::default()).await.map_err(line)?;
    let mut holds = Holds::new();
    let home = ObjectRef::global(Kind::Namespace, namespace);
    let room = Room { cluster, namespace };
    let asked = async {
        reads(&room, &mut holds).await?;
        writes(&room, &mut holds).await?;
        applies(&room, &mut holds).await?;
        watches(&room, &mut holds).await?;
        approves(&room.cluster, csr, &mut holds).await
    }
    .await;
    let cleaned = room.cluster.delete(&home).await.map_err(line);
    asked?;
    cleaned?;
    room.cluster.delete(&home).await.map_err(line)?;
    that(&mut holds, "deleting twice is success", true, &"")?;
    Ok(holds)
}

async fn reads(room: &Room<'_>, holds: &mut Holds) -> Result<(), String> {
    let cluster = &room.cluster;
    let seen = cluster.raw("/readyz").await.map_err(line)?;
    that(holds, "a raw path gives status and text", seen == (200, "ok".to_owned()), &seen)?;
    let seen = cluster.raw("/no/such/path").await.map_err(line)?.0;
    that(holds, "also where it is 404", seen == 404, &seen)?;
    let ca = cluster.server_ca().await.map_err(line)?;
    that(holds, "the server's CA is PEM", ca.starts_with("-----BEGIN CERTIFICATE-----"), &ca)?;
    let seen = cluster.get(&ObjectRef::global(Kind::Namespace, "kube-system")).await.map_err(line)?;
    that(holds, "an object that exists is read", seen.is_some(), &seen)?;
    let seen = cluster.get(&ObjectRef::global(Kind::Namespace, "no-such")).await.map_err(line)?;
    that(holds, "one that does not is absent", seen.is_none(), &seen)?;
    let seen = cluster.get(&ObjectRef::new(Kind::Pod, "no-such", "x")).await.map_err(line)?;
    that(holds, "one in an absent namespace too", seen.is_none(), &seen)?;
    let seen = cluster.list(Kind::Namespace, "", "").await.map_err(line)?;
    let whole = seen.iter().all(|o| Kind::of(o) == Some(Kind::Namespace));
    that(holds, "a list's objects say what they are", whole && seen.len() >= 3, &seen.len())
}

async fn writes(room: &Room<'_>, holds: &mut Holds) -> Result<(), String> {
    let cluster = &room.cluster;
    let home = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": room.namespace}});
    let seen = cluster.create(&home).await.map_err(line)?;
    that(holds, "a create makes it", matches!(seen, Created::New(_)), &seen)?;
    let first = cluster.create(&room.config_map("made", "1")).await.map_err(line)?;
    let again = cluster.create(&room.config_map("made", "2")).await.map_err(line)?;
    let untouched = match (&first, &again) {
        (Created::New(a), Created::Existed(b)) => version(a) == version(b) && b["data"]["a"] == "1",
        _ => false,
    };
    that(holds, "a second create reads it back untouched", untouched, &(&first, &again))?;
    let mut odd = room.config_map("odd", "1");
    odd["colour"] = json!("blue");
    let seen = cluster.create(&odd).await;
    that(holds, "an unknown field in a create is an error", is(&seen, FailureKind::Permanent, "colour"), &seen)?;
    for number in 0..260 {
        cluster.create(&room.config_map(&format!("many-{number}"), "1")).await.map_err(line)?;
    }
    let seen = cluster.list(Kind::ConfigMap, room.namespace, "of=contract").await.map_err(line)?.len();
    that(holds, "a list goes on behind its first page", seen == 261, &seen)?;
    let seen = cluster.list(Kind::ConfigMap, room.namespace, "of=nobody").await.map_err(line)?.len();
    that(holds, "labels narrow a list", seen == 0, &seen)
}

async fn applies(room: &Room<'_>, holds: &mut Holds) -> Result<(), String> {
    let cluster = &room.cluster;
    let first = cluster.apply(&room.config_map("applied", "1"), false).await.map_err(line)?;
    let again = cluster.apply(&room.config_map("applied", "1"), false).await.map_err(line)?;
    that(holds, "applying twice changes nothing", version(&first) == version(&again), &(&first, &again))?;
    let managed = first.pointer("/metadata/managedFields/0/manager").and_then(Value::as_str);
    that(holds, "the field manager is modelquay", managed == Some("modelquay"), &managed)?;
    let tried = cluster.apply(&room.config_map("applied", "2"), true).await.map_err(line)?;
    let what = ObjectRef::new(Kind::ConfigMap, room.namespace, "applied");
    let now = cluster.get(&what).await.map_err(line)?.unwrap_or_default();
    let dry = tried["data"]["a"] == "2" && version(&now) == version(&first);
    that(holds, "a dry run shows and does not do", dry, &(&tried, &now))?;
    let mut odd = room.config_map("applied", "1");
    odd["metadata"]["colour"] = json!("blue");
    let seen = cluster.apply(&odd, false).await;
    that(holds, "an unknown field in an apply is an error", is(&seen, FailureKind::Permanent, "colour"), &seen)?;
    let seen = cluster.apply(&room.config_map("made", "other"), false).await;
    that(holds, "fields of another manager are not taken", is(&seen, FailureKind::Permanent, "belong to"), &seen)?;
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad", "namespace": room.namespace},
        "spec": {"type": "NodePort", "ports": [{"port": 70000}]}});
    let seen = cluster.apply(&service, false).await;
    that(
        holds,
        "a bad value is refused with its field",
        is(&seen, FailureKind::Permanent, "spec.ports[0].port"),
        &seen,
    )?;
    let mut lost = room.config_map("x", "1");
    lost["metadata"]["namespace"] = json!("no-such");
    let seen = cluster.apply(&lost, false).await;
    that(holds, "an absent namespace is worth another try", is(&seen, FailureKind::Transient, "no-such"), &seen)
}

async fn watches(room: &Room<'_>, holds: &mut Holds) -> Result<(), String> {
    let cluster = &room.cluster;
    let what = ObjectRef::new(Kind::ConfigMap, room.namespace, "watched");
    let long = Duration::from_secs(20);
    let timed = async |known: Option<String>, at_most: Duration, change: Option<Value>| {
        let begun = Instant::now();
        let wait = cluster.changed(&what, known.as_deref(), at_most);
        let change = async {
            match change {
                None => Ok(()),
                Some(Value::Null) => cluster.delete(&what).await,
                Some(object) => cluster.apply(&object, false).await.map(|_| ()),
            }
        };
        let (waited, changed) = tokio::join!(wait, change);
        waited.map_err(line)?;
        changed.map_err(line)?;
        Ok::<_, String>(begun.elapsed())
    };
    let seen = timed(None, long, Some(room.config_map("watched", "1"))).await?;
    that(holds, "a wait for an object ends when it exists", seen < long, &seen)?;
    let now = cluster.get(&what).await.map_err(line)?.unwrap_or_default();
    let known = Some(version(&now).to_owned());
    let seen = timed(known.clone(), Duration::from_secs(1), None).await?;
    that(holds, "a wait without a change lasts its time", seen >= Duration::from_millis(990), &seen)?;
    let seen = timed(known.clone(), long, Some(room.config_map("watched", "2"))).await?;
    that(holds, "a wait ends with a change", seen < long, &seen)?;
    let seen = timed(known, long, None).await?;
    that(holds, "a wait behind a missed change ends at once", seen < long / 4, &seen)?;
    let now = cluster.get(&what).await.map_err(line)?.unwrap_or_default();
    let seen = timed(Some(version(&now).to_owned()), long, Some(Value::Null)).await?;
    that(holds, "a wait ends with the object", seen < long, &seen)
}

async fn approves(cluster: &KubeCluster, csr: &str, holds: &mut Holds) -> Result<(), String> {
    use base64::Engine;
    let name = "modelquay-contract";
    let what = ObjectRef::global(Kind::CertificateSigningRequest, name);
    cluster.delete(&what).await.map_err(line)?;
    let seen = cluster.approve(name, "Contract").await;
    that(holds, "an absent request cannot be approved", is(&seen, FailureKind::Permanent, "not there"), &seen)?;
    let request = base64::engine::general_purpose::STANDARD.encode(csr);
    let object = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {"signerName": "kubernetes.io/kubelet-serving", "request": request, "expirationSeconds": 600,
            "usages": ["digital signature", "server auth"]}});
    cluster.create(&object).await.map_err(line)?;
    cluster.approve(name, "Contract").await.map_err(line)?;
    let first = cluster.get(&what).await.map_err(line)?.unwrap_or_default();
    let condition = first.pointer("/status/conditions/0").cloned().unwrap_or_default();
    let approved = condition["type"] == "Approved" && condition["reason"] == "Contract";
    that(holds, "a request is approved with its reason", approved, &first)?;
    cluster.approve(name, "Contract").await.map_err(line)?;
    let again = cluster.get(&what).await.map_err(line)?.unwrap_or_default();
    let once = again.pointer("/status/conditions").and_then(Value::as_array).is_some_and(|all| all.len() == 1);
    that(holds, "approving twice approves once", once, &again)?;
    cluster.delete(&what).await.map_err(line)
}
