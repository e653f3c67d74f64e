//! Starting RKE2, opened up into its stages: `systemctl start` would block for minutes and say
//! nothing.

use super::common::{HOME, host, host_id, reach};
use super::config::{put, read_at_start};
use super::registries;
use crate::engine::step::{Brief, Check, Cx, Observed, Stage, Step};
use crate::plan::change::hex;
use crate::plan::site::ImageDelivery;
use crate::plan::{Change, Changes, Failure, WaitSpec};
use crate::ports::{Look, ScriptId, Seen};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The step.
pub struct ClusterStart;

const SERVICE: &str = "rke2-server.service";

/// RKE2's own tests wait up to 7 minutes, slow disks took 20 (rancher/rke2 #536).
const START: WaitSpec = WaitSpec { condition: "the API server", typical: 180, remark: 420, limit: 1500 };

/// How often systemd may have restarted the service before it is called a crash loop.
const CRASHES: u32 = 5;

fn started_path() -> String {
    format!("{HOME}/started")
}

/// Digest of the configuration with which RKE2 was last started.
fn digest(brief: &Brief) -> String {
    let mut sum = Sha256::new();
    for text in read_at_start(brief) {
        sum.update(text);
    }
    sum.update(registries::text(brief).unwrap_or_default());
    hex(&sum.finalize())
}

fn change(action: &str) -> Change {
    Change::Unit { name: SERVICE.into(), action: action.into() }
}

fn looks() -> [Look; 2] {
    [Look::Service { name: SERVICE.into() }, Look::file(started_path())]
}

/// Whether the service runs, and whether it was started with today's configuration.
fn read(seen: &[Seen], digest: &str) -> (String, bool, bool) {
    let (active, enabled) = match seen.first() {
        Some(Seen::Service(service)) => (service.active.clone(), service.enabled == "enabled"),
        _ => (String::new(), false),
    };
    let current = matches!(seen.get(1), Some(Seen::File(f)) if f.text().map(str::trim) == Some(digest));
    (active, enabled, current)
}

#[async_trait]
impl Step for ClusterStart {
    fn intent(&self, _brief: &Brief) -> Changes {
        vec![change("enabled and started"), change("restarted, because its configuration changed")]
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let host = reach!(cx.world.host(host_id(cx)));
        let seen = host.look(&looks()).await?;
        let (active, enabled, current) = read(&seen, &digest(cx.brief));
        Ok(match (active.as_str(), enabled, current) {
            ("active", true, true) => Check::done("rke2-server runs with today's configuration"),
            ("active" | "activating" | "reloading", _, false) => {
                Check::NeedsWork { changes: vec![change("restarted, because its configuration changed")] }
            }
            _ => Check::NeedsWork { changes: vec![change("enabled and started")] },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let host = host(cx).await?;
        let digest = digest(cx.brief);
        let (active, _, current) = read(&host.look(&looks()).await?, &digest);
        let running = matches!(active.as_str(), "active" | "activating" | "reloading");
        // Written first: if the link is lost now, the next look starts it rather than restarting it.
        if !current {
            put(&*host, &started_path(), 0o600, format!("{digest}\n")).await?;
        }
        let verb = if running && !current { "restart" } else { "start" };
        host.run(ScriptId::StartCluster, &[verb], None).await?.success("start RKE2")?;
        let waiter = cx.waiter(START);
        let mut cursor = "-".to_owned();
        let mut restarts = None;
        let mut fatal = None;
        loop {
            let output = host.run(ScriptId::ClusterProgress, &[&cursor], None).await?;
            let text = output.text();
            let seen = Progress::read(&text);
            for line in seen.logs() {
                cx.output.line(cx.id, line.as_bytes());
            }
            if let Some(next) = seen.one("cursor") {
                next.clone_into(&mut cursor);
            }
            cx.stages(seen.stages(cx.brief.site.supply.images));
            if seen.one("service").is_some_and(|s| s.starts_with("active ")) && seen.one("api") == Some("ready") {
                return Ok(());
            }
            let count = seen.one("restarts").and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
            let first = *restarts.get_or_insert(count);
            fatal = seen.fatal().or(fatal);
            if let Some(failure) = seen.hopeless(count.saturating_sub(first), fatal.as_deref()) {
                return Err(failure);
            }
            waiter.saw(seen.observed(), std::future::pending()).await?;
        }
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(START)
    }
}

/// The output of `cluster-progress.sh`.
struct Progress<'t>(BTreeMap<&'t str, Vec<&'t str>>);

impl<'t> Progress<'t> {
    fn read(text: &'t str) -> Self {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            found.entry(key).or_default().push(value);
        }
        Self(found)
    }

    fn one(&self, key: &str) -> Option<&'t str> {
        self.0.get(key)?.first().copied()
    }

