//! The tenant's namespace and its root credentials.

use super::common::{cluster, is_ours, manifest, reach};
use super::objects;
use super::secrets::{self, KeyName, root_ref};
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure};
use crate::ports::{Kind, ObjectRef};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The step.
pub struct Namespace;

fn wanted(brief: &Brief) -> Result<Vec<Value>, Failure> {
    manifest(
        include_str!("../../assets/templates/manifests/namespace.yaml"),
        &[("namespace", json!(brief.site.registry.namespace))],
    )
}

fn secret_change(brief: &Brief) -> Change {
    let at = root_ref(brief);
    Change::Object {
        kind: "Secret".into(),
        name: format!("{}/{}", at.namespace, at.name),
        summary: "the root key, made at random, never changed once it is there".into(),
    }
}

#[async_trait]
impl Step for Namespace {
    fn intent(&self, brief: &Brief) -> Changes {
        let objects = wanted(brief).unwrap_or_default();
        objects.iter().map(objects::change).chain([secret_change(brief)]).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let name = &cx.brief.site.registry.namespace;
        let at = ObjectRef::global(Kind::Namespace, name);
        let root = root_ref(cx.brief);
        let (live, root) = futures_util::try_join!(cluster.get(&at), cluster.get(&root))?;
        if live.as_ref().is_some_and(|ns| !is_ours(ns)) {
            return Ok(Check::Conflict(objects::conflict(&[at])));
        }
        let mut changes = Changes::new();
        if live.is_none() {
            changes.extend(wanted(cx.brief)?.iter().map(objects::change));
        }
        match root {
            None => changes.push(secret_change(cx.brief)),
            Some(root) if !is_ours(&root) => return Ok(Check::Conflict(objects::conflict(&[root_ref(cx.brief)]))),
            Some(root) => {
                secrets::parse(KeyName::Root, &root, cx.redactor);
            }
        }
        Ok(Check::from_changes(changes, format!("namespace {name} and its root key are there")))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        objects::apply(&*cluster, &wanted(cx.brief)?).await?;
        cx.between(1).await;
        secrets::ensure(cx, &*cluster, KeyName::Root).await.map(|_| ())
    }
}
