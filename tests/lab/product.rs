//! The product's own program, with a home of its own.

use crate::harness::{Host, TECH_PASSWORD, cache, sh, wait_until};
use modelquay::plan::StepKind;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The product with a home of its own: no user's configuration, no known hosts.
pub struct Product {
    home: tempfile::TempDir,
    /// Variables of its environment beside the few that every run has.
    pub environment: Vec<(String, String)>,
    /// The program.
    pub program: PathBuf,
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
        Self { home, environment: Vec::new(), program: env!("CARGO_BIN_EXE_modelquay").into() }
    }

    /// Changes its answers.
    pub fn change_answers(&self, change: impl FnOnce(String) -> String) {
        let path = self.path("site.toml");
        let text = fs::read_to_string(&path).expect("the answers are there");
        fs::write(&path, change(text)).expect("the home is writable");
    }

    /// Takes the lines that begin so out of its answers.
    pub fn without(&self, begin: &str) {
        self.change_answers(|text| text.split_inclusive('\n').filter(|line| !line.starts_with(begin)).collect());
    }

    /// What it is given on descriptor 3.
    pub fn passwords(&self, text: &str) {
        fs::write(self.path("private/passwords"), text).expect("the home is writable");
    }

    /// The CA that it has left for its user.
    pub fn ca(&self, host: &Host) -> PathBuf {
        self.path("state/modelquay/sites").join(&host.name).join("ca.crt")
    }

    /// What the registry's own question for life is answered with, asked by curl with the saved CA.
    pub fn health(&self, host: &Host) -> String {
        let ca = self.ca(host);
        let url = format!("https://{}:30900/minio/health/live", host.ip);
        sh(&format!("curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} {url}", ca.display()))
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
            .arg(&self.program)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PASSWORDS", passwords)
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
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
    pub fn start(&self, args: &[&str]) -> Running<'_> {
        let begun = Instant::now();
        let out = fs::File::create(self.path("out.txt")).expect("the home is writable");
        let err = fs::File::create(self.path("err.txt")).expect("the home is writable");
        let child = self.command(args).stdout(out).stderr(err).spawn().expect("the product can be started");
        Running { product: self, child, begun }
    }

    /// Starts an install with further arguments.
    pub fn start_install(&self, more: &[&str]) -> Running<'_> {
        let args = self.install_args();
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.start(&args)
    }

    /// Starts a resume.
    pub fn start_resume(&self, host: &Host) -> Running<'_> {
        self.start(&["resume", &host.name, "--password-fd", "3"])
    }

    /// Runs a resume to its end.
    pub fn resume(&self, host: &Host) -> Ran {
        self.run(&["resume", &host.name, "--password-fd", "3"])
    }

    /// Runs `check` to its end.
    pub fn check(&self) -> Ran {
        let answers = self.path("site.toml").display().to_string();
        self.run(&["check", "--answers", &answers, "--password-fd", "3"])
    }

    /// Runs `plan` to its end.
    pub fn plan(&self) -> Ran {
        let answers = self.path("site.toml").display().to_string();
        self.run(&["plan", "--answers", &answers, "--password-fd", "3"])
    }

    /// Waits until a run that follows another one says a word or ends by itself; one that goes on is left.
    pub fn ended_or_interrupted(mut run: Running<'_>, word: &str, at_most: Duration) -> Ran {
        run.until(at_most, |said| said.contains(word));
        if !run.ended() {
            run.interrupt();
        }
        run.end(at_most)
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

/// A run of the product that goes on.
pub struct Running<'a> {
    product: &'a Product,
    child: Child,
    begun: Instant,
}

impl Running<'_> {
    /// What it has said so far.
    pub fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.product.path(name)).unwrap_or_default();
        read("out.txt") + &read("err.txt")
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_some()
    }

    /// Waits until it says a word.
    #[track_caller]
    pub fn until_says(&mut self, word: &str, at_most: Duration) {
        let begun = Instant::now();
        wait_until(word, at_most + Duration::from_secs(1), || {
            let said = self.said();
            if said.contains(word) {
                return true;
            }
            assert!(!self.ended() && begun.elapsed() < at_most, "{word:?} was not said:\n{said}");
            false
        });
    }

    /// Waits until what it has said is so, or until it has ended.
    #[track_caller]
    pub fn until(&mut self, at_most: Duration, holds: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        wait_until("its words", at_most + Duration::from_secs(1), || {
            let done = holds(&self.said()) || self.ended();
            assert!(done || begun.elapsed() < at_most, "after {at_most:?} it has only said:\n{}", self.said());
            done
        });
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until its journal has come to the work of a step.
    #[track_caller]
    pub fn until_applying(&mut self, site: &str, step: &str, at_most: Duration) {
        let mark = format!("\"kind\":\"step-applying\",\"step\":\"{step}");
        wait_until(step, at_most, || {
            assert!(!self.ended(), "it ended before {step}:\n{}", self.said());
            self.product.journal(site).contains(&mark)
        });
    }

    /// Waits until a step has begun, or the run has ended; whether it has begun.
    pub fn until_begun(&mut self, site: &str, step: StepKind, at_most: Duration) -> bool {
        let mark = format!("\"step\":\"{}", step.id());
        let begun = |product: &Product| product.journal(site).contains(&mark);
        wait_until(step.id(), at_most, || begun(self.product) || self.ended());
        begun(self.product)
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        sh(&format!("kill -INT {}", self.child.id()));
    }

    /// SIGKILL, and nothing of it is left running.
    pub fn kill(mut self) {
        self.child.kill().expect("it is ours");
        let ended = self.child.wait().expect("it is ours");
        assert_eq!(ended.code(), None, "it had ended by itself:\n{}", self.said());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self, at_most: Duration) -> Ran {
        let begun = Instant::now();
        wait_until("the end of the run", at_most + Duration::from_secs(1), || {
            self.ended() || {
                assert!(begun.elapsed() < at_most, "after {at_most:?} it goes on:\n{}", self.said());
                false
            }
        });
        let code = self.child.wait().expect("it has ended").code().unwrap_or(-1);
        Ran { code, said: self.said(), took: self.begun.elapsed() }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that fails in the middle must not leave it to work on a host that is taken down.
        if !self.ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A key of the credentials file.
pub fn key(credentials: &Path, name: &str) -> (String, String) {
    let text = fs::read_to_string(credentials).expect("the credentials file is there");
    let table: toml::Table = text.parse().expect("it is TOML");
    let value = |what: &str| table[name][what].as_str().expect("a key has both parts").to_owned();
    (value("access_key"), value("secret_key"))
}
