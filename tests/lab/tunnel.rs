//! The bucket browser where the registry's port cannot be reached from here: through the connection to the host, also
//! when that breaks while bytes are on their way.

use crate::browser::{BUCKET, Site};
use crate::client::{Client, noise, sha256};
use crate::harness::{Host, TECH_PASSWORD, wait_until};
use crate::link_proxy::Link;
use crate::product::{Product, Reach};
use crate::screens::{ENTER, browse, t};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SIZE: usize = 50 << 20;

/// How long a transfer may take after its link is back.
const PATIENCE: Duration = Duration::from_mins(2);

/// sudo's password comes by a descriptor, and what never comes back fails within a test's time.
const FLAGS: [&str; 4] = ["--password-fd", "3", "--link-timeout", "1m"];

/// One way; what is asked takes twice as long to be answered.
const DELAY: Duration = Duration::from_millis(400);

/// What of a download is on the disk.
fn on_disk(part: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(part).map_or(0, |about| about.blocks() * 512)
}

fn part_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", file.display()))
}

/// Cuts the link once so many bytes are on the disk.
fn cut_at(link: &Link, part: &Path, bytes: u64) {
    wait_until("bytes to come", PATIENCE, || on_disk(part) >= bytes);
    link.cut();
    assert!(part.exists(), "it was whole before the link was cut");
}

/// A command that loses its link goes on when it is back.
fn a_get_waits_for_its_link(site: &Site<'_>, link: &Link, sum: &str) {
    let into = site.product.path("tunnel.bin");
    let to = into.display().to_string();
    let get = ["--json", "get", &site.at("tunnel/model.bin"), &to, "--limit", "12M"];
    let args = [&["s3"][..], &FLAGS, &get].concat();
    let mut running = site.product.start(&args);
    cut_at(link, &part_of(&into), 12 << 20);
    // It is not taken for an end, and comes back as often as it is tried.
    let before = link.taken();
    let cut = Instant::now();
    wait_until("three seconds without a link", Duration::from_secs(10), || {
        assert!(!running.ended(), "it gave up:\n{}", running.said());
        cut.elapsed() >= Duration::from_secs(3)
    });
    link.mend();
    let said = running.end(PATIENCE).expect(0).said;
    assert!(link.taken() > before, "another connection was made");
    let row = said.lines().find(|line| line.contains("\"transfer\"")).expect("a row");
    let row: serde_json::Value = serde_json::from_str(row).expect("JSON");
    assert_eq!(row["verified"], json!(true), "{row}");
    assert_eq!(sha256(&fs::read(&into).expect("it was fetched")), sum);
    let carried = row["carried"].as_u64().expect("bytes");
    assert!(carried < SIZE as u64 + SIZE as u64 / 4, "it began anew: {row}");
}

/// The browser shows that a transfer waits, goes on with it, and stays what it was in between.
fn a_transfer_of_the_browser_waits_for_its_link(site: &Site<'_>, link: &Link, sum: &str) {
    let into = site.product.path("model.bin");
    let mut pty = browse(site, &[&site.at("tunnel/")]);
    pty.says("asks for the password").keys(TECH_PASSWORD).keys(ENTER).says("model.bin");
    link.delay(DELAY);
    pty.keys("Jmodel").keys(ENTER).keys("g").says(&t("get-title")).keys(ENTER);
    cut_at(link, &part_of(&into), 4 << 20);
    pty.keys("T").says(&t("transfers-title")).says(&t("transfer-waits-link"));
    link.delay(Duration::ZERO);
    link.mend();
    pty.wait_for(PATIENCE, "the transfer's end", |screen| {
        screen.rows(0, 120).any(|row| row.contains("model.bin") && row.contains(&t("transfer-is-done")))
    });
    assert_eq!(sha256(&fs::read(&into).expect("it was fetched")), sum);
    // What is asked next goes over the new connection.
    pty.keys("\u{1b}").says("models / tunnel /").keys("d").says("models/tunnel/: 50.0 MiB");
    pty.keys("\u{1b}").says("models / tunnel /").keys("q");
    assert!(pty.ended().success(), "{}", pty.text());
}

/// All of it, with a product of its own that knows the host behind a link that can be cut.
pub fn the_registry_is_reached_through_its_host(host: &Host, client: &Client) {
    let begun = Instant::now();
    let link = Link::to(&host.ip);
    let product = Product::new();
    product.answers_for(host, &Reach { address: "tech@127.0.0.1".into(), port: link.port, more: "" }, "");
    product.install().expect(0);
    let site = Site { host, product: &product, client };
    let bytes = noise(SIZE, 11);
    let sum = sha256(&bytes);
    let sent = site.file("sent.bin", &bytes);
    // Nothing from here reaches the registry's port.
    host.bad_day("port-blocked=30900");
    let s3 = |args: &[&str]| site.s3(&[&FLAGS, args].concat()).expect(0);
    let put = s3(&["put", &sent, &site.at("tunnel/model.bin")]);
    println!(
        "tunnel: {:.1} s to install and to put 50 MiB ({:.1} s)",
        begun.elapsed().as_secs_f64(),
        put.took.as_secs_f64()
    );
    let trust = s3(&["--json", "trust", &format!("{}:", host.name)]);
    assert!(trust.said.contains("\"way\":\"tunnel\"") && trust.said.contains("\"verified\":true"), "{}", trust.said);
    s3(&["--json", "ls", &site.at("tunnel/")]).says("tunnel/model.bin");
    a_get_waits_for_its_link(&site, &link, &sum);
    a_transfer_of_the_browser_waits_for_its_link(&site, &link, &sum);
    host.bad_day("port-blocked=off");
    assert_eq!(client.digest(BUCKET, "tunnel/model.bin"), sum);
    println!("tunnel: {:.1} s in all", begun.elapsed().as_secs_f64());
}
