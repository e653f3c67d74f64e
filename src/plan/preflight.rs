//! Whether a host can carry the registry: rules over facts, each with its evidence and its fix.
//!
//! The rules are pure. Each looks at one thing and always says something, so that a list of findings
//! shows what was looked at and not only what was wrong. On a host that already carries a cluster of
//! our own, what that cluster brought with it is not held against it: a second run finds nothing new.

mod access;
mod clusters;
mod network;
mod ranges;
mod storage;
mod supply;
mod system;
#[cfg(test)]
mod tests;

use super::asked::Asked;
use super::facts::Facts;
use super::site::Site;
use serde::{Deserialize, Serialize};

macro_rules! rows {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $title:literal;)*) => {
        /// What a rule looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Row { $($(#[$doc])* #[serde(rename = $id)] $variant,)* }

        impl Row {
            /// Every row, in the order in which they are shown.
            pub const ALL: &'static [Row] = &[$(Row::$variant,)*];

            /// Its name in files, which never changes.
            pub const fn id(self) -> &'static str {
                match self { $(Row::$variant => $id,)* }
            }

            /// Its name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Row::$variant => $title,)* }
            }
        }
    };
}

rows! {
    /// Whether the host told everything.
    Facts = "facts", "facts of the host";
    /// Ubuntu 22.04 and 24.04, Debian 12.
    System = "system", "operating system";
    /// amd64 or arm64.
    Architecture = "architecture", "architecture";
    /// systemd runs the host.
    Systemd = "systemd", "systemd";
    /// The name becomes the node's name.
    Hostname = "hostname", "host name";
    /// Cores.
    Cpu = "cpu", "processor";
    /// Memory.
    Memory = "memory", "memory";
    /// Swap.
    Swap = "swap", "swap";
    /// Control groups.
    Cgroup = "cgroup", "control groups";
    /// Programs that RKE2 and this program call.
    Programs = "programs", "programs";
    /// The parser of `AppArmor`.
    Apparmor = "apparmor", "AppArmor";
    /// `SELinux`.
    Selinux = "selinux", "SELinux";
    /// Limits of inotify.
    Inotify = "inotify", "inotify limits";
    /// A stray mount on `/usr/local`.
    UsrLocal = "usr-local", "/usr/local";
    /// The lock of apt.
    AptLock = "apt-lock", "package manager";
    /// Space for RKE2.
    ClusterSpace = "cluster-space", "space for the cluster";
    /// Space for pods.
    Ephemeral = "ephemeral", "space for pods";
    /// Where the data would lie.
    DataDirectory = "data-directory", "data directory";
    /// Space where the data would lie.
    DataSpace = "data-space", "space for the data";
    /// Read-only or noexec mounts.
    Mounts = "mounts", "mount options";
    /// How fast a write reaches the disk.
    DiskSync = "disk-sync", "disk speed";
    /// An IPv4 address.
    Ipv4 = "ipv4", "IPv4 address";
    /// The default route.
    DefaultRoute = "default-route", "default route";
    /// Whether the default route survives a reboot.
    RoutePersistence = "route-persistence", "route after a reboot";
    /// Whether the address may change.
    DynamicAddress = "dynamic-address", "fixed address";
    /// Ports that RKE2 and the registry need.
    Ports = "ports", "ports";
    /// ufw.
    Ufw = "ufw", "ufw";
    /// firewalld.
    Firewalld = "firewalld", "firewalld";
    /// `NetworkManager`.
    NetworkManager = "network-manager", "NetworkManager";
    /// Ranges of pods and services against everything the host reaches.
    Ranges = "ranges", "pod and service ranges";
    /// Ranges against the networks of podman and Docker.
    ContainerNetworks = "container-networks", "container networks";
    /// Proxy settings of the host.
    Proxy = "proxy", "proxy";
    /// The host's clock against this computer's.
    Clock = "clock", "clock";
    /// Whether something keeps the clock right.
    Ntp = "ntp", "clock synchronisation";
    /// The battery clock.
    Rtc = "rtc", "battery clock";
    /// Remains of other clusters.
    Leftovers = "leftovers", "remains of other clusters";
    /// An RKE2 that is not ours.
    ForeignRke2 = "foreign-rke2", "existing RKE2";
    /// sudo's recording of what passes through it.
    SudoLogging = "sudo-logging", "sudo's recording";
    /// Whether sshd lets connections pass.
    SshForwarding = "ssh-forwarding", "forwarding by sshd";
    /// How many sessions sshd allows in a connection.
    SshSessions = "ssh-sessions", "sessions of sshd";
    /// GPUs.
    Gpu = "gpu", "GPU";
    /// A file that the host fetches.
    Source = "source", "source";
    /// An image that the cluster pulls.
    Image = "image", "image";
}

/// How a rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way.
    Pass,
    /// The install can go on; someone should know.
    Warn,
    /// The install would fail, or harm something.
    Fail,
}

/// What would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What to do, with the exact command or answer.
    pub text: String,
    /// Whether it is additive, reversible, cannot cut SSH and does not lower security.
    pub safe: bool,
    /// Whether the install does it by itself.
    pub by_install: bool,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub row: Row,
    /// Which one, where a row has several: the name of a source or image. Else empty.
    pub about: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// What would mend it.
    pub fix: Option<Fix>,
}

impl Finding {
    fn new(row: Row, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self { row, about: String::new(), verdict, evidence: evidence.into(), fix: None }
    }

    fn pass(row: Row, evidence: impl Into<String>) -> Self {
        Self::new(row, Verdict::Pass, evidence)
    }

    fn warn(row: Row, evidence: impl Into<String>) -> Self {
        Self::new(row, Verdict::Warn, evidence)
    }

    fn fail(row: Row, evidence: impl Into<String>) -> Self {
        Self::new(row, Verdict::Fail, evidence)
    }

    /// With something that a person has to do.
    fn fix(mut self, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { text: text.into(), safe: false, by_install: false });
        self
    }

    /// With something that may be done without thought.
    fn safe_fix(mut self, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { text: text.into(), safe: true, by_install: false });
        self
    }

    /// With something that the install does in its host preparation.
    fn mended_by_install(mut self, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { text: text.into(), safe: true, by_install: true });
        self
    }
}

/// Judges a host. `operator_ms` is this computer's clock at the moment of `facts.clock_ms`.
pub fn judge(site: &Site, facts: &Facts, asked: &Asked, operator_ms: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    system::judge(site, facts, &mut findings);
    storage::judge(site, facts, asked, &mut findings);
    network::judge(site, facts, &mut findings);
    ranges::judge(site, facts, &mut findings);
    access::judge(site, facts, operator_ms, &mut findings);
    clusters::judge(site, facts, &mut findings);
    supply::judge(facts, asked, &mut findings);
    findings.sort_by_key(|finding| finding.row);
    findings
}

/// The worst verdict.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Pass)
}
