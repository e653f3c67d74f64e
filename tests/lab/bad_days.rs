//! Bad days that come at a step: each named with its cause and its fix, and gone on from once it is over.

use crate::end_state::{good_end, made_once};
use crate::harness::{Host, TECH2_PASSWORD};
use crate::product::{Product, Reach};
use std::fs;
use std::time::Duration;

const IMAGES: &str = "/rke2/v1.36.5%2Brke2r1/rke2-images-core";
const PACKAGE: &str = "/rke2/v1.36.5%2Brke2r1/rke2.linux";

/// Reached by a password that sshd asks for; the key is refused.
fn as_tech2(host: &Host) -> Product {
    let product = Product::new();
    product.answers_for(host, &Reach { address: format!("tech2@{}", host.ip), port: 22, more: "" }, "");
    product.without("identity");
    product.passwords(&format!("ssh={TECH2_PASSWORD}\nsudo={TECH2_PASSWORD}\n"));
    product
}

/// The host's keys are others, and whoever was connected is not any more.
fn changed_keys(host: &Host) {
    host.sh("mkdir /root/ssh && mv /etc/ssh/ssh_host_* /root/ssh && ssh-keygen -qA && systemctl restart ssh");
    host.sh("date +%s > /root/changed-at; pkill -f '^sshd: tech2' || true");
}

fn own_keys(host: &Host) {
    host.sh("rm /etc/ssh/ssh_host_* && mv /root/ssh/* /etc/ssh && rmdir /root/ssh && systemctl restart ssh");
}

#[test]
fn one_bad_day_after_the_other_and_each_is_gone_on_from() {
    let host = Host::fresh("bad2");
    let product = as_tech2(&host);
    let minutes = Duration::from_mins;

    // The kernel wants apparmor_parser, the package manager is locked, sources answer a question and not
    // the request itself, one is slow, and RKE2 will end at each start.
    host.bad_day("apparmor=missing");
    host.bad_day("apt-locked=1");
    host.bad_day("crash-loop=1");
    host.depot(IMAGES, "never=1 only=GET");
    host.depot(PACKAGE, "rate=2500000");
    product.check().expect(0).says("apparmor_parser is not there").says("apt-get install apparmor").says("holds");
    let mut install = product.start_install(&[]);
    install.until_says("holds /var/lib/dpkg/lock-frontend", minutes(1));
    host.bad_day("apt-locked=off");
    install.until_says("tries again", minutes(2));
    assert!(host.holds("command -v apparmor_parser"), "the package was installed");
    host.depot(IMAGES, "off");
    install
        .end(minutes(4))
        .expect(1)
        .says("rke2-server has ended and been restarted")
        .says("the lab's crash-loop")
        .says("journalctl -u rke2-server")
        .says("modelquay resume bad2");

    // A slow start is waited for, and said; Ctrl-C says what goes on by itself.
    host.bad_day("crash-loop=off");
    host.bad_day("slow-start=600");
    let mut resume = product.start_resume(&host);
    resume.until_says("etcd no", minutes(2));
    resume.interrupt();
    let left = resume.end(minutes(1)).expect(130);
    left.says("if rke2-server had been started, it goes on").says("modelquay resume bad2");

    // Another host key between two steps: stop, and nothing is sent.
    host.bad_day("slow-start=off");
    host.depot("/v2/pgsty/silo/", "status=401 only=GET");
    let mut resume = product.start_resume(&host);
    resume.until_applying(&host.name, "operator", minutes(3));
    changed_keys(&host);
    resume.end(minutes(2)).expect(4).says("host key has changed").says("nothing was sent").says("ssh-keygen -R");
    let since = "journalctl -u ssh -o cat --since @$(cat /root/changed-at)";
    let log = host.sh(&format!("{since} | grep -e Accepted -e 'authenticating user' -e Failed || true"));
    assert_eq!(log, "", "something was sent to a host with another key");
    assert!(host.holds(&format!("{since} | grep -q 'Connection .* by {} '", "10.77.0.1")), "it did try");
    own_keys(&host);

    // The registry wants an account for the image.
    product.resume(&host).expect(1).says("refuses to give the image without an account").says("name a mirror");
    // A plan in the middle of an install shows what is still to be done.
    product.plan().expect(0).says("before \"Tenant healthy\" is done");
    host.depot_off();
    product.resume(&host).expect(0);
    made_once(&host);
    good_end(&host, &product);
    let mode = fs::metadata(product.credentials()).map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()));
    assert_eq!(mode.ok().map(|m| m & 0o777), Some(0o600));
}
