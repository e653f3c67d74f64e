//! What goes wrong easily at a real registry: keys that are taken for others, and transfers that are killed.

use crate::browser::{BUCKET, MIB, Site};
use crate::client::{noise, sha256};
use crate::harness::wait_until;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Keys that are easily taken for others. The longest has 1,024 bytes, in parts that a disk takes.
fn odd_keys() -> Vec<String> {
    let part = "n".repeat(254);
    let long = format!("odd/{part}/{part}/{part}/{part}");
    let long = format!("{long}{}", "e".repeat(1024 - long.len()));
    let odd = [
        "two words",
        " a space before",
        "and behind ",
        "a+b",
        "100%",
        "%41%2F",
        "what?is=this&that#there",
        "quote's\"",
        "\u{1}\u{1b}[31mred",
        "tab\tand\nline",
        "\u{202e}gnp.exe",
        "\u{5d0}\u{5d1}\u{5d2}",
        "e\u{301} \u{1f9ed}",
        "-r",
        "~",
        "a:b",
    ];
    odd.iter().map(|name| format!("odd/{name}")).chain([long]).collect()
}

/// Each is put, listed, fetched and deleted as itself.
pub fn keys_are_taken_as_they_are(site: &Site<'_>) {
    let mut keys = odd_keys();
    for (n, key) in keys.iter().enumerate() {
        let from = site.file("odd.bin", key.as_bytes());
        site.s3(&["put", &from, &site.at(key)]).expect(0);
        if n % 2 == 0 {
            let to = site.path(&format!("odd-{n}"));
            site.s3(&["get", &site.at(key), &to]).expect(0);
            assert_eq!(fs::read(&to).expect("it was fetched"), key.as_bytes(), "{key:?}");
        }
        assert_eq!(site.client.digest(BUCKET, key), sha256(key.as_bytes()), "{key:?}");
    }
    keys.sort();
    assert_eq!(site.client.keys(BUCKET, "odd/"), keys);
    let rows = site.rows(&["ls", "-r", &site.at("odd/")]);
    let listed: Vec<&str> = rows.iter().filter_map(|row| row["key"].as_str()).collect();
    assert_eq!(listed, keys);
    // For people nothing of it is a command of the terminal's.
    let shown = site.s3(&["ls", "-r", &site.at("odd/")]).expect(0).said;
    assert!(!shown.contains(['\u{1b}', '\u{1}', '\u{202e}']), "{shown:?}");
    for key in ["odd/%41%2F", "odd/a+b", "odd/\u{202e}gnp.exe"] {
        site.s3(&["rm", &site.at(key), "--yes"]).expect(0);
        keys.retain(|other| other != key);
        assert_eq!(site.client.keys(BUCKET, "odd/"), keys, "after {key:?}");
    }
    // Everything at once, the longest with it.
    site.s3(&["rm", "-r", "--yes", &site.at("odd/")]).expect(0);
    assert!(site.client.keys(BUCKET, "odd/").is_empty());
    // MinIO has no empty parts. Where it refuses, nothing may lie under a name that was not meant.
    let from = site.file("odd.bin", b"x");
    site.s3(&["put", &from, &site.at("odd//empty")]).expect(1).says("400");
    assert!(site.client.keys(BUCKET, "odd").is_empty());
}

/// A killed upload and a killed download are gone on with, and what was there is not carried again.
pub fn killed_transfers_are_gone_on_with(site: &Site<'_>) {
    const PART: u64 = 8 << 20;
    let bytes = noise(96 * MIB, 7);
    let sent = site.file("killed/sent.bin", &bytes);
    let put = ["s3", "put", &sent, &site.at("killed/model.bin"), "--limit", "16M"];
    let running = site.product.start(&put);
    let had = || {
        let uploads = site.client.uploads(BUCKET, "killed/model.bin");
        uploads.first().map(|id| site.client.parts(BUCKET, "killed/model.bin", id)).unwrap_or_default()
    };
    wait_until("two parts at the service", Duration::from_mins(1), || had().len() >= 2);
    running.kill();
    let parts = had();
    assert!(!site.client.keys(BUCKET, "killed/").contains(&"killed/model.bin".to_owned()), "it is not whole");
    let there: u64 = parts.iter().sum();
    assert!(there >= 2 * PART && there < bytes.len() as u64, "{parts:?}");
    let done = site.row(&["put", &sent, &site.at("killed/model.bin")]);
    let carried = done["carried"].as_u64().expect("bytes");
    assert_eq!(carried + there, bytes.len() as u64, "no part was sent twice: {done}, {parts:?}");
    assert_eq!(site.client.digest(BUCKET, "killed/model.bin"), sha256(&bytes));
    assert!(site.client.uploads(BUCKET, "killed/model.bin").is_empty(), "no upload is left");

    let fetched = site.path("killed/fetched.bin");
    let get = ["s3", "get", &site.at("killed/model.bin"), &fetched, "--limit", "16M"];
    let running = site.product.start(&get);
    let part = PathBuf::from(format!("{fetched}.part"));
    let on_disk = || {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(&part).map_or(0, |about| about.blocks() * 512)
    };
    // Eight parts come side by side.
    wait_until("eight parts on the disk", Duration::from_mins(1), || on_disk() >= 70 << 20);
    running.kill();
    assert!(!PathBuf::from(&fetched).exists(), "a name is for what is whole");
    let done = site.row(&["get", &site.at("killed/model.bin"), &fetched]);
    let carried = done["carried"].as_u64().expect("bytes");
    assert!(carried <= bytes.len() as u64 - PART, "what was there was fetched again: {done}");
    assert_eq!(sha256(&fs::read(&fetched).expect("it was fetched")), sha256(&bytes));
    assert!(!part.exists());
    println!("killed: a put sent {there} of {} bytes before; a get fetched {carried} after", bytes.len());
}