    fn logs(&self) -> &[&'t str] {
        self.0.get("log").map_or(&[], Vec::as_slice)
    }

    fn last_words(&self) -> impl Iterator<Item = &'t str> {
        let all = |key: &str| self.0.get(key).cloned().unwrap_or_default();
        all("containerd").into_iter().chain(all("log"))
    }

    fn stages(&self, delivery: ImageDelivery) -> Vec<Stage> {
        let yes = |key: &str, value: &str| self.one(key).is_some_and(|v| v.starts_with(value));
        let images = match delivery {
            ImageDelivery::Tarballs => {
                let (all, done) = (self.one("archives").unwrap_or("?"), self.one("archives_done").unwrap_or("0"));
                Stage { name: "images".into(), note: format!("{done} of {all} archives"), done: Some(all == done) }
            }
            ImageDelivery::Pull => {
                let note = self.one("pulling").map_or_else(
                    || format!("{} there", self.one("images").unwrap_or("0")),
                    |name| format!("pulling {name}"),
                );
                Stage { name: "images".into(), note, done: Some(self.one("pulling").is_none() && yes("etcd", "yes")) }
            }
        };
        let stage = |name: &str, done: bool, begun: bool, note: &str| Stage {
            name: name.into(),
            note: note.into(),
            done: if done { Some(true) } else { begun.then_some(false) },
        };
        let etcd = yes("etcd", "yes");
        let api = yes("api", "ready");
        let node = self.one("node").unwrap_or_default();
        vec![
            images,
            stage("etcd", etcd, self.one("service").is_some_and(|s| s.starts_with("activating")), ""),
            stage("API server", api, etcd, self.one("api_says").unwrap_or_default()),
            stage("network", self.one("cni").is_some(), api, ""),
            stage("node Ready", node.ends_with(" Ready"), api, self.one("node_says").unwrap_or_default()),
        ]
    }

    /// What RKE2 itself said last before it ended. systemd's lines about the end come after it and say
    /// nothing of the cause.
    fn fatal(&self) -> Option<String> {
        let line = self.logs().iter().rev().find(|line| line.contains("level=fatal"))?;
        let said = line.split_once("msg=\"").and_then(|(_, rest)| rest.strip_suffix('"')).unwrap_or(line);
        Some(said.replace("\\\"", "\""))
    }

    /// What makes waiting useless. Restarts are counted from this step's own first look, and `fatal` is
    /// the last word of RKE2's that was seen since then.
    fn hopeless(&self, restarts: u32, fatal: Option<&str>) -> Option<Failure> {
        let known = self.last_words().find_map(known_cause);
        if let Some((message, help)) = known {
            return Some(Failure::permanent(message).help(help));
        }
        if restarts >= CRASHES {
            let failure = Failure::permanent(format!("rke2-server has ended and been restarted {restarts} times"));
            let words: Vec<&str> = self.last_words().collect();
            let failure = match fatal {
                Some(fatal) => failure.because(fatal.to_owned()),
                None => words.iter().rev().take(3).rev().fold(failure, |f, line| f.because((*line).to_owned())),
            };
            return Some(failure.help("look at `journalctl -u rke2-server` on the host"));
        }
        None
    }

    fn observed(&self) -> Observed {
        let service = self.one("service").unwrap_or("not there");
        let api = match (self.one("api"), self.one("api_says")) {
            (Some(state), Some(says)) if !says.is_empty() => format!("{state} ({says})"),
            (Some(state), _) => state.to_owned(),
            (None, _) => "no".into(),
        };
        let value = format!("service {service}, etcd {}, API {api}", self.one("etcd").unwrap_or("no"));
        let guess = self.last_words().find_map(likely_cause).map(str::to_owned);
        Observed { value, guess }
    }
}

