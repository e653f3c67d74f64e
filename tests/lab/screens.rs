//! The bucket browser's screens on the registry of an installed site, by keys in a terminal; what they have changed is
//! looked at by a client that is not the product's.

use crate::browser::{BUCKET, Site};
use crate::client::sha256;
use crate::harness::{sh, wait_until};
use crate::pty::Pty;
use modelquay::ui::text::{Lang, Text};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

pub const ENTER: &str = "\r";
const ESC: &str = "\u{1b}";

/// How long something small may take.
const SOON: Duration = Duration::from_mins(2);

pub fn t(key: &str) -> String {
    Text::of(Lang::En).t(key)
}

/// The words of a text in front of what is filled in.
pub fn begin_of(key: &str) -> String {
    let text = Text::of(Lang::En).t(key);
    text.split(['{', '\u{2068}']).next().unwrap_or_default().trim().to_owned()
}

/// The browser in a terminal of the product's user, whose directory is the home.
pub fn browse(site: &Site<'_>, args: &[&str]) -> Pty {
    let home = site.product.path("");
    let program = [&[env!("CARGO_BIN_EXE_modelquay"), "browse"], args].concat();
    Pty::start((120, 40), &program, |command| {
        command.env("HOME", &home).env("XDG_STATE_HOME", site.product.path("state")).env("LANG", "C.UTF-8");
        command.current_dir(&home)
    })
}

/// Moves down to a row in which all this stands.
fn down_to(pty: &Pty, row_is: impl Fn(&str) -> bool) {
    let cursor = |screen: &vt100::Screen| screen.rows(0, 120).find(|row| row.contains('▸'));
    for _ in 0..20 {
        let at = pty.look(cursor);
        if at.as_deref().is_some_and(&row_is) {
            return;
        }
        pty.keys("j").wait("the cursor to move", |screen| cursor(screen).is_some() && cursor(screen) != at);
    }
    panic!("there is no such row:\n{}", pty.text());
}

/// Leaves what stands in front of the list, and waits until it has gone: a key right behind an ESC is another key, and what
/// the list shows is shown there as well.
fn back_from(pty: &Pty, title: &str) {
    let title = begin_of(title);
    pty.keys(ESC).wait("the list", |screen| !screen.contents().contains(&title));
}

/// What the terminal's clipboard is sent.
fn clipboard(pty: &Pty) -> String {
    let mut sent = None;
    wait_until("something for the clipboard", SOON, || {
        let bytes = pty.bytes();
        let text = String::from_utf8_lossy(&bytes);
        sent = text.rsplit_once("\u{1b}]52;c;").and_then(|(_, rest)| Some(rest.split_once('\u{7}')?.0.to_owned()));
        sent.is_some()
    });
    sh(&format!("printf %s '{}' | base64 -d", sent.unwrap_or_default()))
}

/// The places that only look.
fn looking(site: &Site<'_>, pty: &Pty) {
    pty.says("notes.txt").says("model/").says(&t("browse-read-only")).says("2 here");
    pty.keys("/note").keys(ENTER).says("1 of 2").keys(ESC).says("2 here");
    // Inside of the file, without fetching it.
    pty.keys("Jnotes").keys(ENTER).says("a note of the lab");
    // What Triton would make of it.
    pty.keys("t").says("Triton would load 1 of 1 models").keys(ESC).says("2 here");
    // Where the space went: all that the client has put there.
    pty.keys("d").says(&t("usage-now")).says("model/").says(&format!("{BUCKET}/screens/: ")).keys(ESC).says("2 here");
    let sum = site.rows(&["trust", &format!("{}:", site.host.name)])[0]["sha256"].clone();
    let sum = sum.as_str().expect("a fingerprint").replace(':', "").to_lowercase();
    pty.keys("C").says(&t("trust-title")).says(&begin_of("trust-good"));
    pty.wait("the service's fingerprint", |screen| {
        let shown: String = screen.contents().to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        shown.contains(&sum[..16])
    });
    pty.keys(ESC).says("2 here");
    // A URL, as it is handed to the terminal: it opens the object without a key.
    pty.keys("Jnotes").keys(ENTER).says("a note of the lab");
    pty.keys("S").says(&t("share-title")).keys("\u{6}").says(&t("share-secret")).keys("\u{1b}[B").keys(ENTER);
    let url = clipboard(pty);
    pty.keys(ESC).says("2 here");
    let ca = site.product.ca(site.host);
    assert_eq!(sh(&format!("curl -sSf --cacert {} '{url}'", ca.display())), "a note of the lab\n");
    // Nothing is changed before it is let.
    pty.keys("x").says(&begin_of("write-first"));
    assert!(site.client.keys(BUCKET, "screens/").contains(&"screens/notes.txt".to_owned()));
}

