//! Each row has a case that triggers it and one that does not.

mod triggers;

use super::{Finding, Row, Verdict, judge, worst};
use crate::plan::asked::{Answer, Asked, DiskSync, Need, Place, Wanted, needs};
use crate::plan::components::{Components, FileId, ImageId};
use crate::plan::facts::{Address, ContainerNetwork, Facts, Leftover, Listener, Rke2Facts, Route, Service};
use crate::plan::site::{Compute, Mirror, Proxy, Reach, Site, SshReach, Storage};
use triggers::TRIGGERS;

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
