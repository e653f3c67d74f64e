//! Several operators on one host, and runs that are handed to it.

use crate::end_state::same_end;
use crate::harness::{Host, sh, wait_until};
use crate::interrupted::behind;
use crate::link_proxy::Link;
use crate::product::{Product, Ran, Running};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_mins(8);
const SOON: Duration = Duration::from_mins(3);

/// An operator with a computer of his own.
pub fn operator(host: &Host) -> Product {
    let product = Product::new();
    product.answers(host, "");
    product
}

fn answers(product: &Product) -> String {
    product.path("site.toml").display().to_string()
}

pub fn attach(product: &Product) -> Running<'_> {
    product.start(&["attach", "--answers", &answers(product), "--password-fd", "3"])
}

/// Goes on with the run that was brought here, with the keys in a file of this computer.
pub fn resume_with_keys<'p>(product: &'p Product, host: &Host, more: &[&str]) -> Running<'p> {
    let keys = product.credentials().display().to_string();
    let args = ["resume", &host.name, "--credentials-file", &keys, "--password-fd", "3"];
    product.start(&[&args[..], more].concat())
}

#[test]
fn whoever_takes_over_is_the_only_one_who_goes_on() {
    // Time enough for the other one to look around.
    let host = Host::with("two1", &["--bad-day", "slow-start=30"]);
    let (ana, bob) = (operator(&host), operator(&host));
    let mut hers = ana.start_install(&[]);
    hers.until_applying(&host.name, "cluster-start", LONG);
    bob.install().expect(4).says("is in the hands of").says("--take-over");
    let mut watching = attach(&bob);
    watching.until_says("in the hands of", SOON);
    watching.until_says("Start RKE2", SOON);
    watching.interrupt();
    watching.end(SOON).expect(130).says("the run goes on as it does");
    assert!(!hers.ended(), "watching changes nothing:\n{}", hers.said());

    let begun = Instant::now();
    let mut his = resume_with_keys(&bob, &host, &["--take-over"]);
    his.until_says("the run goes on", SOON);
    hers.end(SOON).expect(4).says("taken over by");
    println!("take-over: she has stopped after {:.1} s", begun.elapsed().as_secs_f64());
    his.end(LONG).expect(0);
    same_end(&host, &bob);
    // Her journal learns what he did, and her keys are his.
    ana.resume(&host).expect(0);
    let keys = |product: &Product| std::fs::read(product.credentials()).expect("the keys");
    assert_eq!(keys(&ana), keys(&bob));
}

/// The build of the program that needs no libraries.
pub fn static_program() -> PathBuf {
    std::env::var_os("MODELQUAY_STATIC").expect("tests/lab/run says where it is").into()
}

#[test]
fn a_run_that_was_handed_to_its_host_needs_nobody() {
    let host = Host::fresh("alone1");
    let (mut ana, mut bob) = (operator(&host), operator(&host));
    ana.start_install(&["--on-host"]).end(SOON).expect(1).says("crt-static");
    (ana.program, bob.program) = (static_program(), static_program());
    let begun = Instant::now();
    let mut hers = ana.start_install(&["--on-host"]);
    hers.until_says("the host goes on by itself now", LONG);
    println!("handed over after {:.1} s", begun.elapsed().as_secs_f64());
    hers.kill();
    // From another computer, while it goes on, to its end.
    let seen: Ran = attach(&bob).end(LONG).expect(0).says("goes on with the run by itself");
    println!("done on the host after {:.1} s", begun.elapsed().as_secs_f64());
    let on_host = |test: &str| host.holds(&format!("test {test} /var/lib/modelquay/sites/{}/keys.toml", host.name));
    assert!(on_host("-f"), "the keys wait:\n{}", seen.said);
    assert_eq!(host.sh(&format!("stat -c %a%U /var/lib/modelquay/sites/{}/keys.toml", host.name)).trim(), "600root");
    resume_with_keys(&bob, &host, &[]).end(LONG).expect(0);
    assert!(!on_host("-e"), "they were fetched");
    same_end(&host, &bob);
    wait_until("the registry", SOON, || bob.health(&host) == "200");
}

#[test]
fn a_laptop_that_slept_goes_on_where_it_was() {
    // The host works meanwhile.
    let host = Host::with("asleep1", &["--bad-day", "slow-start=30"]);
    let link = Link::to(&host.ip);
    let product = behind(&link, &host);
    let mut install = product.start_install(&[]);
    install.until_applying(&host.name, "cluster-start", LONG);
    // Its own and all its connections: the next place has another address.
    sh(&format!("kill -STOP {}", install.id()));
    link.cut();
    // Longer than it holds the host for; an hour does no more.
    let begun = Instant::now();
    wait_until("its lease to have ended", SOON, || begun.elapsed() > Duration::from_secs(70));
    link.mend();
    sh(&format!("kill -CONT {}", install.id()));
    install.end(LONG).expect(0);
    same_end(&host, &product);
}
