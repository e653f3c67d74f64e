//! The bucket browser's commands on the registry of an installed site, from outside, over its verified TLS and with the
//! keys that were saved. What each has done is looked at by a client that is not the product's.

use crate::client::{Client, noise, sha256};
use crate::harness::{Host, sh};
use crate::odd;
use crate::product::{Product, Ran, key};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;
use std::time::Instant;

/// The bucket that an install makes.
pub const BUCKET: &str = "models";

pub const MIB: usize = 1 << 20;

/// A site's registry, the product with its keys, and a client of another make with the root key.
pub struct Site<'a> {
    pub host: &'a Host,
    pub product: &'a Product,
    pub client: &'a Client,
}

/// The client of another make.
pub fn client(host: &Host, product: &Product) -> Client {
    let (access, secret) = key(&product.credentials(), "root");
    Client::of(&format!("https://{}:30900", host.ip), (&access, &secret), Some(&product.ca(host)))
}

impl Site<'_> {
    /// `SITE:models/KEY`.
    pub fn at(&self, key: &str) -> String {
        format!("{}:{BUCKET}/{key}", self.host.name)
    }

    /// Runs a command of `s3`.
    pub fn s3(&self, args: &[&str]) -> Ran {
        self.product.run(&[&["s3"], args].concat())
    }

    /// Runs one that succeeds and gives its rows.
    #[track_caller]
    pub fn rows(&self, args: &[&str]) -> Vec<Value> {
        let said = self.s3(&[&["--json"], args].concat()).expect(0).said;
        said.lines().filter(|line| line.starts_with('{')).filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last of them.
    #[track_caller]
    pub fn row(&self, args: &[&str]) -> Value {
        self.rows(args).pop().unwrap_or_else(|| panic!("{args:?} has no row"))
    }

    /// Writes a file of the product's user.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.product.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the home")).expect("the home is writable");
        fs::write(&path, bytes).expect("the home is writable");
        path.display().to_string()
    }

    /// A path in the home of the product's user.
    pub fn path(&self, name: &str) -> String {
        self.product.path(name).display().to_string()
    }
}

