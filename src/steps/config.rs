//! RKE2's configuration: `config.yaml`, its environment where there is a proxy, the data directory,
//! and the rule that RKE2 starts only when the data directory's disk is mounted.

use super::common::{HOME, MARK, host, host_id, need_node_ip, node_name, reach, sans};
use super::undo;
use crate::base::Secret;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::site::Storage;
use crate::plan::{Change, Changes, Failure, template};
use crate::ports::{FileSpec, Host, Look, ScriptId, Seen};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The step.
pub struct ClusterConfig;

/// RKE2's configuration.
pub const CONFIG: &str = "/etc/rancher/rke2/config.yaml";
/// The environment that RKE2's unit reads (rke2 bundle/lib/systemd/system/rke2-server.service).
const ENVIRONMENT: &str = "/etc/default/rke2-server";
/// Our addition to RKE2's unit.
const DROP_IN: &str = "/etc/systemd/system/rke2-server.service.d/10-modelquay.conf";
/// The user's further CA on the host, in a directory of its own: our fetches name the file, and RKE2
/// is given the directory.
pub const EXTRA_CA: &str = "/var/lib/modelquay/ca/extra.pem";
/// The directory of [`EXTRA_CA`].
const EXTRA_CA_DIR: &str = "/var/lib/modelquay/ca";
/// Where Debian and Ubuntu keep the CAs that every program trusts.
const SYSTEM_CA_DIR: &str = "/etc/ssl/certs";

/// A file that this step writes.
struct Wanted {
    path: &'static str,
    mode: u32,
    text: String,
}

/// `config.yaml`. Unknown keys end RKE2's start, so only keys of rke2-docs `reference/server_config.md`
/// stand here.
fn config_text(brief: &Brief) -> String {
    let names = &brief.site.names;
    let mut config = json!({
        "write-kubeconfig-mode": "0600",
        "node-name": node_name(brief),
    });
    if let Ok(ip) = need_node_ip(brief) {
        config["node-ip"] = json!(ip.to_string());
    }
    config["tls-san"] = json!(sans(brief));
    config["cluster-cidr"] = json!(names.cluster_cidr.to_string());
    config["service-cidr"] = json!(names.service_cidr.to_string());
    config["cluster-dns"] = json!(names.service_cidr.nth(10).to_string());
    // The default ingress takes ports 80 and 443 of the host, and the registry needs none.
    config["ingress-controller"] = json!("none");
    if minor(&brief.components.rke2_version) >= 37 {
        // From 1.37 on RKE2 reports to its makers every eight hours unless this is off.
        config["disable"] = json!(["rke2-security-responder"]);
    }
    format!(
        "{MARK} for the site {}. Change the answers, not this file.\n{}",
        brief.site.name,
        template::to_yaml(&config)
    )
}

fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|m| m.parse().ok()).unwrap_or_default()
}

/// What is reached without the proxy: the cluster's own networks, the node, and the answers' list.
pub fn no_proxy(brief: &Brief) -> Vec<String> {
    let names = &brief.site.names;
    let mut list = vec!["127.0.0.0/8".to_owned(), "localhost".into(), ".svc".into(), ".cluster.local".into()];
    list.extend([names.cluster_cidr.to_string(), names.service_cidr.to_string()]);
    list.extend(sans(brief));
    list.extend(brief.site.supply.proxy.iter().flat_map(|p| p.no_proxy.iter().cloned()));
    list
}

/// The environment of RKE2's unit, which containerd inherits: the site's proxy, and its CA. RKE2 and
/// containerd are Go programs, which trust what lies in the directories of `SSL_CERT_DIR` beside the
/// system's own bundle (crypto/x509 `root_unix.go`); a `ca_file` in registries.yaml would have to be
/// repeated for every registry.
fn environment_text(brief: &Brief) -> Option<String> {
    let supply = &brief.site.supply;
    let mut lines = Vec::new();
    if let Some(proxy) = &supply.proxy {
        let (url, none) = (&proxy.url, no_proxy(brief).join(","));
        lines.extend([format!("HTTP_PROXY={url}"), format!("HTTPS_PROXY={url}"), format!("NO_PROXY={none}")]);
    }
    if supply.extra_ca.is_some() {
        lines.push(format!("SSL_CERT_DIR={SYSTEM_CA_DIR}:{EXTRA_CA_DIR}"));
    }
    (!lines.is_empty()).then(|| format!("{MARK} for the site {}.\n{}\n", brief.site.name, lines.join("\n")))
}

