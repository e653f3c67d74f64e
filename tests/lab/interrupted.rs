//! Installs that are cut off: the link, the program, the host's power. The end is always the same.

use crate::end_state::same_end;
use crate::harness::{Host, sh, wait_until};
use crate::link_proxy::Link;
use crate::product::{Product, Reach};
use crate::soaks::{Strike, install_under};
use modelquay::plan::StepKind;
use std::time::{Duration, Instant};

/// A sequence that looks random and is the same in every run (`SplitMix64`).
pub struct Seeded(pub u64);

impl Seeded {
    /// The next one, below this.
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// A product that reaches a host by this link.
pub fn behind(link: &Link, host: &Host) -> Product {
    let product = Product::new();
    let reach = Reach { address: "tech@127.0.0.1".into(), port: link.port, more: "" };
    product.answers_for(host, &reach, "");
    product
}

const CUTS: u32 = 10;

/// One install with ten cuts at seeded instants, back after 0 to 30 s each.
fn cut_ten_times(name: &str, seed: u64) {
    let host = Host::fresh(name);
    let link = Link::to(&host.ip);
    let product = behind(&link, &host);
    let mut install = product.start_install(&[]);
    let mut seeded = Seeded(seed);
    let mut cuts = 0;
    // From the first connection on; before it there is nothing to come back to.
    wait_until("the connection", Duration::from_mins(2), || link.taken() > 0);
    let first = Instant::now();
    wait_until("a second of it", Duration::from_mins(2), || first.elapsed() > Duration::from_secs(1));
    while cuts < CUTS && !install.ended() {
        // Up for 1 to 7 seconds: what is long goes on by itself while the link is away.
        let (up, away) = (seeded.next(6_000) + 1_000, seeded.next(30_000));
        let begun = Instant::now();
        wait_until("the next cut", Duration::from_mins(1), || {
            begun.elapsed() > Duration::from_millis(up) || install.ended()
        });
        if install.ended() {
            break;
        }
        link.cut();
        cuts += 1;
        let begun = Instant::now();
        wait_until("the link's return", Duration::from_mins(1), || begun.elapsed() > Duration::from_millis(away));
        link.mend();
    }
    let ran = install.end(Duration::from_mins(8)).expect(0);
    println!("{name}: {cuts} cuts, {} connections, {:.1} s", link.taken(), ran.took.as_secs_f64());
    assert!(cuts >= CUTS - 2, "the install was over after {cuts} cuts");
    assert!(product.journal(&host.name).contains("link-lost"));
    same_end(&host, &product);
}

#[test]
fn two_installs_go_on_over_links_that_are_cut_ten_times_each() {
    // tests/lab/soak runs this with many seeds.
    let seed = std::env::var("MODELQUAY_LAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    // Side by side, because most of their time is spent without a link.
    std::thread::scope(|both| {
        both.spawn(|| cut_ten_times("cut1", seed));
        both.spawn(|| cut_ten_times("cut2", seed.wrapping_add(1 << 32)));
    });
}

/// What makes a program believe in another time, by Debian's libfaketime.
fn clock_off(by: &str) -> Vec<(String, String)> {
    let library = sh("dpkg -L libfaketime | grep '/libfaketimeMT\\.so\\.1$'").trim().to_owned();
    // Hosts here share this machine's clock, so that only the program's own can be another one.
    [("LD_PRELOAD", library.as_str()), ("FAKETIME", by), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

#[test]
fn an_install_that_is_killed_at_eight_moments_comes_to_the_same_end() {
    let host = Host::fresh("kill1");
    let mut product = Product::new();
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
    // The computer's battery was empty, and it begins again two hours ago.
    product.environment = clock_off("-2h");
    let early = product.resume(&host).expect(1);
    early.says("its certificate is refused: it begins at").says("Compare the clocks of this computer and of the host.");
    product.environment.clear();
    product.resume(&host).expect(0);
    same_end(&host, &product);
}

#[test]
fn an_install_goes_on_after_power_cuts_of_the_host_and_deaths_of_what_it_needs() {
    let host = Host::fresh("power1");
    let product = Product::new();
    product.answers(&host, "");
    // Of what `soak` does at every step, what is worst at each. Images are imported while RKE2 starts.
    let strikes = [
        (StepKind::ClusterImages, Strike::Sshd),
        (StepKind::ClusterStart, Strike::Power),
        (StepKind::Operator, Strike::Rke2),
        (StepKind::Tenant, Strike::Operator),
        (StepKind::TenantHealthy, Strike::Power),
        (StepKind::Bucket, Strike::Minio),
    ];
    println!("{}", install_under(&host, &product, &strikes, || 300));
}

#[test]
fn a_link_that_stays_away_is_given_up_with_code_5() {
    let host = Host::fresh("dead1");
    let link = Link::to(&host.ip);
    let product = behind(&link, &host);
    let mut install = product.start_install(&["--link-timeout", "5s"]);
    install.until_applying(&host.name, "cluster-images", Duration::from_mins(2));
    link.go_black();
    install.end(Duration::from_mins(2)).expect(5).says("modelquay resume dead1");
}
