//! The real program while it holds secrets: nobody else may look into it, and where it crashes nothing is left.

use crate::s3::{Bench, KEY};
use modelquay::base::redact::disguises;
use modelquay::transport::askpass::SOCKET_VARIABLE;
use modelquay::transport::simulated::s3::{Fault, Harm};
use rustix::process::{Pid, Resource, Signal, geteuid, getrlimit, kill_process};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::process::{Child, Command};

/// A user without rights, who owns a process where the tests are run by root: what root may see of root's own says
/// nothing.
const NOBODY: u32 = 65_534;

const DEADLINE: Duration = Duration::from_mins(1);

/// Raises the limit of core dumps as far as it goes, so that it is the program that lowers it.
const WITH_CORES: &str = "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"";

/// The program as a user of its own, in a directory of his.
fn as_a_user(home: &Path, args: &[&str]) -> Command {
    let own = home.join("modelquay");
    let built = env!("CARGO_BIN_EXE_modelquay");
    if fs::hard_link(built, &own).is_err() {
        fs::copy(built, &own).expect("there is room");
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", WITH_CORES]).arg(&own).args(args).current_dir(home);
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).env("TMPDIR", home);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    if geteuid().is_root() {
        for path in
            [home.to_owned()].into_iter().chain(fs::read_dir(home).expect("it is there").flatten().map(|e| e.path()))
        {
            if path != own {
                chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may");
            }
        }
        shell.uid(NOBODY).gid(NOBODY);
    }
    shell
}

/// What others can see of a process: its limits, its arguments and its environment, and how much of it is locked.
struct Seen {
    limits: String,
    cmdline: Vec<u8>,
    environ: Vec<u8>,
    locked_kib: u64,
    owner: u32,
}

fn look(id: u32) -> Seen {
    let file = |name: &str| fs::read(format!("/proc/{id}/{name}"));
    let text = |name: &str| String::from_utf8_lossy(&file(name).expect("the process is there")).into_owned();
    let status = text("status");
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")?.split_whitespace().next()?.parse().ok());
    Seen {
        limits: text("limits"),
        cmdline: file("cmdline").expect("the process is there"),
        // Nobody but root may read it.
        environ: file("environ").unwrap_or_default(),
        locked_kib: locked.expect("the kernel counts it"),
        owner: fs::metadata(format!("/proc/{id}/environ")).expect("the process is there").uid(),
    }
}

/// Fails where a process that shows keys has no page of its memory locked, though the limit of today's systems is there.
#[track_caller]
pub fn locked(id: u32) {
    let may_lock = getrlimit(Resource::Memlock).current.is_none_or(|bytes| bytes >= 64 << 10);
    assert!(look(id).locked_kib > 0 || !may_lock, "no page is kept out of the swap");
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    disguises(secret.as_bytes()).iter().any(|form| bytes.windows(form.len()).any(|window| window == &**form))
}

/// Fails where somebody else could see a secret of this process, or get at its memory.
#[track_caller]
fn closed(seen: &Seen, secret: &str) {
    let core = seen.limits.lines().find(|line| line.starts_with("Max core file size")).expect("there is such a limit");
    let words: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(words, ["0", "0"], "{core}");
    assert!(!holds(&seen.cmdline, secret), "it is among the arguments");
    assert!(!holds(&seen.environ, secret), "it is in the environment");
    // What belongs to the user of a process is root's where the process gives nothing away (proc(5), PR_SET_DUMPABLE).
    assert_eq!(seen.owner, 0, "its user may look into its memory");
}

