//! The runner's own script, run by the shells that are here, as whoever runs the tests.

use super::answers::Desk;
use super::contract::{Place, hold_to};
use super::frames::{Reply, Request, Status, Verb, lines};
use super::local::Here;
use super::root::Seat;
use super::runner::{RoundTrips, Runner};
use super::runner_host::{Open, RunnerHost, Under};
use crate::base::Redactor;
use crate::plan::{Failure, FailureKind};
use crate::ports::{Answer, Host, Look, Prompt, Question, Seen, UnitState};
use async_trait::async_trait;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_mins(1);

struct NoOne;

#[async_trait]
impl Prompt for NoOne {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        Err(Failure::needs_human(format!("nobody can answer {question:?}")))
    }
}

/// Plays systemd as far as the runner needs it: a unit is a process in a session of its own.
const SYSTEMD_RUN: &str = r#"#!/bin/sh
for arg; do case $arg in --unit=*) name=${arg#--unit=} ;; esac; done
while case $1 in -*) true ;; *) false ;; esac; do shift; done
echo start >>"$MODELQUAY_STATE/starts"
setsid "$@" </dev/null >/dev/null 2>&1 &
echo $! >"$MODELQUAY_STATE/$name.pid"
"#;
const SYSTEMCTL: &str = r#"#!/bin/sh
verb=$1
while [ $# -gt 1 ]; do shift; done
pid=$MODELQUAY_STATE/${1%.service}.pid
case $verb in
    show)
        if [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; then
            echo ActiveState=active
        else
            printf 'LoadState=not-found\nActiveState=inactive\n'
        fi
        ;;
    stop)
        kill -KILL "-$(cat "$pid")"
        while kill -0 "$(cat "$pid")" 2>/dev/null; do :; done
        ;;
esac
"#;

struct Bench {
    seat: Seat,
    dir: tempfile::TempDir,
}

impl Bench {
    /// A runner's places under a temporary directory, with a stand-in for systemd.
    fn new(shell: &[&str], tools: Option<&str>) -> Self {
        Self::with_log(shell, tools, 64 << 20)
    }

