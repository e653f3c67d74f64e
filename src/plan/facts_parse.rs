//! Reading the output of `facts.sh`. The output comes from a host that may be broken or hostile, so
//! the reading is total: whatever it is, facts come out, bounded in size and safe to show.

use super::facts::{Address, ContainerNetwork, Disk, Facts, Leftover, Listener, Rke2Facts, Route, Service};
use crate::base::sanitise;

/// More than any host says; what lies behind is not read.
const MAX_BYTES: usize = 1 << 20;
/// The longest value that is kept.
const MAX_VALUE: usize = 2048;
/// The longest list that is kept.
const MAX_ITEMS: usize = 1024;

impl Facts {
    /// Reads the output of the script. It never fails: a line that makes no sense is kept among the
    /// unknown ones, and [`Facts::complete`] says whether the end was there.
    pub fn parse(output: &[u8]) -> Self {
        let mut facts = Self::default();
        let mut rke2 = Rke2Facts::default();
        let mut rke2_seen = false;
        let output = output.get(..MAX_BYTES).unwrap_or(output);
        for line in output.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let at = line.iter().position(|b| *b == b'=').unwrap_or(line.len());
            let (key, rest) = line.split_at(at);
            let key = sanitise::line(key, 64);
            let fields: Vec<String> = rest
                .get(1..)
                .unwrap_or_default()
                .split(|b| *b == b'\t')
                .take(8)
                .map(|field| sanitise::line(field, MAX_VALUE))
                .collect();
            let first = fields.first().cloned().unwrap_or_default();
            match key.as_str() {
                "rke2" => rke2_seen = true,
                "rke2_version" => rke2.version = first,
                "rke2_config" => {
                    rke2.config = true;
                    rke2_seen = true;
                }
                "rke2_ours" => rke2.ours = first == "yes",
                _ => {
                    if facts.take(&key, &fields).is_none() && facts.unknown.len() < MAX_ITEMS {
                        facts.unknown.push((key, fields.join(" ")));
                    }
                }
            }
        }
        if let Some(server) = facts.services.iter().find(|s| s.name == "rke2-server") {
            rke2.server.clone_from(&server.active);
            rke2_seen = true;
        }
        if rke2_seen {
            facts.rke2 = Some(rke2);
        }
        facts
    }

    /// Takes one line; `None` where it is not known or makes no sense.
    fn take(&mut self, key: &str, fields: &[String]) -> Option<()> {
        let one = fields.first()?;
        let text = || one.clone();
        let filled = || (!one.is_empty()).then(|| one.clone());
        let yes = one == "yes";
        let known = yes || one == "no";
        match key {
            "os_id" => self.os_id = text(),
            "os_version" => self.os_version = text(),
            "os_name" => self.os_name = text(),
            "kernel" => self.kernel = text(),
            "arch" => self.arch = text(),
            "hostname" => self.hostname = text(),
            "cpus" => self.cpus = Some(one.parse().ok()?),
            "memory" => self.memory = Some(one.parse().ok()?),
            "swap" => self.swap = Some(one.parse().ok()?),
            "boot_id" => self.boot_id = text(),
            "clock_ms" => self.clock_ms = Some(one.parse().ok()?),
            "rtc_s" => self.rtc_s = Some(one.parse().ok()?),
            "rtc_local" => self.rtc_local = yes,
            "ntp" => self.ntp = known.then_some(yes),
            "ntp_service" => self.ntp_service = text(),
            "systemd" => self.systemd = yes,
            "cgroup" => self.cgroup = Some(one.parse().ok()?),
            "addresses_known" => self.addresses_known = yes,
            "listening_known" => self.listening_known = yes,
            "default_interface" => self.default_interface = filled(),
            "default_interface6" => self.default_interface6 = filled(),
            "default_route_persistent" => self.default_route_persistent = known.then_some(yes),
            "dynamic_address" => self.dynamic_address = known.then_some(yes),
            "route_manager" => {
                self.route_manager = text();
                self.route_file = fields.get(1).cloned().unwrap_or_default();
            }
            "data_dir_real" => self.data_dir_real = filled(),
            // The last one stands: a directory is called so before it is found to hold something.
            "data_dir_state" => self.data_dir_state = text(),
            "ufw" => self.ufw = text(),
            "ufw_forward" => self.ufw_forward = text(),
            "network_manager_ignores_cni" => self.network_manager_ignores_cni = known.then_some(yes),
            "apparmor_kernel" => self.apparmor_kernel = yes,
            "apparmor_parser" => self.apparmor_parser = yes,
            "selinux" => self.selinux = text(),
            "usr_local" => {
                self.usr_local_apart = true;
                self.usr_local = text();
            }
            "inotify_instances" => self.inotify_instances = Some(one.parse().ok()?),
            "inotify_watches" => self.inotify_watches = Some(one.parse().ok()?),
            // Several settings are possible; one is enough to warn of.
            "sudo_io_log" => self.sudo_io_log = filled(),
            "sudo_user" => self.sudo_user = filled(),
            "ssh_peer" => self.ssh_peer = filled(),
            "nvidia_driver" => self.nvidia_driver = filled(),
            // dpkg's locks are taken together; the first says enough.
            "apt_lock" => {
                self.apt_locked_by.get_or_insert_with(|| apt_lock(fields));
            }
            "end" => self.complete = one == "1",
            _ => return self.take_item(key, fields),
        }
        Some(())
    }

    /// Takes an item of a list.
    fn take_item(&mut self, key: &str, fields: &[String]) -> Option<()> {
        let text = |n: usize| fields.get(n).cloned().unwrap_or_default();
        let one = text(0);
        match key {
            "resolver" => push(&mut self.resolvers, one),
            "ufw_rule" => push(&mut self.ufw_rules, one),
            "missing_program" => push(&mut self.missing_programs, one),
            "proxy" => push(&mut self.proxy_environment, fields.join(": ")),
            "sshd" => push(&mut self.sshd, (one, text(1))),
            "gpu" => push(&mut self.gpus, fields.join(" ")),
            "leftover" => push(&mut self.leftovers, Leftover { of: one, path: text(1) }),
            "container_network" => {
                push(&mut self.container_networks, ContainerNetwork { owner: one, network: text(1), source: text(2) });
            }
            "service" => {
                match one.as_str() {
                    "firewalld" => self.firewalld = text(1),
                    "NetworkManager" => self.network_manager = text(1),
                    _ => {}
                }
                push(&mut self.services, Service { name: one, active: text(1), enabled: text(2) });
            }
            "address" => {
                let (ip, bits) = (text(1).parse().ok()?, text(2).parse().ok()?);
                push(&mut self.addresses, Address { interface: one, ip, bits, dynamic: text(3) == "dynamic" });
            }
            "route" => push(&mut self.routes, Route { to: one, interface: text(1), gateway: text(2).parse().ok() }),
            "listen" => {
                let listener = Listener { port: one.parse().ok()?, address: text(1), program: text(2) };
                push(&mut self.listening, listener);
            }
            "disk" => {
                let (size, free) = (text(4).parse().ok()?, text(5).parse().ok()?);
                let (mount, device, kind, options) = (text(1), text(2), text(3), text(6));
                push(&mut self.disks, Disk { path: one, mount, device, kind, size, free, options });
            }
            _ => return None,
        }
        Some(())
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MAX_ITEMS {
        list.push(item);
    }
}