/// One thing after the other with a file of some parts, a small one, and standard input and output.
fn files_go_both_ways(site: &Site<'_>) {
    let (large, small) = (noise(20 * MIB, 1), b"a note\n".to_vec());
    let (sent, note) = (site.file("ways/model.bin", &large), site.file("ways/note.txt", &small));
    let done = site.row(&["put", &sent, &site.at("ways/1/model.bin")]);
    assert_eq!((&done["verified"], &done["carried"]), (&json!(true), &json!(large.len())), "{done}");
    assert_eq!(site.client.digest(BUCKET, "ways/1/model.bin"), sha256(&large));
    site.s3(&["put", &note, &site.at("ways/"), "--content-type", "text/plain"]).expect(0);
    assert_eq!(site.client.digest(BUCKET, "ways/note.txt"), sha256(&small));
    site.s3(&["put", &note, &site.at("ways/1/model.bin")]).expect(4);
    assert_eq!(site.client.digest(BUCKET, "ways/1/model.bin"), sha256(&large), "nothing is replaced unasked");

    let fetched = site.path("ways/back.bin");
    assert_eq!(site.row(&["get", &site.at("ways/1/model.bin"), &fetched])["verified"], json!(true));
    assert_eq!(sha256(&fs::read(&fetched).expect("it was fetched")), sha256(&large));
    site.s3(&["verify", &site.at("ways/1/model.bin"), &sent]).expect(0);
    site.s3(&["verify", &site.at("ways/1/model.bin")]).expect(0);
    site.s3(&["verify", &site.at("ways/1/model.bin"), &note]).expect(1);

    let mut piped = site.product.command(&["s3", "put", "-", &site.at("ways/piped.bin")]);
    let input = fs::File::open(&sent).expect("it is there");
    assert!(piped.stdin(input).status().expect("the product can be started").success());
    assert_eq!(site.client.digest(BUCKET, "ways/piped.bin"), sha256(&large));
    for command in ["cat", "get"] {
        let at = site.at("ways/piped.bin");
        let args = if command == "cat" { vec!["s3", command, &at] } else { vec!["s3", command, &at, "-"] };
        let output = site.product.command(&args).output().expect("the product can be started");
        assert_eq!(sha256(&output.stdout), sha256(&large), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let output = site.product.command(&["s3", "head", "-c", "6", &site.at("ways/note.txt")]).output();
    assert_eq!(output.expect("the product can be started").stdout, b"a note");
}

/// What is listed is what is there.
fn what_lies_there_is_told(site: &Site<'_>) {
    let rows = site.rows(&["ls", &site.at("ways/")]);
    let names: Vec<&str> = rows.iter().filter_map(|row| row["prefix"].as_str().or(row["key"].as_str())).collect();
    assert_eq!(names, ["ways/1/", "ways/note.txt", "ways/piped.bin"], "{rows:?}");
    let rows = site.rows(&["ls", "-r", &site.at("ways/")]);
    let keys: Vec<&str> = rows.iter().filter_map(|row| row["key"].as_str()).collect();
    assert_eq!(keys, site.client.keys(BUCKET, "ways/"));
    let buckets = site.rows(&["ls", &format!("{}:", site.host.name)]);
    let buckets: Vec<&Value> = buckets.iter().map(|row| &row["bucket"]).collect();
    assert_eq!(json!(buckets), site.client.ask(&json!({"do": "buckets"})));
    site.s3(&["tree", &site.at("ways/")]).expect(0).says("model.bin").says("note.txt");
    let all = site.row(&["du", &site.at("ways/")]);
    assert_eq!((&all["objects"], &all["bytes"]), (&json!(3), &json!(40 * MIB + 7)), "{all}");
    assert_eq!(all["complete"], json!(true));
    let trust = site.row(&["trust", &format!("{}:", site.host.name)]);
    let is = (&trust["verified"], &trust["by"], &trust["way"]);
    assert_eq!(is, (&json!(true), &json!("site"), &json!("direct")), "{trust}");
    let openssl = sh(&format!(
        "openssl s_client -connect {}:30900 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
        site.host.ip
    ));
    let ours = site.rows(&["trust", &format!("{}:", site.host.name)]);
    let sum = openssl.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase();
    let shown = ours[0]["sha256"].as_str().unwrap_or_default().replace(':', "").to_lowercase();
    assert_eq!(shown, sum, "{ours:?}");
}

/// URLs work for curl, which has the CA and no key.
fn urls_work_for_whoever_has_them(site: &Site<'_>) {
    let ca = site.product.ca(site.host);
    let url = |args: &[&str]| {
        let row = site.row(&[&["share", "--lasts", "5m"], args].concat());
        row["url"].as_str().expect("a URL").to_owned()
    };
    let fetched = url(&[&site.at("ways/note.txt")]);
    assert_eq!(sh(&format!("curl -sSf --cacert {} '{fetched}'", ca.display())), "a note\n");
    let written = url(&["--write", &site.at("ways/by url.txt")]);
    let from = site.file("ways/by-url", b"by its URL\n");
    sh(&format!("curl -sSf --cacert {} -T {from} '{written}'", ca.display()));
    assert_eq!(site.client.digest(BUCKET, "ways/by url.txt"), sha256(b"by its URL\n"));
    // One for reading does not write.
    let refused = format!("! curl -sSf --cacert {} -T {from} '{fetched}' 2>&1", ca.display());
    sh(&refused);
    assert_eq!(site.client.digest(BUCKET, "ways/note.txt"), sha256(b"a note\n"));
}

/// Tags and notes, prefixes and buckets.
fn what_is_noted_is_noted(site: &Site<'_>) {
    let at = site.at("ways/note.txt");
    let of = |what: &str| json!({"do": what, "bucket": BUCKET, "key": "ways/note.txt"});
    site.s3(&["tags", "--set", "stage=live", "--set", "for=two words", &at]).expect(0);
    assert_eq!(site.client.ask(&of("tags")), json!({"for": "two words", "stage": "live"}));
    site.s3(&["tags", "--unset", "stage", &at]).expect(0);
    assert_eq!(site.client.ask(&of("tags")), json!({"for": "two words"}));
    site.s3(&["set", "--content-type", "text/markdown", "--meta", "trained=monday", &at]).expect(0);
    let about = site.client.ask(&of("about"));
    assert_eq!((&about["type"], &about["metadata"]), (&json!("text/markdown"), &json!({"trained": "monday"})));
    let stat = site.row(&["stat", &at]);
    assert_eq!((&stat["content_type"], &stat["metadata"]), (&about["type"], &about["metadata"]), "{stat}");
    assert_eq!(stat["tags"], json!({"for": "two words"}), "tags stay with a change of notes");
    site.s3(&["mkdir", &site.at("ways/empty/")]).expect(0);
    assert!(site.client.keys(BUCKET, "ways/").contains(&"ways/empty/".to_owned()));
    // A bucket is the root key's to make, and no other's.
    let bucket = format!("{}:made-by-hand", site.host.name);
    site.s3(&["mb", &bucket]).expect(1).says("help: ");
    site.s3(&["mb", &bucket, "--as", "root"]).expect(0);
    assert_eq!(site.client.ask(&json!({"do": "buckets"})), json!(["made-by-hand", BUCKET]));
}

/// Copies and moves at the service, of one object and of a prefix. MinIO takes no heed of `If-None-Match` on a copy.
fn copies_and_moves_replace_nothing(site: &Site<'_>) {
    let (client, before) = (site.client, site.client.digest(BUCKET, "ways/note.txt"));
    site.s3(&["cp", &site.at("ways/note.txt"), &site.at("ways/twin.txt")]).expect(0);
    assert_eq!(client.digest(BUCKET, "ways/twin.txt"), before);
    site.s3(&["cp", &site.at("ways/by url.txt"), &site.at("ways/twin.txt")]).expect(4);
    assert_eq!(client.digest(BUCKET, "ways/twin.txt"), before, "nothing is replaced unasked");
    site.s3(&["cp", "--replace", &site.at("ways/by url.txt"), &site.at("ways/twin.txt")]).expect(0);
    assert_eq!(client.digest(BUCKET, "ways/twin.txt"), sha256(b"by its URL\n"));
    site.s3(&["mv", &site.at("ways/twin.txt"), &site.at("ways/moved.txt")]).expect(0);
    let keys = client.keys(BUCKET, "ways/");
    assert!(keys.contains(&"ways/moved.txt".to_owned()) && !keys.contains(&"ways/twin.txt".to_owned()), "{keys:?}");
    let names = |prefix: &str| {
        let keys = client.keys(BUCKET, prefix);
        keys.into_iter().map(|key| key[prefix.len()..].to_owned()).collect::<Vec<_>>()
    };
    let all = names("ways/");
    site.s3(&["cp", "-r", &site.at("ways/"), &site.at("copies/")]).expect(0);
    assert_eq!((names("copies/"), names("ways/")), (all.clone(), all.clone()));
    site.s3(&["mv", "-r", &site.at("copies/"), &site.at("gone/")]).expect(4);
    assert_eq!(names("copies/"), all, "nobody has typed its name");
    site.s3(&["mv", "-r", "--yes", &site.at("copies/"), &site.at("kept/")]).expect(0);
    assert_eq!((names("kept/"), names("copies/")), (all, Vec::new()));
    assert_eq!(client.digest(BUCKET, "kept/1/model.bin"), client.digest(BUCKET, "ways/1/model.bin"));
}

/// What is deleted is behind a marker, comes back, and goes for good with the root key alone.
fn what_was_deleted_comes_back(site: &Site<'_>) {
    let client = site.client;
    client.put(BUCKET, "back/config.pbtxt", "first");
    client.put(BUCKET, "back/config.pbtxt", "second");
    client.put(BUCKET, "back/other", "x");
    let rows = site.rows(&["versions", &site.at("back/config.pbtxt")]);
    let seen: Vec<Value> = rows.iter().map(|row| row["version"].clone()).collect();
    let theirs: Vec<Value> = client.versions(BUCKET, "back/config.pbtxt").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(seen, theirs);
    site.s3(&["restore", "--version", seen[1].as_str().expect("an id"), &site.at("back/config.pbtxt")]).expect(0);
    assert_eq!(client.digest(BUCKET, "back/config.pbtxt"), sha256(b"first"));
    assert_eq!(client.versions(BUCKET, "back/config.pbtxt").len(), 3, "those before stay");
    site.s3(&["rm", &site.at("back/config.pbtxt")]).expect(4);
    assert_eq!(client.keys(BUCKET, "back/").len(), 2, "nobody has typed its name");
    let gone = site.row(&["rm", "-r", "--yes", &site.at("back/")]);
    assert_eq!((&gone["done"], &gone["markers"]), (&json!(2), &json!(2)), "{gone}");
    assert!(client.keys(BUCKET, "back/").is_empty());
    // The publisher's key takes no version away, and a marker is one.
    site.s3(&["undelete", &site.at("back/config.pbtxt")]).expect(1).says("help: ");
    assert!(client.keys(BUCKET, "back/").is_empty());
    site.s3(&["undelete", &site.at("back/config.pbtxt"), "--as", "root"]).expect(0);
    assert_eq!(client.digest(BUCKET, "back/config.pbtxt"), sha256(b"first"));
    site.s3(&["undelete", "-r", &site.at("back/"), "--as", "root"]).expect(0);
    assert_eq!(client.keys(BUCKET, "back/"), ["back/config.pbtxt", "back/other"]);
    site.s3(&["rm", "-r", "--all-versions", "--yes", &site.at("back/")]).expect(1).says("help: ");
    site.s3(&["rm", "-r", "--all-versions", "--yes", &site.at("back/"), "--as", "root"]).expect(0);
    assert_eq!(client.versions(BUCKET, "back/"), Vec::<Value>::new());
}

/// MinIO takes a prefix of unfinished uploads for a whole key: those below it are found all the same.
fn begun_uploads_are_found_and_thrown_away(site: &Site<'_>) {
    let (client, part) = (site.client, 5 * MIB as u64);
    let found = |at: &str| {
        let mut ids: Vec<String> =
            site.rows(&["uploads", at]).iter().filter_map(|row| row["upload"].as_str().map(str::to_owned)).collect();
        ids.sort();
        ids
    };
    // What was tried with other keys before may have left some.
    let before = found(&site.at(""));
    let (one, two) = (client.begin(BUCKET, "begun/a.bin", part), client.begin(BUCKET, "begun/b.bin", part));
    let other = client.begin(BUCKET, "other.bin", part);
    assert!(client.uploads(BUCKET, "begun/").is_empty(), "MinIO has learnt it");
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(found(&site.at("begun/")), sorted(vec![one.clone(), two.clone()]));
    assert_eq!(found(&site.at("begun/a.bin")), std::slice::from_ref(&one));
    assert_eq!(found(&site.at("")), sorted([before, vec![one, two, other.clone()]].concat()));
    site.s3(&["uploads", "--abort", &site.at("begun/")]).expect(4);
    assert_eq!(client.uploads(BUCKET, "begun/a.bin").len(), 1);
    assert_eq!(site.row(&["uploads", "--abort", "--yes", &site.at("begun/")])["done"], json!(2));
    assert!(client.uploads(BUCKET, "begun/a.bin").is_empty() && client.uploads(BUCKET, "begun/b.bin").is_empty());
    assert_eq!(client.uploads(BUCKET, "other.bin"), [other], "one that was not meant stays");
    site.s3(&["uploads", "--abort", "--yes", &site.at("other.bin")]).expect(0);
}

/// A repository of one good model and one bad one, as a directory goes up and comes down.
fn a_repository_is_sent_judged_and_fetched(site: &Site<'_>) {
    let config = |name: &str| {
        let tensor = "[ { name: \"X\" data_type: TYPE_FP32 dims: [ 1 ] } ]";
        format!("name: \"{name}\"\nbackend: \"python\"\nmax_batch_size: 8\ninput {tensor}\noutput {tensor}\n")
    };
    for (name, text) in [
        ("good/config.pbtxt", config("good")),
        ("good/1/model.py", "class TritonPythonModel: pass\n".to_owned()),
        ("bad/config.pbtxt", config("another")),
        ("bad/1/notes.txt", "no model here\n".to_owned()),
    ] {
        site.file(&format!("repository/{name}"), text.as_bytes());
    }
    let sent = site.row(&["put", "-r", &site.path("repository"), &site.at("repository/")]);
    assert_eq!((&sent["done"], &sent["failed"]), (&json!(4), &json!(0)), "{sent}");
    let keys = client_names(site, "repository/");
    assert_eq!(keys, ["bad/1/notes.txt", "bad/config.pbtxt", "good/1/model.py", "good/config.pbtxt"]);
    let said = site.s3(&["--json", "lint", &site.at("repository/")]).expect(1).said;
    let last = said.lines().rev().find(|line| line.contains("\"lint\"")).expect("a last line");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!((&last["served"], &last["models"], &last["access_of"]), (&json!(1), &json!(2), &json!("triton")));
    assert!(last["access"].as_object().is_some_and(|all| all.values().all(|one| one == "allowed")), "{last}");
    site.s3(&["get", "-r", &site.at("repository/"), &site.path("fetched")]).expect(0);
    sh(&format!("diff -r {} {}", site.path("repository"), site.path("fetched")));
}

/// A model is published, again with more files, and taken back; what Triton would serve is what `publish` says.
fn a_model_is_published_and_taken_back(site: &Site<'_>) {
    let model = site.at("prod/good");
    let last = |args: &[&str]| site.row(&[args, &["--yes"]].concat());
    fs::create_dir_all(site.product.path("publish")).expect("the home is writable");
    sh(&format!("cp -r {} {}", site.path("repository/good"), site.path("publish/good")));
    let end = last(&["publish", &site.path("publish/good"), &model]);
    assert_eq!((&end["type"], &end["serves"]), (&json!("published"), &json!([1])), "{end}");
    let weights = noise(9 * MIB, 13);
    site.file("publish/second/model.py", b"class TritonPythonModel: pass\n");
    site.file("publish/second/weights.bin", &weights);
    let end = last(&["publish", &site.path("publish/second"), &model]);
    assert_eq!((&end["type"], &end["serves"]), (&json!("published"), &json!([2])), "{end}");
    assert_eq!(site.client.digest(BUCKET, "prod/good/2/weights.bin"), sha256(&weights));
    assert!(site.client.keys(BUCKET, "modelquay-staging/").is_empty(), "what was staged is gone");
    assert_eq!(site.row(&["lint", &site.at("prod/")])["served"], json!(1));
    let end = last(&["roll-back", &model, "--to", "1", "--remove", "2"]);
    assert_eq!(end["serves"], json!([1]), "{end}");
    assert_eq!(client_names(site, "prod/good/"), ["1/model.py", "config.pbtxt"]);
}

fn client_names(site: &Site<'_>, prefix: &str) -> Vec<String> {
    site.client.keys(BUCKET, prefix).into_iter().map(|key| key[prefix.len()..].to_owned()).collect()
}

/// Every command, once at least.
pub fn every_command_does_what_it_says(site: &Site<'_>) {
    let mut begun = Instant::now();
    let mut took = |what: &str| {
        println!("s3: {what}: {:.1} s", begun.elapsed().as_secs_f64());
        begun = Instant::now();
    };
    files_go_both_ways(site);
    took("files both ways");
    what_lies_there_is_told(site);
    urls_work_for_whoever_has_them(site);
    what_is_noted_is_noted(site);
    took("lists, URLs, notes");
    copies_and_moves_replace_nothing(site);
    what_was_deleted_comes_back(site);
    begun_uploads_are_found_and_thrown_away(site);
    took("copies, versions, uploads");
    a_repository_is_sent_judged_and_fetched(site);
    a_model_is_published_and_taken_back(site);
    took("a repository, a publication");
    odd::keys_are_taken_as_they_are(site);
    took("odd keys");
    odd::killed_transfers_are_gone_on_with(site);
    took("killed transfers");
    // What a later test counts begins anew.
    let output = site.product.command(&["s3", "rm", "-r", "--yes", &site.at("")]).stderr(Stdio::piped()).output();
    assert!(output.is_ok_and(|output| output.status.success()));
}
