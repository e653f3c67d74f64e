//! Why something in the cluster does not get ready: a tenant's own status says nearly nothing, what is
//! wrong stands in its pods, claims and events.

use crate::engine::step::Observed;
use crate::plan::Failure;
use crate::ports::{Cluster, Kind};
use serde_json::Value;
use std::time::Duration;

/// What the pods with these labels say of themselves, with the newest warning of the namespace as
/// guess.
pub async fn pods(cluster: &dyn Cluster, namespace: &str, labels: &str) -> Observed {
    let Ok(pods) = cluster.list(Kind::Pod, namespace, labels).await else {
        return Observed::of("the API server does not answer");
    };
    if pods.is_empty() {
        return Observed { value: "no pod yet".into(), guess: warning(cluster, namespace).await };
    }
    let words: Vec<String> = pods.iter().map(state).collect();
    Observed { value: words.join("; "), guess: warning(cluster, namespace).await }
}

/// A pod in words: `model-registry-pool-0-0 1/2 Running`, or why a container waits.
pub fn state(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or("?");
    let containers = |key: &str| pod["status"][key].as_array().cloned().unwrap_or_default();
    let all: Vec<Value> =
        containers("initContainerStatuses").into_iter().chain(containers("containerStatuses")).collect();
    let main = containers("containerStatuses");
    let ready = main.iter().filter(|c| c["ready"] == true).count();
    let count = pod["spec"]["containers"].as_array().map_or(main.len(), Vec::len);
    let trouble = all.iter().find_map(|c| {
        let waiting = &c["state"]["waiting"];
        let reason = waiting["reason"].as_str()?;
        let message = waiting["message"].as_str().unwrap_or("");
        (reason != "PodInitializing").then(|| format!("{reason} {message}"))
    });
    let unscheduled = pod["status"]["conditions"].as_array().and_then(|list| {
        let found = list.iter().find(|c| c["type"] == "PodScheduled" && c["status"] == "False")?;
        Some(format!("not scheduled: {}", found["message"].as_str().unwrap_or("?")))
    });
    let phase = pod["status"]["phase"].as_str().unwrap_or("?").to_owned();
    let words = trouble.or(unscheduled).unwrap_or(phase);
    crate::base::sanitise::text(&format!("{name} {ready}/{count} {}", words.trim()), 300)
}

/// The newest warning among the namespace's events, with what is known about it.
async fn warning(cluster: &dyn Cluster, namespace: &str) -> Option<String> {
    let events = cluster.list(Kind::Event, namespace, "").await.ok()?;
    let when = |e: &Value| {
        let last =
            e["lastTimestamp"].as_str().or(e["eventTime"].as_str()).or(e["metadata"]["creationTimestamp"].as_str());
        last.unwrap_or_default().to_owned()
    };
    // The tenant's own warning says only that it waits.
    let newest = events
        .iter()
        .filter(|e| e["type"] == "Warning" && e["reason"] != "WaitingMinIOIsHealthy" && e["reason"] != "BackOff")
        .max_by_key(|e| when(e))?;
    let message = newest["message"].as_str().unwrap_or_default();
    let text = format!("{}: {message}", newest["reason"].as_str().unwrap_or("warning"));
    let known = explain(&text).map(|why| format!("{why} ({text})"));
    Some(crate::base::sanitise::text(&known.unwrap_or(text), 500))
}

/// What is known about a message of the cluster: what it means and what to do.
pub fn explain(text: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 11] = [
        (
            "toomanyrequests",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        (
            "429 Too Many",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        (
            "401 Unauthorized",
            "the image registry refuses to give the image without an account; name a mirror that has it",
        ),
        ("unauthorized", "the image registry refuses to give the image without an account; name a mirror that has it"),
        (
            "not found",
            "what it asks for is not there; for an image: no such tag or digest at the registry or its mirror",
        ),
        (
            "Insufficient ephemeral-storage",
            "the node has no 500 MiB of ephemeral storage left, which the operator asks for; make room",
        ),
        ("Insufficient memory", "the node has not enough memory"),
        ("Insufficient cpu", "the node has not enough processor time left"),
        ("unbound immediate PersistentVolumeClaims", "a volume is not made yet; look at the storage class"),
        (
            "create process timeout",
            "the helper pod that makes a volume did not end in time; usually its image cannot be pulled",
        ),
        ("forbidden", "a policy of the cluster forbids it; look at pod security of the namespace"),
    ];
    KNOWN.iter().find(|(word, _)| text.contains(word)).map(|(_, why)| *why)
}

/// How long an image that cannot be pulled is waited for before the step fails: registries recover,
/// and a wrong name never does.
const PULL_PATIENCE: Duration = Duration::from_secs(90);

/// Whether waiting on is useless: an image that is refused or does not exist.
pub fn hopeless(seen: &Observed, waited: Duration) -> Option<Failure> {
    let stuck = ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"];
    if waited < PULL_PATIENCE || !stuck.iter().any(|word| seen.value.contains(word)) {
        return None;
    }
    let failure = Failure::permanent("an image cannot be pulled").because(seen.value.clone());
    let why = seen.guess.clone().unwrap_or_else(|| "name a mirror in the answers that has the image".into());
    Some(failure.help(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_says_why_it_waits() {
        let pod = json!({
            "metadata": {"name": "badimg-pool-0-0"},
            "spec": {"containers": [{}, {}]},
            "status": {"phase": "Pending", "containerStatuses": [
                {"ready": false, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling"}}},
                {"ready": true, "state": {"running": {}}},
            ]},
        });
        assert_eq!(state(&pod), "badimg-pool-0-0 1/2 ImagePullBackOff Back-off pulling");
        let seen = Observed::of(state(&pod));
        assert_eq!(hopeless(&seen, Duration::from_secs(10)), None);
        assert!(hopeless(&seen, Duration::from_secs(100)).is_some());
    }

    #[test]
    fn an_unscheduled_pod_says_what_is_missing() {
        let pod = json!({
            "metadata": {"name": "huge-pool-0-0"}, "spec": {"containers": [{}]},
            "status": {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory"},
            ]},
        });
        assert_eq!(state(&pod), "huge-pool-0-0 0/1 not scheduled: 1 Insufficient memory");
        assert!(explain("1 Insufficient memory").is_some_and(|why| why.contains("memory")));
    }
}
