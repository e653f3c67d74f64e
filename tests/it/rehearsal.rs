//! Whole installs by the real plan, steps and engine on the simulated world.

use modelquay::app::inspect::inspect;
use modelquay::base::{Cancel, Clock, Redactor, SystemClock};
use modelquay::engine::event::Event;
use modelquay::engine::journal::{Journal, MemoryJournal};
use modelquay::engine::preview::{Consent, Preview, ReviewedPlan};
use modelquay::engine::recorder::Recorder;
use modelquay::engine::retry::Retry;
use modelquay::engine::run::{Ending, Kit, RunOptions, run};
use modelquay::engine::step::{Brief, Cx, Hook, Progress};
use modelquay::engine::tail::Output;
use modelquay::plan::components::Components;
use modelquay::plan::preflight::{Row, Verdict};
use modelquay::plan::site::{Reach, Site, SshReach};
use modelquay::plan::{HostId, StepId};
use modelquay::ports::World;
use modelquay::steps::{Registry, plan_for};
use modelquay::transport::operator_files::LocalFiles;
use modelquay::transport::simulated::{self, BadDay, Pace, Sim, SimOptions, Speed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

struct Bench {
    world: Arc<dyn World>,
    site: Site,
    directory: PathBuf,
    /// Removed when the bench goes.
    _kept: Option<tempfile::TempDir>,
}

/// What a run was.
struct Ran {
    ending: Ending,
    events: Vec<Event>,
}

fn host() -> HostId {
    "edge-07".parse().expect("a label")
}

fn components(arch: &str) -> Components {
    Components::load(&[simulated::components()], arch).expect("both tables are right")
}

impl Bench {
    fn new(pace: Pace, bad: &[BadDay]) -> Self {
        let kept = tempfile::tempdir().expect("a directory");
        let bench = Self::within(kept.path(), pace, bad);
        Self { _kept: Some(kept), ..bench }
    }

    fn within(directory: &Path, pace: Pace, bad: &[BadDay]) -> Self {
        let options = SimOptions {
            pace,
            bad_days: bad.iter().copied().collect(),
            clock: Arc::new(SystemClock),
            files: Arc::new(LocalFiles::new()),
            directory: directory.to_owned(),
        };
        let world = Arc::new(Sim::new(options).expect("a world"));
        let reach = Reach::Ssh(SshReach { destination: "edge-07".into(), ..SshReach::default() });
        let site = Site::with_defaults(host(), reach);
        Self { world, site, directory: directory.to_owned(), _kept: None }
    }

    fn immediate(bad: &[BadDay]) -> Self {
        Self::new(Pace::EachCall(Duration::from_secs(2)), bad)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    async fn brief(&self) -> Brief {
        let found = inspect(
            &self.world,
            host(),
            &self.site,
            |f| Ok(components(f.release_arch().unwrap_or("amd64"))),
            &SystemClock,
        );
        let found = found.await.expect("the host answers");
        Brief {
            site: self.site.clone(),
            facts: found.facts,
            components: components("amd64"),
            credentials_file: Some(self.path("credentials.toml").display().to_string()),
            site_dir: self.path("site").display().to_string(),
        }
    }

    /// The worst rows of preflight.
    async fn failures(&self) -> Vec<Row> {
        let found = inspect(&self.world, host(), &self.site, |_| Ok(components("amd64")), &SystemClock).await;
        let found = found.expect("the host answers");
        found.findings.iter().filter(|f| f.verdict == Verdict::Fail).map(|f| f.row).collect()
    }

    async fn install(&self, name: &str) -> Ran {
        let brief = self.brief().await;
        let redactor = Redactor::new();
        let output = Output::memory(redactor.clone());
        let (progress, _) = watch::channel(Progress::default());
        let (cancel, hook) = (Cancel::new(), Hook::default());
        let plan = plan_for(&self.site, true).expect("a plan");
        let cx = |id: StepId| Cx {
            id,
            attempt: 1,
            run: name,
            brief: &brief,
            world: &*self.world,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        let preview = Preview::make(plan, &brief, &Registry, cx).await.expect("every check can be made");
        let conflicts: Vec<String> = preview.conflicts().iter().map(|(id, f)| format!("{id}: {f}")).collect();
        assert!(conflicts.is_empty(), "{conflicts:?}");
        let reviewed: ReviewedPlan = preview.accept(&brief, &Registry, Consent::Beforehand);
        let journal: Box<dyn Journal> = Box::new(MemoryJournal::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        let recorder = Recorder::begin(journal, name, "edge-07", clock).await.expect("a journal");
        let recorder = recorder.listening(move |event| kept.lock().expect("not poisoned").push(event.clone()));
        let options = RunOptions {
            run: name.into(),
            retry: Retry { attempts: 1, ..Retry::default() },
            link_timeout: Duration::from_mins(1),
            intent: String::new(),
            rehearsal: true,
            by: "test".into(),
            hook: Hook::default(),
        };
        let kit = Kit {
            brief: &brief,
            steps: &Registry,
            world: &*self.world,
            recorder: &recorder,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
        };
        let ending = run(&reviewed, &kit, &options).await.expect("the journal can be written");
        let events = events.lock().expect("not poisoned").clone();
        Ran { ending, events }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_ends_well_and_the_next_one_changes_nothing() {
    let bench = Bench::immediate(&[]);
    assert_eq!(bench.failures().await, [], "preflight of a good host");
    assert_eq!(bench.install("one").await.ending, Ending::Done { changed: true });
    let credentials = std::fs::read_to_string(bench.path("credentials.toml")).expect("the keys were written");
    assert!(!credentials.is_empty());
    assert_eq!(bench.install("two").await.ending, Ending::Done { changed: false });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_at_its_own_pace_takes_less_than_ten_seconds() {
    let bench = Bench::new(Pace::Times(Speed::new(60)), &[]);
    let begun = Instant::now();
    assert_eq!(bench.install("paced").await.ending, Ending::Done { changed: true });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// What the events say, without when they were recorded.
fn kinds(ran: &Ran) -> Vec<String> {
    ran.events.iter().map(|e| serde_json::to_string(&e.event).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rehearsals_give_the_same_events() {
    // Paths are part of what is agreed to, so both work in the same directory, one after the other.
    let outer = tempfile::tempdir().expect("a directory");
    let directory = outer.path().join("same");
    let mut runs = Vec::new();
    for _ in 0..2 {
        std::fs::create_dir(&directory).expect("a directory");
        let bench = Bench::within(&directory, Pace::EachCall(Duration::from_secs(2)), &[]);
        runs.push(bench.install("same").await);
        std::fs::remove_dir_all(&directory).expect("removed");
    }
    let [one, two] = &runs[..] else { panic!("two runs") };
    assert!(one.events.len() > 40, "{} events are too few to show anything", one.events.len());
    let (one, two) = (kinds(one), kinds(two));
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one, two);
    }
    assert_eq!(one.len(), two.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_day_is_seen_where_it_should_be() {
    use BadDay as B;
    // Preflight names the row; the run names the step at which it ends, or ends well.
    let expected: BTreeMap<BadDay, (bool, &str)> = [
        (B::PortTaken, (true, "")),
        (B::NodePortTaken, (false, "node-port")),
        (B::NoDefaultRoute, (true, "")),
        (B::InotifyLow, (false, "done")),
        (B::ClockOff, (true, "")),
        (B::DiskFull, (true, "")),
        (B::Leftovers, (true, "")),
        (B::ForeignCluster, (true, "")),
        (B::FirewallActive, (true, "")),
        (B::RegistryBusy, (true, "")),
        (B::WrongChecksum, (false, "cluster-images")),
        (B::NoApparmorParser, (false, "done")),
        (B::SlowStart, (false, "done")),
        (B::SignerSilent, (false, "signer-probe")),
        (B::ImageMissing, (false, "tenant-healthy")),
        (B::RegistryDead, (false, "operator")),
        (B::SecretDeleted, (false, "tenant-healthy")),
        (B::LinkLost, (false, "done")),
    ]
    .into();
    assert_eq!(expected.len(), BadDay::ALL.len());
    let mut wrong = Vec::new();
    for (day, (refused, end)) in expected {
        let bench = Bench::immediate(&[day]);
        let failures = bench.failures().await;
        if failures.is_empty() == refused {
            wrong.push(format!("{day}: preflight fails {failures:?}"));
        }
        if refused {
            continue;
        }
        let ended = match tokio::time::timeout(Duration::from_secs(20), bench.install("bad")).await.map(|r| r.ending) {
            Ok(Ending::Done { .. }) => "done".to_owned(),
            Ok(Ending::Failed { step, .. } | Ending::NeedsHuman { step, .. }) => step.kind.id().to_owned(),
            Ok(other) => format!("{other:?}"),
            Err(_) => "no end".to_owned(),
        };
        if ended != end {
            wrong.push(format!("{day}: ended at {ended}, expected {end}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
