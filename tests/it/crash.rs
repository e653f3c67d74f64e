//! Installs that are killed at a moment and resumed: the end is the same as if nothing had been.
//!
//! A kill here is a run whose future is dropped at the moment: nothing of it runs on, nothing is
//! flushed, and the next life has only the files. What a SIGKILL adds (threads, sockets, a write that
//! is under way) the lab's tests show.

use crate::stage::{At, Life, Stage};
use crate::state::{self, Pair};
use modelquay::app::Exit;
use modelquay::engine::step::Moment;
use modelquay::plan::StepKind;
use modelquay::ports::{Kind, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::OnceLock;

/// What an install comes to that nobody disturbs.
struct Undisturbed {
    state: Vec<String>,
    ledger: Vec<String>,
    passed: Vec<At>,
}

fn wait_for<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads").block_on(work)
}

fn ended_well(life: &Life) {
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
}

fn undisturbed() -> &'static Undisturbed {
    static ONE: OnceLock<Undisturbed> = OnceLock::new();
    ONE.get_or_init(|| {
        wait_for(async {
            let stage = Stage::new();
            let (life, passed) = stage.to_the_end().await;
            ended_well(&life);
            assert_eq!(disagreements(&stage), [] as [String; 0]);
            Undisturbed { state: state::of(&stage), ledger: ledger(&stage), passed }
        })
    })
}

/// The entries of the ledger without the run's id.
fn ledger(stage: &Stage) -> Vec<String> {
    let run = stage.run().map(|run| run.id.to_ascii_lowercase()).expect("a run was begun");
    stage.ledger.sorted().into_iter().map(|l| l.replace(&run, "RUN")).collect()
}

/// Where the places that know the keys do not know the same ones.
fn disagreements(stage: &Stage) -> Vec<String> {
    let truth = state::keys_in_secrets(stage);
    let mut wrong = Vec::new();
    // Beside the comparison with another run, which might lack it as well.
    if !state::of(stage).iter().any(|line| line == "the host keeps the whole journal: true") {
        wrong.push("the host does not keep the whole journal".into());
    }
    if truth.len() != 4 {
        wrong.push(format!("the Secrets hold only {:?}", truth.keys()));
    }
    if state::keys_in_registry(stage) != truth {
        wrong.push("the registry has other keys than the Secrets".into());
    }
    if state::keys_in_file(stage) != truth {
        wrong.push("the credentials file has other keys than the Secrets".into());
    }
    let (made, used) = state::tls_keys(stage);
    if made.is_none() || made != used {
        wrong.push("the certificate's key is not the one that was made for it".into());
    }
    wrong
}

/// What there is once and may never be made again.
#[derive(Default)]
struct Made {
    secrets: BTreeMap<String, String>,
    keys: BTreeMap<String, Pair>,
}

impl Made {
    fn so_far(stage: &Stage) -> Self {
        Self { secrets: state::secrets(stage), keys: state::keys_in_secrets(stage) }
    }

    fn again(&self, stage: &Stage) -> Vec<String> {
        let now = Self::so_far(stage);
        let secrets = self.secrets.iter().filter(|(name, mark)| now.secrets.get(*name) != Some(*mark));
        let keys = self.keys.iter().filter(|(name, pair)| now.keys.get(*name) != Some(*pair));
        secrets.map(|(n, _)| n).chain(keys.map(|(n, _)| n)).map(|n| format!("{n} was made again")).collect()
    }
}

/// A life that must end at this moment.
async fn kill(stage: &Stage, at: At) {
    let life = stage.killed_at(at).await;
    assert!(matches!(life, Life::Killed), "{at:?} was not passed: {life:?}");
}

