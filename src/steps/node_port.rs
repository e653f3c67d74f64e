//! A service of ours on a port of the node.

use super::common::{cluster, manifest, reach};
use super::objects;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Changes, Failure, Site};
use crate::ports::{Cluster, Kind, ObjectRef};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The step.
pub struct NodePort;

fn ports(brief: &Brief) -> Vec<Value> {
    let registry = &brief.site.registry;
    let port = |name: &str, port: u16, target: u16, node: u16| json!({"name": name, "port": port, "targetPort": target, "nodePort": node, "protocol": "TCP"});
    let console = registry.console_port.map(|node| port(super::console::PORT, 9443, 9443, node));
    std::iter::once(port("https-minio", 443, 9000, registry.node_port)).chain(console).collect()
}

/// The service's name.
pub fn service(site: &Site) -> ObjectRef {
    ObjectRef::new(Kind::Service, &site.registry.namespace, format!("{}-nodeport", site.registry.tenant))
}

fn wanted(brief: &Brief) -> Result<Vec<Value>, Failure> {
    let registry = &brief.site.registry;
    manifest(
        include_str!("../../assets/templates/manifests/node-port.yaml"),
        &[
            ("name", json!(service(&brief.site).name)),
            ("namespace", json!(registry.namespace)),
            ("tenant", json!(registry.tenant)),
            ("ports", json!(ports(brief))),
        ],
    )
}

/// Whether the service of ours is there with the ports that are wanted now.
pub async fn stands(cx: &Cx<'_>, cluster: &dyn Cluster) -> Result<bool, Failure> {
    let wanted = wanted(cx.brief)?;
    let Some((wanted, at)) = wanted.first().and_then(|w| Some((w, ObjectRef::of(w)?))) else { return Ok(false) };
    Ok(cluster.get(&at).await?.is_some_and(|live| super::common::covers(&live, wanted)))
}

/// Services that hold one of our ports.
fn clash(brief: &Brief, services: &[Value], own: &ObjectRef) -> Option<(u64, ObjectRef)> {
    let wanted: Vec<u64> = ports(brief).iter().filter_map(|p| p["nodePort"].as_u64()).collect();
    services.iter().filter_map(|s| Some((s, ObjectRef::of(s)?))).filter(|(_, at)| at != own).find_map(
        |(service, at)| {
            let held = service["spec"]["ports"].as_array()?.iter().filter_map(|p| p["nodePort"].as_u64());
            held.into_iter().find(|port| wanted.contains(port)).map(|port| (port, at.clone()))
        },
    )
}

#[async_trait]
impl Step for NodePort {
    fn intent(&self, brief: &Brief) -> Changes {
        wanted(brief).unwrap_or_default().iter().map(objects::change).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let wanted = wanted(cx.brief)?;
        let Some(own) = wanted.first().and_then(ObjectRef::of) else {
            return Err(Failure::permanent("the service's manifest is empty"));
        };
        let services = cluster.list(Kind::Service, "", "").await?;
        if let Some((port, holder)) = clash(cx.brief, &services, &own) {
            return Ok(Check::Conflict(
                Failure::needs_human(format!("node port {port} is held by {holder}"))
                    .help("set registry.node_port in the answers to a free port of 30000 to 32767"),
            ));
        }
        let live = services.iter().find(|s| ObjectRef::of(s).as_ref() == Some(&own));
        let same = live.zip(wanted.first()).is_some_and(|(live, wanted)| super::common::covers(live, wanted));
        let changes = if same { Changes::new() } else { wanted.iter().map(objects::change).collect() };
        Ok(Check::from_changes(
            changes,
            format!("node port {} leads to the registry", cx.brief.site.registry.node_port),
        ))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        objects::apply(&*cluster, &wanted(cx.brief)?).await
    }
}
