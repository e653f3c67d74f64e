//! Installs that are cut off: the link, the program, the host's power. The end is always the same.

use crate::harness::{Host, Product, Reach, labctl, sh, wait_until};
use crate::link_proxy::Link;
use std::time::Duration;

/// The end state, whatever happened on the way: the registry answers, its keys open it, and everything
/// that must be made once was made once.
fn same_end(host: &Host, product: &Product) {
    let ca = product.path(&format!("state/modelquay/sites/{}/ca.crt", host.name));
    let health = sh(&format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} https://{}:30900/minio/health/live",
        ca.display(),
        host.ip
    ));
    assert_eq!(health, "200");
    for name in ["root", "reader", "publisher", "triton"] {
        assert_eq!(crate::harness::key(&product.credentials(), name).1.len(), 40, "{name}");
    }
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
    assert_eq!(host.created("tenants", "model-registry"), 1, "tenants");
    assert_eq!(host.created("helmcharts", "minio-operator"), 1, "charts");
    assert_eq!(host.created("secrets", "model-registry-configuration"), 1, "root keys");
    for key in ["reader", "publisher", "triton"] {
        assert_eq!(host.created("secrets", &format!("model-registry-key-{key}")), 1, "{key}");
    }
    assert_eq!(host.created("certificatesigningrequests", "modelquay-model-registry"), 1, "requests");
    // The same command finds nothing to do.
    product.install().expect(0).says("nothing was changed");
}

/// A sequence that looks random and is the same in every run (`SplitMix64`).
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

#[test]
fn an_install_goes_on_over_a_link_that_is_cut_ten_times() {
    let host = Host::fresh("cut1");
    let link = Link::to(&host.ip);
    let product = Product::new();
    let reach = Reach { address: "tech@127.0.0.1".into(), port: link.port, more: "" };
    product.answers_for(&host, &reach, "");
    let args = product.install_args();
    let mut child = product.start(&args.iter().map(String::as_str).collect::<Vec<_>>());
    // tests/lab/soak runs this with many seeds.
    let seed = std::env::var("MODELQUAY_LAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    let mut seeded = Seeded(seed);
    let mut cuts = 0;
    // From the first connection on; before it there is nothing to come back to.
    wait_until("the connection", Duration::from_secs(30), || link.taken() > 0);
    let first = std::time::Instant::now();
    wait_until("a second of it", Duration::from_secs(30), || first.elapsed() > Duration::from_secs(1));
    let ended = |child: &mut std::process::Child| child.try_wait().expect("it is ours").is_some();
    while cuts < 10 && !ended(&mut child) {
        // Up for 1 to 9 seconds, then away for 0 to 8.
        let (up, away) = (seeded.next(8_000) + 1_000, seeded.next(8_000));
        let begun = std::time::Instant::now();
        wait_until("the next cut", Duration::from_mins(1), || {
            begun.elapsed() > Duration::from_millis(up) || ended(&mut child)
        });
        link.cut();
        cuts += 1;
        let begun = std::time::Instant::now();
        wait_until("the link's return", Duration::from_mins(1), || begun.elapsed() > Duration::from_millis(away));
        link.mend();
    }
    wait_until("the end of the install", Duration::from_mins(7), || ended(&mut child));
    let said = std::fs::read_to_string(product.path("out.txt")).unwrap_or_default()
        + &std::fs::read_to_string(product.path("err.txt")).unwrap_or_default();
    let code = child.wait().expect("it has ended").code();
    assert_eq!(code, Some(0), "{said}");
    println!("{cuts} cuts, {} connections", link.taken());
    assert!(cuts >= 5, "the install was over after {cuts} cuts");
    assert!(product.journal(&host.name).contains("link-lost"));
    same_end(&host, &product);
}

#[test]
fn an_install_that_is_killed_at_eight_moments_comes_to_the_same_end() {
    let host = Host::fresh("kill1");
    let product = Product::new();
    product.answers(&host, "");
    let moments = [
        "cluster-images:before-apply",
        "cluster-package:after-apply",
        "cluster-start:before-apply",
        "namespace:between-1",
        "certificate:between-1",
        "certificate:between-2",
        "keys:between-1",
        "credentials-file:before-apply",
    ];
    let mut args = product.install_args();
    for (at, moment) in moments.iter().enumerate() {
        let mut now: Vec<String> = args.clone();
        now.extend(["--stop-at".into(), (*moment).into()]);
        let ran = product.run(&now.iter().map(String::as_str).collect::<Vec<_>>());
        assert_ne!(ran.code, 0, "it was to be killed at {moment}:\n{}", ran.said);
        if at == 0 {
            args = ["resume", &host.name, "--password-fd", "3"].map(str::to_owned).to_vec();
        }
    }
    product.run(&["resume", &host.name, "--password-fd", "3"]).expect(0);
    same_end(&host, &product);
}

#[test]
fn an_install_goes_on_after_power_cuts_of_the_host() {
    let host = Host::fresh("power1");
    let product = Product::new();
    product.answers(&host, "");
    let args = product.install_args();
    let mut child = product.start(&args.iter().map(String::as_str).collect::<Vec<_>>());
    for step in ["cluster-start", "tenant-healthy"] {
        let mark = format!("\"kind\":\"step-applying\",\"step\":\"{step}");
        wait_until(step, Duration::from_mins(5), || {
            assert!(child.try_wait().expect("it is ours").is_none(), "it ended before {step}");
            product.journal(&host.name).contains(&mark)
        });
        labctl(&["host-cut", &host.name]);
        labctl(&["host-boot", &host.name]);
    }
    wait_until("the end of the install", Duration::from_mins(7), || child.try_wait().expect("it is ours").is_some());
    let code = child.wait().expect("it has ended").code();
    if code != Some(0) {
        let said = std::fs::read_to_string(product.path("out.txt")).unwrap_or_default();
        println!("it ended with {code:?} and is resumed:\n{said}");
        product.run(&["resume", &host.name, "--password-fd", "3"]).expect(0);
    }
    let ca = product.path("state/modelquay/sites/power1/ca.crt");
    let health = sh(&format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} https://{}:30900/minio/health/live",
        ca.display(),
        host.ip
    ));
    assert_eq!(health, "200");
    assert_eq!(host.count("install-script"), 1);
    product.install().expect(0).says("nothing was changed");
}

#[test]
fn a_link_that_stays_away_is_given_up_with_code_5() {
    let host = Host::fresh("dead1");
    let link = Link::to(&host.ip);
    let product = Product::new();
    let reach = Reach { address: "tech@127.0.0.1".into(), port: link.port, more: "" };
    product.answers_for(&host, &reach, "");
    let mut args = product.install_args();
    args.extend(["--link-timeout".into(), "5s".into()]);
    let mut child = product.start(&args.iter().map(String::as_str).collect::<Vec<_>>());
    wait_until("the images", Duration::from_mins(2), || {
        product.journal(&host.name).contains("\"kind\":\"step-applying\",\"step\":\"cluster-images")
    });
    link.go_black();
    wait_until("the end", Duration::from_mins(2), || child.try_wait().expect("it is ours").is_some());
    assert_eq!(child.wait().expect("it has ended").code(), Some(5));
    let said = std::fs::read_to_string(product.path("out.txt")).unwrap_or_default();
    assert!(said.contains("modelquay resume dead1"), "{said}");
}