/// Resumes, and says everything in which the end is another than an undisturbed one.
async fn resumed(stage: &Stage, made: &Made) -> Vec<String> {
    let (life, _) = stage.to_the_end().await;
    if !matches!(life, Life::Ended(Exit::Done, _)) {
        return vec![format!("the resumed run ended so: {life:?}")];
    }
    let wanted = undisturbed();
    let mut wrong = state::difference(&wanted.state, &state::of(stage));
    let ledger = ledger(stage);
    if ledger != wanted.ledger {
        wrong.push(format!("done twice, or not at all: {:?}", state::difference(&wanted.ledger, &ledger)));
        wrong.push(format!("{} entries, expected {}", ledger.len(), wanted.ledger.len()));
    }
    wrong.extend(disagreements(stage));
    wrong.extend(made.again(stage));
    wrong
}

/// One site, killed at these moments one life after the other.
async fn story(kills: &[At]) {
    let stage = Stage::new();
    let mut made = Made::default();
    for at in kills {
        kill(&stage, *at).await;
        let again = made.again(&stage);
        assert!(again.is_empty(), "before {at:?}: {again:?}");
        made = Made::so_far(&stage);
    }
    let wrong = resumed(&stage, &made).await;
    assert!(wrong.is_empty(), "killed at {kills:?}: {wrong:#?}");
}

/// Steps that only wait for the cluster. It goes on by itself between two lives, so that the next one
/// may find nothing to wait for: each of their moments is a story of its own.
const WAITS: &[StepKind] = &[StepKind::ClusterAccess, StepKind::TenantHealthy];

/// Every moment that the step passes. Up to the apply nothing is changed and the next life comes to
/// the same moment again, so that those kills, and the one behind the apply, make one story; each
/// kill within the apply is a story of its own. The check behind the apply has its story below.
fn every_moment(kind: StepKind) {
    let passed = undisturbed().passed.iter().copied().filter(|(k, _)| *k == kind);
    let (within, around): (Vec<At>, Vec<At>) = passed.partition(|(_, m)| matches!(m, Moment::Between(_)));
    wait_for(async {
        if WAITS.contains(&kind) {
            for at in around {
                story(&[at]).await;
            }
            return;
        }
        let around: Vec<At> = around.into_iter().filter(|(_, m)| *m != Moment::AfterLastCheck).collect();
        story(&around).await;
        for at in within {
            story(&[at]).await;
        }
    });
}

/// When that check has agreed, the step is done but for its line in the journal: the next life finds
/// it done and goes on to the next step, so that one story has them all.
#[test]
fn after_the_last_check_of_every_step_in_turn() {
    let last = |at: &&At| at.1 == Moment::AfterLastCheck && !WAITS.contains(&at.0);
    let kills: Vec<At> = undisturbed().passed.iter().filter(last).copied().collect();
    wait_for(story(&kills));
}

/// Where the keys are at a moment: in Secrets, in the registry, in the operator's file.
fn places(stage: &Stage) -> [BTreeSet<Pair>; 3] {
    [state::keys_in_secrets(stage), state::keys_in_registry(stage), state::keys_in_file(stage)]
        .map(|keys| keys.into_values().collect())
}

