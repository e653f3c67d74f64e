//! Images whose digest was not known beforehand: the one that was pulled first is trusted and recorded,
//! and another one under the same name is told.

use super::common::host;
use super::lock::{self, Lock};
use crate::engine::step::{Brief, Cx};
use crate::plan::{Change, Failure};
use crate::ports::{Cluster, Kind, Seen};
use futures_util::{join, try_join};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a look at the running images found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Names that are not recorded yet, with what runs.
    pub new: BTreeMap<String, String>,
    /// Names under which something else runs than was recorded: name, recorded, running.
    pub changed: Vec<(String, String, String)>,
    /// How many run as they were recorded.
    pub same: usize,
}

/// Looks at what the operator's and the registry's pods run.
pub async fn look(cx: &Cx<'_>, cluster: &dyn Cluster) -> Result<Pulled, Failure> {
    let registry = &cx.brief.site.registry;
    let labels = format!("v1.min.io/tenant={}", registry.tenant);
    let known = async {
        let (here, there) = join!(lock::local(cx), on_host(cx));
        let (mut known, there) = (here?, there?);
        // What this computer has recorded counts before what a host says.
        for (name, image) in there.images {
            known.images.entry(name).or_insert(image);
        }
        Ok(known)
    };
    let (operator, tenant, known) = try_join!(
        cluster.list(Kind::Pod, "minio-operator", "app.kubernetes.io/name=operator"),
        cluster.list(Kind::Pod, &registry.namespace, &labels),
        known
    )?;
    Ok(compare(&running(operator.iter().chain(&tenant)), &known))
}

async fn on_host(cx: &Cx<'_>) -> Result<Lock, Failure> {
    let seen: Vec<Seen> = host(cx).await?.look(&[lock::look()]).await?;
    Ok(lock::seen(seen.first()))
}

/// Records what was not recorded yet, here and on the host.
pub async fn record(cx: &Cx<'_>, pulled: Pulled) -> Result<(), Failure> {
    if pulled.new.is_empty() {
        return Ok(());
    }
    let mut lock = on_host(cx).await?;
    lock.images.extend(pulled.new);
    lock::write(cx, &*host(cx).await?, &lock).await
}

/// The change that recording is: it names no digest, because nobody knows one beforehand.
pub fn change(brief: &Brief) -> Change {
    Change::LocalFile { path: lock::path_here(brief), what: "digests of the images that were pulled first".into() }
}

/// The conflict of images that are not those that were trusted.
pub fn conflict(changed: &[(String, String, String)]) -> Failure {
    let names: Vec<&str> = changed.iter().map(|(name, ..)| name.as_str()).collect();
    let failure =
        Failure::needs_human(format!("{} is not the image that was trusted at the first install", names.join(", ")));
    let words = |(name, was, is): &(String, String, String)| format!("{name} runs as {is}, recorded was {was}");
    changed.iter().map(words).fold(failure, Failure::because).help(
        "ask whoever publishes it why it was replaced; to trust the new one, take its line out of lock.json, here and on the host",
    )
}

/// What runs, by the names under which it was asked for. A name that holds a digest needs no record.
fn running<'p>(pods: impl Iterator<Item = &'p Value>) -> BTreeMap<String, String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found = BTreeMap::new();
    for pod in pods {
        for (asked, seen) in [("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")] {
            let seen = list(&pod["status"][seen]);
            for container in list(&pod["spec"][asked]) {
                let Some(name) = container["image"].as_str().filter(|name| !name.contains('@')) else { continue };
                let status = seen.iter().find(|status| status["name"] == container["name"]);
                let image = status.and_then(|status| status["imageID"].as_str()).unwrap_or_default();
                if let Some(digest) = digest(image) {
                    found.insert(name.to_owned(), digest);
                }
            }
        }
    }
    found
}

/// `@sha256:…` where the image came from a registry, `sha256:…` where it was imported: the first is the
/// digest of a manifest and the second that of a configuration, so that they cannot be compared.
fn digest(image: &str) -> Option<String> {
    let (at, hex) = match image.split_once("@sha256:") {
        Some((_, hex)) => ("@", hex),
        None => ("", image.strip_prefix("sha256:")?),
    };
    let whole = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| format!("{at}sha256:{hex}"))
}

fn compare(running: &BTreeMap<String, String>, known: &Lock) -> Pulled {
    let mut pulled = Pulled::default();
    for (name, image) in running {
        match known.images.get(name) {
            None => {
                pulled.new.insert(name.clone(), image.clone());
            }
            Some(was) if was != image && was.starts_with('@') == image.starts_with('@') => {
                pulled.changed.push((name.clone(), was.clone(), image.clone()));
            }
            Some(_) => pulled.same += 1,
        }
    }
    pulled
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sum(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    fn pod(image: &str, id: &str) -> Value {
        json!({
            "spec": {"containers": [{"name": "c", "image": image}], "initContainers": [{"name": "i", "image": "pinned@sha256:x"}]},
            "status": {
                "containerStatuses": [{"name": "c", "image": "whatever", "imageID": id}],
                "initContainerStatuses": [{"name": "i", "imageID": format!("pinned@{}", sum("f"))}],
            },
        })
    }

    #[test]
    fn an_image_without_a_digest_is_recorded_and_then_held_to() {
        let first = running([pod("q/x:v1", &format!("q/x@{}", sum("a")))].iter());
        let mut lock = Lock::default();
        let pulled = compare(&first, &lock);
        assert_eq!(pulled.new, BTreeMap::from([("q/x:v1".to_owned(), format!("@{}", sum("a")))]));
        lock.images.extend(pulled.new);
        assert_eq!(compare(&first, &lock), Pulled { same: 1, ..Pulled::default() });

        let moved = running([pod("q/x:v1", &format!("q/x@{}", sum("b")))].iter());
        let pulled = compare(&moved, &lock);
        assert_eq!(pulled.changed, [("q/x:v1".to_owned(), format!("@{}", sum("a")), format!("@{}", sum("b")))]);
        let failure = conflict(&pulled.changed);
        assert!(failure.line().contains(&sum("a")) && failure.line().contains(&sum("b")), "{failure}");
    }

    #[test]
    fn what_cannot_be_compared_is_not_called_changed() {
        let known =
            Lock { images: BTreeMap::from([("q/x:v1".to_owned(), format!("@{}", sum("a")))]), ..Lock::default() };
        let imported = running([pod("q/x:v1", &sum("c"))].iter());
        assert_eq!(compare(&imported, &known), Pulled { same: 1, ..Pulled::default() });
        for id in ["", "q/x", "q/x@sha256:short", "sha256:zz"] {
            assert!(running([pod("q/x:v1", id)].iter()).is_empty(), "{id:?}");
        }
    }
}
