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
    let mut words: Vec<String> = pods.iter().take(PODS).map(state).collect();
    if pods.len() > PODS {
        words.push(format!("and {} more", pods.len() - PODS));
    }
    // What a container says of itself comes before the namespace's events, of which the newest is often
    // about something else.
    let own = pods.iter().filter_map(trouble).find_map(|text| explain(&text).map(str::to_owned));
    let guess = match own {
        Some(known) => Some(known),
        None => warning(cluster, namespace).await,
    };
    Observed { value: words.join("; "), guess }
}

/// Pods that are spoken of; an install's own have one or two.
const PODS: usize = 8;

/// Why a container of a pod waits, in its own words.
fn trouble(pod: &Value) -> Option<String> {
    let containers = |key: &str| pod["status"][key].as_array().cloned().unwrap_or_default();
    containers("initContainerStatuses").into_iter().chain(containers("containerStatuses")).find_map(|c| {
        let waiting = &c["state"]["waiting"];
        let reason = waiting["reason"].as_str()?;
        let message = waiting["message"].as_str().unwrap_or("");
        (reason != "PodInitializing").then(|| format!("{reason} {message}"))
    })
}

/// A long message begins with what was tried and ends with what was wrong: its middle is left out.
fn shortened(text: &str) -> String {
    const END: usize = 140;
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 2 * END {
        return text.to_owned();
    }
    let part = |chars: &[char]| chars.iter().collect::<String>();
    format!("{} … {}", part(&chars[..END]), part(&chars[chars.len() - END..]))
}

/// A pod in words: `model-registry-pool-0-0 1/2 Running`, or why a container waits.
pub fn state(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or("?");
    let main = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    let ready = main.iter().filter(|c| c["ready"] == true).count();
    let count = pod["spec"]["containers"].as_array().map_or(main.len(), Vec::len);
    let unscheduled = pod["status"]["conditions"].as_array().and_then(|list| {
        let found = list.iter().find(|c| c["type"] == "PodScheduled" && c["status"] == "False")?;
        Some(format!("not scheduled: {}", found["message"].as_str().unwrap_or("?")))
    });
    let phase = pod["status"]["phase"].as_str().unwrap_or("?").to_owned();
    let words = trouble(pod).or(unscheduled).unwrap_or(phase);
    crate::base::sanitise::text(&format!("{name} {ready}/{count} {}", shortened(words.trim())), 400)
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
    let mut warnings: Vec<&Value> = events
        .iter()
        .filter(|e| e["type"] == "Warning" && e["reason"] != "WaitingMinIOIsHealthy" && e["reason"] != "BackOff")
        .collect();
    warnings.sort_by_key(|e| std::cmp::Reverse(when(e)));
    let text = |e: &&Value| {
        let message = e["message"].as_str().unwrap_or_default();
        format!("{}: {message}", e["reason"].as_str().unwrap_or("warning"))
    };
    // Of the newest few one that is known: the others are mostly what follows from it.
    let known = warnings.iter().take(4).find_map(|e| {
        let text = text(e);
        explain(&text).map(|why| format!("{why} ({})", shortened(&text)))
    });
    let said = known.or_else(|| warnings.first().map(text))?;
    Some(crate::base::sanitise::text(&said, 500))
}

/// What is known about a message of the cluster: what it means and what to do.
pub fn explain(text: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 14] = [
        (
            "toomanyrequests",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        (
            "429 Too Many",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        ("401 Unauthorized", REFUSED),
        ("403 Forbidden", REFUSED),
        ("unauthorized", REFUSED),
        ("insufficient_scope", REFUSED),
        // containerd, where a registry wants a name and a password.
        ("no basic auth credentials", REFUSED),
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

/// The same for an image that the registry refuses to give: an account does not come by waiting, and a
/// second refusal is enough.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(20);

/// What a refusal means and what to do.
const REFUSED: &str = "the image registry refuses to give the image without an account; name a mirror that has it";

/// Whether waiting on is useless: an image that is refused or does not exist.
pub fn hopeless(seen: &Observed, waited: Duration) -> Option<Failure> {
    let stuck = ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"];
    let refused = seen.guess.as_ref().is_some_and(|guess| guess.contains(REFUSED));
    let patience = if refused { REFUSAL_PATIENCE } else { PULL_PATIENCE };
    if waited < patience || !stuck.iter().any(|word| seen.value.contains(word)) {
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
        assert_eq!(hopeless(&seen, Duration::from_secs(30)), None);
        assert!(hopeless(&seen, Duration::from_secs(100)).is_some());
        let guess = explain("Failed to pull image: unexpected status from GET request: 401 Unauthorized");
        let refused = Observed { guess: guess.map(str::to_owned), ..seen };
        assert_eq!(hopeless(&refused, Duration::from_secs(10)), None);
        let failure = hopeless(&refused, Duration::from_secs(30)).expect("waiting is useless");
        assert!(failure.hint.is_some_and(|help| help.contains("name a mirror")));
    }

    #[test]
    fn the_end_of_a_long_message_is_kept_because_it_says_what_was_wrong() {
        let long =
            format!("Back-off pulling image \"{}\": authorization failed: no basic auth credentials", "x".repeat(400));
        let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": long}});
        let pod =
            json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [{"ready": false, "state": waiting}]}});
        let said = state(&pod);
        assert!(
            said.starts_with("p 0/1 ImagePullBackOff Back-off") && said.ends_with("no basic auth credentials"),
            "{said}"
        );
        assert_eq!(trouble(&pod).and_then(|text| explain(&text)), Some(REFUSED));
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
