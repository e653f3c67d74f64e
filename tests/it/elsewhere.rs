//! A run that is gone on with from another computer.

use crate::stage::{At, Life, Stage};
use crate::state;
use modelquay::app::Exit;
use modelquay::engine::step::{Hook, Moment};
use modelquay::plan::StepKind;
use tokio::sync::Notify;

/// Moments of every kind: on the host, in the cluster, at the registry, in the operator's own files.
const MOMENTS: &[At] = &[
    (StepKind::CredentialsReady, Moment::AfterApply),
    (StepKind::PrepareHost, Moment::BeforeApply),
    (StepKind::ClusterImages, Moment::AfterApply),
    (StepKind::ClusterStart, Moment::AfterApply),
    (StepKind::Namespace, Moment::AfterApply),
    (StepKind::Keys, Moment::BeforeApply),
    (StepKind::CredentialsFile, Moment::AfterApply),
    (StepKind::HandOver, Moment::AfterLastCheck),
];

fn nobody_keeps_it(stage: &Stage) {
    stage.sim.machine().look(|s, _| s.lease.expire());
}

#[tokio::test]
async fn what_one_computer_has_begun_another_one_finishes() {
    for at in MOMENTS {
        let first = Stage::new();
        assert!(matches!(first.killed_at(*at).await, Life::Killed), "{at:?}");
        let (secrets, made) = (state::secrets(&first), state::keys_in_secrets(&first));
        nobody_keeps_it(&first);
        let other = first.elsewhere();
        let (exit, words) = other.attach().await;
        assert_eq!(exit, Exit::NeedsHuman, "{words:?}");
        assert!(words.iter().any(|word| word == "go on with: modelquay resume edge-07"), "{words:?}");
        let journal = |stage: &Stage| std::fs::read(stage.run().expect("a run").journal()).expect("a journal");
        let begun = journal(&first);
        assert!(begun.starts_with(&journal(&other)), "{at:?}: the host's journal is a prefix");

        let life = other.live(Hook::default(), &Notify::new()).await;
        assert!(matches!(life, Life::Ended(Exit::Done, _)), "{at:?}: {life:?}");
        let keys = other.path("state/sites/edge-07/keys.toml");
        assert_eq!(state::keys_in(&keys), state::keys_in_secrets(&other), "{at:?}");
        // Nothing that was there was made again.
        let now = (state::secrets(&other), state::keys_in_secrets(&other));
        assert!(secrets.iter().all(|(name, mark)| now.0.get(name) == Some(mark)), "{at:?}");
        assert!(made.iter().all(|(name, pair)| now.1.get(name) == Some(pair)), "{at:?}");

        // And the first one hears of it, and gets the same keys.
        let life = first.live(Hook::default(), &Notify::new()).await;
        assert!(matches!(life, Life::Ended(Exit::Done, _)), "{at:?}: {life:?}");
        assert!(journal(&first).starts_with(&journal(&other)), "{at:?}: its journal was brought");
        assert_eq!(state::keys_in_file(&first), state::keys_in_secrets(&other), "{at:?}");
    }
}

#[tokio::test]
async fn the_newest_lines_of_a_log_on_the_host_come_along() {
    let first = Stage::new();
    assert!(matches!(first.killed_at((StepKind::ClusterStart, Moment::AfterApply)).await, Life::Killed));
    nobody_keeps_it(&first);
    // More than is brought at once, and at its end a line that is still being written.
    let lines = (0..2000).map(|n| format!("cluster-start@edge-07 line {n} of the host")).collect::<Vec<_>>().join("\n");
    let path = format!("/var/lib/modelquay/sites/edge-07/runs/{}/log.txt", first.run().expect("a run").id);
    first
        .sim
        .machine()
        .look(|s, _| s.files.put(&path, 0o600, (0, 0), format!("{lines}\ncluster-start@edge-07 li").into_bytes()));
    let other = first.elsewhere();
    let (exit, words) = other.attach().await;
    assert_eq!(exit, Exit::NeedsHuman, "{words:?}");
    let log = std::fs::read_to_string(other.run().expect("a run").log()).expect("a log");
    assert!(log.ends_with("line 1999 of the host\n"), "{log}");
    assert!(!log.contains("line 0 of") && log.lines().count() > 100, "{} lines", log.lines().count());
    for line in log.lines() {
        assert!(line.starts_with("cluster-start@edge-07 line "), "{line}");
    }
}

#[tokio::test]
async fn a_host_without_a_run_says_so() {
    let stage = Stage::new();
    let (exit, words) = stage.attach().await;
    assert_eq!(exit, Exit::Failed);
    assert!(words.iter().any(|word| word.contains("keeps no run of modelquay")), "{words:?}");
}
