//! The lab as tests see it: hosts by `labctl`, and the product's own program.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The sudo password of the user `tech`; tests/lab/README.md names it.
pub const TECH_PASSWORD: &str = "quay-Tech-4711";
/// The login and sudo password of the user `tech2`.
pub const TECH2_PASSWORD: &str = "quay-Tech2-0815";

/// A directory of the lab's cache.
pub fn cache() -> PathBuf {
    PathBuf::from(std::env::var_os("MODELQUAY_LAB_CACHE").expect("tests/lab/run sets it"))
}

fn labctl_path() -> PathBuf {
    PathBuf::from(std::env::var_os("LABCTL").expect("tests/lab/run sets it"))
}

/// Runs labctl; a failure ends the test with what it said.
pub fn labctl(args: &[&str]) -> String {
    let output = Command::new(labctl_path()).args(args).output().expect("labctl can be started");
    assert!(output.status.success(), "labctl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A lab host; it is removed when the test ends, however it ends.
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its address.
    pub ip: String,
}

impl Host {
    /// A fresh host.
    pub fn fresh(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// A fresh host with further arguments for `host-new`.
    pub fn with(name: &str, args: &[&str]) -> Self {
        // One that an earlier run has left, if any.
        let _ = Command::new(labctl_path()).args(["host-rm", name]).output();
        let mut all = vec!["host-new", name];
        all.extend(args);
        labctl(&all);
        let ip = labctl(&["host-ip", name]).trim().to_owned();
        Self { name: name.into(), ip }
    }

    /// Runs a shell command inside as root and gives its output; a failure ends the test.
    pub fn sh(&self, script: &str) -> String {
        labctl(&["host-exec", &self.name, "sh", "-c", script])
    }

    /// Whether a shell command inside succeeds.
    pub fn holds(&self, script: &str) -> bool {
        let status = Command::new(labctl_path())
            .args(["host-exec", &self.name, "sh", "-c", script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|s| s.success())
    }

    /// kubectl inside, as root.
    pub fn kubectl(&self, args: &str) -> String {
        self.sh(&format!("/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml {args}"))
    }

    /// How many lines a counter of the stand-ins has.
    pub fn count(&self, counter: &str) -> usize {
        self.sh(&format!("cat /var/lib/lab-count/{counter} 2>/dev/null || true")).lines().count()
    }

    /// A setting of a bad day.
    pub fn bad_day(&self, setting: &str) {
        labctl(&["bad-day", &self.name, setting]);
    }

    /// The fingerprint of its ed25519 key, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        let keys = labctl(&["host-key", &self.name]);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), &keys).expect("it is writable");
        let output = Command::new("ssh-keygen").arg("-lf").arg(file.path()).output().expect("ssh-keygen is there");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|l| l.contains("ED25519")).unwrap_or_default();
        line.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// Creations of a kind of object that the API server's audit log counts: successful ones.
    pub fn created(&self, resource: &str, name_part: &str) -> usize {
        let log = self.sh("cat /var/lib/rancher/rke2/server/logs/audit*.log");
        log.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|e| e["stage"] == "ResponseComplete")
            .filter(|e| e["verb"] == "create" || e["verb"] == "patch")
            .filter(|e| e["responseStatus"]["code"] == 201)
            .filter(|e| e["objectRef"]["resource"] == resource && e["objectRef"]["subresource"].is_null())
            .filter(|e| e["requestURI"].as_str().is_some_and(|uri| !uri.contains("dryRun")))
            .filter(|e| {
                let name = e["objectRef"]["name"].as_str().unwrap_or_default();
                name.contains(name_part)
            })
            .count()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::env::var_os("LAB_KEEP").is_none() || !std::thread::panicking() {
            let _ = Command::new(labctl_path()).args(["host-rm", &self.name]).status();
        }
    }
}

/// The product with a home of its own: no user's configuration, no known hosts.
pub struct Product {
    home: tempfile::TempDir,
}

/// How the product is told to reach a host.
pub struct Reach<'a> {
    /// `user@address`.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Lines for the table `[host]`.
    pub more: &'a str,
}

impl Product {
    /// A new home.
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("mq").tempdir().expect("a temporary directory");
        let key = cache().join("keys/id_ed25519");
        fs::create_dir(home.path().join("private")).expect("the home is writable");
        fs::copy(key, home.path().join("private/key")).expect("the lab has a key");
        let private = |p: &str, mode: u32| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(home.path().join(p), fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        private("private", 0o700);
        private("private/key", 0o600);
        Self { home }
    }

    /// A path in its home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The credentials file.
    pub fn credentials(&self) -> PathBuf {
        self.path("private/keys.toml")
    }

