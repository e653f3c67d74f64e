//! The lab as tests see it: hosts by `labctl`, and the programs of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The sudo password of the user `tech`; tests/lab/README.md names it.
pub const TECH_PASSWORD: &str = "quay-Tech-4711";
/// The login and sudo password of the user `tech2`.
pub const TECH2_PASSWORD: &str = "quay-Tech2-0815";

/// A directory of the lab's cache.
pub fn cache() -> PathBuf {
    PathBuf::from(std::env::var_os("MODELQUAY_LAB_CACHE").expect("tests/lab/run sets it"))
}

fn labctl_path() -> PathBuf {
    PathBuf::from(std::env::var_os("LABCTL").expect("tests/lab/run sets it"))
}

/// Runs labctl; a failure ends the test with what it said.
pub fn labctl(args: &[&str]) -> String {
    let output = Command::new(labctl_path()).args(args).output().expect("labctl can be started");
    assert!(output.status.success(), "labctl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A lab host; it is removed when the test ends, however it ends.
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its address.
    pub ip: String,
    /// How long the depot's account was when it came: addresses are given out again.
    asked_before: usize,
}

impl Host {
    /// A fresh host.
    pub fn fresh(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// A fresh host with further arguments for `host-new`.
    pub fn with(name: &str, args: &[&str]) -> Self {
        // One that an earlier run has left, if any.
        let _ = Command::new(labctl_path()).args(["host-rm", name]).output();
        let mut all = vec!["host-new", name];
        all.extend(args);
        labctl(&all);
        let ip = labctl(&["host-ip", name]).trim().to_owned();
        let asked_before = labctl(&["depot-log"]).lines().count();
        Self { name: name.into(), ip, asked_before }
    }

    /// Runs a shell command inside as root and gives its output; a failure ends the test.
    pub fn sh(&self, script: &str) -> String {
        labctl(&["host-exec", &self.name, "sh", "-c", script])
    }

    /// Writes a file inside, of this user and mode.
    pub fn put(&self, from: &std::path::Path, path: &str, user: &str, mode: &str) {
        let file = fs::File::open(from).expect("the file is there");
        let script = format!("cat > {path} && chown {user}: {path} && chmod {mode} {path}");
        let status =
            Command::new(labctl_path()).args(["host-exec", &self.name, "sh", "-c", &script]).stdin(file).status();
        assert!(status.is_ok_and(|s| s.success()), "{path} cannot be written on {}", self.name);
    }

    /// Whether a shell command inside succeeds.
    pub fn holds(&self, script: &str) -> bool {
        let status = Command::new(labctl_path())
            .args(["host-exec", &self.name, "sh", "-c", script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|s| s.success())
    }

    /// kubectl inside, as root.
    pub fn kubectl(&self, args: &str) -> String {
        self.sh(&format!("/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml {args}"))
    }

    /// How many lines a counter of the stand-ins has.
    pub fn count(&self, counter: &str) -> usize {
        self.sh(&format!("cat /var/lib/lab-count/{counter} 2>/dev/null || true")).lines().count()
    }

    /// A setting of a bad day.
    pub fn bad_day(&self, setting: &str) {
        labctl(&["bad-day", &self.name, setting]);
    }

    /// A switch of the depot for this host alone, as in `("/v2/", "status=401")`; `off` takes it back.
    pub fn depot(&self, prefix: &str, words: &str) {
        let prefix = format!("{}@{prefix}", self.ip);
        let mut args = vec!["depot", prefix.as_str()];
        args.extend(words.split(' '));
        labctl(&args);
    }

    /// All switches of the depot for this host are taken back.
    pub fn depot_off(&self) {
        labctl(&["depot", &format!("{}@", self.ip), "off"]);
    }

    /// What this host has asked of the depot since it stands, one request a line.
    pub fn asked_of_the_depot(&self) -> Vec<String> {
        let whose = format!(" {} ", self.ip);
        let log = labctl(&["depot-log"]);
        log.lines().skip(self.asked_before).filter(|line| line.contains(&whose)).map(str::to_owned).collect()
    }

    /// The fingerprint of its ed25519 key, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        let keys = labctl(&["host-key", &self.name]);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), &keys).expect("it is writable");
        let output = Command::new("ssh-keygen").arg("-lf").arg(file.path()).output().expect("ssh-keygen is there");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|l| l.contains("ED25519")).unwrap_or_default();
        line.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// What the API server's audit log tells of requests that it answered.
    fn audited(&self) -> Vec<serde_json::Value> {
        let log = self.sh("cat /var/lib/rancher/rke2/server/logs/audit*.log");
        let events = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        events.filter(|e| e["stage"] == "ResponseComplete").collect()
    }

    /// Creations of a kind of object that the API server's audit log counts: successful ones.
    pub fn created(&self, resource: &str, name_part: &str) -> usize {
        self.audited()
            .iter()
            .filter(|e| e["verb"] == "create" || e["verb"] == "patch")
            .filter(|e| e["responseStatus"]["code"] == 201)
            .filter(|e| e["objectRef"]["resource"] == resource && e["objectRef"]["subresource"].is_null())
            .filter(|e| e["requestURI"].as_str().is_some_and(|uri| !uri.contains("dryRun")))
            .filter(|e| {
                let name = e["objectRef"]["name"].as_str().unwrap_or_default();
                name.contains(name_part)
            })
            .count()
    }

    /// How often the product has written something through the API server, by its audit log.
    pub fn writes_of_the_product(&self) -> usize {
        let whose =
            |e: &serde_json::Value| e["userAgent"].as_str().is_some_and(|agent| agent.starts_with("modelquay/"));
        self.audited().iter().filter(|e| whose(e) && writes(e)).count()
    }

    /// Leases under which something was asked of the API server, and the most writes that came under an older one after
    /// anything had come under the next, by its audit log.
    pub fn late_writes(&self) -> (usize, usize) {
        let mut requests: Vec<(String, u64, bool)> = self
            .audited()
            .iter()
            .filter_map(|e| {
                let lease = e["userAgent"].as_str()?.strip_prefix("modelquay/")?.split_once("(lease ")?.1;
                let at = e["requestReceivedTimestamp"].as_str()?.to_owned();
                Some((at, lease.trim_end_matches(')').parse().ok()?, writes(e)))
            })
            .collect();
        requests.sort();
        let (mut newest, mut late) = (0, BTreeMap::new());
        for (_, lease, writes) in requests {
            if lease > newest {
                newest = lease;
            }
            *late.entry(lease).or_default() += usize::from(writes && lease < newest);
        }
        (late.len(), late.into_values().max().unwrap_or_default())
    }
}

/// Whether a request that the audit log tells of changes something.
fn writes(event: &serde_json::Value) -> bool {
    ["create", "patch", "update", "delete"].iter().any(|verb| event["verb"] == *verb)
        && event["requestURI"].as_str().is_some_and(|uri| !uri.contains("dryRun"))
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::env::var_os("LAB_KEEP").is_none() || !std::thread::panicking() {
            let _ = Command::new(labctl_path()).args(["depot", &format!("{}@", self.ip), "off"]).status();
            let _ = Command::new(labctl_path()).args(["host-rm", &self.name]).status();
        }
    }
}

/// Waits for a condition, looking four times a second.
#[track_caller]
pub fn wait_until(what: &str, at_most: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    while !holds() {
        assert!(begun.elapsed() < at_most, "waited {at_most:?} for {what}");
        let _ = never.recv_timeout(Duration::from_millis(250));
    }
}

/// Runs a program of this machine and gives its standard output; a failure ends the test.
#[track_caller]
pub fn sh(script: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(script).output().expect("sh is there");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The newest build of a program of the lab.
pub fn program(name: &str) -> PathBuf {
    let pattern = cache().join("bin").join(format!("{name}-*"));
    PathBuf::from(sh(&format!("ls -t {} | head -1", pattern.display())).trim())
}

/// An environment of Python's with these packages from `PyPI`, kept in the cache; gives its `bin`.
pub fn python(name: &str, packages: &str) -> PathBuf {
    let home = cache().join(name);
    let done = home.join("complete");
    if !done.exists() {
        sh(&format!(
            "python3 -m venv {0} && {0}/bin/pip install -q {packages} && touch {1}",
            home.display(),
            done.display()
        ));
    }
    home.join("bin")
}
