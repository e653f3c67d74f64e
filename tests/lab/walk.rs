//! The screens against a real host: everything is done by keys in a terminal of 80×24, as a technician
//! would, over a link that breaks.

use crate::hand_over::static_program;
use crate::harness::{Host, TECH_PASSWORD, cache, sh, wait_until};
use crate::link_proxy::Link;
use crate::product::key;
use crate::pty::Pty;
use crate::replay::{Asked, Place as Shown, Secrets, reveal_and_hide, search};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::walk::Place;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ENTER: &str = "\r";
const CTRL_F: &str = "\u{6}";
const DOWN: &str = "\u{1b}[B";
const TAB: &str = "\t";
const CTRL_U: &str = "\u{15}";
const BACKSPACE: &str = "\u{7f}";

/// Where the lab's images come from.
const MIRROR: &str = "http://10.77.0.1:5001";

/// How long one screen of an install may take.
const PATIENCE: Duration = Duration::from_mins(8);

fn t(key: &str) -> String {
    Text::of(Lang::En).t(key)
}

/// A user at a computer that knows no host yet: an ssh configuration with one name in it, and nothing else.
struct User {
    home: tempfile::TempDir,
    site: String,
    /// The build of the program that he has.
    program: String,
}

impl User {
    fn new(site: &str, port: u16) -> Self {
        let home = tempfile::Builder::new().prefix("mq").tempdir().expect("a temporary directory");
        let ssh = home.path().join(".ssh");
        let private = |path: &PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
        private(&home.path().to_owned(), 0o700);
        fs::create_dir(&ssh).expect("the home is writable");
        private(&ssh, 0o700);
        fs::copy(cache().join("keys/id_ed25519"), ssh.join("key")).expect("the lab has a key");
        private(&ssh.join("key"), 0o600);
        let config = format!(
            "Host {site}\n  HostName 127.0.0.1\n  Port {port}\n  User tech\n  IdentityFile /root/.ssh/key\n  IdentitiesOnly yes\n"
        );
        fs::write(ssh.join("config"), config).expect("the home is writable");
        Self { home, site: site.into(), program: env!("CARGO_BIN_EXE_modelquay").into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The product on this user's terminal. OpenSSH finds its files by the user's entry in passwd and not
    /// by `HOME`, so the directory is put there, for this program alone.
    fn start(&self, args: &[&str]) -> Pty {
        let in_place = "mkdir -p /root/.ssh && mount --bind \"$HOME/.ssh\" /root/.ssh && exec \"$0\" \"$@\"";
        let program = [&["unshare", "--mount", "sh", "-c", in_place, &self.program], args].concat();
        Pty::start((80, 24), &program, |command| {
            command.env("HOME", self.home.path()).env("XDG_STATE_HOME", self.path("state")).env("LANG", "C.UTF-8")
        })
    }

    fn credentials(&self) -> PathBuf {
        self.path("keys/keys.toml")
    }

    /// Opens an encrypted file of keys as anybody would who has it and its passphrase: with age itself.
    fn open_with_age(&self, sealed: &Path, passphrase: &str) {
        let into = self.credentials();
        let (sealed, into) = (sealed.display().to_string(), into.display().to_string());
        let mut age = Pty::start((80, 24), &["age", "--decrypt", "--output", &into, &sealed], |command| command);
        age.says("passphrase").keys(passphrase).keys(ENTER);
        assert!(age.ended().success(), "{}", age.text());
    }

    /// The registry answers a client that has only what was saved.
    fn registry_answers(&self, host: &Host) {
        let ca = self.path(&format!("state/modelquay/sites/{}/ca.crt", self.site));
        let health = sh(&format!(
            "curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} https://{}:30900/minio/health/live",
            ca.display(),
            host.ip
        ));
        assert_eq!(health, "200");
        // curl signs by itself.
        let (access, secret) = key(&self.credentials(), "publisher");
        let listing = sh(&format!(
            "printf 'user = \"%s:%s\"\\n' '{access}' '{secret}' | curl -sS -K - --aws-sigv4 aws:amz:us-east-1:s3 \
             --cacert {} 'https://{}:30900/?list-type=2'",
            ca.display(),
            host.ip
        ));
        assert!(listing.contains("<Name>models</Name>"), "{listing}");
    }
}

/// Waits for a moment to pass: a part of what the link does, not of what the test waits for.
fn passes(time: Duration) {
    let begun = Instant::now();
    wait_until("time to pass", time * 2 + Duration::from_secs(5), || begun.elapsed() >= time);
}

fn at(pty: &Pty, place: Place) {
    let name = t(&format!("place-{}", place.id()));
    pty.wait_for(PATIENCE, &format!("the place {name}"), |screen| {
        let line = screen.rows(0, 80).nth(1).unwrap_or_default();
        line.find(&name).is_some_and(|at| {
            let column = u16::try_from(line[..at].chars().count()).unwrap_or(u16::MAX);
            screen.cell(1, column).is_some_and(vt100::Cell::bold)
        })
    });
}

/// The mirrors as they are typed, for every registry that the install pulls from.
fn type_mirrors(pty: &Pty, mirror: &str) {
    let last = format!("quay.io = {mirror}");
    pty.keys(&format!("docker.io = {mirror}")).keys(ENTER).keys(&last).says(&last);
}

/// From the first screen to the plan: the host's key and sudo's password are asked for on the way.
fn to_the_plan(pty: &Pty, host: &Host, site: &str, mirror: &str) {
    pty.says(&t("start-title")).keys(ENTER);
    pty.says(&t("host-title")).keys(DOWN).keys(site).says(site).keys(ENTER);
    // The key that is shown is the host's, and the careful word is the first one.
    pty.says(&host.fingerprint()).keys(DOWN).keys(ENTER);
    pty.says("asks for the password").keys(TECH_PASSWORD).keys(ENTER);
    at(pty, Place::Facts);
    // The lab's images and files come from the lab.
    pty.keys("m").says(&t("supply-title"));
    type_mirrors(pty, mirror);
    for _ in 0..5 {
        pty.keys(TAB);
    }
    let table = cache().join("components.toml").display().to_string();
    pty.keys(&table).says("components.toml").keys(CTRL_F);
    let looked = Text::of(Lang::En).t("busy-looking");
    pty.wait("a second look that finds nothing in the way", |screen| {
        let text = screen.contents();
        !text.contains(&looked) && text.contains("0 stop") || text.contains("nothing stops")
    });
    pty.keys(ENTER);
    for place in [Place::Names, Place::Compute, Place::Registry] {
        at(pty, place);
        pty.keys(CTRL_F);
    }
    at(pty, Place::Plan);
    pty.says(&t("step-operator"));
}

/// From the keys to the hand-over. With a passphrase the file is encrypted, and its name says so. The keys
/// are revealed on the way: between these bytes.
fn from_the_keys(pty: &Pty, user: &User, passphrase: Option<&str>) -> Asked {
    at(pty, Place::Credentials);
    pty.says(&t("status-keys-unsaved"));
    let revealed = reveal_and_hide(pty);
    pty.keys("s").says(&t("keys-save-to"));
    // What is proposed goes, and the path of this test comes.
    pty.keys(CTRL_U).keys(&user.credentials().display().to_string());
    if let Some(passphrase) = passphrase {
        pty.keys(DOWN).keys(" ").says(&t("keys-passphrase-again"));
        pty.keys(DOWN).keys(passphrase).keys(DOWN).keys(passphrase);
    }
    pty.keys(ENTER).says(&t("status-keys-saved")).keys(ENTER);
    at(pty, Place::Done);
    pty.keys("q");
    revealed
}

/// No secret of the install, and nothing that was typed to be hidden, is in what the terminal was sent or
/// showed, but while the keys were revealed; and there the search finds them.
fn no_secret_was_shown(pty: &Pty, user: &User, revealed: &Asked, typed: &[&str]) {
    let pairs = ["root", "reader", "publisher", "triton"].map(|name| key(&user.credentials(), name));
    let halves = pairs.into_iter().flat_map(|(access, secret)| [access, secret]);
    let secrets: Vec<String> = halves.chain(typed.iter().map(|text| (*text).to_owned())).collect();
    let (recording, secrets) = (pty.recording(), Secrets::new(&secrets));
    assert_eq!(search(&recording, &secrets, std::slice::from_ref(revealed)), [], "a secret came out");
    let hits = search(&recording, &secrets, &[]);
    assert!(hits.iter().any(|hit| hit.place == Shown::Frame), "what was revealed was not found: {hits:?}");
}

#[test]
fn a_technician_installs_a_bare_host_by_keys_over_a_link_that_breaks() {
    let host = Host::fresh("walk1");
    let link = Link::to(&host.ip);
    let user = User::new("walk1", link.port);
    let begun = Instant::now();
    let mut pty = user.start(&[]);
    to_the_plan(&pty, &host, "walk1", MIRROR);
    pty.keys("i");
    at(&pty, Place::Install);
    pty.says(&t("step-cluster-start"));
    passes(Duration::from_secs(10));
    link.cut();
    let lost = Text::of(Lang::En).t("link-lost");
    let lost = lost.split('{').next().unwrap_or_default().trim().to_owned();
    pty.says(&lost);
    passes(Duration::from_secs(40));
    link.mend();
    pty.wait("the link", |screen| !screen.contents().contains(&lost));
    for (columns, rows) in [(120, 40), (40, 10), (30, 5), (200, 60), (80, 24)] {
        pty.resize(columns, rows);
        passes(Duration::from_secs(1));
    }
    let revealed = from_the_keys(&pty, &user, None);
    assert!(pty.ended().success(), "{}", pty.text());
    println!("walk by keys with a cut of 40 s: {:.1} s", begun.elapsed().as_secs_f64());
    user.registry_answers(&host);
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
    no_secret_was_shown(&pty, &user, &revealed, &[TECH_PASSWORD]);
}

/// The screen as one text: its lines are broken where they had to be.
fn flat(screen: &vt100::Screen) -> String {
    screen.contents().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_registry_that_died_is_replaced_by_a_mirror_that_is_named_on_the_failure_screen() {
    const PASSPHRASE: &str = "eleven quays at dusk";
    let host = Host::fresh("walk3");
    let link = Link::to(&host.ip);
    let user = User::new("walk3", link.port);
    // It is there while the host is looked at and the plan is made, and stays dead from then on.
    let dying = Link::on("10.77.0.1", "10.77.0.1:5001");
    let dead = format!("http://10.77.0.1:{}", dying.port);
    let begun = Instant::now();
    let mut pty = user.start(&[]);
    to_the_plan(&pty, &host, "walk3", &dead);
    drop(dying);
    pty.keys("i");
    at(&pty, Place::Install);
    pty.wait_for(PATIENCE, "the failure with its known cause", |screen| {
        let text = flat(screen);
        text.contains("does not reach the image registry") && text.contains(&t("failure-mirror"))
    });
    let failed = begun.elapsed();
    // The mirrors are what is offered first. What was typed before is there, and goes.
    pty.keys(ENTER).says(&t("supply-title")).says(&format!("quay.io = {dead}"));
    pty.keys(CTRL_U).keys(BACKSPACE).keys(CTRL_U);
    pty.wait("an empty field", |screen| !screen.contents().contains(&dead));
    type_mirrors(&pty, MIRROR);
    pty.keys(CTRL_F);
    // Another source is another plan: it is shown before anything goes on.
    at(&pty, Place::Plan);
    pty.wait_for(PATIENCE, "the new plan", |screen| {
        let text = flat(screen);
        text.contains(&t("step-registries")) && text.contains(&t("status-plan-again"))
    });
    let asked = host.count("rke2-start");
    pty.keys("i");
    at(&pty, Place::Install);
    let revealed = from_the_keys(&pty, &user, Some(PASSPHRASE));
    assert!(pty.ended().success(), "{}", pty.text());
    let all = begun.elapsed();
    println!(
        "a dead registry, named after {:.0} s, replaced by keys: {:.0} s in all",
        failed.as_secs_f64(),
        all.as_secs_f64()
    );
    assert!(asked > 0, "RKE2 had been started by the first attempt");
    let sealed = user.path("keys/keys.toml.age");
    assert!(!user.credentials().exists(), "only the encrypted file was written");
    user.open_with_age(&sealed, PASSPHRASE);
    user.registry_answers(&host);
    assert_eq!(host.count("install-script"), 1);
    assert!(!host.sh("cat /etc/rancher/rke2/registries.yaml").contains(&dead), "the dead one is gone");
    no_secret_was_shown(&pty, &user, &revealed, &[TECH_PASSWORD, PASSPHRASE]);
}

#[test]
fn a_terminal_that_was_closed_is_gone_on_with_from_another() {
    let host = Host::fresh("walk2");
    let link = Link::to(&host.ip);
    let user = User::new("walk2", link.port);
    let mut first = user.start(&[]);
    to_the_plan(&first, &host, "walk2", MIRROR);
    first.keys("i");
    at(&first, Place::Install);
    first.says(&t("step-cluster-start"));
    wait_until("the start of RKE2", Duration::from_mins(4), || host.count("rke2-start") > 0);
    first.hang_up();
    first.ended();
    let mut second = user.start(&["resume"]);
    second.says("asks for the password").keys(TECH_PASSWORD).keys(ENTER);
    let revealed = from_the_keys(&second, &user, None);
    assert!(second.ended().success(), "{}", second.text());
    no_secret_was_shown(&second, &user, &revealed, &[TECH_PASSWORD]);
    user.registry_answers(&host);
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
}

#[test]
fn a_run_on_the_screens_is_handed_to_its_host_by_keys() {
    // Time enough for whoever reads and decides.
    let host = Host::with("walk4", &["--bad-day", "slow-start=40"]);
    let link = Link::to(&host.ip);
    let mut user = User::new("walk4", link.port);
    user.program = static_program().display().to_string();
    let mut pty = user.start(&[]);
    to_the_plan(&pty, &host, "walk4", MIRROR);
    pty.keys("i");
    at(&pty, Place::Install);
    wait_until("the start of RKE2", Duration::from_mins(4), || host.count("rke2-start") > 0);
    // A line on which ten megabytes take a while: the run goes on beside them.
    link.delay(Duration::from_millis(50));
    pty.keys("d").says(&t("choice-hand-over")).keys(DOWN).keys(DOWN).keys(ENTER);
    let copying = Text::of(Lang::En).t("copying");
    pty.says(copying.split('{').next().unwrap_or_default().trim());
    let begun = Instant::now();
    // Once it is there, the host has the run, and the screens follow it.
    let by_host = t("goes-on-host");
    let by_host = by_host.split(':').next().unwrap_or_default();
    pty.wait_for(PATIENCE, "the host", |screen| screen.contents().contains(by_host));
    let copied = begun.elapsed();
    link.delay(Duration::ZERO);
    // Another computer sees the same.
    let bob = User::new("walk4", link.port);
    let mut watching = bob.start(&["attach", "walk4"]);
    watching.says(&host.fingerprint()).keys(DOWN).keys(ENTER);
    watching.says("asks for the password").keys(TECH_PASSWORD).keys(ENTER);
    watching.wait_for(PATIENCE, "the host", |screen| screen.contents().contains(by_host));
    // It needs nothing of this computer: without a link it goes on, and the screens say so, and catch up.
    let done =
        || host.sh("cat /var/lib/modelquay/sites/walk4/runs/*/journal.jsonl | grep -c step-finished").trim().to_owned();
    link.cut();
    let lost = Text::of(Lang::En).t("status-lost");
    pty.says(lost.split('{').next().unwrap_or_default().trim()).says(by_host);
    let before = done();
    wait_until("steps without a link", Duration::from_mins(5), || done() != before);
    link.mend();
    let revealed = from_the_keys(&pty, &user, None);
    assert!(pty.ended().success(), "{}", pty.text());
    no_secret_was_shown(&pty, &user, &revealed, &[TECH_PASSWORD]);
    from_the_keys(&watching, &bob, None);
    assert!(watching.ended().success(), "{}", watching.text());
    println!("copied beside the run in {:.1} s", copied.as_secs_f64());
    user.registry_answers(&host);
    for counter in ["install-script", "rke2-start"] {
        assert_eq!(host.count(counter), 1, "{counter}");
    }
    // What the host's own run has printed came along.
    let log = sh(&format!("cat {}/sites/walk4/runs/*/log.txt", user.path("state/modelquay").display()));
    assert!(log.lines().any(|line| line.starts_with("operator ")), "{log}");
}
