//! MinIO's console of a real site in a real browser of this machine, through the connection to the host: TLS
//! is verified by the browser itself, against the CA that the product has left.

use crate::harness::{Host, sh, wait_until};
use crate::link_proxy::Link;
use crate::product::{Product, Reach, Running, key};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(2);

/// A browser's home that nobody has used, and that goes with the test.
struct Browser(tempfile::TempDir);

impl Browser {
    /// One that trusts this CA, or none beside those that browsers come with.
    fn new(ca: Option<&Path>) -> Self {
        let home = tempfile::Builder::new().prefix("mqb").tempdir().expect("a temporary directory");
        // Where Chromium on Linux keeps what its user trusts (chromium docs/linux/cert_management.md).
        let db = home.path().join(".pki/nssdb");
        fs::create_dir_all(&db).expect("the home is writable");
        let db = db.display();
        sh(&format!("certutil -d sql:{db} -N --empty-password"));
        if let Some(ca) = ca {
            sh(&format!("certutil -d sql:{db} -A -t C,, -n registry -i {}", ca.display()));
        }
        Self(home)
    }

    /// What a page has become once its scripts have run. Nothing but this machine is asked for anything.
    fn open(&self, url: &str) -> Output {
        Command::new("timeout")
            .args(["120", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-extensions", "--disable-background-networking"])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
            ])
            .args(["--virtual-time-budget=30000", "--dump-dom", url])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("XDG_RUNTIME_DIR", self.0.path())
            .stdin(Stdio::null())
            .output()
            .expect("chromium can be started")
    }
}

/// The address that the product has printed.
fn address(running: &Running<'_>) -> String {
    let said = running.said();
    let url = said.split_whitespace().find(|word| word.starts_with("https://localhost:"));
    url.unwrap_or_else(|| panic!("no address in:\n{said}")).to_owned()
}

/// curl's HTTP status, or its own error.
fn curl(arguments: &str) -> Result<String, i32> {
    let script = format!("curl -sS --max-time 30 -o /dev/null -w '%{{http_code}}' {arguments}");
    let output = Command::new("sh").args(["-c", &script]).output().expect("sh is there");
    let code = output.status.code().unwrap_or(-1);
    if code == 0 { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { Err(code) }
}

/// Logs in as a browser does after its form was filled in, and gives the names of the buckets that are shown.
fn buckets(product: &Product, url: &str, ca: &Path, name: &str) -> Vec<String> {
    let (access, secret) = key(&product.credentials(), name);
    let jar = product.path("private/cookies");
    // Its body goes by a file: arguments are seen by everyone.
    let body = product.path("private/login.json");
    fs::write(&body, serde_json::json!({"accessKey": access, "secretKey": secret}).to_string()).expect("writable");
    let (ca, jar, body) = (ca.display(), jar.display(), body.display());
    let login = curl(&format!(
        "--cacert {ca} -c {jar} -H 'Content-Type: application/json' --data-binary @{body} {url}/api/v1/login"
    ));
    assert_eq!(login.as_deref(), Ok("204"), "{name} cannot log in");
    let listed = sh(&format!("curl -sS --cacert {ca} -b {jar} {url}/api/v1/buckets"));
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let all = listed["buckets"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|bucket| bucket["name"].as_str().map(str::to_owned)).collect()
}

/// A finished host's console: curl, the three keys, a browser, a link that is cut, Ctrl-C.
pub fn the_console_opens_in_a_browser(host: &Host) {
    let link = Link::to(&host.ip);
    let product = Product::new();
    product.answers_for(host, &Reach { address: "tech@127.0.0.1".into(), port: link.port, more: "" }, "");
    product.install().expect(0);
    let ca = product.ca(host);
    let begun = Instant::now();
    let args = ["console", &host.name, "--password-fd", "3"];
    let mut console = product.start(&args);
    console.until_says("Ctrl-C closes the tunnel", PATIENCE);
    let opened = begun.elapsed();
    let url = address(&console);

    let page = sh(&format!("curl -sS --cacert {} {url}/", ca.display()));
    assert!(page.contains("<title>MinIO Console</title>"), "{page}");
    assert_eq!(curl(&format!("{url}/")), Err(60), "the system's CAs do not vouch for it");
    for name in ["reader", "publisher", "root"] {
        assert_eq!(buckets(&product, &url, &ca, name), ["models"], "{name}");
    }

    let begun = Instant::now();
    let trusting = Browser::new(Some(&ca));
    // A browser that is asked for a page's elements gives those of a moment, and the console draws its page by itself:
    // on a machine that is busy that can be before the form is there.
    wait_until("the login page", PATIENCE, || {
        let shown = trusting.open(&url);
        let (dom, told) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(!told.contains("ERR_CERT"), "{told}");
        let there = dom.contains("type=\"password\"") && dom.contains("id=\"accessKey\"");
        if !there {
            let tail =
                |text: &str| text.chars().rev().take(600).collect::<Vec<_>>().into_iter().rev().collect::<String>();
            println!("not yet the login page: {} bytes, {}\n{}", dom.len(), shown.status, tail(&told));
        }
        there
    });
    let took = begun.elapsed();
    let stranger = Browser::new(None).open(&url);
    let told = String::from_utf8_lossy(&stranger.stderr);
    assert!(told.contains("ERR_CERT_AUTHORITY_INVALID"), "{told}");
    assert!(!String::from_utf8_lossy(&stranger.stdout).contains("accessKey"), "shown without the CA");

    link.cut();
    console.until_says("link: lost", PATIENCE);
    link.mend();
    console.until_says("link: up again", PATIENCE);
    assert_eq!(curl(&format!("--cacert {} {url}/", ca.display())).as_deref(), Ok("200"), "after the loss");
    console.until_says("asked for anew", PATIENCE);

    console.interrupt();
    let ended = console.end(Duration::from_mins(1)).expect(130).says("no tunnel is left open");
    for name in ["reader", "publisher", "triton", "root"] {
        let (access, secret) = key(&product.credentials(), name);
        assert!(!ended.said.contains(&secret) && !ended.said.contains(&access), "the key {name} was said");
    }
    assert_eq!(curl(&format!("--cacert {} {url}/", ca.display())), Err(7), "nobody listens any more");
    println!(
        "console: open after {:.1} s, its login page in a browser after {:.1} s more",
        opened.as_secs_f64(),
        took.as_secs_f64()
    );
    a_port_of_the_node_needs_no_tunnel(host, &product, &ca);
}

fn a_port_of_the_node_needs_no_tunnel(host: &Host, product: &Product, ca: &Path) {
    product.change_answers(|text| text + "[registry]\nconsole_port = 30943\n");
    product.install().expect(0);
    let url = format!("https://{}:30943", host.ip);
    let args = ["console", &host.name, "--password-fd", "3"];
    product.run(&args).expect(0).says("no tunnel is needed").says(&url);
    assert_eq!(curl(&format!("--cacert {} {url}/", ca.display())).as_deref(), Ok("200"));
    let mut console = product.start(&[args.as_slice(), &["--tunnel"]].concat());
    console.until_says("Ctrl-C closes the tunnel", PATIENCE);
    let tunnel = address(&console);
    assert_eq!(curl(&format!("--cacert {} {tunnel}/", ca.display())).as_deref(), Ok("200"));
    console.interrupt();
    console.end(Duration::from_mins(1)).expect(130);
    // The host is as it was, for whoever asks it next.
    product.without("[registry]");
    product.without("console_port");
    product.install().expect(0);
    wait_until("the port to be closed", PATIENCE, || curl(&format!("--cacert {} {url}/", ca.display())).is_err());
}