/// Sends a signal until it has ended: the first SIGSEGV is taken for an overflow of the stack, and let pass.
async fn killed(mut child: Child, signal: Signal) -> ExitStatus {
    let pid =
        Pid::from_raw(i32::try_from(child.id().expect("it runs")).expect("a number of a process")).expect("not 0");
    let ended = async {
        loop {
            // It may have ended in between.
            let _ = kill_process(pid, signal);
            if let Ok(status) = tokio::time::timeout(Duration::from_millis(200), child.wait()).await {
                return status.expect("it can be waited for");
            }
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.expect("a signal ends it")
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("it is there").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A command that was given its keys and waits for a registry that does not answer.
async fn with_keys(bench: &Bench) -> Child {
    let stall = Harm::Stall(Duration::from_hours(1));
    bench.faults.add(Fault { method: "GET", path: "/models".into(), harm: stall, times: 1 });
    let ca = bench.home.path().join("ca.pem");
    let args = ["s3", "--endpoint", &bench.url, "--ca", ca.to_str().expect("a path of ours"), "--password-fd", "0"];
    // A file and no pipe: what another user has made is not opened again by its number.
    let passwords = bench.home.path().join("passwords");
    fs::write(&passwords, format!("{}\n{}\n", KEY.0, KEY.1)).expect("writable");
    let mut command = as_a_user(bench.home.path(), &[&args[..], &["ls", "s3://models/"]].concat());
    let mut child = command.stdin(fs::File::open(&passwords).expect("it is there")).spawn().expect("sh is there");
    let asked = async {
        while bench.faults.left() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        asked = tokio::time::timeout(DEADLINE, asked) => asked.expect("it asks the registry"),
        status = child.wait() => panic!("it ended: {status:?}"),
    }
    child
}

#[tokio::test]
async fn a_program_that_holds_keys_is_closed_and_leaves_no_core() {
    // SIGQUIT is left out: whoever starts tests in the background of a shell hands on that it is ignored.
    for signal in [Signal::ABORT, Signal::SEGV] {
        let bench = Bench::new();
        let child = with_keys(&bench).await;
        let seen = look(child.id().expect("it runs"));
        closed(&seen, KEY.1);
        let before = names(bench.home.path());
        let status = killed(child, signal).await;
        assert!(status.signal().is_some() && !status.core_dumped(), "{status:?}");
        assert_eq!(names(bench.home.path()), before, "it left something");
    }
}

#[tokio::test]
async fn the_control_is_a_process_that_is_open() {
    let mut sleeper = Command::new("sleep");
    sleeper.arg("60").current_dir("/").kill_on_drop(true);
    if geteuid().is_root() {
        sleeper.uid(NOBODY).gid(NOBODY);
    }
    let child = sleeper.spawn().expect("sleep is everywhere");
    let id = child.id().expect("it runs");
    let user = || fs::metadata(format!("/proc/{id}/environ")).expect("it runs").uid();
    // Between the fork and the exec it is the test's own.
    let until = std::time::Instant::now() + DEADLINE;
    while user() == 0 && std::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_ne!(user(), 0, "what is seen of an open process is its user's");
}

#[tokio::test]
async fn whoever_passes_a_question_of_openssh_on_is_closed_too() {
    const ANSWER: &str = "correct horse battery";
    let home = tempfile::tempdir().expect("a temporary directory");
    let socket = home.path().join("ask");
    let listener = UnixListener::bind(&socket).expect("it binds");
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("it is ours");
    let mut command = as_a_user(home.path(), &["(tech@edge) Password: "]);
    command.env(SOCKET_VARIABLE, &socket);
    let child = command.spawn().expect("sh is there");
    let (mut stream, _) =
        tokio::time::timeout(DEADLINE, listener.accept()).await.expect("it asks").expect("it connects");
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.expect("a question");
    let mut question = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("short")];
    stream.read_exact(&mut question).await.expect("a question");
    assert_eq!(question, b"l(tech@edge) Password: ");
    closed(&look(child.id().expect("it waits for the answer")), ANSWER);
    stream.write_all(format!("+{ANSWER}").as_bytes()).await.expect("it reads");
    drop(stream);
    let ended =
        tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").expect("it can be waited for");
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(0), format!("{ANSWER}\n").as_bytes()));
}
