//! Bad days and foreign things that are caught before anything is changed, named with their fix, and
//! finished once they are gone.

use crate::end_state::same_end;
use crate::harness::Host;
use crate::install::{differences, files};
use crate::product::{Product, Ran};
use std::fs;

/// An install that preflight stops: exit 3, and nothing was changed.
fn stopped_by_preflight(host: &Host, product: &Product, day: &str) -> Ran {
    let ran = product.install().expect(3).says("nothing was changed");
    assert!(product.journal(&host.name).is_empty(), "a run was begun on {day}");
    assert!(!host.holds("test -e /var/lib/modelquay"), "the host was changed on {day}:\n{}", ran.said);
    ran
}

/// A bad day of the host's own: setting, how it is taken back, words of its cause and of its fix.
const DAYS: [(&str, &str, &str, &str); 9] = [
    ("no-route=1", "no-route=off", "RKE2 refuses to start without one", "set a gateway"),
    ("ufw=1", "ufw=off", "ufw: it is active", "ufw allow 6443/tcp"),
    ("k3s-leftovers=1", "k3s-leftovers=off", "left behind /usr/local/bin/k3s", "k3s-uninstall.sh"),
    ("clock-off=10", "clock-off=off", "ahead of this computer's", "timedatectl set-ntp true"),
    ("disk-full=300", "disk-full=off", "space", "free some space"),
    ("forwarding=no", "forwarding=off", "sshd says AllowTcpForwarding no", "AllowTcpForwarding local"),
    ("disable-forwarding=1", "disable-forwarding=off", "sshd says DisableForwarding yes", "DisableForwarding no"),
    ("max-sessions=1", "max-sessions=off", "MaxSessions 1", "MaxSessions 3 or more"),
    ("max-sessions=2", "max-sessions=off", "MaxSessions 2", "MaxSessions 3 or more"),
];

/// The same of its sources: path, switch, words of the cause and of the fix.
const SOURCES: [(&str, &str, &str, &str); 4] = [
    ("/v2/", "status=429", "429: too many requests", "name a mirror"),
    ("/v2/minio/operator/", "status=401", "401: it wants a login", "name a mirror in the answers, or another image"),
    ("/charts/", "status=503", "HTTP status 503", "name another place in a components table"),
    ("/rke2/install.sh", "never=1", "no answer in time", "let the host reach it"),
];

#[test]
fn bad_days_are_caught_before_anything_is_changed_and_then_an_existing_class_is_used() {
    let host = Host::fresh("bad1");
    let product = Product::new();
    product.answers(&host, "[registry]\nstorage_class = \"fast\"\n");
    for (day, off, cause, fix) in DAYS {
        host.bad_day(day);
        stopped_by_preflight(&host, &product, day).says(cause).says(fix);
        host.bad_day(off);
    }
    for (path, day, cause, fix) in SOURCES {
        host.depot(path, day);
        stopped_by_preflight(&host, &product, day).says(cause).says(fix);
        host.depot(path, "off");
    }
    product.check().expect(0);
    // What only endangers the keys is said, and is for whoever decides; it stays on for the install.
    host.bad_day("sudo-io-log=1");
    product.check().expect(0).says("the registry's keys would stand in its records").says("connect as root");

    // All are over: the same command goes on, until somebody has to make the class that was named.
    let ran = product.install().expect(4);
    ran.says("the cluster has no storage class \"fast\"").says("make it, or leave storage_class out");
    let class =
        include_str!("checks/local-path.yaml").replace("metadata: {name: local-path}\n", "metadata: {name: fast}\n");
    host.kubectl(&format!("apply -f - <<'YAML'\n{class}\nYAML"));
    product.resume(&host).expect(0);
    same_end(&host, &product);
    let classes = host.kubectl("get pv -o jsonpath='{.items[*].spec.storageClassName}'");
    assert_eq!(classes.trim(), "fast fast fast fast");
    assert_eq!(host.kubectl("get storageclass -o name").trim(), "storageclass.storage.k8s.io/fast");
    assert!(!host.holds("test -e /var/lib/modelquay-data"), "a data directory was made for nothing");
}

/// An RKE2 that somebody else has set up is refused and left as it is.
pub fn a_foreign_rke2_is_refused(host: &Host) {
    let product = Product::new();
    product.answers(host, "");
    let before = files(host);
    let ran = product.install().expect(3).says("not made by this program").says("adopt = true");
    let ours =
        ["/etc/", "/usr/local/", "/var/lib/modelquay", "/var/lib/rancher/rke2/server/manifests/", "/home/", "/root/"];
    let changed: Vec<String> = differences(&before, &files(host))
        .into_iter()
        .filter(|line| ours.iter().any(|place| line[2..].starts_with(place)))
        .collect();
    assert_eq!(changed, Vec::<String>::new(), "{}", ran.said);
    assert_eq!(host.count("rke2-start"), 1, "starts of RKE2");
}

#[test]
fn a_wrong_password_and_a_foreign_file_need_a_human() {
    let host = Host::fresh("human1");
    let product = Product::new();
    let answers = product.answers(&host, "");
    product.passwords("sudo=not-the-password\n");
    product.install().expect(4).says("sudo");
    fs::remove_file(product.path("private/passwords")).expect("it is ours");

    // An RKE2 configuration that somebody else wrote.
    host.sh("mkdir -p /etc/rancher/rke2 && echo 'token: theirs' > /etc/rancher/rke2/config.yaml");
    let before = host.sh("find /etc /var/lib -newer /etc/rancher/rke2/config.yaml -type f | sort");
    let ran = product.install();
    assert!(ran.code == 3 || ran.code == 4, "{} {}", ran.code, ran.said);
    assert_eq!(host.sh("cat /etc/rancher/rke2/config.yaml"), "token: theirs\n");
    assert_eq!(before, host.sh("find /etc /var/lib -newer /etc/rancher/rke2/config.yaml -type f | sort"));

    // An unknown host key without a fingerprint in the answers.
    product.without("fingerprint");
    product.install().expect(4).says("SHA256:");

    // Mistakes in the answers, all at once.
    fs::write(&answers, "site = \"x\"\n[hots]\naddress = 3\n[registry]\nvolumes = 2\n").expect("the home is writable");
    let ran = product.install().expect(2);
    assert!(ran.said.contains("hots") && ran.said.contains("volumes"), "{}", ran.said);
}

#[test]
fn a_wrong_checksum_stops_the_step_and_a_resume_finishes() {
    let host = Host::fresh("sum1");
    let product = Product::new();
    product.answers(&host, "");
    host.depot("/rke2/v1.36.5%2Brke2r1/rke2.linux-amd64.tar.gz", "wrong=1");
    let ran = product.install();
    host.depot_off();
    ran.expect(4).says("nothing of it was used");
    assert_eq!(host.count("install-script"), 0);
    product.run(&["resume", &host.name, "--password-fd", "3", "--stop-at", "cluster-start:before-apply"]);
    assert_eq!(host.count("install-script"), 1);
}
