//! The lease and what it keeps out, by the shells that are here.

use super::*;
use crate::base::Secret;
use crate::ports::lease::{self, Applicant, LeaseSeen, Taking};
use crate::ports::{FileSpec, ScriptId};

fn who(name: &str) -> Applicant {
    Applicant {
        token: Secret::new(format!("token0of0{name}")),
        by: format!("{name}@laptop"),
        run: "20261128-120000".into(),
        site: "edge".into(),
    }
}

async fn ours(host: &RunnerHost, who: &Applicant, force: bool) -> u64 {
    match lease::take(host, who, force).await {
        Ok(Taking::Ours(generation)) => generation,
        other => panic!("{other:?}"),
    }
}

/// Another operator on the same host.
async fn beside(bench: &Bench) -> (RunnerHost, Under) {
    let seat = Seat { under: Under::default(), ..bench.seat.clone() };
    let under = seat.under.clone();
    (RunnerHost::open(Arc::new(seat), under.clone()).await.expect("a shell is here"), under)
}

fn file(bench: &Bench, name: &str) -> FileSpec {
    let (user, group) = bench.place().owner;
    let path = bench.at(name).display().to_string();
    FileSpec { path, mode: 0o600, owner: format!("{user}:{group}"), content: Secret::new(b"x".to_vec()) }
}

#[tokio::test]
async fn one_has_the_host_and_whoever_was_before_changes_nothing() {
    let applets = tempfile::tempdir().expect("a temporary directory");
    for (shell, tools) in shells(applets.path()) {
        let bench = Bench::new(&shell, tools.as_deref());
        let ((ana, under_a), (bob, under_b)) = (beside(&bench).await, beside(&bench).await);
        assert_eq!(lease::look(&ana, "-").await, Ok(LeaseSeen::default()));
        let (a, b) = (who("ana"), who("bob"));
        let first = ours(&ana, &a, false).await;
        under_a.set(first);
        ana.write(&file(&bench, "one")).await.expect("it is hers");
        let Ok(Taking::Held(holder)) = lease::take(&bob, &b, false).await else { panic!("it is hers") };
        assert!(holder.words().starts_with("ana@laptop, since ") && holder.held && !holder.own, "{holder:?}");
        assert_eq!(holder.run, "20261128-120000");
        // The same program again, as after a kill: at once, and of a new generation.
        let again = ours(&ana, &a, false).await;
        assert_eq!(again, first + 1);
        // What worked under the old one was ended with it.
        assert_eq!(ana.write(&file(&bench, "two")).await.expect_err("ended").kind, FailureKind::Unknown);
        let ana = RunnerHost::open(Arc::new(bench.seat.clone()), under_a.clone()).await.expect("a shell is here");
        assert_eq!(ana.write(&file(&bench, "two")).await.expect_err("the old one").kind, FailureKind::NeedsHuman);
        under_a.set(again);
        ana.write(&file(&bench, "two")).await.expect("it is hers");
        lease::keep(&ana, &a.token, again).await.expect("it is hers");

        let taken = ours(&bob, &b, true).await;
        under_b.set(taken);
        bob.write(&file(&bench, "three")).await.expect("it is his");
        // Her runner was ended; with the next one it is the same.
        let ana = RunnerHost::open(Arc::new(bench.seat.clone()), under_a.clone()).await.expect("a shell is here");
        let kept = lease::keep(&ana, &a.token, again).await.expect_err("it is his");
        assert_eq!(kept.kind, FailureKind::NeedsHuman);
        assert!(kept.line().contains("taken over by bob@laptop"), "{kept}");
        for refused in [
            ana.write(&file(&bench, "four")).await,
            ana.remove(&file(&bench, "three").path).await,
            ana.start(&crate::ports::UnitSpec { name: "u-9".into(), script: ScriptId::DiskSync, args: vec![] }).await,
            ana.stop("u-9").await,
            ana.run(ScriptId::MakeDirs, &[], None).await.map(drop),
            lease::check(&ana, again).await,
            lease::give_back(&ana, &a.token, again).await,
        ] {
            assert_eq!(refused.expect_err("it is his").kind, FailureKind::NeedsHuman);
        }
        assert!(!bench.at("four").exists() && bench.at("three").exists() && !bench.at("state/units/u-9").exists());
        assert_eq!(ana.look(&[Look::stat("/")]).await.map(|seen| seen.len()), Ok(1), "looking is free");

        lease::give_back(&bob, &b.token, taken).await.expect("it is his");
        let free = lease::look(&ana, "-").await.expect("it answers");
        assert_eq!((free.generation, free.held()), (taken, None));
        assert!(ours(&ana, &a, false).await > taken);
    }
}

