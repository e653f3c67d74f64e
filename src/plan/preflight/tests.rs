//! Each row has a case that triggers it and one that does not.

use super::{Finding, Row, Verdict, judge, worst};
use crate::plan::asked::{Answer, Asked, DiskSync, Need, Place, Wanted, needs};
use crate::plan::components::{Components, FileId, ImageId};
use crate::plan::facts::{Address, ContainerNetwork, Facts, Leftover, Listener, Rke2Facts, Route, Service};
use crate::plan::site::{Compute, Mirror, Proxy, Reach, Site, SshReach, Storage};

struct Case {
    site: Site,
    facts: Facts,
    asked: Asked,
    operator_ms: u64,
}

const UBUNTU: &[u8] = include_bytes!("../../../tests/fixtures/facts/ubuntu-24.04.txt");
const OLDER: &[u8] = include_bytes!("../../../tests/fixtures/facts/ubuntu-22.04.txt");
const DEBIAN: &[u8] = include_bytes!("../../../tests/fixtures/facts/debian-12.txt");
const BAD: &[u8] = include_bytes!("../../../tests/fixtures/facts/bad.txt");

/// A host of which every row passes.
fn good() -> Case {
    let ssh = SshReach { destination: "tech@edge-07".into(), ..SshReach::default() };
    let site = Site::with_defaults("edge-07".parse().expect("a name"), Reach::Ssh(ssh));
    let mut facts = Facts::parse(UBUNTU);
    facts.inotify_instances = Some(8192);
    facts.dynamic_address = Some(false);
    facts.addresses.iter_mut().for_each(|a| a.dynamic = false);
    let table = Components::load(&[], "amd64").expect("the built-in table");
    let answer = |place: &Place| {
        let digest = match place {
            Place::Image { at, .. } if at.starts_with("sha256:") => Some(at.clone()),
            Place::Image { .. } => Some(format!("sha256:{}", "b".repeat(64))),
            Place::File { .. } => None,
        };
        Some(Answer { status: 200, digest, size: Some(20_010), took_ms: 80, ..Answer::default() })
    };
    let asked_needs = needs(&site, &table)
        .into_iter()
        .map(|need| {
            let answers = need.places.iter().map(answer).collect();
            (need, answers)
        })
        .collect();
    let sync = DiskSync { median_us: 900, longest_us: 4000, directory: "/var/lib".into() };
    let asked = Asked { sync: Some(Ok(sync)), needs: asked_needs };
    let operator_ms = facts.clock_ms.expect("the fixture has it") + 400;
    Case { site, facts, asked, operator_ms }
}

impl Case {
    fn judge(&self) -> Vec<Finding> {
        judge(&self.site, &self.facts, &self.asked, self.operator_ms)
    }

    /// The worst finding of a row.
    fn row(&self, row: Row) -> Finding {
        self.judge()
            .into_iter()
            .filter(|finding| finding.row == row)
            .max_by_key(|finding| finding.verdict)
            .expect("every row says something")
    }

    fn answers(&mut self, what: Wanted) -> &mut (Need, Vec<Option<Answer>>) {
        self.asked.needs.iter_mut().find(|(need, _)| need.what == what).expect("it is asked for")
    }

    fn make_ours(&mut self) {
        let rke2 = Rke2Facts { version: "v1.36.5+rke2r1".into(), server: "active".into(), config: true, ours: true };
        self.facts.rke2 = Some(rke2);
    }
}

fn address(interface: &str, ip: &str) -> Address {
    Address { interface: interface.into(), ip: ip.parse().expect("an address"), bits: 24, dynamic: false }
}

fn route(to: &str, interface: &str, gateway: Option<&str>) -> Route {
    let gateway = gateway.map(|g| g.parse().expect("an address"));
    Route { to: to.into(), interface: interface.into(), gateway }
}

fn listener(port: u16, program: &str) -> Listener {
    Listener { port, address: "*".into(), program: program.into() }
}

fn service(name: &str) -> Service {
    Service { name: name.into(), active: "active".into(), enabled: "enabled".into() }
}

fn leftover(of: &str, path: &str) -> Leftover {
    Leftover { of: of.into(), path: path.into() }
}

#[expect(clippy::unnecessary_wraps, reason = "it is put where the answer of a place stands")]
fn dead(curl: u16, status: u16) -> Option<Answer> {
    Some(Answer { status, curl, ..Answer::default() })
}

fn mirror() -> Vec<Mirror> {
    vec![Mirror { endpoint: "https://mirror.site.example".into(), rewrite: std::collections::BTreeMap::new() }]
}

#[test]
fn a_good_host_passes_in_every_row() {
    let findings = good().judge();
    for row in Row::ALL {
        let of_row: Vec<&Finding> = findings.iter().filter(|f| f.row == *row).collect();
        assert!(!of_row.is_empty(), "{row:?} says nothing");
        for finding in of_row {
            assert_eq!(finding.verdict, Verdict::Pass, "{finding:?}");
            assert!(!finding.evidence.is_empty(), "{finding:?}");
        }
    }
    assert_eq!(worst(&findings), Verdict::Pass);
}

