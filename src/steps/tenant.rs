//! The Tenant, and its way to health.

use super::common::{cluster, manifest, reach};
use super::objects::{self, until_changed};
use super::{certificate, doctor, secrets, storage};
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::components::ImageId;
use crate::plan::{Changes, Failure, WaitSpec};
use crate::ports::{Cluster, Kind, ObjectRef};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The step that makes the object.
pub struct Tenant;
/// The step that waits for it.
pub struct TenantHealthy;

/// 25 to 30 s are usual; 100 s were seen with a pod that was ready after 15, because the operator
/// asks again at growing intervals.
const HEALTHY: WaitSpec = WaitSpec { condition: "the tenant to be healthy", typical: 30, remark: 180, limit: 1200 };

fn at(brief: &Brief) -> ObjectRef {
    ObjectRef::new(Kind::Tenant, &brief.site.registry.namespace, &brief.site.registry.tenant)
}

fn wanted(brief: &Brief) -> Result<Vec<Value>, Failure> {
    let registry = &brief.site.registry;
    // Whole MiB, so that the quantity reads back as it was written.
    let each = (registry.capacity / u64::from(registry.volumes.max(1))) >> 20;
    manifest(
        include_str!("../../assets/templates/manifests/tenant.yaml"),
        &[
            ("tenant", json!(registry.tenant)),
            ("namespace", json!(registry.namespace)),
            ("image", json!(brief.components.image(ImageId::Registry).first())),
            ("configuration", json!(secrets::root_ref(brief).name)),
            ("certificate", json!(certificate::secret_name(brief))),
            ("volumes", json!(registry.volumes)),
            ("class", json!(storage::class(brief))),
            ("size", json!(format!("{each}Mi"))),
        ],
    )
}

#[async_trait]
impl Step for Tenant {
    fn intent(&self, brief: &Brief) -> Changes {
        wanted(brief).unwrap_or_default().iter().map(objects::change).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let wanted = wanted(cx.brief)?;
        let others = cluster.list(Kind::Tenant, &cx.brief.site.registry.namespace, "").await?;
        let own = at(cx.brief);
        let foreign: Vec<ObjectRef> = others
            .iter()
            .filter_map(|t| ObjectRef::of(t).map(|at| (at, super::common::is_ours(t))))
            .filter(|(at, ours)| !ours || *at != own)
            .map(|(at, _)| at)
            .collect();
        if !foreign.is_empty() {
            // One namespace carries one tenant (minio/operator v7.1.1).
            return Ok(Check::Conflict(objects::conflict(&foreign)));
        }
        let live = others.iter().find(|t| ObjectRef::of(t).as_ref() == Some(&own));
        let changes = match (live, wanted.first()) {
            (Some(live), Some(wanted)) if super::common::covers(live, wanted) => Changes::new(),
            _ => wanted.iter().map(objects::change).collect(),
        };
        Ok(Check::from_changes(changes, format!("{own} is as answered")))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        objects::apply(&*cluster, &wanted(cx.brief)?).await
    }
}

pub(super) fn healthy(tenant: &Value) -> bool {
    tenant["status"]["currentState"] == "Initialized" && tenant["status"]["healthStatus"] == "green"
}

/// States that do not pass by themselves (main-controller.go@v7.1.1).
fn refused(state: &str) -> Option<&'static str> {
    match state {
        "Another MinIO Tenant already exists in the namespace" => Some("choose another namespace in the answers"),
        "Tenant credentials are not set properly" => {
            Some("the Secret with the root key was changed; put back its lines that begin with export")
        }
        "Different versions across MinIO Pools" | "Statefulset not controlled by operator" => {
            Some("something else acts on the tenant's objects; remove it, then run resume")
        }
        _ => None,
    }
}

async fn look(cx: &Cx<'_>, cluster: &dyn Cluster, tenant: &Value) -> Observed {
    let registry = &cx.brief.site.registry;
    let state = tenant["status"]["currentState"].as_str().unwrap_or("not looked at by the operator yet");
    let health = tenant["status"]["healthStatus"].as_str().unwrap_or("");
    let pods = doctor::pods(cluster, &registry.namespace, &format!("v1.min.io/tenant={}", registry.tenant)).await;
    let value = format!("{state}; health {}; {}", if health.is_empty() { "not known yet" } else { health }, pods.value);
    let guess = if pods.value.contains("2/2 Running") {
        Some("the pod is ready and the operator has not asked again yet; it asks at growing intervals".into())
    } else {
        pods.guess
    };
    Observed { value, guess }
}

#[async_trait]
impl Step for TenantHealthy {
    fn intent(&self, _brief: &Brief) -> Changes {
        Changes::new()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        Ok(match cluster.get(&at(cx.brief)).await? {
            Some(tenant) if healthy(&tenant) => Check::done(format!(
                "the tenant is initialised and green, {} drives online",
                tenant["status"]["drivesOnline"]
            )),
            _ => Check::NeedsWork { changes: Changes::new() },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let what = at(cx.brief);
        let waiter = cx.waiter(HEALTHY);
        loop {
            match cluster.get(&what).await {
                Ok(Some(tenant)) if healthy(&tenant) => return Ok(()),
                Ok(Some(tenant)) => {
                    let state = tenant["status"]["currentState"].as_str().unwrap_or_default();
                    if let Some(help) = refused(state) {
                        return Err(
                            Failure::needs_human(format!("the operator refuses the tenant: {state}")).help(help)
                        );
                    }
                    let seen = look(cx, &*cluster, &tenant).await;
                    if let Some(failure) = doctor::hopeless(&seen, waiter.elapsed()) {
                        return Err(failure);
                    }
                    waiter.saw(seen, until_changed(&*cluster, &what, Some(&tenant))).await?;
                }
                Ok(None) => {
                    return Err(Failure::permanent(format!("{what} has gone")).help("run resume to make it again"));
                }
                Err(failure) => waiter.failed(failure).await?,
            }
        }
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(HEALTHY)
    }
}