    /// Writes the answers for a host reached as `tech` by key, with the lab's components and mirrors.
    pub fn answers(&self, host: &Host, more: &str) -> PathBuf {
        let reach = Reach { address: format!("tech@{}", host.ip), port: 22, more: "" };
        self.answers_for(host, &reach, more)
    }

    /// As [`Product::answers`], reached in another way.
    pub fn answers_for(&self, host: &Host, reach: &Reach<'_>, more: &str) -> PathBuf {
        let mut text = format!("site = \"{}\"\n\n[host]\naddress = \"{}\"\n", host.name, reach.address);
        if reach.address != "local" {
            let key = self.path("private/key");
            let _ = write!(text, "port = {}\nidentity = \"{}\"\n", reach.port, key.display());
            let _ = writeln!(text, "fingerprint = \"{}\"", host.fingerprint());
        }
        let _ = write!(
            text,
            "{}\n[supply]\ncomponents = [\"{}\"]\n",
            reach.more,
            cache().join("components.toml").display()
        );
        for registry in ["docker.io", "quay.io"] {
            let _ =
                write!(text, "[[supply.mirror]]\nregistry = \"{registry}\"\nendpoint = \"http://10.77.0.1:5001\"\n");
        }
        text.push_str(more);
        let path = self.path("site.toml");
        fs::write(&path, text).expect("the home is writable");
        path
    }

    /// The product's program with this home and the passwords on descriptor 3.
    pub fn command(&self, args: &[&str]) -> Command {
        let passwords = self.path("private/passwords");
        if !passwords.exists() {
            fs::write(&passwords, format!("sudo={TECH_PASSWORD}\n")).expect("the home is writable");
        }
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<\"$PASSWORDS\"")
            .arg(env!("CARGO_BIN_EXE_modelquay"))
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PASSWORDS", passwords)
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    /// The arguments of an install.
    pub fn install_args(&self) -> Vec<String> {
        let text = |p: PathBuf| p.display().to_string();
        vec![
            "install".into(),
            "--answers".into(),
            text(self.path("site.toml")),
            "--yes".into(),
            "--credentials-file".into(),
            text(self.credentials()),
            "--password-fd".into(),
            "3".into(),
        ]
    }

    /// Runs a sub-command to its end and gives its exit code and everything it said.
    pub fn run(&self, args: &[&str]) -> Ran {
        let begun = Instant::now();
        let output = self.command(args).output().expect("the product can be started");
        Ran::of(&output, begun.elapsed())
    }

    /// Runs an install to its end.
    pub fn install(&self) -> Ran {
        let args = self.install_args();
        self.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts a sub-command and leaves it running; its output goes to files of the home.
    pub fn start(&self, args: &[&str]) -> Child {
        let out = fs::File::create(self.path("out.txt")).expect("the home is writable");
        let err = fs::File::create(self.path("err.txt")).expect("the home is writable");
        self.command(args).stdout(out).stderr(err).spawn().expect("the product can be started")
    }

    /// Everything that the newest journal holds, as text.
    pub fn journal(&self, site: &str) -> String {
        let runs = self.path("state/modelquay/sites").join(site).join("runs");
        let mut dirs: Vec<PathBuf> =
            fs::read_dir(runs).map(|entries| entries.flatten().map(|e| e.path()).collect()).unwrap_or_default();
        dirs.sort();
        dirs.last().and_then(|dir| fs::read_to_string(dir.join("journal.jsonl")).ok()).unwrap_or_default()
    }
}

/// How the product ended.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Standard output and standard error.
    pub said: String,
    /// How long it took.
    pub took: Duration,
}

impl Ran {
    fn of(output: &Output, took: Duration) -> Self {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), said, took }
    }

    /// Expects an exit code; another ends the test with all that was said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "after {:?} it said:\n{}", self.took, self.said);
        self
    }

    /// Expects a word in what was said.
    #[track_caller]
    pub fn says(self, word: &str) -> Self {
        assert!(self.said.contains(word), "{word:?} is not in:\n{}", self.said);
        self
    }
}

/// Waits for a condition, looking four times a second.
#[track_caller]
pub fn wait_until(what: &str, at_most: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    while !holds() {
        assert!(begun.elapsed() < at_most, "waited {at_most:?} for {what}");
        let _ = never.recv_timeout(Duration::from_millis(250));
    }
}

/// Runs a program of this machine and gives its standard output; a failure ends the test.
#[track_caller]
pub fn sh(script: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(script).output().expect("sh is there");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A key of the credentials file.
pub fn key(credentials: &Path, name: &str) -> (String, String) {
    let text = fs::read_to_string(credentials).expect("the credentials file is there");
    let table: toml::Table = text.parse().expect("it is TOML");
    let value = |what: &str| table[name][what].as_str().expect("a key has both parts").to_owned();
    (value("access_key"), value("secret_key"))
}