fn apt_lock(fields: &[String]) -> String {
    let [path, process, program] = [0, 1, 2].map(|n| fields.get(n).map_or("", String::as_str));
    let program = if program.is_empty() { "a program" } else { program };
    format!("{program} (process {process}) holds {path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UBUNTU_2404: &[u8] = include_bytes!("../../tests/fixtures/facts/ubuntu-24.04.txt");
    const UBUNTU_2204: &[u8] = include_bytes!("../../tests/fixtures/facts/ubuntu-22.04.txt");
    const DEBIAN_12: &[u8] = include_bytes!("../../tests/fixtures/facts/debian-12.txt");
    const BAD: &[u8] = include_bytes!("../../tests/fixtures/facts/bad.txt");

    #[test]
    fn hosts_of_each_kind_are_read_without_a_rest() {
        for (bytes, id, version) in
            [(UBUNTU_2204, "ubuntu", "22.04"), (UBUNTU_2404, "ubuntu", "24.04"), (DEBIAN_12, "debian", "12")]
        {
            let facts = Facts::parse(bytes);
            assert_eq!((facts.os_id.as_str(), facts.os_version.as_str()), (id, version));
            assert!(facts.complete && facts.systemd, "{version}");
            assert_eq!(facts.unknown, [], "{version}");
            assert!(facts.default_ip().is_some(), "{version}");
            assert!(facts.disk("/var/lib/modelquay-data").is_some_and(|d| d.free > 0), "{version}");
            assert_eq!(facts.release_arch(), Some("amd64"));
        }
    }

    #[test]
    fn a_bad_host_shows_everything_that_is_bad() {
        let facts = Facts::parse(BAD);
        assert_eq!(facts.selinux, "Enforcing");
        assert_eq!(facts.default_interface, None);
        assert_eq!(facts.ufw, "active");
        assert_eq!(facts.ufw_rules, ["22/tcp ALLOW Anywhere"]);
        assert_eq!(facts.leftovers.len(), 4);
        assert_eq!(
            facts.apt_locked_by.as_deref(),
            Some("unattended-upgr (process 812) holds /var/lib/dpkg/lock-frontend")
        );
        assert!(facts.listening.iter().any(|l| l.port == 6443 && l.program == "k3s-server"));
        assert_eq!(facts.proxy_environment, ["/etc/environment: https_proxy=http://***@proxy.site.example:3128"]);
        assert!(facts.rke2.as_ref().is_some_and(|r| !r.ours && r.version == "v1.33.1+rke2r1"));
        assert_eq!(facts.unknown, [("weather".to_owned(), "rain".to_owned())]);
        assert!(!facts.complete, "its end is missing");
    }

    #[test]
    fn escape_sequences_do_not_pass() {
        let facts = Facts::parse(b"hostname=a\x1b]0;owned\x07b\nlisten=22\t*\tssh\x1b[2Jd\nend=1\n");
        assert_eq!(facts.hostname, "ab");
        assert_eq!(facts.listening[0].program, "sshd");
    }

    proptest! {
        #[test]
        fn any_bytes_give_facts(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = Facts::parse(&bytes);
        }

        #[test]
        fn a_real_output_with_holes_and_noise_gives_facts(cut in 0usize..6000, at in 0usize..6000, noise in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = BAD.to_vec();
            bytes.extend_from_slice(DEBIAN_12);
            let at = at.min(bytes.len());
            bytes.splice(at..at, noise);
            bytes.truncate(bytes.len().saturating_sub(cut));
            let facts = Facts::parse(&bytes);
            prop_assert!(facts.unknown.iter().all(|(k, v)| !k.chars().chain(v.chars()).any(char::is_control)));
        }
    }
}
