//! The storage class of the registry's volumes: our own local-path, or one that exists.

use super::common::{cluster, manifest, reach};
use super::objects::{self, available, until_changed};
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::components::ImageId;
use crate::plan::site::Storage;
use crate::plan::{Changes, Failure, WaitSpec, template};
use crate::ports::{Cluster, Kind, ObjectRef};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The step.
pub struct StorageClass;

/// The class of ours.
pub const LOCAL_PATH: &str = "local-path";

/// The namespace of its provisioner.
pub const NAMESPACE: &str = "local-path-storage";

const UP: WaitSpec = WaitSpec { condition: "local-path-provisioner to run", typical: 20, remark: 120, limit: 900 };

/// The class that the tenant's volumes name.
pub fn class(brief: &Brief) -> &str {
    match &brief.site.registry.storage {
        Storage::LocalPath => LOCAL_PATH,
        Storage::Existing(name) => name,
    }
}

fn wanted(brief: &Brief) -> Result<Vec<Value>, Failure> {
    let config = json!({
        "nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [brief.site.registry.data_dir]}],
    });
    let helper = json!(brief.components.image(ImageId::Helper).first()).to_string();
    let helper =
        template::text(include_str!("../../assets/templates/manifests/local-path-helper.yaml"), &[("image", &helper)])
            .map_err(|e| super::common::broken(&e))?;
    manifest(
        include_str!("../../assets/templates/manifests/local-path.yaml"),
        &[
            ("config", json!(config.to_string())),
            ("setup", json!(include_str!("../../assets/templates/manifests/local-path-setup.sh"))),
            ("teardown", json!(include_str!("../../assets/templates/manifests/local-path-teardown.sh"))),
            ("helper_pod", json!(helper)),
            ("image", json!(brief.components.image(ImageId::LocalPath).first())),
        ],
    )
}

fn deployment() -> ObjectRef {
    ObjectRef::new(Kind::Deployment, NAMESPACE, "local-path-provisioner")
}

async fn existing(cluster: &dyn Cluster, name: &str) -> Result<Check, Failure> {
    Ok(match cluster.get(&ObjectRef::global(Kind::StorageClass, name)).await? {
        Some(class) => {
            let by = class["provisioner"].as_str().unwrap_or("?");
            Check::done(format!("storage class {name} is there, made by {by}"))
        }
        None => Check::Conflict(
            Failure::needs_human(format!("the cluster has no storage class {name:?}"))
                .help("make it, or leave storage_class out of the answers to get local-path"),
        ),
    })
}

#[async_trait]
impl Step for StorageClass {
    fn intent(&self, brief: &Brief) -> Changes {
        match brief.site.registry.storage {
            Storage::LocalPath => wanted(brief).unwrap_or_default().iter().map(objects::change).collect(),
            Storage::Existing(_) => Changes::new(),
        }
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        if let Storage::Existing(name) = &cx.brief.site.registry.storage {
            return existing(&*cluster, name).await;
        }
        let found = objects::look(&*cluster, &wanted(cx.brief)?).await?;
        if !found.foreign.is_empty() {
            return Ok(Check::Conflict(objects::conflict(&found.foreign)));
        }
        if !found.changes.is_empty() {
            return Ok(Check::NeedsWork { changes: found.changes });
        }
        let up = found.live.iter().flatten().filter(|o| o["kind"] == "Deployment").all(available);
        Ok(if up {
            Check::done("class local-path is there and keeps data")
        } else {
            Check::NeedsWork { changes: Changes::new() }
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        objects::apply(&*cluster, &wanted(cx.brief)?).await?;
        wait_available(cx, &*cluster, &deployment(), "app=local-path-provisioner", UP).await
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(UP)
    }
}

/// Waits until a Deployment is available, explaining by its pods why it is not.
pub async fn wait_available(
    cx: &Cx<'_>,
    cluster: &dyn Cluster,
    what: &ObjectRef,
    labels: &str,
    spec: WaitSpec,
) -> Result<(), Failure> {
    let waiter = cx.waiter(spec);
    loop {
        match cluster.get(what).await {
            Ok(Some(live)) if available(&live) => return Ok(()),
            Ok(live) => {
                let seen = match &live {
                    None => Observed::of(format!("{what} is not there yet")),
                    Some(_) => super::doctor::pods(cluster, &what.namespace, labels).await,
                };
                if let Some(failure) = super::doctor::hopeless(&seen, waiter.elapsed()) {
                    return Err(failure);
                }
                waiter.saw(seen, until_changed(cluster, what, live.as_ref())).await?;
            }
            Err(failure) => waiter.failed(failure).await?,
        }
    }
}
