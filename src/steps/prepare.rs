//! Host preparation: only what is missing, recorded for undo.

use super::common::{MARK, host, host_id, reach};
use super::fetch::follow;
use super::undo;
use crate::base::Secret;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure, WaitSpec};
use crate::ports::host::unit_name;
use crate::ports::{FileSpec, Host, Look, ScriptId, Seen, UnitSpec};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The step.
pub struct PrepareHost;

/// Kernel settings that RKE2 and the registry need: rke2-docs install/requirements.md. Ubuntu's own
/// value for instances is 128, which a single node uses up.
const KERNEL: [(&str, u64); 2] = [("fs.inotify.max_user_instances", 8192), ("fs.inotify.max_user_watches", 524_288)];

const SYSCTL: &str = "/etc/sysctl.d/90-modelquay.conf";
const NM_CONF: &str = "/etc/NetworkManager/conf.d/90-modelquay-cni.conf";

/// NetworkManager must leave the interfaces of pods alone: rke2-docs `install/known_issues.md`.
const NM_TEXT: &str = "\
[keyfile]
unmanaged-devices=interface-name:flannel*;interface-name:cali*;interface-name:tunl*;interface-name:vxlan.calico;\
interface-name:vxlan-v6.calico;interface-name:wireguard.cali;interface-name:wg-v6.cali
";

const APT: WaitSpec = WaitSpec { condition: "the package to be installed", typical: 20, remark: 120, limit: 1800 };

struct Seeing {
    kernel: Vec<(&'static str, u64, Option<u64>)>,
    sysctl: Option<String>,
    parser: bool,
    network_manager: bool,
    nm_conf: Option<String>,
}

fn looks() -> Vec<Look> {
    let mut looks: Vec<Look> = KERNEL.iter().map(|(name, _)| Look::Kernel { name: (*name).into() }).collect();
    looks.push(Look::file(SYSCTL));
    looks.push(Look::Program { name: "apparmor_parser".into() });
    looks.push(Look::Service { name: "NetworkManager.service".into() });
    looks.push(Look::file(NM_CONF));
    looks
}

fn read(seen: &[Seen]) -> Seeing {
    let text = |at: usize| match seen.get(at) {
        Some(Seen::File(file)) => file.text().map(str::to_owned),
        _ => None,
    };
    let value = |seen: &Seen| match seen {
        Seen::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    Seeing {
        kernel: KERNEL.iter().zip(seen).map(|((name, need), seen)| (*name, *need, value(seen))).collect(),
        sysctl: text(2),
        parser: matches!(seen.get(3), Some(Seen::Text(_))),
        network_manager: matches!(seen.get(4), Some(Seen::Service(s)) if s.active == "active"),
        nm_conf: text(5),
    }
}

fn sysctl_text() -> String {
    let mut text = format!("{MARK}. RKE2 and the registry need these.\n");
    for (name, need) in KERNEL {
        let _ = writeln!(text, "{name} = {need}");
    }
    text
}

fn nm_text() -> String {
    format!("{MARK}. NetworkManager leaves the interfaces of pods alone.\n{NM_TEXT}")
}

fn changes(brief: &Brief, seen: &Seeing) -> Changes {
    let file = |path: &str, before: &Option<String>, after: String| Change::File {
        path: path.into(),
        mode: "0644 root".into(),
        before: before.clone(),
        after,
    };
    let mut changes = Changes::new();
    let low: Vec<_> = seen.kernel.iter().filter(|(_, need, now)| now.is_none_or(|now| now < *need)).collect();
    // Our file stays once it is there, so that a reboot does not bring the old values back.
    if (!low.is_empty() || seen.sysctl.is_some()) && seen.sysctl.as_deref() != Some(&sysctl_text()) {
        changes.push(file(SYSCTL, &seen.sysctl, sysctl_text()));
    }
    for (name, need, now) in low {
        let before = now.map(|n| n.to_string());
        changes.push(Change::Setting { name: (*name).into(), before, after: need.to_string() });
    }
    if brief.facts.apparmor_kernel && !seen.parser {
        changes.push(Change::Package { name: "apparmor".into() });
    }
    if seen.network_manager && seen.nm_conf.as_deref() != Some(&nm_text()) {
        changes.push(file(NM_CONF, &seen.nm_conf, nm_text()));
        changes.push(Change::Unit { name: "NetworkManager.service".into(), action: "reloaded".into() });
    }
    changes
}

async fn write(host: &dyn Host, path: &str, text: String) -> Result<(), Failure> {
    let content = Secret::new(text.into_bytes());
    host.write(&FileSpec { path: path.into(), mode: 0o644, owner: "root:root".into(), content }).await
}

#[async_trait]
impl Step for PrepareHost {
    fn intent(&self, brief: &Brief) -> Changes {
        let facts = &brief.facts;
        let now = [facts.inotify_instances, facts.inotify_watches];
        let seen = Seeing {
            kernel: KERNEL.iter().zip(now).map(|((name, need), now)| (*name, *need, now)).collect(),
            sysctl: None,
            parser: facts.apparmor_parser,
            network_manager: facts.network_manager == "active",
            nm_conf: None,
        };
        changes(brief, &seen)
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let host = reach!(cx.world.host(host_id(cx)));
        let seen = read(&host.look(&looks()).await?);
        let kernel: Vec<String> =
            seen.kernel.iter().map(|(name, _, now)| format!("{name} is {}", now.unwrap_or_default())).collect();
        Ok(Check::from_changes(changes(cx.brief, &seen), kernel.join(", ")))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let host = host(cx).await?;
        let seen = read(&host.look(&looks()).await?);
        let todo = changes(cx.brief, &seen);
        let found: Vec<(String, Value)> = todo
            .iter()
            .map(|change| match change {
                Change::Setting { name, before, .. } => (format!("kernel {name}"), json!(before)),
                Change::File { path, before, .. } => (format!("file {path}"), json!(before)),
                other => (other.subject(), Value::Null),
            })
            .collect();
        undo::record(&*host, &found).await?;
        let mut settings = Vec::new();
        for change in &todo {
            match change {
                Change::File { path, after, .. } => write(&*host, path, after.clone()).await?,
                Change::Setting { name, after, .. } => settings.push(format!("{name}={after}")),
                Change::Package { name } => {
                    let unit = unit_name(cx.run, cx.id.kind.id(), name, cx.attempt);
                    let proxy = cx.brief.site.supply.proxy.as_ref().map_or("-", |p| p.url.as_str());
                    let args = vec!["900".into(), proxy.into(), name.clone()];
                    let spec = UnitSpec { name: unit, script: ScriptId::InstallPackages, args };
                    follow(cx, &*host, &spec, APT).await?;
                }
                Change::Unit { .. } => {
                    host.run(ScriptId::ReloadNetworkManager, &[], None).await?.success("reload NetworkManager")?;
                }
                _ => {}
            }
        }
        if !settings.is_empty() {
            let args: Vec<&str> = settings.iter().map(String::as_str).collect();
            host.run(ScriptId::SetKernel, &args, None).await?.success("set the kernel's values")?;
        }
        Ok(())
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(APT)
    }
}