    /// The same with logs of at most so many bytes.
    fn with_log(shell: &[&str], tools: Option<&str>, most: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let bin = dir.path().join("bin");
        for sub in ["bin", "state"] {
            fs::create_dir(dir.path().join(sub)).expect("it is new");
        }
        for (name, text) in [("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)] {
            let path = bin.join(name);
            fs::write(&path, text).expect("it is ours");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        let path = format!("{}:{}", bin.display(), tools.unwrap_or("/usr/sbin:/usr/bin:/sbin:/bin"));
        let place = |sub: &str| dir.path().join(sub).display().to_string();
        let here = Here {
            environment: [
                ("MODELQUAY_PATH".into(), path),
                ("MODELQUAY_STATE".into(), place("state")),
                ("MODELQUAY_RUN".into(), place("run")),
                ("MODELQUAY_LOG".into(), most.to_string()),
            ]
            .into(),
        };
        let seat = Seat {
            machine: Arc::new(here),
            host: "here".into(),
            user: "me".into(),
            desk: Arc::new(Desk::new(Arc::new(NoOne), Redactor::new())),
            trips: RoundTrips::default(),
            under: Under::default(),
            shell: Some(shell.iter().map(|word| (*word).to_owned()).collect()),
        };
        Self { seat, dir }
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path)
    }

    async fn host(&self) -> RunnerHost {
        RunnerHost::open(Arc::new(self.seat.clone()), self.seat.under.clone()).await.expect("a shell is here")
    }

    async fn runner(&self) -> Runner {
        self.seat.open().await.expect("a shell is here")
    }

    fn place(&self) -> Place {
        let me = rustix::process::getuid().as_raw();
        let group = rustix::process::getgid().as_raw();
        Place { dir: self.at("place").display().to_string(), owner: (me, group), run: "20261123-000000".into() }
    }
}

/// Every applet in one directory, so that a host with busybox alone is played.
fn busybox(into: &Path) -> Option<String> {
    let program = ["/usr/bin/busybox", "/bin/busybox"].into_iter().find(|path| Path::new(path).exists())?;
    for applet in [
        "sh",
        "cat",
        "head",
        "tail",
        "wc",
        "rm",
        "rmdir",
        "mkdir",
        "mv",
        "chown",
        "chmod",
        "sync",
        "stat",
        "sha256sum",
        "timeout",
        "id",
        "setsid",
        "dd",
        "sed",
        "sort",
        "awk",
        "mktemp",
        "mkfifo",
        "sleep",
        "seq",
    ] {
        std::os::unix::fs::symlink(program, into.join(applet)).expect("the directory is new");
    }
    Some(into.display().to_string())
}

async fn script(runner: &Runner, text: &str, args: &[&str], input: &[u8]) -> Reply {
    let args = lines(args.iter().copied()).expect("no line feeds");
    let request = Request { verb: Verb::Run, word: "test.sh:20", parts: [text.as_bytes(), &args, input], under: 0 };
    runner.call(&request, SOON).await.expect("the runner answers")
}

async fn start(runner: &Runner, name: &str, text: &str, args: &[&str]) -> Reply {
    let args = lines(args.iter().copied()).expect("no line feeds");
    let request = Request { verb: Verb::Start, word: name, parts: [text.as_bytes(), &args, b""], under: 0 };
    runner.call(&request, SOON).await.expect("the runner answers")
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn this_machine_keeps_the_contract_of_a_host() {
    let bench = Bench::new(&["sh"], None);
    assert_eq!(hold_to(&bench.host().await, &bench.place()).await, Ok(()));
}

#[tokio::test]
async fn a_machine_with_busybox_alone_keeps_it_too() {
    let applets = tempfile::tempdir().expect("a temporary directory");
    let Some(tools) = busybox(applets.path()) else { return };
    let bench = Bench::new(&["busybox", "sh"], Some(&tools));
    assert_eq!(hold_to(&bench.host().await, &bench.place()).await, Ok(()));
}

#[tokio::test]
async fn ten_looks_are_one_round_trip() {
    let bench = Bench::new(&["sh"], None);
    let host = bench.host().await;
    assert_eq!(bench.seat.trips.get(), 0, "the start counts nothing");
    let at: Vec<Look> = (0..10).map(|n| Look::stat(format!("/no/such/{n}"))).collect();
    assert_eq!(host.look(&at).await, Ok(vec![Seen::Absent; 10]));
    host.ping().await.expect("it answers");
    assert_eq!(bench.seat.trips.get(), 1);
}

#[tokio::test]
async fn input_and_arguments_arrive_byte_for_byte() {
    let bench = Bench::new(&["sh"], None);
    let runner = bench.runner().await;
    let bytes: Vec<u8> = (0..=255u8).cycle().take(70_000).collect();
    let reply = script(&runner, "cat; printf '[%s]' \"$@\" >&2; exit 7", &["", " a ", "$x"], &bytes).await;
    assert_eq!(reply.status, Status::Exit(7));
    assert!(reply.out == bytes, "{} bytes came back", reply.out.len());
    assert_eq!(reply.err, b"[][ a ][$x]");
    // A script that reads more than it was given meets the end of its own input, not the next request.
    let empty = script(&runner, "cat | wc -c", &[], b"").await;
    assert_eq!(String::from_utf8_lossy(&empty.out).trim(), "0");
}

#[tokio::test]
async fn a_script_that_does_not_end_is_ended() {
    let bench = Bench::new(&["sh"], None);
    let runner = bench.runner().await;
    let request = Request { verb: Verb::Run, word: "test.sh:1", parts: [b"tail -f /dev/null", b"", b""], under: 0 };
    let reply = runner.call(&request, SOON).await.expect("the runner answers");
    assert_eq!(reply.status, Status::Late);
    assert_eq!(script(&runner, "exit 3", &[], b"").await.status, Status::Exit(3), "the runner goes on");
}

#[tokio::test]
async fn nothing_is_left_when_the_connection_is_gone() {
    let bench = Bench::new(&["sh"], None);
    let runner = bench.runner().await;
    script(&runner, "exit 0", &[], b"a secret").await;
    let seats = bench.at("run");
    let seat = fs::read_dir(&seats).expect("it is there").next().expect("one runner").expect("readable").path();
    assert_eq!(fs::metadata(&seat).expect("it is there").permissions().mode() & 0o777, 0o700);
    for part in fs::read_dir(&seat).expect("readable") {
        let part = part.expect("readable").path();
        assert!(!fs::read(&part).expect("readable").windows(8).any(|w| w == b"a secret"), "{}", part.display());
    }
    drop(runner);
    until("the runner's directory goes", async || !seats.exists()).await;
}

#[tokio::test]
async fn a_frame_that_was_cut_is_not_carried_out() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let bench = Bench::new(&["sh"], None);
    let pipes = bench.seat.machine.spawn(&["sh", "-c", include_str!("../../assets/templates/runner.sh")]).await;
    let mut pipes = pipes.expect("a shell is here");
    let path = bench.at("victim");
    let place = format!("{}\n0:0\n", path.display());
    let frame = format!("1 write 600 {} 100 0\n{place}only the beginning", place.len());
    pipes.stdin.write_all(frame.as_bytes()).await.expect("it reads");
    drop(pipes.stdin);
    let mut said = String::new();
    pipes.stdout.read_to_string(&mut said).await.expect("text");
    assert_eq!(said.lines().count(), 1, "only the ready line: {said}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_unit_runs_once_however_often_it_is_started() {
    let bench = Bench::new(&["sh"], None);
    let (host, runner) = (bench.host().await, bench.runner().await);
    let gate = bench.at("gate");
    let text = "echo \"from $1\"; while [ ! -e \"$2\" ]; do :; done; echo end; exit 5";
    let (odd, path) = ("$HOME ${x} %n", gate.display().to_string());
    let mut both = Vec::new();
    for _twice in 0..2 {
        both.push(start(&runner, "u-1", text, &[odd, &path]).await);
    }
    assert!(both.iter().all(|reply| reply.status == Status::Exit(0)), "{both:?}");
    let at = [Look::Unit { name: "u-1".into() }];
    assert_eq!(host.look(&at).await, Ok(vec![Seen::Unit(UnitState::Running)]));
    fs::write(&gate, "").expect("ours");
    until("the unit ends", async || host.look(&at).await == Ok(vec![Seen::Unit(UnitState::Finished { status: 5 })]))
        .await;
    assert_eq!(start(&runner, "u-1", text, &[]).await.status, Status::Exit(0));
    let log = host.unit_output("u-1", 0, 1000).await.expect("its log").bytes;
    assert_eq!(String::from_utf8_lossy(&log), format!("from {odd}\nend\n"));
    assert_eq!(fs::read_to_string(bench.at("state/starts")).expect("written").lines().count(), 1);
    let dir = fs::metadata(bench.at("state/units/u-1")).expect("there").permissions().mode();
    assert_eq!(dir & 0o777, 0o700);
}

/// Starts a unit, waits until it has ended well, and gives its log.
async fn log_of(bench: &Bench, text: &str) -> String {
    let (host, runner) = (bench.host().await, bench.runner().await);
    assert_eq!(start(&runner, "u-log", text, &[]).await.status, Status::Exit(0));
    let at = [Look::Unit { name: "u-log".into() }];
    until("the unit ends", async || host.look(&at).await == Ok(vec![Seen::Unit(UnitState::Finished { status: 0 })]))
        .await;
    let log = host.unit_output("u-log", 0, 8 << 20).await.expect("its log").bytes;
    String::from_utf8(log).expect("text")
}

/// Shells, and the tools that they find.
fn shells(applets: &Path) -> Vec<(Vec<&'static str>, Option<String>)> {
    let busybox = busybox(applets).map(|tools| (vec!["busybox", "sh"], Some(tools)));
    std::iter::once((vec!["sh"], None)).chain(busybox).collect()
}

#[tokio::test]
async fn a_log_that_is_full_keeps_its_end_and_says_what_is_missing() {
    let applets = tempfile::tempdir().expect("a temporary directory");
    for (shell, tools) in shells(applets.path()) {
        let bench = Bench::with_log(&shell, tools.as_deref(), 100_000);
        let text = "echo begun; seq 1 800000; echo the last words >&2";
        let log = log_of(&bench, text).await;
        let whole: usize =
            "begun\nthe last words\n".len() + (1..=800_000).map(|n: u32| n.to_string().len() + 1).sum::<usize>();
        assert!(log.starts_with("begun\n1\n2\n"), "{:?}", log.get(..40));
        assert!(log.ends_with("\n800000\nthe last words\n"), "{:?}", log.get(log.len() - 40..));
        // A little more than was said, because it is written by pieces.
        assert!(log.len() < 100_000 + (4 << 20) + (65 << 10), "{} bytes", log.len());
        let words = log.lines().find(|line| line.starts_with("modelquay: ")).expect("it says so");
        let missing: usize = words.split(' ').find_map(|word| word.parse().ok()).expect("a number");
        assert_eq!(log.len() - words.len() - 2 + missing, whole, "{words}");
        let left: Vec<_> =
            fs::read_dir(bench.at("state/units/u-log")).expect("there").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left.len(), 6, "{left:?}");
    }
}

#[tokio::test]
async fn one_that_begins_while_another_one_ends_is_there() {
    // As when a link was cut: the old one hears of it in the moment in which the new one is asked for.
    let bench = Arc::new(Bench::new(&["sh"], None));
    let mut coming_and_going = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let bench = bench.clone();
        coming_and_going.spawn(async move {
            for _ in 0..60 {
                drop(bench.runner().await);
            }
        });
    }
    while let Some(ended) = coming_and_going.join_next().await {
        ended.expect("each one starts");
    }
}