/// What is done to the good host, and how the row then ends.
type Trigger = (Row, Verdict, &'static str, fn(&mut Case));

const TRIGGERS: &[Trigger] = &[
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
    (Row::Clock, Verdict::Fail, "behind", |c| c.operator_ms += 600_000),
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
fn a_firewall_is_never_a_safe_fix() {
    for (row, _, _, change) in TRIGGERS.iter().filter(|(row, ..)| matches!(row, Row::Ufw | Row::Firewalld)) {
        let mut case = good();
        change(&mut case);
        assert!(case.row(*row).fix.is_some_and(|fix| !fix.safe));
    }
}

#[test]
fn a_dead_source_with_a_living_alternative_is_named_and_not_refused() {
    let mut case = good();
    case.site.supply.mirrors.insert("docker.io".into(), mirror());
    let table = Components::load(&[], "amd64").expect("the built-in table");
    let need =
        needs(&case.site, &table).into_iter().find(|n| n.what == Wanted::Image(ImageId::Registry)).expect("needed");
    assert_eq!(need.places.len(), 2);
    let good_answer = case.answers(Wanted::Image(ImageId::Registry)).1[0].clone();
    *case.answers(Wanted::Image(ImageId::Registry)) = (need.clone(), vec![dead(7, 0), good_answer.clone()]);
    let finding = case.row(Row::Image);
    assert_eq!(finding.verdict, Verdict::Warn, "{finding:?}");
    assert!(finding.evidence.contains("mirror.site.example") && finding.evidence.contains("registry-1.docker.io"));
    assert_eq!(finding.about, "registry");

    // The other way round the mirror answers and the closed registry does not matter.
    *case.answers(Wanted::Image(ImageId::Registry)) = (need, vec![good_answer, dead(0, 401)]);
    assert_eq!(case.row(Row::Image).verdict, Verdict::Pass);
}

#[test]
fn what_our_own_cluster_brought_is_not_held_against_it() {
    let mut case = good();
    case.make_ours();
    for port in [6443, 9345, 10250, 2379, 2380, 2381] {
        case.facts.listening.push(listener(port, "rke2"));
    }
    for (of, path) in [
        ("rke2", "/usr/local/bin/rke2"),
        ("kubelet", "/var/lib/kubelet/pki"),
        ("interface", "/sys/class/net/flannel.1"),
    ] {
        case.facts.leftovers.push(leftover(of, path));
    }
    case.facts.routes.push(route("10.42.0.0/24", "cni0", None));
    case.facts.routes.push(route("10.42.1.0/24", "flannel.1", Some("10.42.1.0")));
    case.facts.addresses.push(address("flannel.1", "10.42.0.0"));
    case.facts.data_dir_state = "not-empty".into();
    case.answers(Wanted::Image(ImageId::Operator)).1[0] = dead(0, 401);
    let findings = case.judge();
    let not_passed: Vec<&Finding> = findings.iter().filter(|f| f.verdict != Verdict::Pass).collect();
    assert_eq!(not_passed.len(), 1, "{not_passed:?}");
    assert_eq!((not_passed[0].row, not_passed[0].verdict), (Row::Image, Verdict::Warn));
}

#[test]
fn a_class_that_exists_needs_no_data_directory() {
    let mut case = good();
    case.site.registry.storage = Storage::Existing("longhorn".into());
    case.site.registry.data_dir = "/var/lib/rancher/x".into();
    assert_eq!(case.row(Row::DataDirectory).verdict, Verdict::Pass);
}

#[test]
fn ufw_with_the_rules_passes_however_they_are_written() {
    let rules = [
        &[
            "6443/tcp ALLOW Anywhere",
            "30900/tcp ALLOW Anywhere",
            "Anywhere ALLOW 10.42.0.0/16",
            "Anywhere ALLOW IN 10.43.0.0/16",
        ][..],
        &[
            "6443 ALLOW IN 192.168.7.0/24",
            "30900 ALLOW Anywhere",
            "from 10.42.0.0/16 ALLOW Anywhere",
            "from 10.43.0.0/16 ALLOW Anywhere",
        ],
    ];
    for set in rules {
        let mut case = good();
        case.facts.ufw = "active".into();
        case.facts.ufw_rules = set.iter().map(|r| (*r).to_owned()).collect();
        let finding = case.row(Row::Ufw);
        assert_eq!(finding.verdict, Verdict::Pass, "{finding:?}");
    }
}

#[test]
fn the_hosts_of_the_fixtures_are_judged_as_a_person_would() {
    let failing = |bytes: &[u8]| {
        let mut case = good();
        case.facts = Facts::parse(bytes);
        case.operator_ms = case.facts.clock_ms.unwrap_or(0);
        let mut rows: Vec<Row> =
            case.judge().into_iter().filter(|f| f.verdict == Verdict::Fail).map(|f| f.row).collect();
        rows.dedup();
        rows
    };
    for bytes in [UBUNTU, OLDER, DEBIAN] {
        assert_eq!(failing(bytes), []);
    }
    let bad = failing(BAD);
    for row in [
        Row::Facts,
        Row::System,
        Row::Architecture,
        Row::Systemd,
        Row::Hostname,
        Row::Cpu,
        Row::Memory,
        Row::Programs,
        Row::Selinux,
        Row::ClusterSpace,
        Row::Ephemeral,
        Row::DataDirectory,
        Row::DataSpace,
        Row::Mounts,
        Row::DefaultRoute,
        Row::Ports,
        Row::Ufw,
        Row::Firewalld,
        Row::Ranges,
        Row::ContainerNetworks,
        Row::Leftovers,
        Row::ForeignRke2,
        Row::SshForwarding,
        Row::SshSessions,
    ] {
        assert!(bad.contains(&row), "{row:?} is not refused");
    }
}

#[test]
fn ids_are_unique_and_are_what_files_hold() {
    let mut seen = std::collections::BTreeSet::new();
    for row in Row::ALL {
        assert!(seen.insert(row.id()), "{} twice", row.id());
        assert_eq!(serde_json::to_string(row).expect("a name"), format!("{:?}", row.id()));
        assert!(!row.title().is_empty());
    }
}
