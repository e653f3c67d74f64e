//! The MinIO Operator, by RKE2's helm-controller from the verified chart.

use super::common::{HOME, cluster, host, manifest, reach};
use super::fetch::{Wanted, fetch};
use super::objects::{self, available, until_changed};
use super::{lock, storage};
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::components::{FileId, ImageId, ImageRef};
use crate::plan::{Changes, Failure, WaitSpec, template};
use crate::ports::{Cluster, Kind, Look, ObjectRef, ScriptId, Seen};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The step.
pub struct Operator;

const UP: WaitSpec = WaitSpec { condition: "the MinIO Operator to run", typical: 40, remark: 180, limit: 1200 };

fn wanted_chart(brief: &Brief) -> Wanted<'_> {
    let entry = brief.components.file(FileId::OperatorChart);
    Wanted { id: FileId::OperatorChart, entry, path: format!("{HOME}/artifacts/{}", entry.file_name()) }
}

/// An image as the chart takes it. The digest travels in the tag: charts of minio/operator join
/// repository and tag by a colon, and have treated a digest of its own in different ways (5.0 joins it
/// by a colon too), while `tag@sha256:…` is a whole reference in each of them.
fn image_values(reference: &str) -> Value {
    let Some(parts) = ImageRef::parse(reference) else { return json!({ "repository": reference }) };
    match (&parts.tag, &parts.digest) {
        (Some(tag), Some(digest)) => json!({ "repository": parts.name(), "tag": format!("{tag}@{digest}") }),
        (None, Some(digest)) => {
            let hex = digest.trim_start_matches("sha256:");
            json!({ "repository": format!("{}@sha256", parts.name()), "tag": hex })
        }
        (tag, None) => json!({ "repository": parts.name(), "tag": tag }),
    }
}

/// The chart's values: one replica, because two refuse to share a node; no STS, because its start
/// waits for a certificate before any tenant is looked at (minio/operator v7.1.1).
fn values(brief: &Brief) -> String {
    template::to_yaml(&json!({
        "operator": {
            "replicaCount": 1,
            "env": [{"name": "OPERATOR_STS_ENABLED", "value": "off"}],
            "image": image_values(brief.components.image(ImageId::Operator).first()),
            "sidecarImage": image_values(brief.components.image(ImageId::Sidecar).first()),
        },
    }))
}

/// The `HelmChart`. A plan that is only shown has no chart in hand: the object is the same but for its
/// content.
fn chart_object(brief: &Brief, chart: &[u8]) -> Result<Value, Failure> {
    let objects = manifest(
        include_str!("../../assets/templates/manifests/operator.yaml"),
        &[("chart", json!(STANDARD.encode(chart))), ("values", json!(values(brief)))],
    )?;
    objects.into_iter().next().ok_or_else(|| Failure::permanent("the operator's manifest is empty"))
}

/// The operator's own namespace.
pub const NAMESPACE: &str = "minio-operator";

/// The operator's chart.
pub fn chart_ref() -> ObjectRef {
    ObjectRef::new(Kind::HelmChart, "kube-system", "minio-operator")
}

fn deployment() -> ObjectRef {
    ObjectRef::new(Kind::Deployment, NAMESPACE, "minio-operator")
}

fn sha256(bytes: &[u8]) -> String {
    crate::plan::change::hex(&Sha256::digest(bytes))
}

/// Whether the chart in the cluster is the one that is wanted, with the wanted values.
fn same(live: &Value, brief: &Brief) -> bool {
    let content = live["spec"]["chartContent"].as_str().and_then(|c| STANDARD.decode(c).ok()).unwrap_or_default();
    let known = brief.components.file(FileId::OperatorChart).sha256.as_ref();
    live["spec"]["valuesContent"] == json!(values(brief))
        && live["spec"]["failurePolicy"] == "abort"
        && known.is_none_or(|sum| sum.eq_ignore_ascii_case(&sha256(&content)))
}

fn changes(brief: &Brief) -> Changes {
    let chart = chart_object(brief, b"").ok();
    std::iter::once(wanted_chart(brief).change()).chain(chart.as_ref().map(objects::change)).collect()
}

