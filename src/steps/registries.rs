//! `registries.yaml`, where mirrors are set.

use super::common::{MARK, host, host_id, reach};
use super::config::put;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure, template};
use crate::ports::{Look, ScriptId, Seen};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

/// The step.
pub struct Registries;

/// The file; RKE2 reads it when it starts (rke2-docs `install/private_registry.md`).
pub const PATH: &str = "/etc/rancher/rke2/registries.yaml";

/// The whole file, or `None` where no mirror is set.
pub fn text(brief: &Brief) -> Option<String> {
    let mirrors = &brief.site.supply.mirrors;
    if mirrors.is_empty() {
        return None;
    }
    let entries: Map<String, Value> = mirrors
        .iter()
        .map(|(registry, list)| {
            let endpoints: Vec<&str> = list.iter().map(|m| m.endpoint.as_str()).collect();
            let rewrite: Map<String, Value> =
                list.iter().flat_map(|m| &m.rewrite).map(|(from, to)| (from.clone(), json!(to))).collect();
            let mut entry = json!({ "endpoint": endpoints });
            if !rewrite.is_empty() {
                entry["rewrite"] = Value::Object(rewrite);
            }
            (registry.clone(), entry)
        })
        .collect();
    let body = template::to_yaml(&json!({ "mirrors": entries }));
    Some(format!("{MARK} for the site {}. Mirrors of the answers.\n{body}", brief.site.name))
}

fn change(before: Option<String>, after: String) -> Change {
    Change::File { path: PATH.into(), mode: "0600 root".into(), before, after }
}

#[async_trait]
impl Step for Registries {
    fn intent(&self, brief: &Brief) -> Changes {
        text(brief).map(|after| change(None, after)).into_iter().collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let Some(after) = text(cx.brief) else {
            return Ok(Check::done("no mirror is set"));
        };
        let host = reach!(cx.world.host(host_id(cx)));
        let seen = host.look(&[Look::file(PATH)]).await?;
        let before = match seen.first() {
            Some(Seen::File(file)) => Some(String::from_utf8_lossy(&file.bytes).into_owned()),
            _ => None,
        };
        Ok(match before {
            Some(before) if before == after => Check::done(format!("{PATH} is as answered")),
            Some(before) if !before.starts_with(MARK) && !cx.brief.site.adopt => Check::Conflict(
                Failure::needs_human(format!("{PATH} is there and was not made by modelquay"))
                    .help("move its mirrors into the answers and the file away"),
            ),
            before => Check::NeedsWork { changes: vec![change(before, after)] },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let Some(after) = text(cx.brief) else { return Ok(()) };
        let host = host(cx).await?;
        host.run(ScriptId::MakeDirs, &["0755", "root:root", "/etc/rancher/rke2"], None)
            .await?
            .success("make /etc/rancher/rke2")?;
        put(&*host, PATH, 0o600, after).await
    }
}
