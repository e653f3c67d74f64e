//! What makes each row warn or fail, and the words that then name what was seen.

use super::*;

/// What is done to the good host, and how the row then ends.
pub(super) type Trigger = (Row, Verdict, &'static str, fn(&mut Case));

pub(super) const TRIGGERS: &[Trigger] = &[
    (Row::Facts, Verdict::Fail, "cut off", |c| c.facts.complete = false),
    (Row::System, Verdict::Fail, "not supported", |c| c.facts.os_version = "20.04".into()),
    (Row::System, Verdict::Warn, "does not have it yet", |c| c.facts.os_version = "26.04".into()),
    (Row::Architecture, Verdict::Fail, "riscv64", |c| c.facts.arch = "riscv64".into()),
    (Row::Systemd, Verdict::Fail, "does not run", |c| c.facts.systemd = false),
    (Row::Hostname, Verdict::Fail, "edge_07", |c| c.facts.hostname = "Edge_07".into()),
    (Row::Hostname, Verdict::Fail, "localhost", |c| c.facts.hostname = "localhost".into()),
    (Row::Cpu, Verdict::Fail, "1 core", |c| c.facts.cpus = Some(1)),
    (Row::Cpu, Verdict::Warn, "2 cores", |c| c.facts.cpus = Some(2)),
    (Row::Memory, Verdict::Fail, "2.0 GiB", |c| c.facts.memory = Some(2 << 30)),
    (Row::Memory, Verdict::Warn, "4.0 GiB", |c| c.facts.memory = Some(4 << 30)),
    (Row::Swap, Verdict::Warn, "1.0 GiB of swap", |c| c.facts.swap = Some(1 << 30)),
    (Row::Cgroup, Verdict::Warn, "version 1", |c| c.facts.cgroup = Some(1)),
    (Row::Programs, Verdict::Warn, "iptables", |c| c.facts.missing_programs = vec!["iptables".into()]),
    (Row::Programs, Verdict::Fail, "systemd-run", |c| c.facts.missing_programs = vec!["systemd-run".into()]),
    (Row::Apparmor, Verdict::Warn, "apparmor_parser", |c| c.facts.apparmor_parser = false),
    (Row::Selinux, Verdict::Fail, "enforcing", |c| c.facts.selinux = "Enforcing".into()),
    (Row::Inotify, Verdict::Warn, "128 instances", |c| c.facts.inotify_instances = Some(128)),
    (Row::UsrLocal, Verdict::Warn, "/dev/sdb1", |c| {
        c.facts.usr_local_apart = true;
        c.facts.usr_local = "/dev/sdb1 (ext4)".into();
    }),
    (Row::AptLock, Verdict::Warn, "unattended-upgr", |c| {
        c.facts.apt_locked_by = Some("unattended-upgr holds it".into());
    }),
    (Row::ClusterSpace, Verdict::Fail, "1.0 GiB", |c| c.facts.disks[1].free = 1 << 30),
    (Row::ClusterSpace, Verdict::Warn, "8.0 GiB", |c| c.facts.disks[1].free = 8 << 30),
    (Row::Ephemeral, Verdict::Fail, "400 MiB", |c| c.facts.disks[2].free = 400 << 20),
    (Row::Ephemeral, Verdict::Fail, "drives pods out", |c| c.facts.disks[2].free = 2 << 30),
    (Row::DataDirectory, Verdict::Fail, "under /var/lib/rancher", |c| {
        c.site.registry.data_dir = "/var/lib/rancher/models".into();
    }),
    (Row::DataDirectory, Verdict::Fail, "under /var/lib/kubelet", |c| {
        c.facts.data_dir_real = Some("/var/lib/kubelet/x".into());
    }),
    (Row::DataDirectory, Verdict::Fail, "plain absolute", |c| c.site.registry.data_dir = "/srv/../etc".into()),
    (Row::DataDirectory, Verdict::Fail, "no directory", |c| c.facts.data_dir_state = "other".into()),
    (Row::DataDirectory, Verdict::Fail, "tmpfs", |c| c.facts.disks[0].kind = "tmpfs".into()),
    (Row::DataDirectory, Verdict::Warn, "nfs4", |c| c.facts.disks[0].kind = "nfs4".into()),
    (Row::DataDirectory, Verdict::Warn, "not empty", |c| c.facts.data_dir_state = "not-empty".into()),
    (Row::DataSpace, Verdict::Fail, "1.0 GiB", |c| c.facts.disks[0].free = 1 << 30),
    (Row::DataSpace, Verdict::Warn, "10.0 GiB", |c| c.facts.disks[0].free = 10 << 30),
    (Row::Mounts, Verdict::Fail, "read-only", |c| c.facts.disks[0].options = "ro,relatime".into()),
    (Row::Mounts, Verdict::Fail, "noexec", |c| c.facts.disks[1].options = "rw,noexec".into()),
    (Row::DiskSync, Verdict::Warn, "35.0 ms", |c| set_sync(c, 35_000)),
    (Row::DiskSync, Verdict::Fail, "180.0 ms", |c| set_sync(c, 180_000)),
    (Row::DiskSync, Verdict::Warn, "read-only", |c| c.asked.sync = Some(Err("read-only file system".into()))),
    (Row::Ipv4, Verdict::Fail, "no IPv4", |c| c.facts.addresses.retain(|a| a.ip.is_loopback())),
    (Row::Ipv4, Verdict::Fail, "192.168.7.99", |c| c.site.names.node_ip = "192.168.7.99".parse().ok()),
    (Row::DefaultRoute, Verdict::Fail, "refuses", |c| c.facts.default_interface = None),
    (Row::DefaultRoute, Verdict::Warn, "IPv6", |c| {
        c.facts.default_interface = None;
        c.facts.default_interface6 = Some("eth0".into());
    }),
    (Row::RoutePersistence, Verdict::Warn, "after a reboot", |c| c.facts.default_route_persistent = Some(false)),
    (Row::RoutePersistence, Verdict::Warn, "may be gone", |c| c.facts.default_route_persistent = None),
    (Row::DynamicAddress, Verdict::Warn, "192.168.7.41", |c| c.facts.dynamic_address = Some(true)),
    (Row::Ports, Verdict::Fail, "6443 (Kubernetes API) by haproxy", |c| {
        c.facts.listening.push(listener(6443, "haproxy"));
    }),
    (Row::Ports, Verdict::Fail, "2381", |c| c.facts.listening.push(listener(2381, ""))),
    (Row::Ports, Verdict::Fail, "30900 (registry) by nginx", |c| {
        c.make_ours();
        c.facts.listening.push(listener(30_900, "nginx"));
    }),
    (Row::Ufw, Verdict::Fail, "hang", |c| c.facts.ufw = "active".into()),
    (Row::Ufw, Verdict::Warn, "30900", |c| {
        c.facts.ufw = "active".into();
        c.facts.ufw_rules = ["6443/tcp ALLOW Anywhere", "Anywhere ALLOW 10.42.0.0/16", "Anywhere ALLOW 10.43.0.0/16"]
            .map(Into::into)
            .into();
    }),
    (Row::Firewalld, Verdict::Fail, "active", |c| c.facts.firewalld = "active".into()),
    (Row::NetworkManager, Verdict::Warn, "take over", |c| {
        c.facts.network_manager = "active".into();
        c.facts.network_manager_ignores_cni = Some(false);
    }),
    (Row::NetworkManager, Verdict::Warn, "nm-cloud-setup", |c| c.facts.services.push(service("nm-cloud-setup.timer"))),
    (Row::Ranges, Verdict::Fail, "10.42.7.0/24", |c| c.facts.routes.push(route("10.42.7.0/24", "eth1", None))),
    (Row::Ranges, Verdict::Warn, "10.0.0.0/8", |c| c.facts.routes.push(route("10.0.0.0/8", "tun0", Some("10.8.0.1")))),
    (Row::Ranges, Verdict::Fail, "name server 10.43.0.53", |c| c.facts.resolvers.push("10.43.0.53".into())),
    (Row::Ranges, Verdict::Fail, "would be cut", |c| c.facts.ssh_peer = Some("10.42.3.4".into())),
    (Row::Ranges, Verdict::Fail, "the proxy 10.43.1.1", |c| {
        c.site.supply.proxy = Some(Proxy { url: "http://10.43.1.1:3128".into(), no_proxy: vec![] });
    }),
    (Row::Ranges, Verdict::Fail, "overlap", |c| c.site.names.service_cidr = c.site.names.cluster_cidr),
    (Row::ContainerNetworks, Verdict::Fail, "podman", |c| {
        c.facts.container_networks.push(ContainerNetwork {
            owner: "podman".into(),
            network: "10.42.128.1/20".into(),
            source: "wide.json".into(),
        });
    }),
    (Row::Proxy, Verdict::Warn, "proxy.site.example", |c| {
        c.facts.proxy_environment = vec!["/etc/environment: https_proxy=http://proxy.site.example:3128".into()];
    }),
    (Row::Clock, Verdict::Fail, "10 min 0 s ahead", |c| c.operator_ms = c.facts.clock_ms.unwrap_or(0) - 600_000),
    (Row::Clock, Verdict::Fail, "10 min 0 s behind", |c| c.operator_ms = c.facts.clock_ms.unwrap_or(0) + 600_000),
    (Row::Clock, Verdict::Warn, "90.0 s", |c| c.operator_ms = c.facts.clock_ms.unwrap_or(0) - 90_000),
    (Row::Clock, Verdict::Warn, "could not be read", |c| c.facts.clock_ms = None),
    (Row::Ntp, Verdict::Warn, "nothing sets", |c| {
        c.facts.ntp = Some(false);
        c.facts.ntp_service = "none".into();
    }),
    (Row::Ntp, Verdict::Warn, "has not reached", |c| c.facts.ntp = Some(false)),
    (Row::Rtc, Verdict::Warn, "power cut", |c| c.facts.rtc_s = Some(1_700_000_000)),
    (Row::Rtc, Verdict::Warn, "local time", |c| c.facts.rtc_local = true),
    (Row::SudoLogging, Verdict::Warn, "log_output", |c| c.facts.sudo_io_log = Some("Defaults log_output".into())),
    (Row::SshForwarding, Verdict::Fail, "AllowTcpForwarding no", |c| set_sshd(c, "allowtcpforwarding", "no")),
    (Row::SshForwarding, Verdict::Fail, "AllowTcpForwarding remote", |c| set_sshd(c, "allowtcpforwarding", "remote")),
    (Row::SshForwarding, Verdict::Fail, "DisableForwarding", |c| set_sshd(c, "disableforwarding", "yes")),
    (Row::SshForwarding, Verdict::Warn, "127.0.0.1:80", |c| set_sshd(c, "permitopen", "127.0.0.1:80")),
    (Row::SshSessions, Verdict::Fail, "MaxSessions 2", |c| set_sshd(c, "maxsessions", "2")),
    (Row::Gpu, Verdict::Fail, "none is on", |c| c.site.compute = Compute::Gpu),
    (Row::Leftovers, Verdict::Fail, "another cluster runs here: k3s", |c| c.facts.services.push(service("k3s"))),
    (Row::Leftovers, Verdict::Fail, "/var/lib/rancher/k3s", |c| {
        c.facts.leftovers.push(leftover("k3s", "/var/lib/rancher/k3s"));
    }),
    (Row::Leftovers, Verdict::Fail, "microk8s", |c| c.facts.leftovers.push(leftover("microk8s", "/snap/microk8s"))),
    (Row::Leftovers, Verdict::Warn, "flannel.1", |c| {
        c.facts.leftovers.push(leftover("interface", "/sys/class/net/flannel.1"));
    }),
    (Row::ForeignRke2, Verdict::Fail, "not made by this program", |c| {
        c.make_ours();
        c.facts.rke2.as_mut().expect("just made").ours = false;
    }),
    (Row::ForeignRke2, Verdict::Warn, "adopted", |c| {
        c.make_ours();
        c.facts.rke2.as_mut().expect("just made").ours = false;
        c.site.adopt = true;
    }),
    (Row::ForeignRke2, Verdict::Fail, "left behind", |c| {
        c.facts.leftovers.push(leftover("rke2", "/var/lib/rancher/rke2/server"));
    }),
    (Row::Source, Verdict::Fail, "404", |c| c.answers(Wanted::File(FileId::OperatorChart)).1[0] = dead(0, 404)),
    (Row::Source, Verdict::Fail, "name servers", |c| c.answers(Wanted::File(FileId::Package)).1[0] = dead(6, 0)),
    (Row::Source, Verdict::Fail, "certificate", |c| c.answers(Wanted::File(FileId::Package)).1[0] = dead(60, 0)),
    (Row::Source, Verdict::Warn, "no curl", |c| c.answers(Wanted::File(FileId::Package)).1[0] = dead(127, 0)),
    (Row::Image, Verdict::Fail, "401: it wants a login", |c| {
        c.answers(Wanted::Image(ImageId::Operator)).1[0] = dead(0, 401);
    }),
    (Row::Image, Verdict::Fail, "429", |c| c.answers(Wanted::Image(ImageId::Registry)).1[0] = dead(0, 429)),
    (Row::Image, Verdict::Fail, "another digest", |c| {
        let answer = c.answers(Wanted::Image(ImageId::Registry)).1[0].as_mut().expect("it answered");
        answer.digest = Some(format!("sha256:{}", "c".repeat(64)));
    }),
];

fn set_sync(case: &mut Case, median_us: u64) {
    case.asked.sync = Some(Ok(DiskSync { median_us, longest_us: median_us, directory: "/var/lib".into() }));
}

fn set_sshd(case: &mut Case, name: &str, value: &str) {
    case.facts.sshd.retain(|(key, _)| key != name);
    case.facts.sshd.push((name.into(), value.into()));
}

#[test]
fn each_row_can_be_triggered_and_names_what_it_saw() {
    for (row, verdict, words, change) in TRIGGERS {
        let mut case = good();
        change(&mut case);
        let finding = case.row(*row);
        assert_eq!(finding.verdict, *verdict, "{words}: {finding:?}");
        assert!(finding.evidence.contains(words), "{words:?} is not in {finding:?}");
        if *verdict == Verdict::Fail {
            assert!(finding.fix.is_some_and(|fix| !fix.text.is_empty() && !fix.by_install), "{row:?} names no way out");
        }
    }
    let untested: Vec<&Row> = Row::ALL.iter().filter(|row| !TRIGGERS.iter().any(|(r, ..)| r == *row)).collect();
    assert_eq!(untested, Vec::<&Row>::new(), "rows without a case");
}

#[test]
fn the_setting_that_counts_is_the_one_that_is_to_be_changed() {
    for (setting, value, instead) in
        [("disableforwarding", "yes", "DisableForwarding no"), ("allowtcpforwarding", "no", "AllowTcpForwarding local")]
    {
        let mut case = good();
        set_sshd(&mut case, setting, value);
        assert!(case.row(Row::SshForwarding).fix.expect("it can be mended").text.starts_with(instead), "{setting}");
    }
}