/// Lines after which RKE2 does not come up by itself, with what to do: facts from rancher/rke2 #1773,
/// rke2-docs install/airgap.md, Kubernetes' own flag validation.
fn known_cause(line: &str) -> Option<(&'static str, &'static str)> {
    if line.contains("no default routes found") {
        return Some((
            "the host has no default route, and RKE2 does not start without one",
            "give the host a default route, then run resume",
        ));
    }
    if line.contains("\"apparmor_parser\": executable file not found")
        || line.contains("apparmor_parser: executable file not found")
    {
        return Some((
            "apparmor_parser is missing, and containers cannot start",
            "install the package apparmor on the host, then run resume",
        ));
    }
    if line.contains("cluster-signing-cert-file") && line.contains("cannot specify") {
        return Some((
            "the controller manager refuses its signing arguments",
            "remove cluster-signing-cert-file and cluster-signing-key-file from RKE2's configuration",
        ));
    }
    if line.contains("no space left on device") {
        return Some(("the host's disk is full", "make room on the host, then run resume"));
    }
    None
}

/// Lines that explain a wait without ending it.
fn likely_cause(line: &str) -> Option<&'static str> {
    let known: [(&str, &str); 6] = [
        (
            "toomanyrequests",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        (
            "429 Too Many Requests",
            "the image registry answers that too many images were pulled from this address; name a mirror, or wait",
        ),
        (
            "401 Unauthorized",
            "the image registry refuses to give the image without an account; name a mirror that has it",
        ),
        ("too many open files", "inotify instances are used up; raise fs.inotify.max_user_instances"),
        ("i/o timeout", "something on the way does not answer; a firewall or a dead mirror is likely"),
        ("connection refused", "usual while images are imported and etcd comes up"),
    ];
    known.iter().find(|(word, _)| line.contains(word)).map(|(_, guess)| *guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_what_the_host_says() {
        let text = "service=activating start\narchives=2\narchives_done=2\netcd=yes\napi=answers\napi_says=etcd failed\nrestarts=0\n";
        let seen = Progress::read(text);
        let stages = seen.stages(ImageDelivery::Tarballs);
        assert_eq!(
            stages.iter().map(|s| s.done).collect::<Vec<_>>(),
            [Some(true), Some(true), Some(false), None, None]
        );
        assert!(seen.observed().value.contains("API answers (etcd failed)"));
        assert_eq!(seen.hopeless(0, None), None);
        assert!(seen.hopeless(CRASHES, None).is_some());
    }

    #[test]
    fn a_crash_loop_is_explained_by_what_rke2_said_last() {
        let text = "log=time=\"2026-11-24T15:27:05Z\" level=fatal msg=\"flag provided but not defined: -\\\"no\\\"\"\n\
                    log=rke2-server.service: Main process exited, code=exited, status=1/FAILURE\n";
        let seen = Progress::read(text);
        let fatal = seen.fatal();
        let failure = seen.hopeless(CRASHES, fatal.as_deref()).expect("a crash loop");
        assert_eq!(failure.causes, ["flag provided but not defined: -\"no\""]);
        assert_eq!(Progress::read("log=Stopped.\n").fatal(), None);
    }

    #[test]
    fn a_known_cause_ends_the_wait_with_its_fix() {
        let text = "log=fatal: no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\"\n";
        let failure = Progress::read(text).hopeless(0, None).expect("it is known");
        assert!(failure.hint.expect("a fix").contains("default route"));
    }
}
