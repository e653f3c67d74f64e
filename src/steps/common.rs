//! What several steps need: names of the site, handles of the world, comparisons.

use crate::engine::step::{Brief, Cx};
use crate::plan::template::{self, TemplateError};
use crate::plan::{Failure, HostId, Target};
use crate::ports::{Cluster, Endpoint, Host};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where everything of ours lies on a host.
pub const HOME: &str = "/var/lib/modelquay";

/// The line by which a file is known to be ours.
pub const MARK: &str = "# Written by modelquay";

/// The label by which an object is known to be ours.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The label's value.
pub const OURS: &str = "modelquay";

/// Gives the handle, or ends a check as blocked where the handle's world does not exist yet.
macro_rules! reach {
    ($handle:expr) => {
        match $handle.await {
            Ok(handle) => handle,
            Err($crate::ports::Access::NotYet { because }) => {
                return Ok($crate::engine::step::Check::Blocked { because });
            }
            Err($crate::ports::Access::Failed(failure)) => return Err(failure),
        }
    };
    // The same for a handle to the registry: one that does not answer yet blocks the check.
    ($handle:expr, registry of $cx:expr) => {
        match $handle.await {
            Ok(handle) => handle,
            Err($crate::ports::Access::NotYet { because }) => {
                return Ok($crate::engine::step::Check::Blocked { because });
            }
            Err($crate::ports::Access::Failed(failure)) => {
                return $crate::steps::bucket::unanswered($cx, failure).await;
            }
        }
    };
}
pub(super) use reach;

/// The host of this step, as root.
pub async fn host(cx: &Cx<'_>) -> Result<Arc<dyn Host>, Failure> {
    cx.world.host(host_id(cx)).await.map_err(Failure::from)
}

/// The host that this step works on; cluster and operator steps use the site's own.
pub fn host_id(cx: &Cx<'_>) -> HostId {
    match cx.id.target {
        Target::Host(host) => host,
        Target::Operator | Target::Cluster => cx.brief.site.name,
    }
}

/// The cluster.
pub async fn cluster(cx: &Cx<'_>) -> Result<Arc<dyn Cluster>, Failure> {
    cx.world.cluster().await.map_err(Failure::from)
}

/// The node's name: the answer, or the host's own name in lower case without its domain.
pub fn node_name(brief: &Brief) -> String {
    brief.site.names.node_name.clone().unwrap_or_else(|| {
        let name = brief.facts.hostname.to_ascii_lowercase();
        let name: String = name
            .split('.')
            .next()
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
            .take(63)
            .collect();
        let name = name.trim_matches('-');
        if name.is_empty() { brief.site.name.to_string() } else { name.to_owned() }
    })
}

/// The node's address: the answer, or that of the interface with the default route.
pub fn node_ip(brief: &Brief) -> Option<Ipv4Addr> {
    brief.site.names.node_ip.or_else(|| brief.facts.default_ip())
}

/// The same, or a failure that says what to answer.
pub fn need_node_ip(brief: &Brief) -> Result<Ipv4Addr, Failure> {
    node_ip(brief).ok_or_else(|| {
        Failure::needs_human("the host has no IPv4 address on an interface with a default route")
            .help("set names.node_ip in the answers")
    })
}

/// Names and addresses that the API's and the registry's certificates carry beside their own: the
/// node's address and name first, then the answers, each once.
pub fn sans(brief: &Brief) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let own = node_ip(brief).map(|ip| ip.to_string()).into_iter().chain([node_name(brief)]);
    for san in own.chain(brief.site.names.tls_san.iter().cloned()) {
        if !found.contains(&san) {
            found.push(san);
        }
    }
    found
}

/// The registry's address on the node, with the cluster's CA.
pub async fn endpoint(cx: &Cx<'_>) -> Result<Endpoint, Failure> {
    let ca_pem = cluster(cx).await?.server_ca().await?;
    Ok(Endpoint { ip: need_node_ip(cx.brief)?, port: cx.brief.site.registry.node_port, ca_pem })
}

/// Fills a manifest. A failure here is a mistake of ours, and is said so.
pub fn manifest(template: &str, values: &[(&str, Value)]) -> Result<Vec<Value>, Failure> {
    template::yaml(template, values).map_err(|e| broken(&e))
}

/// A template of ours that does not fit its values.
pub fn broken(error: &TemplateError) -> Failure {
    Failure::permanent("fill a template of this program")
        .because(error.to_string())
        .help("this is a fault of modelquay")
}

/// Whether an object carries our label.
pub fn is_ours(object: &Value) -> bool {
    object["metadata"]["labels"][MANAGED_BY] == OURS
}

/// Whether everything that `wanted` says is so in `live`. Fields that only the server knows do not
/// count; lists must agree item by item.
pub fn covers(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(key, inner)| match live.get(key) {
            Some(live) => covers(live, inner),
            None => empty(inner),
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(l, w)| covers(l, w))
        }
        (live, wanted) => live == wanted,
    }
}

/// The API server leaves empty values out.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The status of a condition of an object, as in `condition(node, "Ready") == Some("True")`.
pub fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|c| c["type"] == kind)?["status"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn covering_means_that_every_wanted_field_is_so() {
        let live = json!({"a": 1, "b": {"c": [ {"x": 1, "y": 2} ], "d": "s"}, "status": {}});
        assert!(covers(&live, &json!({"b": {"c": [ {"x": 1} ]}})));
        assert!(covers(&live, &json!({"a": 1, "empty": {}})));
        assert!(!covers(&live, &json!({"b": {"c": []}})));
        assert!(!covers(&live, &json!({"a": 2})));
        assert!(!covers(&live, &json!({"z": 0})));
    }
}