/// A key is in its Secret before the registry is told, and in the file when every one of them is known
/// to both. One site, killed between each two of these places, key by key.
#[test]
fn each_key_goes_into_its_secret_then_to_the_registry_and_last_into_the_file() {
    let (namespace, keys, file) = (StepKind::Namespace, StepKind::Keys, StepKind::CredentialsFile);
    // How many keys the Secrets hold, the registry knows, and the file holds.
    let moments = [
        ((namespace, Moment::Between(1)), [0, 0, 0]),
        ((namespace, Moment::AfterApply), [1, 0, 0]),
        ((StepKind::Bucket, Moment::BeforeCheck), [1, 1, 0]),
        ((keys, Moment::Between(1)), [2, 1, 0]),
        ((keys, Moment::Between(2)), [2, 2, 0]),
        ((keys, Moment::Between(4)), [3, 2, 0]),
        ((keys, Moment::Between(5)), [3, 3, 0]),
        ((keys, Moment::Between(7)), [4, 3, 0]),
        ((keys, Moment::Between(8)), [4, 4, 0]),
        ((file, Moment::BeforeApply), [4, 4, 0]),
        ((file, Moment::AfterApply), [4, 4, 4]),
    ];
    undisturbed();
    wait_for(async {
        let stage = Stage::new();
        let mut made = Made::default();
        for (at, counts) in moments {
            kill(&stage, at).await;
            let [secrets, registry, file] = places(&stage);
            assert_eq!([secrets.len(), registry.len(), file.len()], counts, "at {at:?}");
            assert!(registry.is_subset(&secrets) && file.is_subset(&registry), "another key at {at:?}");
            let again = made.again(&stage);
            assert!(again.is_empty(), "before {at:?}: {again:?}");
            made = Made::so_far(&stage);
        }
        let wrong = resumed(&stage, &made).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// The controls: what these tests look for would be found.
#[test]
fn a_key_made_twice_or_lost_would_be_seen() {
    undisturbed();
    wait_for(async {
        let stage = Stage::new();
        kill(&stage, (StepKind::CredentialsFile, Moment::BeforeApply)).await;
        let made = Made::so_far(&stage);
        let reader = ObjectRef::new(Kind::Secret, state::REGISTRY, format!("{}-key-reader", state::REGISTRY));
        stage.sim.machine().look(|s, _| s.objects.remove(&reader)).expect("it is there by now");
        let wrong = resumed(&stage, &made).await.join("\n");
        let key = format!("{}-key-reader was made again", state::REGISTRY);
        for words in ["entries, expected", "the registry has other keys", &key] {
            assert!(wrong.contains(words), "{words:?} is not in {wrong}");
        }
    });
}

macro_rules! killed_in {
    ($($name:ident = $kind:ident;)*) => {
        $(#[test] fn $name() { every_moment(StepKind::$kind); })*

        /// The kinds that have a test here.
        const TESTED: &[StepKind] = &[$(StepKind::$kind,)*];
    };
}

killed_in! {
    in_credentials_ready = CredentialsReady;
    in_prepare_host = PrepareHost;
    in_registries = Registries;
    in_cluster_config = ClusterConfig;
    in_cluster_images = ClusterImages;
    in_cluster_package = ClusterPackage;
    in_cluster_start = ClusterStart;
    in_cluster_access = ClusterAccess;
    in_signer_probe = SignerProbe;
    in_storage = Storage;
    in_operator = Operator;
    in_namespace = Namespace;
    in_certificate = Certificate;
    in_tenant = Tenant;
    in_tenant_healthy = TenantHealthy;
    in_node_port = NodePort;
    in_reach = Reach;
    in_bucket = Bucket;
    in_keys = Keys;
    in_credentials_file = CredentialsFile;
    in_hand_over = HandOver;
}

#[test]
fn every_kind_passes_every_moment_and_has_its_test() {
    assert_eq!(TESTED, StepKind::ALL, "a kind of step has no test of kills");
    let passed = &undisturbed().passed;
    let plain = |m: &Moment| !matches!(m, Moment::Between(_));
    let of = |kind: StepKind| passed.iter().filter(move |(k, _)| *k == kind).map(|(_, m)| *m);
    let all =
        [Moment::BeforeCheck, Moment::AfterCheck, Moment::BeforeApply, Moment::AfterApply, Moment::AfterLastCheck];
    for kind in StepKind::ALL.iter().copied() {
        let found: Vec<Moment> = of(kind).filter(plain).collect();
        assert_eq!(found, all, "{kind:?}");
        let parts = match kind {
            StepKind::Keys => 9,
            StepKind::Certificate => 2,
            StepKind::Operator | StepKind::Namespace => 1,
            _ => 0,
        };
        let found: Vec<Moment> = of(kind).filter(|m| !plain(m)).collect();
        let wanted: Vec<Moment> = (1..=parts).map(Moment::Between).collect();
        assert_eq!(found, wanted, "{kind:?}");
    }
}
