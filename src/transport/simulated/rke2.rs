//! RKE2's service on the simulated host: stages over time, the journal's lines, and what
//! `cluster-progress.sh` would say of them.

use super::bad_day::BadDay;
use super::machine::{HOSTNAME, Machine, State};
use crate::ports::host::ServiceState;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The keys of `config.yaml` that the simulated RKE2 takes; another one is a fatal start, as with
/// the real one.
const KEYS: &[&str] = &[
    "advertise-address",
    "bind-address",
    "cluster-cidr",
    "cluster-dns",
    "cluster-domain",
    "cni",
    "data-dir",
    "debug",
    "disable",
    "disable-cloud-controller",
    "embedded-registry",
    "etcd-disable-snapshots",
    "ingress-controller",
    "kube-apiserver-arg",
    "kube-controller-manager-arg",
    "kubelet-arg",
    "node-external-ip",
    "node-ip",
    "node-label",
    "node-name",
    "node-taint",
    "private-registry",
    "profile",
    "selinux",
    "service-cidr",
    "service-node-port-range",
    "system-default-registry",
    "tls-san",
    "tls-san-security",
    "token",
    "write-kubeconfig",
    "write-kubeconfig-group",
    "write-kubeconfig-mode",
];

/// Where the images lie that are imported at the start.
const IMAGES: &str = "/var/lib/rancher/rke2/agent/images";

/// A stage of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Images,
    Etcd,
    Api,
    Active,
    Cni,
    Ready,
}

/// The service.
#[derive(Clone, Debug, Default)]
pub struct Rke2 {
    /// The version that is installed, or empty.
    pub version: String,
    enabled: bool,
    began: Option<u64>,
    failed: Option<String>,
    archives: Vec<(u64, String)>,
    /// The registries that had a mirror when it was started.
    pub mirrors: BTreeSet<String>,
    /// Stages that are still to come, the next one last.
    to_come: Vec<(u64, Stage)>,
    /// Stages that are done, with their times.
    done: Vec<(u64, Stage)>,
    journal: Vec<(u64, String)>,
}

impl Rke2 {
    /// When the next stage is done.
    pub fn next_due(&self) -> Option<u64> {
        self.to_come.last().map(|(at, _)| *at)
    }

    /// What it has written to the journal by now.
    pub fn journal_text(&self, now: u64) -> String {
        let written = self.journal.iter().filter(|(at, _)| *at <= now);
        written.fold(String::new(), |text, (_, line)| text + line + "\n")
    }

    fn reached(&self, stage: Stage) -> bool {
        self.done.iter().any(|(_, s)| *s == stage)
    }

    /// Whether its API answers.
    pub fn is_up(&self, _now: u64) -> bool {
        self.reached(Stage::Api)
    }

    /// Everything is done already: for a cluster that was there before.
    pub fn start_finished(&mut self, version: &str) {
        version.clone_into(&mut self.version);
        self.enabled = true;
        self.began = Some(0);
        self.done =
            [Stage::Images, Stage::Etcd, Stage::Api, Stage::Active, Stage::Cni, Stage::Ready].map(|s| (0, s)).into();
    }

    /// The service as systemd shows it.
    pub fn service(&self, now: u64) -> ServiceState {
        let (active, sub) = match (self.began, &self.failed) {
            (None, _) => ("inactive", "dead"),
            (Some(_), Some(_)) => ("activating", "auto-restart"),
            (Some(_), None) if self.reached(Stage::Active) => ("active", "running"),
            (Some(_), None) => ("activating", "start"),
        };
        // A service that fails is tried again five seconds later, for ever.
        let restarts = match (self.began, &self.failed) {
            (Some(began), Some(_)) => u32::try_from(now.saturating_sub(began) / 6000).unwrap_or(u32::MAX),
            _ => 0,
        };
        let since = self.done.iter().find(|(_, s)| *s == Stage::Active).map(|(at, _)| *at).or(self.began);
        ServiceState {
            active: active.into(),
            sub: sub.into(),
            enabled: if self.enabled { "enabled".into() } else { "disabled".into() },
            restarts,
            since_us: since.unwrap_or_default().saturating_mul(1000).saturating_add(3_600_000_000),
        }
    }