/// Everything that RKE2 reads only when it starts, as far as this step writes it.
pub fn read_at_start(brief: &Brief) -> Vec<String> {
    let extra_ca = brief.site.supply.extra_ca.clone();
    [Some(config_text(brief)), environment_text(brief), extra_ca].into_iter().flatten().collect()
}

fn wanted(brief: &Brief) -> Vec<Wanted> {
    let mut files = vec![Wanted { path: CONFIG, mode: 0o600, text: config_text(brief) }];
    if let Some(text) = environment_text(brief) {
        files.push(Wanted { path: ENVIRONMENT, mode: 0o644, text });
    }
    if brief.site.registry.storage == Storage::LocalPath {
        let dir = &brief.site.registry.data_dir;
        let text = format!(
            "{MARK}. Without its disk the registry must not start on an empty directory.\n[Unit]\nRequiresMountsFor={dir}\n"
        );
        files.push(Wanted { path: DROP_IN, mode: 0o644, text });
    }
    if let Some(ca) = &brief.site.supply.extra_ca {
        files.push(Wanted { path: EXTRA_CA, mode: 0o644, text: ca.clone() });
    }
    files
}

/// Writes a text file whole as root's.
pub async fn put(host: &dyn Host, path: &str, mode: u32, text: String) -> Result<(), Failure> {
    let content = Secret::new(text.into_bytes());
    host.write(&FileSpec { path: path.into(), mode, owner: "root:root".into(), content }).await
}

fn change(file: &Wanted, before: Option<String>) -> Change {
    Change::File { path: file.path.into(), mode: format!("{:04o} root", file.mode), before, after: file.text.clone() }
}

fn data_dir(brief: &Brief) -> Option<&str> {
    (brief.site.registry.storage == Storage::LocalPath).then_some(brief.site.registry.data_dir.as_str())
}

fn data_dir_change(dir: &str) -> Change {
    Change::Directory { path: dir.into(), mode: "0700 root".into() }
}

struct Found {
    changes: Changes,
    foreign: Vec<&'static str>,
}

async fn found(cx: &Cx<'_>, host: &dyn Host) -> Result<Found, Failure> {
    let files = wanted(cx.brief);
    let mut looks: Vec<Look> = files.iter().map(|f| Look::file(f.path)).collect();
    looks.extend(data_dir(cx.brief).map(Look::stat));
    let seen = host.look(&looks).await?;
    let mut found = Found { changes: Vec::new(), foreign: Vec::new() };
    for (file, seen) in files.iter().zip(&seen) {
        let before = match seen {
            Seen::File(now) => Some((String::from_utf8_lossy(&now.bytes).into_owned(), now.mode & 0o777)),
            _ => None,
        };
        match before {
            Some((text, mode)) if text == file.text && mode == file.mode => {}
            Some((text, _)) if !text.starts_with(MARK) && file.path != EXTRA_CA && !cx.brief.site.adopt => {
                found.foreign.push(file.path);
            }
            before => found.changes.push(change(file, before.map(|(text, _)| text))),
        }
    }
    if let Some(dir) = data_dir(cx.brief) {
        let good =
            matches!(seen.get(files.len()), Some(Seen::File(f)) if f.is_dir && f.mode & 0o777 == 0o700 && f.uid == 0);
        if !good {
            found.changes.push(data_dir_change(dir));
        }
    }
    Ok(found)
}

