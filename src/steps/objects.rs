//! Objects of ours in the cluster: which are missing or differ, and bringing them about.

use super::common::{MANAGED_BY, OURS, covers, is_ours};
use crate::plan::{Change, Changes, Failure};
use crate::ports::{Cluster, Kind, ObjectRef};
use futures_util::future::try_join_all;
use serde_json::Value;
use std::time::Duration;

/// What a look at a set of objects found.
#[derive(Debug, Default)]
pub struct Found {
    /// What is to be applied.
    pub changes: Changes,
    /// Objects of these names that somebody else made.
    pub foreign: Vec<ObjectRef>,
    /// What is there, in the order of the wanted ones.
    pub live: Vec<Option<Value>>,
}

/// The change that applying an object is.
pub fn change(object: &Value) -> Change {
    let at = ObjectRef::of(object);
    let name = at.as_ref().map_or_else(String::new, |at| {
        if at.namespace.is_empty() { at.name.clone() } else { format!("{}/{}", at.namespace, at.name) }
    });
    Change::Object { kind: object["kind"].as_str().unwrap_or("?").into(), name, summary: summary(object) }
}

/// What an object says that matters to who reads a plan.
fn summary(object: &Value) -> String {
    match Kind::of(object) {
        Some(Kind::Deployment) => {
            let image = &object["spec"]["template"]["spec"]["containers"][0]["image"];
            format!("runs {}", image.as_str().unwrap_or("?"))
        }
        Some(Kind::StorageClass) => format!(
            "{}, {}",
            object["provisioner"].as_str().unwrap_or("?"),
            object["reclaimPolicy"].as_str().unwrap_or("Delete")
        ),
        Some(Kind::Tenant) => {
            let pool = &object["spec"]["pools"][0];
            format!(
                "{} volumes of {}, class {}, image {}",
                pool["volumesPerServer"],
                pool["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"].as_str().unwrap_or("?"),
                pool["volumeClaimTemplate"]["spec"]["storageClassName"].as_str().unwrap_or("?"),
                object["spec"]["image"].as_str().unwrap_or("?")
            )
        }
        Some(Kind::Service) => {
            let ports = object["spec"]["ports"].as_array().cloned().unwrap_or_default();
            let ports: Vec<String> = ports.iter().map(|p| p["nodePort"].to_string()).collect();
            format!("node port {}", ports.join(", "))
        }
        Some(Kind::HelmChart) => {
            format!("into namespace {}", object["spec"]["targetNamespace"].as_str().unwrap_or("?"))
        }
        _ => "ours".into(),
    }
}

/// Looks at all of them at once. `owned` says which live objects count as ours.
pub async fn look(cluster: &dyn Cluster, wanted: &[Value]) -> Result<Found, Failure> {
    let refs: Vec<ObjectRef> = wanted.iter().filter_map(ObjectRef::of).collect();
    let live = try_join_all(refs.iter().map(|at| cluster.get(at))).await?;
    let mut found = Found::default();
    for ((wanted, at), live) in wanted.iter().zip(refs).zip(live) {
        match &live {
            Some(there) if !is_ours(there) => found.foreign.push(at),
            Some(there) if covers(there, wanted) => {}
            _ => found.changes.push(change(wanted)),
        }
        found.live.push(live);
    }
    Ok(found)
}

/// The conflict of objects that somebody else made.
pub fn conflict(foreign: &[ObjectRef]) -> Failure {
    let names: Vec<String> = foreign.iter().map(ToString::to_string).collect();
    Failure::needs_human(format!("{} is in the cluster and was not made by modelquay", names.join(", ")))
        .help("what is not ours is never changed; choose other names in the answers, or remove it yourself")
}

/// Applies those objects that are missing or differ, in their order.
pub async fn apply(cluster: &dyn Cluster, wanted: &[Value]) -> Result<(), Failure> {
    let found = look(cluster, wanted).await?;
    if !found.foreign.is_empty() {
        return Err(conflict(&found.foreign));
    }
    for (wanted, live) in wanted.iter().zip(&found.live) {
        if !live.as_ref().is_some_and(|live| covers(live, wanted)) {
            cluster.apply(wanted, false).await?;
        }
    }
    Ok(())
}

/// Labels an object as ours.
pub fn label(mut object: Value) -> Value {
    object["metadata"]["labels"][MANAGED_BY] = OURS.into();
    object
}

/// Pauses until the object changes, at most half a minute; trouble only ends the pause.
pub async fn until_changed(cluster: &dyn Cluster, what: &ObjectRef, live: Option<&Value>) {
    let version = live.and_then(|l| l["metadata"]["resourceVersion"].as_str());
    let _ = cluster.changed(what, version, Duration::from_secs(30)).await;
}

/// Whether a Deployment's newest version is available.
pub fn available(deployment: &Value) -> bool {
    let status = &deployment["status"];
    let generation = deployment["metadata"]["generation"].as_u64();
    let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    status["observedGeneration"].as_u64() >= generation && status["availableReplicas"].as_u64().unwrap_or(0) >= wanted
}