    fn log(&mut self, at: u64, level: &str, text: &str) {
        self.journal.push((at, format!("level={level} msg=\"{text}\"")));
    }
}

impl Machine {
    /// Enables and starts the service, as `start-cluster.sh` does. A running one is left alone by
    /// `start`.
    pub fn start_rke2(&self, s: &mut State, how: &str, now: u64) -> Result<(), String> {
        if !s.files.has("/usr/local/lib/systemd/system/rke2-server.service") {
            return Err("Failed to enable unit: Unit file rke2-server.service does not exist.\n".into());
        }
        s.rke2.enabled = true;
        if how == "start" && s.rke2.began.is_some() && s.rke2.failed.is_none() {
            return Ok(());
        }
        let version = s.rke2.version.clone();
        let was_up = s.rke2.reached(Stage::Ready);
        let mirrors = s.configured_mirrors();
        s.rke2 = Rke2 { version: version.clone(), enabled: true, began: Some(now), mirrors, ..Rke2::default() };
        s.rke2.log(now, "info", &format!("Starting rke2 {version} (simulated)"));
        if let Some(why) = self.fatal(s) {
            s.rke2.log(now, "fatal", &why);
            s.rke2.failed = Some(why);
            return Ok(());
        }
        let slow = if self.bad(BadDay::SlowStart) { 4 } else { 1 };
        let mut at = now + 1000;
        let archives: Vec<String> = s.files.in_dir(IMAGES).filter(|p| p.contains(".tar.")).map(str::to_owned).collect();
        if archives.is_empty() {
            s.rke2.log(
                at,
                "info",
                &format!("Pulling runtime image index.docker.io/rancher/rke2-runtime:{}", version.replace('+', "-")),
            );
            at += if was_up { 1000 } else { 30_000 * slow };
        }
        for path in archives {
            s.rke2.log(at, "info", &format!("Importing images from {path}"));
            at += if was_up { 500 } else { 12_000 * slow };
            s.rke2.log(at, "info", &format!("Imported images from {path} in 12s"));
            s.rke2.archives.push((at, path));
        }
        for name in ["containerd", "kubectl", "kubelet", "ctr"] {
            s.rke2.log(
                at,
                "info",
                &format!("Extracting file bin/{name} to /var/lib/rancher/rke2/data/{version}/bin/{name}"),
            );
        }
        let mut to_come = vec![(at, Stage::Images)];
        for (ms, stage) in [
            (9_000, Stage::Etcd),
            (11_000, Stage::Api),
            (4_000, Stage::Active),
            (10_000, Stage::Cni),
            (6_000, Stage::Ready),
        ] {
            at += ms * slow;
            to_come.push((at, stage));
        }
        to_come.reverse();
        s.rke2.to_come = to_come;
        Ok(())
    }