#[tokio::test]
async fn what_a_unit_leaves_in_the_background_does_not_hold_it_up() {
    let bench = Bench::new(&["sh"], None);
    let log = log_of(&bench, "echo begun; tail -f /dev/null & echo $! >\"$0.pid\"; echo done").await;
    assert_eq!(log, "begun\ndone\n");
    let pid = fs::read_to_string(bench.at("state/units/u-log/script.pid")).expect("written");
    let kill = format!("kill {pid}");
    assert_eq!(script(&bench.runner().await, &kill, &[], b"").await.status, Status::Exit(0));
}

#[tokio::test]
async fn a_unit_that_was_stopped_or_cut_off_is_lost() {
    let bench = Bench::new(&["sh"], None);
    let (host, runner) = (bench.host().await, bench.runner().await);
    start(&runner, "u-2", "echo begun; tail -f /dev/null", &[]).await;
    until("the unit says something", async || host.unit_output("u-2", 0, 9).await.is_ok_and(|c| c.size == 6)).await;
    host.stop("u-2").await.expect("it stops");
    let at = [Look::Unit { name: "u-2".into() }];
    assert_eq!(host.look(&at).await, Ok(vec![Seen::Unit(UnitState::Lost)]));
    assert_eq!(start(&runner, "u-2", "echo again", &[]).await.status, Status::Exit(0));
    assert_eq!(host.unit_output("u-2", 0, 99).await.expect("its log stays").bytes, b"begun\n");

    // Another boot: whatever has the unit's name now is not it.
    start(&runner, "u-3", "tail -f /dev/null", &[]).await;
    let at = [Look::Unit { name: "u-3".into() }];
    assert_eq!(host.look(&at).await, Ok(vec![Seen::Unit(UnitState::Running)]));
    fs::write(bench.at("state/units/u-3/boot"), "another\n").expect("ours");
    assert_eq!(host.look(&at).await, Ok(vec![Seen::Unit(UnitState::Lost)]));
    fs::write(bench.at("state/units/u-3/boot"), fs::read("/proc/sys/kernel/random/boot_id").expect("Linux"))
        .expect("ours");
    host.stop("u-3").await.expect("it stops");
}

#[tokio::test]
async fn a_runner_that_is_killed_leaves_its_caller_in_doubt() {
    let bench = Bench::new(&["sh"], None);
    let runner = bench.runner().await;
    // Its seat is named by its process.
    let text = format!("kill -KILL $(ls '{}'); tail -f /dev/null", bench.at("run").display());
    let request = Request { verb: Verb::Run, word: "test.sh:2", parts: [text.as_bytes(), b"", b""], under: 0 };
    let failure = runner.call(&request, SOON).await.expect_err("it is gone");
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    let at = [Look::stat("/")];
    let part = super::looks::encode(&at).expect("short");
    let later = Request { verb: Verb::Look, word: "-", parts: [&part, b"", b""], under: 0 };
    assert_eq!(runner.call(&later, SOON).await.expect_err("gone").kind, FailureKind::Unknown);
    // The next runner clears the seat of the killed one.
    let next = bench.runner().await;
    assert_eq!(fs::read_dir(bench.at("run")).expect("there").count(), 1);
    drop(next);
}

#[path = "lease_tests.rs"]
mod lease_tests;
