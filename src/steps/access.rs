//! The cluster seen through its API: the node is Ready.

use super::common::{cluster, condition, node_name, reach};
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::{Changes, Failure, WaitSpec};
use crate::ports::{Kind, ObjectRef};
use async_trait::async_trait;
use serde_json::Value;

/// The step.
pub struct ClusterAccess;

const READY: WaitSpec = WaitSpec { condition: "the node to be Ready", typical: 20, remark: 180, limit: 900 };

pub(super) fn ready_message(node: &Value) -> String {
    let conditions = node["status"]["conditions"].as_array();
    let ready = conditions.and_then(|list| list.iter().find(|c| c["type"] == "Ready"));
    match ready {
        Some(ready) => {
            format!("Ready is {}: {}", ready["status"].as_str().unwrap_or("?"), ready["message"].as_str().unwrap_or(""))
        }
        None => "no Ready condition yet".into(),
    }
}

#[async_trait]
impl Step for ClusterAccess {
    fn intent(&self, _brief: &Brief) -> Changes {
        Changes::new()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let name = node_name(cx.brief);
        let node = match cluster.get(&ObjectRef::global(Kind::Node, &name)).await {
            Ok(node) => node,
            // The API may be on its way up: that is what this step waits for.
            Err(failure) if failure.kind == crate::plan::FailureKind::Transient => None,
            Err(failure) => return Err(failure),
        };
        Ok(match node {
            Some(node) if condition(&node, "Ready") == Some("True") => Check::done(format!("node {name} is Ready")),
            _ => Check::NeedsWork { changes: Changes::new() },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let what = ObjectRef::global(Kind::Node, node_name(cx.brief));
        let waiter = cx.waiter(READY);
        loop {
            match cluster.get(&what).await {
                Ok(Some(node)) if condition(&node, "Ready") == Some("True") => return Ok(()),
                Ok(Some(node)) => {
                    let version = node["metadata"]["resourceVersion"].as_str().map(str::to_owned);
                    let changed = async {
                        let _ = cluster.changed(&what, version.as_deref(), std::time::Duration::from_secs(30)).await;
                    };
                    waiter.saw(Observed::of(ready_message(&node)), changed).await?;
                }
                Ok(None) => {
                    let guess = "the node registers itself once the kubelet runs".to_owned();
                    let seen = Observed { value: "the node is not registered yet".into(), guess: Some(guess) };
                    waiter.saw(seen, std::future::pending()).await?;
                }
                Err(failure) => waiter.failed(failure).await?,
            }
        }
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(READY)
    }
}
