//! What `facts.sh`, `disk-sync.sh` and `ask-sources.sh` would print on the simulated host.

use super::bad_day::BadDay;
use super::depot;
use super::machine::{HOSTNAME, Machine, NODE_IP, State};
use std::fmt::Write as _;

/// The boot of the simulated host.
const BOOT: &str = "5a1a7ed0-6d6f-4465-a171-7561792d626f";
/// How large its disk is.
const DISK: u64 = 256_060_514_304;

impl Machine {
    /// The output of `facts.sh` with this data directory.
    pub fn facts_text(&self, s: &State, data_dir: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut say = |key: &str, fields: &[&str]| lines.push(format!("{key}={}", fields.join("\t")));
        let behind = if self.bad(BadDay::ClockOff) { 600_000 } else { 0 };
        let clock = self.clock.now_ms().saturating_sub(behind);
        say("clock_ms", &[&clock.to_string()]);
        say("rtc_s", &[&(clock / 1000).to_string()]);
        for (key, value) in [
            ("os_id", "ubuntu"),
            ("os_version", "24.04"),
            ("os_name", "Ubuntu 24.04.3 LTS (simulated)"),
            ("kernel", "6.8.0-85-generic"),
            ("arch", "x86_64"),
            ("hostname", HOSTNAME),
            ("cpus", "8"),
            ("boot_id", BOOT),
            ("memory", "33400000512"),
            ("swap", "0"),
            ("systemd", "yes"),
        ] {
            say(key, &[value]);
        }
        let setting = |name: &str| s.kernel.get(name).cloned().unwrap_or_default();
        say("inotify_instances", &[&setting("fs.inotify.max_user_instances")]);
        say("inotify_watches", &[&setting("fs.inotify.max_user_watches")]);
        for name in ["ssh", "systemd-networkd", "systemd-timesyncd", "systemd-resolved", "unattended-upgrades"] {
            say("service", &[name, "active", "enabled"]);
        }
        let server = s.rke2.service(self.time.now());
        if s.files.has("/usr/local/bin/rke2") {
            say("service", &["rke2-server", &server.active, &server.enabled]);
        }
        say("ntp_service", &["systemd-timesyncd"]);
        say("ntp", &[if behind == 0 { "yes" } else { "no" }]);
        say("cgroup", &["2"]);
        let free = if self.bad(BadDay::DiskFull) { 3 << 30 } else { 198_000_000_000u64 };
        for place in [data_dir, "/var/lib/rancher", "/var/lib/kubelet", "/var/lib/modelquay", "/usr/local", "/var/log"]
        {
            say("disk", &[place, "/", "/dev/nvme0n1p2", "ext4", &DISK.to_string(), &free.to_string(), "rw,relatime"]);
        }
        say("data_dir_real", &[data_dir]);
        say("data_dir_state", &[if s.files.has(data_dir) { "directory" } else { "absent" }]);
        let routed = !self.bad(BadDay::NoDefaultRoute);
        if routed {
            say("default_interface", &["enp1s0"]);
        }
        say("addresses_known", &["yes"]);
        say("address", &["lo", "127.0.0.1", "8", "static"]);
        say("address", &["enp1s0", &NODE_IP.to_string(), "24", "static"]);
        if routed {
            say("route", &["default", "enp1s0", "192.0.2.1", "100"]);
        }
        say("route", &["192.0.2.0/24", "enp1s0", "", "100"]);
        if routed {
            say("route_manager", &["networkd", "/run/systemd/network/10-netplan-enp1s0.network"]);
            say("default_route_persistent", &["yes"]);
            say("dynamic_address", &["no"]);
        }
        say("resolver", &["127.0.0.53"]);
        say("resolver", &["192.0.2.1"]);
        say("listen", &["22", "0.0.0.0", "sshd"]);
        say("listen", &["53", "127.0.0.53%lo", "systemd-resolve"]);
        if self.bad(BadDay::PortTaken) {
            say("listen", &["6443", "0.0.0.0", "haproxy"]);
        }
        if s.rke2.is_up(self.time.now()) {
            for (port, address, program) in [
                ("6443", "[::]", "kube-apiserver"),
                ("9345", "[::]", "rke2"),
                ("10250", "[::]", "kubelet"),
                ("2379", "127.0.0.1", "etcd"),
            ] {
                say("listen", &[port, address, program]);
            }
        }
        say("listening_known", &["yes"]);
        say("ufw", &[if self.bad(BadDay::FirewallActive) { "active" } else { "inactive" }]);
        if self.bad(BadDay::FirewallActive) {
            say("ufw_rule", &["22/tcp ALLOW Anywhere"]);
            say("ufw_forward", &["DROP"]);
        }
        say("apparmor_kernel", &["yes"]);
        if s.programs.contains("apparmor_parser") {
            say("apparmor_parser", &["yes"]);
        }
        for path in ["/usr/local/bin/k3s", "/etc/systemd/system/k3s.service"] {
            if s.files.has(path) {
                say("leftover", &["k3s", path]);
            }
        }
        for path in ["/usr/local/bin/rke2", "/etc/rancher/rke2/config.yaml"] {
            if s.files.has(path) {
                say("leftover", &["rke2", path]);
            }
        }
        if s.files.has("/usr/local/bin/rke2") {
            say("rke2", &["/usr/local/bin/rke2"]);
            say("rke2_version", &[&s.rke2.version]);
        }
        if let Some(config) = s.files.text("/etc/rancher/rke2/config.yaml") {
            say("rke2_config", &["yes"]);
            if config.lines().any(|l| l.starts_with('#') && l.contains("modelquay")) {
                say("rke2_ours", &["yes"]);
            }
        }
        say("ssh_peer", &["192.0.2.200"]);
        say("sudo_user", &["tech"]);
        for (name, value) in [
            ("maxsessions", "10"),
            ("allowtcpforwarding", "yes"),
            ("disableforwarding", "no"),
            ("allowstreamlocalforwarding", "yes"),
            ("permitopen", "any"),
        ] {
            say("sshd", &[name, value]);
        }
        say("end", &["1"]);
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    /// The output of `ask-sources.sh` for the lines of its standard input.
    pub fn sources_text(&self, input: &str) -> String {
        let mut out = String::new();
        let mut number = 0;
        for line in input.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (status, size, digest) = match words.as_slice() {
                ["file", url] => (200, depot::serve(url, None).size.to_string(), "-".to_owned()),
                ["image", endpoint, name, at] => {
                    if self.bad(BadDay::RegistryBusy) && endpoint.contains("docker.io") {
                        (429, "-".to_owned(), "-".to_owned())
                    } else {
                        (200, "1609".to_owned(), depot::digest(name, at))
                    }
                }
                _ => continue,
            };
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{number}\t{status}\t{size}\t{digest}\t0\t{}\t", 40 + number * 7);
            number += 1;
        }
        out
    }

    /// The output of `disk-sync.sh`.
    pub fn sync_text(dir: &str) -> String {
        format!("sync_us=1190\nsync_max_us=2840\nsync_count=20\nsync_dir={dir}\n")
    }
}
