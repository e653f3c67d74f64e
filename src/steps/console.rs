//! Where MinIO's console is: at a Service that the operator makes with the tenant, and, where the answers
//! say so, at a port of the node.

use super::node_port;
use crate::plan::{Failure, FailureKind, Site};
use crate::ports::{Access, Cluster, Kind, ObjectRef, World};
use futures_util::try_join;
use serde_json::Value;
use std::net::Ipv4Addr;

/// The name of the console's port, at both services.
pub const PORT: &str = "https-console";

/// Where the console is, as the host reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleAddress {
    /// Its Service's address and port in the cluster.
    pub service: (Ipv4Addr, u16),
    /// The node's address and port, where it has one.
    pub node: Option<(Ipv4Addr, u16)>,
}

/// Finds it.
pub async fn find(world: &dyn World, site: &Site) -> Result<ConsoleAddress, Failure> {
    let cluster = world.cluster().await.map_err(|access| match access {
        Access::NotYet { .. } => Failure::from(access).help(format!("go on with: modelquay resume {}", site.name)),
        Access::Failed(failure) => failure,
    })?;
    let own = ObjectRef::new(Kind::Service, &site.registry.namespace, format!("{}-console", site.registry.tenant));
    let by_port = node_port::service(site);
    let (service, by_port) = try_join!(cluster.get(&own), cluster.get(&by_port))?;
    let service = service.ok_or_else(|| {
        Failure::new(FailureKind::Permanent, format!("the cluster has no {own}"))
            .because("the operator makes it with the tenant")
            .help(format!("see where the install stands: modelquay status {}", site.name))
    })?;
    let service = address(&service).ok_or_else(|| {
        Failure::permanent(format!("{own} has no address with a port {PORT}"))
            .because("without TLS the console is not opened")
    })?;
    let node = match by_port.as_ref().and_then(|service| port(service, "nodePort")) {
        Some(port) => node_ip(&*cluster, site).await?.map(|ip| (ip, port)),
        None => None,
    };
    Ok(ConsoleAddress { service, node })
}

pub(super) fn port(service: &Value, which: &str) -> Option<u16> {
    let ports = service["spec"]["ports"].as_array()?;
    let port = ports.iter().find(|port| port["name"] == PORT)?;
    port[which].as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

pub(super) fn address(service: &Value) -> Option<(Ipv4Addr, u16)> {
    // A service without an address of its own says `None`.
    let ip = service["spec"]["clusterIP"].as_str()?.parse().ok()?;
    Some((ip, port(service, "port")?))
}

async fn node_ip(cluster: &dyn Cluster, site: &Site) -> Result<Option<Ipv4Addr>, Failure> {
    if let Some(ip) = site.names.node_ip {
        return Ok(Some(ip));
    }
    let nodes = cluster.list(Kind::Node, "", "").await?;
    let addresses = nodes.iter().filter_map(|node| node["status"]["addresses"].as_array()).flatten();
    let mut inside = addresses.filter(|address| address["type"] == "InternalIP");
    Ok(inside.find_map(|address| address["address"].as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_without_an_address_or_without_tls_leads_nowhere() {
        let service = |ip: &str, name: &str, port: u64| json!({"spec": {"clusterIP": ip, "ports": [{"name": name, "port": port}]}});
        assert_eq!(address(&service("10.43.64.20", PORT, 9443)), Some(([10, 43, 64, 20].into(), 9443)));
        assert_eq!(address(&service("None", PORT, 9443)), None);
        assert_eq!(address(&service("10.43.64.20", "http-console", 9090)), None);
        assert_eq!(address(&service("10.43.64.20", PORT, 0)), None);
        assert_eq!(address(&service("10.43.64.20", PORT, 70_000)), None);
        assert_eq!(address(&json!({"spec": {}})), None);
    }
}
