//! Each bad day through the real program: the right exit, the cause and the help in words, and no line
//! that could be taken for something that happened to a real host.

use crate::program::{Said, run, run_until};
use crate::stage::Stage;
use modelquay::transport::simulated::BadDay;

/// Exit code, words of the cause, words of what to do.
fn expected(day: BadDay) -> (i32, &'static str, &'static str) {
    use BadDay as B;
    match day {
        B::PortTaken => (3, "6443 (Kubernetes API) by haproxy", "stop that program"),
        B::NodePortTaken => (4, "node port 30900 is held by Service shop/web", "set registry.node_port"),
        B::NoDefaultRoute => (3, "RKE2 refuses to start without one", "set a gateway"),
        B::InotifyLow => (0, "128 instances", "the install does it"),
        B::ClockOff => (3, " s behind", "timedatectl set-ntp true"),
        B::DiskFull => (3, "3.0 GiB of 238 GiB free", "free some space on /"),
        B::Leftovers => (3, "another cluster left behind /usr/local/bin/k3s", "k3s-uninstall.sh"),
        B::ForeignCluster => (3, "not made by this program", "say adopt = true"),
        B::FirewallActive => (3, "ufw: it is active", "ufw allow 6443/tcp"),
        B::RegistryBusy => (3, "429: too many requests", "name a mirror"),
        B::WrongChecksum => (4, "expects sha256", "nothing of it was used"),
        B::NoApparmorParser => (0, "apparmor_parser is not there", "the install does it"),
        B::SlowStart => (0, "Start RKE2: done", "21 of 21 steps"),
        B::SignerSilent => (1, "for the certificate to be signed", "the controller manager does not sign"),
        B::ImageMissing => (1, "an image cannot be pulled", "no such tag or digest"),
        B::RegistryDead => (1, "an image cannot be pulled", "connection refused"),
        B::SecretDeleted => (1, "for the tenant to be healthy", "\"model-registry-configuration\" not found"),
        B::LinkLost => (0, "the link was lost", "the link is back"),
    }
}

/// What is wrong with a rehearsal on plain lines.
fn wrong_in_lines(day: BadDay, said: &Said) -> Vec<String> {
    let (code, cause, help) = expected(day);
    let mut wrong = Vec::new();
    if said.code != Some(code) {
        wrong.push(format!("{day}: ended with {:?}, expected {code}", said.code));
    }
    for words in [cause, help] {
        if !said.out.contains(words) {
            wrong.push(format!("{day}: {words:?} was not said"));
        }
    }
    // The process measures by the computer's own clock, so a busy one may lose a second or two of the ten
    // minutes; the exact figure is held by the tests of preflight.
    let ten_minutes = ["10 min 0 s behind", "9 min 59 s behind", "9 min 58 s behind"];
    if day == BadDay::ClockOff && !ten_minutes.iter().any(|words| said.out.contains(words)) {
        wrong.push(format!("{day}: none of {ten_minutes:?} was said"));
    }
    // What is known about a failure of a run, and what to do, beside what the step itself says.
    let known = match day {
        BadDay::WrongChecksum => "known: A file arrived with another content",
        BadDay::SignerSilent => "known: A certificate request is approved and nobody signs it",
        BadDay::ImageMissing => "known: The image registry, or the mirror in its place",
        BadDay::RegistryDead => "known: The host does not reach the image registry",
        BadDay::SecretDeleted => "known: The tenant's root credentials are missing",
        _ => "",
    };
    if !said.out.contains(known) || (!known.is_empty() && !said.out.contains("fix: ")) {
        wrong.push(format!("{day}: {known:?} was not said"));
    }
    let unlabelled = said.out.lines().chain(said.err.lines()).filter(|line| !line.starts_with("REHEARSAL "));
    wrong.extend(unlabelled.map(|line| format!("{day}: without a label: {line}")));
    wrong
}

