//! Bad days and foreign things: caught before anything is changed, named with their fix, and finished
//! once they are gone.

use crate::harness::{Host, Product, TECH2_PASSWORD, labctl};
use std::fs;

/// One bad day that preflight catches.
fn caught(host: &Host, product: &Product, setting: &str, off: &str, word: &str) {
    host.bad_day(setting);
    let ran = product.install().expect(3).says(word).says("nothing was changed");
    assert!(product.journal(&host.name).is_empty(), "a run was begun on {setting}");
    assert!(!host.holds("test -e /var/lib/modelquay"), "the host was changed on {setting}:\n{}", ran.said);
    host.bad_day(off);
}

#[test]
fn bad_days_are_caught_before_anything_is_changed() {
    let host = Host::fresh("bad1");
    let product = Product::new();
    product.answers(&host, "");
    caught(&host, &product, "no-route=1", "no-route=off", "default route");
    caught(&host, &product, "ufw=1", "ufw=off", "ufw");
    caught(&host, &product, "k3s-leftovers=1", "k3s-leftovers=off", "k3s");
    caught(&host, &product, "clock-off=10", "clock-off=off", "clock");
    caught(&host, &product, "disk-full=300", "disk-full=off", "space");
    // A dead source is named with its way on.
    labctl(&["depot", "/v2/", "status=429"]);
    let ran = product.install();
    labctl(&["depot", "off"]);
    ran.expect(3).says("429").says("mirror");
    product
        .run(&["check", "--answers", &product.path("site.toml").display().to_string(), "--password-fd", "3"])
        .expect(0);
}

#[test]
fn a_wrong_password_and_a_foreign_file_need_a_human() {
    let host = Host::fresh("human1");
    let product = Product::new();
    let answers = product.answers(&host, "");
    fs::write(product.path("private/passwords"), "sudo=not-the-password\n").expect("the home is writable");
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
    let text = fs::read_to_string(&answers).expect("it is there");
    let without: Vec<&str> = text.lines().filter(|l| !l.starts_with("fingerprint")).collect();
    fs::write(&answers, without.join("\n")).expect("the home is writable");
    product.install().expect(4).says("SHA256:");

    // Mistakes in the answers, all at once.
    fs::write(&answers, "site = \"x\"\n[hots]\naddress = 3\n[registry]\nvolumes = 2\n").expect("the home is writable");
    let ran = product.install().expect(2);
    assert!(ran.said.contains("hots") && ran.said.contains("volumes"), "{}", ran.said);
}

#[test]
fn a_user_with_a_password_and_no_key_gets_in() {
    let host = Host::fresh("tech2-1");
    let product = Product::new();
    let reach = crate::harness::Reach { address: format!("tech2@{}", host.ip), port: 22, more: "" };
    product.answers_for(&host, &reach, "");
    let answers = product.path("site.toml");
    let text = fs::read_to_string(&answers).expect("it is there");
    let without: Vec<&str> = text.lines().filter(|l| !l.starts_with("identity")).collect();
    fs::write(&answers, without.join("\n")).expect("the home is writable");
    fs::write(product.path("private/passwords"), format!("ssh={TECH2_PASSWORD}\nsudo={TECH2_PASSWORD}\n"))
        .expect("the home is writable");
    product.run(&["check", "--answers", &answers.display().to_string(), "--password-fd", "3"]).expect(0);
}

#[test]
fn a_wrong_checksum_stops_the_step_and_a_resume_finishes() {
    let host = Host::fresh("sum1");
    let product = Product::new();
    product.answers(&host, "");
    labctl(&["depot", "/rke2/v1.36.5%2Brke2r1/rke2.linux-amd64.tar.gz", "wrong=1"]);
    let ran = product.install();
    labctl(&["depot", "off"]);
    ran.expect(4).says("nothing of it was used");
    assert_eq!(host.count("install-script"), 0);
    product.run(&["resume", &host.name, "--password-fd", "3", "--stop-at", "cluster-start:before-apply"]);
    assert_eq!(host.count("install-script"), 1);
}