#[tokio::test]
async fn of_two_who_ask_at_once_one_has_it() {
    let bench = Bench::new(&["sh"], None);
    let ((ana, _), (bob, _)) = (beside(&bench).await, beside(&bench).await);
    let (a, b) = (who("ana"), who("bob"));
    let mut won = [0, 0];
    for race in 0..100 {
        let (one, other) = tokio::join!(lease::take(&ana, &a, false), lease::take(&bob, &b, false));
        let hers = match (one.expect("it answers"), other.expect("it answers")) {
            (Taking::Ours(generation), Taking::Held(_)) => (true, generation),
            (Taking::Held(_), Taking::Ours(generation)) => (false, generation),
            both => panic!("race {race}: {both:?}"),
        };
        let (host, token) = if hers.0 { (&ana, &a.token) } else { (&bob, &b.token) };
        won[usize::from(!hers.0)] += 1;
        lease::give_back(host, token, hers.1).await.expect("it is theirs");
    }
    assert_eq!(won[0] + won[1], 100);
}

#[tokio::test]
async fn whoever_takes_over_ends_what_the_other_one_does() {
    let bench = Bench::new(&["sh"], None);
    let ((ana, under), (bob, _)) = (beside(&bench).await, beside(&bench).await);
    under.set(ours(&ana, &who("ana"), false).await);
    ana.write(&file(&bench, "hers")).await.expect("it is hers");
    // A script of hers that takes its time: it reads from a pipe to which nobody writes.
    let pipe = bench.at("pipe").display().to_string();
    let made = script(&bench.runner().await, &format!("mkfifo '{pipe}'"), &[], b"").await;
    assert_eq!(made.status, Status::Exit(0));
    let slow = async {
        let runner = bench.seat.open().await.expect("a shell");
        let text = format!("echo begun >'{pipe}.begun'; cat '{pipe}'; echo after >'{pipe}.after'");
        let generation = under.get();
        let request =
            Request { verb: Verb::Run, word: "test.sh:60", parts: [text.as_bytes(), b"", b""], under: generation };
        runner.call(&request, SOON).await
    };
    let take = async {
        until("her script", async || Path::new(&format!("{pipe}.begun")).exists()).await;
        ours(&bob, &who("bob"), true).await
    };
    let (hers, his) = tokio::join!(slow, take);
    assert_eq!(hers.expect_err("it was ended").kind, FailureKind::Unknown);
    assert!(his > under.get());
    // Nobody waits at the pipe any more: it cannot even be opened for writing.
    let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
    let open = rustix::fs::open(&*pipe, flags, rustix::fs::Mode::empty());
    assert_eq!(open.map(drop), Err(rustix::io::Errno::NXIO));
    assert!(!Path::new(&format!("{pipe}.after")).exists());
    assert_eq!(ana.look(&[Look::stat("/")]).await.expect_err("her runner was ended").kind, FailureKind::Unknown);
}

#[tokio::test]
async fn a_unit_that_was_ordered_before_a_take_over_does_not_run_after_it() {
    let bench = Bench::new(&["sh"], None);
    let ((ana, under), (bob, _)) = (beside(&bench).await, beside(&bench).await);
    let first = ours(&ana, &who("ana"), false).await;
    under.set(first);
    let runner = bench.runner().await;
    let request = Request { verb: Verb::Start, word: "u-7", parts: [b"echo ran", b"", b""], under: first };
    assert_eq!(runner.call(&request, SOON).await.expect("it answers").status, Status::Exit(0));
    until("the unit", async || {
        ana.look(&[Look::Unit { name: "u-7".into() }]).await == Ok(vec![Seen::Unit(UnitState::Finished { status: 0 })])
    })
    .await;
    // The wrapper as it stands on disk, started once more as if systemd had been slow.
    ours(&bob, &who("bob"), true).await;
    let log = bench.at("state/units/u-7/log");
    fs::write(&log, "").expect("ours");
    let run = bench.at("state/units/u-7/run").display().to_string();
    let late = std::process::Command::new("sh").arg(&run).status().expect("a shell");
    assert_eq!((late.code(), fs::read_to_string(&log).expect("there")), (Some(1), String::new()));
}

#[tokio::test]
async fn the_run_that_was_worked_on_last_is_said_last_whatever_its_name() {
    let applets = tempfile::tempdir().expect("a temporary directory");
    for (shell, tools) in shells(applets.path()) {
        let bench = Bench::new(&shell, tools.as_deref());
        let (host, _) = beside(&bench).await;
        // By another clock, or by one that was set back, the later run has the earlier name.
        let written = |run: &str, at: u64| {
            let dir = bench.at(&format!("sites/edge/runs/{run}"));
            fs::create_dir_all(&dir).expect("writable");
            let journal = fs::File::create(dir.join("journal.jsonl")).expect("writable");
            journal.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(at)).expect("ours");
        };
        written("20261128-220000", 1_000);
        written("20261128-200000", 3_000);
        written("20261128-210000", 2_000);
        fs::create_dir_all(bench.at("sites/edge/runs/20261128-230000")).expect("writable");
        let sites = bench.at("sites").display().to_string();
        let said = host.run(ScriptId::Runs, &[&sites], None).await.expect("it answers").success("look").expect("good");
        let lines = ["edge 20261128-220000", "edge 20261128-210000", "edge 20261128-200000", ""];
        assert_eq!(said.text(), lines.join("\n"), "{shell:?}");
        let none = bench.at("none").display().to_string();
        let said = host.run(ScriptId::Runs, &[&none], None).await.expect("it answers").success("look").expect("good");
        assert_eq!(said.text(), "", "{shell:?}");
    }
}