/// What is wrong with a rehearsal as JSON.
fn wrong_in_json(day: BadDay, said: &Said) -> Vec<String> {
    let (code, cause, help) = expected(day);
    let mut wrong = Vec::new();
    let lines = said.json();
    let last = lines.last().cloned().unwrap_or_default();
    for (what, good) in [
        ("the exit of the process", said.code == Some(code)),
        ("the last line's type", last["type"] == "result"),
        ("the last line's exit", last["exit"] == code),
        ("the last line's label", last["rehearsal"] == true),
        ("the last line's site", last["site"] == "rehearsal"),
        ("the last line's failure", last["failure"].is_object() == matches!(code, 1 | 4 | 5)),
        ("the version of each line", lines.iter().all(|l| l["v"] == 1 && l["type"].is_string())),
        ("results before the last line", lines.iter().filter(|l| l["type"] == "result").count() == 1),
        ("talk on standard error", said.err.lines().all(|l| l.starts_with("REHEARSAL "))),
    ] {
        if !good {
            wrong.push(format!("{day}: {what}: {last}"));
        }
    }
    if matches!(code, 1 | 4) {
        let failure = last["failure"].to_string().replace("\\\"", "\"");
        for words in [cause, help] {
            if !failure.contains(words) {
                wrong.push(format!("{day}: {words:?} is not in {failure}"));
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_its_exit_its_cause_and_its_help_in_lines_and_in_json() {
    let home = tempfile::tempdir().expect("a directory");
    let mut wrong = Vec::new();
    for day in BadDay::ALL.iter().copied() {
        let args = ["rehearse", "--speed", "1000", "--bad-day", day.id()];
        let (plain, json) = ([&args[..], &["--plain"]].concat(), [&args[..], &["--json"]].concat());
        let (lines, json) = futures_util::join!(run(home.path(), &plain), run(home.path(), &json));
        wrong.extend(wrong_in_lines(day, &lines));
        wrong.extend(wrong_in_json(day, &json));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("it is there").flatten().map(|e| e.path()).collect();
    assert!(left.is_empty(), "rehearsals leave behind {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_mistyped_ends_with_2_and_says_what_it_could_have_been() {
    let home = tempfile::tempdir().expect("a directory");
    let said = run(home.path(), &["rehearse", "--bad-day", "port-takn"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("port-taken") && said.out.is_empty(), "{said:?}");
    let answers = home.path().join("site.toml");
    std::fs::write(&answers, "site = \"edge\"\n[host]\nadress = \"x\"\n").expect("writable");
    let said = run(home.path(), &["plan", "--answers", &answers.display().to_string()]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("adress") && said.err.contains("address"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_interrupt_stops_at_a_safe_point_and_says_how_to_go_on() {
    use rustix::process::{Pid, Signal, kill_process};
    let home = tempfile::tempdir().expect("a directory");
    // Slow enough that RKE2 is still starting when the signal comes.
    let args = ["rehearse", "--plain", "--speed", "30"];
    let said = run_until(home.path(), &args, "Start RKE2: makes", |child| {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("it runs");
        kill_process(id, Signal::INT).expect("it runs");
    });
    let said = said.await;
    assert_eq!(said.code, Some(130), "{said:?}");
    assert!(said.err.contains("stopping at the next safe point; once more leaves at once"), "{said:?}");
    for words in ["stopped as asked: 6 of 21 steps are done", "waiting for resume: Start RKE2, Cluster access"] {
        assert!(said.out.contains(words), "{words:?} was not said: {}", said.out);
    }
    assert!(said.out.contains("start it again with modelquay rehearse"), "{}", said.out);
    let left = std::fs::read_dir(home.path()).expect("it is there").count();
    assert_eq!(left, 0, "an interrupted rehearsal leaves its directory behind");
}

/// The last code, 5, cannot be had from a rehearsal, whose link always comes back: here a run waits
/// for it no longer than not at all, and the next life finishes what that one had begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_stays_away_ends_with_5_and_resume_goes_on() {
    use crate::stage::Life;
    use modelquay::app::Exit;
    let stage = Stage::on(&[BadDay::InotifyLow, BadDay::LinkLost]);
    let Life::Ended(exit, words) = stage.live_without_patience().await else { panic!("nobody kills it") };
    assert_eq!((exit, exit.code()), (Exit::Unknown, 5), "{words:?}");
    let words = words.join("\n");
    for part in ["the link did not come back", "Start RKE2", "go on with: modelquay resume edge-07"] {
        assert!(words.contains(part), "{part:?} was not said: {words}");
    }
    stage.sim.machine().time.advance(60_000);
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
}