#[async_trait]
impl Step for Operator {
    fn intent(&self, brief: &Brief) -> Changes {
        changes(brief)
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let (chart, running) = (chart_ref(), deployment());
        let (chart, running) = futures_util::try_join!(cluster.get(&chart), cluster.get(&running))?;
        Ok(match (&chart, &running) {
            (Some(chart), _) if !super::common::is_ours(chart) => Check::Conflict(objects::conflict(&[chart_ref()])),
            (None, Some(_)) => Check::Conflict(
                Failure::needs_human("a MinIO Operator is in the cluster that modelquay did not install")
                    .help("two operators would act on the same tenants; remove the other one first"),
            ),
            (Some(chart), Some(running)) if same(chart, cx.brief) && available(running) => {
                Check::done("the MinIO Operator is installed and runs")
            }
            (Some(chart), _) if same(chart, cx.brief) => Check::NeedsWork { changes: Changes::new() },
            _ => Check::NeedsWork { changes: changes(cx.brief) },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let live = cluster.get(&chart_ref()).await?;
        if !live.as_ref().is_some_and(|live| same(live, cx.brief)) {
            let chart = fetched(cx).await?;
            cluster.apply(&chart_object(cx.brief, &chart)?, false).await?;
        }
        cx.between(1).await;
        job(cx, &*cluster).await?;
        storage::wait_available(cx, &*cluster, &deployment(), "app.kubernetes.io/name=operator", UP).await
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(UP)
    }
}

/// The chart's bytes, fetched by the host and verified here once more.
async fn fetched(cx: &Cx<'_>) -> Result<Vec<u8>, Failure> {
    let host = host(cx).await?;
    let wanted = wanted_chart(cx.brief);
    let looks = [lock::look(), Look::File { path: wanted.path.clone(), max: 1 << 20 }];
    let seen = host.look(&looks).await?;
    let mut lock = lock::seen(seen.first());
    if !wanted.there(&lock, seen.get(1)) {
        let dir = format!("{HOME}/artifacts");
        host.run(ScriptId::MakeDirs, &["0700", "root:root", &dir], None)
            .await?
            .success("make the directory for the chart")?;
        let trusted = lock::local(cx).await?;
        let fetched = fetch(cx, &*host, &wanted, None, &trusted).await?;
        lock.files.insert(wanted.id.name().into(), fetched);
        lock::write(cx, &*host, &lock).await?;
    }
    let bytes = match host.look(&looks[1..]).await?.into_iter().next() {
        Some(Seen::File(file)) if file.bytes.len() as u64 == file.size => file.bytes,
        _ => return Err(Failure::permanent(format!("{} cannot be read whole", wanted.path))),
    };
    let expected = wanted.entry.sha256.clone().or_else(|| lock.files.get(wanted.id.name()).map(|f| f.sha256.clone()));
    match expected {
        Some(sum) if sum.eq_ignore_ascii_case(&sha256(&bytes)) => Ok(bytes),
        _ => Err(Failure::needs_human("the operator's chart is not the one that was expected")
            .because(format!("sha256 {}", sha256(&bytes)))),
    }
}

/// Waits for the install job: it alone says how the chart's install ended.
async fn job(cx: &Cx<'_>, cluster: &dyn Cluster) -> Result<(), Failure> {
    let what = ObjectRef::new(Kind::Job, "kube-system", "helm-install-minio-operator");
    let waiter = cx.waiter(UP);
    loop {
        match cluster.get(&what).await {
            Ok(Some(job)) if super::common::condition(&job, "Complete") == Some("True") => return Ok(()),
            Ok(Some(job)) if super::common::condition(&job, "Failed") == Some("True") => {
                let seen =
                    super::doctor::pods(cluster, "kube-system", "helmcharts.helm.cattle.io/chart=minio-operator").await;
                return Err(Failure::permanent("the install of the operator's chart has failed")
                    .because(seen.value)
                    .help("look at the log of job helm-install-minio-operator in kube-system; the tenants are untouched (failurePolicy abort)"));
            }
            Ok(job) => {
                // The controller removes a finished job when the chart's values change and makes a new
                // one, so that none is there for a moment.
                let seen = match &job {
                    None => Observed::of("the install job is not made yet"),
                    Some(_) => {
                        super::doctor::pods(cluster, "kube-system", "helmcharts.helm.cattle.io/chart=minio-operator")
                            .await
                    }
                };
                if let Some(failure) = super::doctor::hopeless(&seen, waiter.elapsed()) {
                    return Err(failure);
                }
                waiter.saw(seen, until_changed(cluster, &what, job.as_ref())).await?;
            }
            Err(failure) => waiter.failed(failure).await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_and_tag_joined_by_a_colon_are_the_reference() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for reference in
            ["quay.io/o/x:v1".to_owned(), format!("quay.io/o/x:v1@{digest}"), format!("quay.io/o/x@{digest}")]
        {
            let values = image_values(&reference);
            let joined =
                format!("{}:{}", values["repository"].as_str().unwrap_or("?"), values["tag"].as_str().unwrap_or("?"));
            assert_eq!(joined, reference);
        }
    }
}