    /// Why the service cannot start, where it cannot.
    fn fatal(&self, s: &State) -> Option<String> {
        if self.bad(BadDay::NoDefaultRoute) {
            return Some("no default routes found in \\\"/proc/net/route\\\" or \\\"/proc/net/ipv6_route\\\"".into());
        }
        let config = s.files.text("/etc/rancher/rke2/config.yaml").unwrap_or_default();
        let keys = config.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()));
        let mut keys = keys.filter_map(|l| l.split_once(':')).map(|(key, _)| key.trim_end_matches('+'));
        keys.find(|key| !KEYS.contains(key)).map(|key| format!("flag provided but not defined: -{key}"))
    }

    /// Plays the next stage of the start.
    pub fn rke2_stage(&self, s: &mut State, now: u64) {
        let Some((at, stage)) = s.rke2.to_come.pop() else { return };
        s.rke2.done.push((at, stage));
        match stage {
            Stage::Images => {
                for name in ["kubectl", "crictl", "ctr"] {
                    s.files.put(&format!("/var/lib/rancher/rke2/bin/{name}"), 0o755, (0, 0), "simulated\n");
                }
                s.rke2.log(at, "info", "Running kube-apiserver --etcd-servers=https://127.0.0.1:2379");
                s.rke2.log(at, "info", "Waiting for API server to become available");
                s.rke2.log(
                    at,
                    "warning",
                    "Failed to test etcd connection: dial tcp 127.0.0.1:2379: connect: connection refused",
                );
            }
            Stage::Etcd => s.rke2.log(at, "info", "etcd data store connection OK"),
            Stage::Api => {
                s.rke2.log(at, "info", "Kube API server is now running");
                let ca = self.ca.pem().to_owned();
                s.files.put("/var/lib/rancher/rke2/server/tls/server-ca.crt", 0o644, (0, 0), ca);
                s.files.put("/var/lib/rancher/rke2/server/node-token", 0o600, (0, 0), "simulated\n");
                let text = "# A simulated kubeconfig: no key is in it.\napiVersion: v1\nkind: Config\n";
                s.files.put("/etc/rancher/rke2/rke2.yaml", 0o600, (0, 0), text);
                self.first_objects(s, now);
            }
            Stage::Active => s.rke2.log(at, "info", "rke2 is up and running"),
            Stage::Cni => s.files.put("/etc/cni/net.d/10-canal.conflist", 0o600, (0, 0), "{}\n"),
            Stage::Ready => {
                s.rke2.log(at, "info", &format!("Node {HOSTNAME} is Ready"));
                self.node_ready(s, now);
            }
        }
    }

    /// The output of `cluster-progress.sh` from a cursor on.
    pub fn progress_text(&self, s: &State, cursor: &str, now: u64) -> String {
        let r = &s.rke2;
        let service = r.service(now);
        let mut out = String::new();
        let mut say = |key: &str, value: &str| {
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{key}={value}");
        };
        say("service", &format!("{} {}", service.active, service.sub));
        say("restarts", &service.restarts.to_string());
        say("result", if r.failed.is_some() { "exit-code" } else { "success" });
        say("since_us", &service.since_us.to_string());
        say("status", if r.failed.is_some() { "1" } else { "0" });
        let done = r.archives.iter().filter(|(at, _)| *at <= now).count();
        let there = s.files.in_dir(IMAGES).filter(|p| p.contains(".tar.")).count();
        say("archives", &there.to_string());
        if r.began.is_some() {
            say("archives_done", &done.to_string());
            if there == 0 && !r.reached(Stage::Images) {
                say("pulling", &format!("rancher/rke2-runtime:{}", r.version.replace('+', "-")));
            }
            say("images", &(done * 17 + usize::from(r.reached(Stage::Images)) * 2).to_string());
        }
        say("etcd", if r.reached(Stage::Etcd) { "yes" } else { "no" });
        if r.reached(Stage::Cni) {
            say("cni", "/etc/cni/net.d/10-canal.conflist");
        }
        if r.reached(Stage::Etcd) && !r.reached(Stage::Api) {
            say("api_says", "[-]etcd failed: reason withheld");
        }
        say(
            "api",
            if r.reached(Stage::Api) {
                "ready"
            } else if r.reached(Stage::Etcd) {
                "answers"
            } else {
                "no"
            },
        );
        if r.reached(Stage::Api) {
            let node = s.node_name();
            say("node", &format!("{node} {}", if r.reached(Stage::Ready) { "Ready" } else { "NotReady" }));
            if !r.reached(Stage::Ready) {
                say("node_says", "container runtime network not ready: cni plugin not initialized");
            }
            say("pods", if r.reached(Stage::Ready) { "9/9" } else { "4/9" });
        }
        let from: usize = cursor.strip_prefix("simulated-").and_then(|n| n.parse().ok()).unwrap_or(0);
        let written = r.journal.iter().filter(|(at, _)| *at <= now).count();
        for (_, line) in r.journal.iter().take(written).skip(from).take(60) {
            say("log", line);
        }
        say("cursor", &format!("simulated-{}", written.min(from.saturating_add(60))));
        say("end", "1");
        out
    }
}