/// What changes something, with the publisher's key.
fn changing(site: &Site<'_>, pty: &Pty) {
    let keys = || site.client.keys(BUCKET, "screens/");
    let until = |what: &str, holds: &dyn Fn(&[String]) -> bool| wait_until(what, SOON, || holds(&keys()));
    let has = |key: &str, keys: &[String]| keys.iter().any(|other| other == key);
    pty.keys("w").says(&t("browse-writing"));
    site.file("sent.bin", b"sent by keys");
    pty.keys("p").says(&t("put-title")).keys("sent.bin").keys(ENTER).says("sent.bin →");
    until("the file at the service", &|keys| has("screens/sent.bin", keys));
    assert_eq!(site.client.digest(BUCKET, "screens/sent.bin"), sha256(b"sent by keys"));
    pty.says("sent.bin  ");
    pty.keys("n").says(&t("new-prefix-title")).keys("empty").keys(ENTER).says(&t("work-made")).says("empty/");
    until("the prefix", &|keys| has("screens/empty/", keys));
    pty.keys("Jnotes").keys(ENTER).says("a note of the lab");
    pty.keys("c").says(&t("copy-title")).keys(".copy").keys(ENTER).says("1 are where they should be");
    assert_eq!(site.client.digest(BUCKET, "screens/notes.txt.copy"), sha256(b"a note of the lab\n"));
    pty.says("notes.txt.copy").keys("x").says("Type notes.txt to delete").keys("notes").keys(ENTER);
    pty.says(&t("wrong-word"));
    assert!(has("screens/notes.txt", &keys()), "that was another word");
    pty.keys(".txt").keys(ENTER).says("1 deleted");
    assert!(!has("screens/notes.txt", &keys()));
    // The publisher's key takes no marker off, and puts the old version in front all the same.
    pty.keys("V").says(&t("versions-deleted"));
    down_to(pty, |row| row.contains("notes.txt ") && row.contains("deleted"));
    pty.keys("u").says("refuses").keys(ENTER);
    assert!(!has("screens/notes.txt", &keys()));
    down_to(pty, |row| row.contains("notes.txt ") && !row.contains("deleted"));
    pty.keys("R").says(&begin_of("work-restored"));
    assert_eq!(site.client.digest(BUCKET, "screens/notes.txt"), sha256(b"a note of the lab\n"));
    back_from(pty, "versions-of");
    // And down again, under another name.
    let into = site.product.path("notes.txt.back");
    pty.keys("Jnotes.txt").keys(ENTER).keys("g").says(&t("get-title")).keys(".back").keys(ENTER).says(".back");
    wait_until("the file here", SOON, || into.exists());
    assert_eq!(fs::read_to_string(&into).ok().as_deref(), Some("a note of the lab\n"));
    // An upload that nobody goes on with.
    let upload = site.client.begin(BUCKET, "screens/half.bin", 5 << 20);
    assert_eq!(site.client.uploads(BUCKET, "screens/half.bin"), [upload]);
    pty.keys("U").says("half.bin").keys("x").says(&t("abort-title")).keys("half.bin").keys(ENTER).says("1 thrown away");
    assert!(site.client.uploads(BUCKET, "screens/half.bin").is_empty());
    back_from(pty, "uploads-of");
}

/// With the root key, which is there for whoever asks for it, a delete marker is taken off.
fn undeleting(site: &Site<'_>) {
    let there = || site.client.keys(BUCKET, "screens/").contains(&"screens/sent.bin".to_owned());
    let mut pty = browse(site, &["--as", "root", &site.at("screens/")]);
    pty.says("sent.bin").keys("w").says(&t("browse-writing"));
    pty.keys("Jsent.bin").keys(ENTER).keys("x").says("Type sent.bin to delete").keys("sent.bin").keys(ENTER);
    pty.says("1 deleted");
    assert!(!there());
    pty.keys("V").says(&t("versions-deleted"));
    down_to(&pty, |row| row.contains("sent.bin ") && row.contains("deleted"));
    pty.keys("u").says("It is back");
    assert!(there());
    assert_eq!(site.client.versions(BUCKET, "screens/sent.bin").len(), 1, "its marker is gone");
    pty.keys("q");
    assert!(pty.ended().success());
}

/// Every place of the browser, once at least.
pub fn every_place_does_what_it_says(site: &Site<'_>) {
    let begun = Instant::now();
    let tensor = "[ { name: \"X\" data_type: TYPE_FP32 dims: [ 1 ] } ]";
    let config = format!("backend: \"python\"\nmax_batch_size: 8\ninput {tensor}\noutput {tensor}\n");
    for (key, text) in [
        ("model/config.pbtxt", config.as_str()),
        ("model/1/model.py", "class TritonPythonModel: pass\n"),
        ("notes.txt", "a note of the lab\n"),
    ] {
        site.client.put(BUCKET, &format!("screens/{key}"), text);
    }
    let mut pty = browse(site, &[&site.at("screens/")]);
    looking(site, &pty);
    changing(site, &pty);
    pty.keys("q");
    assert!(pty.ended().success(), "{}", pty.text());
    undeleting(site);
    let versions = site.client.ask(&json!({"do": "versions", "bucket": BUCKET, "prefix": "screens/notes.txt"}));
    assert_eq!(versions.as_array().map(Vec::len), Some(4), "two notes, their copy's and the marker: {versions}");
    println!("screens: {:.1} s", begun.elapsed().as_secs_f64());
}