#[async_trait]
impl Step for ClusterConfig {
    fn intent(&self, brief: &Brief) -> Changes {
        let files = wanted(brief).iter().map(|file| change(file, None)).collect::<Vec<_>>();
        files.into_iter().chain(data_dir(brief).map(data_dir_change)).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        need_node_ip(cx.brief)?;
        let host = reach!(cx.world.host(host_id(cx)));
        let found = found(cx, &*host).await?;
        if !found.foreign.is_empty() {
            let failure =
                Failure::needs_human(format!("{} is there and was not made by modelquay", found.foreign.join(", ")));
            return Ok(Check::Conflict(failure.help(
                "a cluster that is not ours is never changed; remove it with its own uninstall, or choose another host",
            )));
        }
        Ok(Check::from_changes(found.changes, format!("{CONFIG} is as answered")))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let host = host(cx).await?;
        let found = found(cx, &*host).await?;
        let before: Vec<(String, Value)> = found
            .changes
            .iter()
            .map(|change| match change {
                Change::File { path, before, .. } => (format!("file {path}"), json!(before)),
                other => (format!("directory {}", other.subject()), Value::Null),
            })
            .collect();
        undo::record(&*host, &before).await?;
        let mut dirs = vec!["0755", "root:root", "/etc/rancher/rke2", "0700", "root:root", HOME];
        dirs.extend(["0755", "root:root", "/etc/systemd/system/rke2-server.service.d"]);
        if cx.brief.site.supply.extra_ca.is_some() {
            dirs.extend(["0755", "root:root", EXTRA_CA_DIR]);
        }
        if let Some(dir) = data_dir(cx.brief) {
            dirs.extend(["0700", "root:root", dir]);
        }
        host.run(ScriptId::MakeDirs, &dirs, None).await?.success("make the directories of RKE2")?;
        for file in wanted(cx.brief) {
            if found.changes.iter().any(|c| matches!(c, Change::File { path, .. } if path == file.path)) {
                put(&*host, file.path, file.mode, file.text).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::components::Components;
    use crate::plan::facts::Facts;
    use crate::plan::site::{Proxy, Reach, Site};

    fn brief() -> Brief {
        let site = Site::with_defaults("edge-07".parse().expect("a label"), Reach::Local);
        let components = Components::load(&[], "amd64").expect("the program's own table");
        let facts = Facts::parse(include_bytes!("../../tests/fixtures/facts/ubuntu-24.04.txt"));
        Brief { site, facts, components, credentials_file: None, site_dir: String::new() }
    }

    #[test]
    fn a_ca_of_the_site_reaches_rke2_and_what_it_starts() {
        let mut brief = brief();
        assert_eq!(environment_text(&brief), None);
        let before = read_at_start(&brief);
        brief.site.supply.extra_ca = Some("-----BEGIN CERTIFICATE-----\n".into());
        let text = environment_text(&brief).expect("an environment");
        assert!(text.contains("SSL_CERT_DIR=/etc/ssl/certs:/var/lib/modelquay/ca\n"), "{text}");
        assert!(!text.contains("PROXY"), "{text}");
        assert_eq!(EXTRA_CA.rsplit_once('/').map(|(dir, _)| dir), Some(EXTRA_CA_DIR));
        let with = read_at_start(&brief);
        assert_ne!(before, with, "RKE2 would not be restarted");
        brief.site.supply.extra_ca = Some("another\n".into());
        assert_ne!(with, read_at_start(&brief), "RKE2 would go on with the old CA");
    }

    #[test]
    fn another_proxy_is_a_reason_to_restart() {
        let mut brief = brief();
        let mut seen = Vec::new();
        for url in ["http://a.example:3128", "http://b.example:3128"] {
            brief.site.supply.proxy = Some(Proxy { url: url.into(), no_proxy: vec![".plant.example".into()] });
            let text = environment_text(&brief).expect("an environment");
            assert!(text.contains(&format!("HTTPS_PROXY={url}\n")), "{text}");
            assert!(text.contains(".svc") && text.contains(".plant.example"), "{text}");
            seen.push(read_at_start(&brief));
        }
        assert_ne!(seen[0], seen[1]);
    }
}
