//! A site on which the headless install lives, is killed and lives again.

use crate::ledger::{Ledger, Watched};
use async_trait::async_trait;
use modelquay::app::attach::attach;
use modelquay::app::console::{Wanted, console};
use modelquay::app::credentials::{self, Found};
use modelquay::app::headless::{By, Env, Order, install, plan, resume};
use modelquay::app::inspect::Inspection;
use modelquay::app::sites::{RunDir, Sites};
use modelquay::app::{Exit, Face, Machine, order, report};
use modelquay::base::{Cancel, Redactor, Secret, SystemClock};
use modelquay::display::{self, About, JsonView, Last, LineView, View, diff, findings, preview};
use modelquay::engine::retry::Retry;
use modelquay::engine::step::{Hook, Moment, Progress};
use modelquay::engine::{Consent, Event, Preview, RunState};
use modelquay::plan::console::Console;
use modelquay::plan::report::Manifest;
use modelquay::plan::{Failure, HostId, StepKind};
use modelquay::ports::{Answer, LinkState, Prompt, Question, World};
use modelquay::transport::operator_files::LocalFiles;
use modelquay::transport::simulated::s3::{Fault, Harm};
use modelquay::transport::simulated::{self, BadDay, Pace, Sim, SimOptions};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A moment of a step.
pub type At = (StepKind, Moment);

/// The site and everything that outlives the program.
pub struct Stage {
    directory: tempfile::TempDir,
    pub sim: Arc<Sim>,
    pub ledger: Ledger,
    shown: Arc<Mutex<Vec<String>>>,
}

/// How a life of the program ended.
#[derive(Debug)]
pub enum Life {
    /// At the wanted moment, in the middle of everything.
    Killed,
    /// By itself, with these last words (which a failed test prints).
    Ended(Exit, Vec<String>),
}

/// Says yes, and shows everything as lines and as JSON, as the program's own faces do.
struct Yes {
    lines: Mutex<LineView>,
    json: Mutex<JsonView>,
    shown: Arc<Mutex<Vec<String>>>,
    last: Mutex<Vec<String>>,
    agrees: bool,
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Yes {
    fn new(shown: &Arc<Mutex<Vec<String>>>) -> Self {
        let (lines, json) = (LineView::new(false), JsonView::new("edge-07", false));
        Self { lines: lines.into(), json: json.into(), shown: Arc::clone(shown), last: Mutex::default(), agrees: true }
    }

    fn show(&self, what: impl Fn(&mut dyn View) -> Vec<String>) {
        let (lines, json) = (what(&mut *held(&self.lines)), what(&mut *held(&self.json)));
        held(&self.shown).extend(lines.into_iter().chain(json));
    }
}

#[async_trait]
impl Face for Yes {
    fn note(&self, text: &str) {
        held(&self.shown).push(text.into());
    }
    fn link(&self, link: &LinkState) {
        self.show(|view| view.link(link, 0));
    }
    fn inspection(&self, found: &Inspection) {
        held(&self.shown).extend(findings::human("edge-07", &found.findings, false));
        held(&self.shown).extend(findings::json("edge-07", &found.findings));
    }
    fn preview(&self, found: &Preview) {
        held(&self.shown).extend(preview::human("edge-07", found.steps(), false));
        held(&self.shown).extend(preview::json("edge-07", found.steps(), false));
        held(&self.shown).push(diff::of_steps(found.steps()));
    }
    async fn consent(&self, _: &Preview) -> Option<Consent> {
        Some(Consent::Beforehand)
    }
    fn event(&self, event: &Event, _: &RunState) {
        self.show(|view| view.event(event));
    }
    fn progress(&self, progress: &Progress) {
        self.show(|view| view.progress(progress, u64::MAX));
    }
    fn run(&self, run: &RunDir, site: HostId, rehearsal: bool, so_far: &RunState) {
        let journal = Some(run.journal().display().to_string());
        let so_far = so_far.clone();
        let about = About { run: run.id.clone(), site: site.to_string(), rehearsal, journal, so_far };
        self.show(|view| view.header(&about));
    }
    fn credentials(&self, found: &Found) {
        let keys: Vec<display::credentials::Key<'_>> = found
            .keys
            .iter()
            .map(|(name, pair)| display::credentials::Key { name: name.id(), purpose: name.purpose(), pair })
            .collect();
        let in_clear = found.wanted == credentials::Wanted::Shown;
        held(&self.shown).extend(display::credentials::human(&found.endpoint, &keys, in_clear));
        held(&self.shown).push(display::credentials::json("edge-07", &found.endpoint, &keys, None));
    }
    fn report(&self, manifest: &Manifest) {
        held(&self.shown).extend(display::report::human(manifest));
        held(&self.shown).extend(display::report::json(manifest));
    }
    async fn may_write(&self, _: &Manifest) -> bool {
        self.agrees
    }
    fn console(&self, found: &Console) {
        held(&self.shown).extend(display::console::human(found));
        held(&self.shown).push(display::console::json(found));
    }
    fn last(&self, exit: Exit, failure: Option<&Failure>, words: &[String]) {
        let last =
            Last { exit: exit.code(), meaning: exit.meaning(), failure: failure.cloned(), words: words.to_vec() };
        self.show(|view| view.summary(&last));
        held(&self.last).extend(failure.map(Failure::line).into_iter().chain(last.words));
    }
}

/// Types these lines, whatever is asked.
struct Typing(Mutex<std::collections::VecDeque<String>>);

#[async_trait]
impl Prompt for Typing {
    async fn ask(&self, _: Question) -> Result<Answer, Failure> {
        let line = held(&self.0).pop_front().ok_or_else(|| Failure::needs_human("nothing more is typed"))?;
        Ok(Answer::Text(Secret::new(line)))
    }
}

/// Nobody is there to be asked.
struct Nobody;

#[async_trait]
impl Prompt for Nobody {
    async fn ask(&self, _: Question) -> Result<Answer, Failure> {
        Err(Failure::needs_human("nobody is asked in this test"))
    }
}

/// The registry refuses the first look from outside in each life: else that step would find nothing
/// to do, and its apply would never be tried.
fn disturb(sim: &Sim, kind: StepKind, moment: Moment) {
    let faults = &sim.machine().faults;
    if (kind, moment) == (StepKind::Reach, Moment::BeforeCheck) && faults.left() == 0 {
        let harm = Harm::Refuse { status: 503, code: "SlowDown" };
        faults.add(Fault { method: "", path: "/minio/health/live".into(), harm, times: 1 });
    }
}

impl Stage {
    /// A fresh host and an operator's directory with answers. A mirror is set and a kernel setting is
    /// low, so that their steps have something to do.
    pub fn new() -> Self {
        Self::on(&[BadDay::InotifyLow])
    }

    /// The same on other days.
    pub fn on(days: &[BadDay]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let here = directory.path();
        fs::set_permissions(here, fs::Permissions::from_mode(0o700)).expect("it is ours");
        fs::write(here.join("components.toml"), simulated::components()).expect("writable");
        let answers = "site = \"edge-07\"\n[host]\naddress = \"tech@edge-07\"\n\
                       [supply]\ncomponents = [\"components.toml\"]\n\
                       [[supply.mirror]]\nregistry = \"docker.io\"\nendpoint = \"https://mirror.example/v2\"\n\
                       [[bucket]]\nname = \"models\"\n";
        fs::write(here.join("site.toml"), answers).expect("writable");
        let sim = Sim::new(SimOptions {
            pace: Pace::EachCall(Duration::from_secs(2)),
            bad_days: days.iter().copied().collect(),
            clock: Arc::new(SystemClock),
            files: Arc::new(LocalFiles::new()),
            directory: here.to_owned(),
        });
        Self { sim: Arc::new(sim.expect("a world")), ledger: Ledger::default(), shown: Arc::default(), directory }
    }

    /// Another computer, with answers of its own, from which the same host is reached.
    pub fn elsewhere(&self) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let here = directory.path();
        fs::set_permissions(here, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let answers = "site = \"here\"\n[host]\naddress = \"root@192.0.2.10\"\n";
        fs::write(here.join("site.toml"), answers).expect("writable");
        let sim = Arc::new(self.sim.beside(Arc::new(LocalFiles::new())));
        Self { sim, ledger: self.ledger.clone(), shown: Arc::default(), directory }
    }

    /// Looks at the run that the host keeps.
    pub async fn attach(&self) -> (Exit, Vec<String>) {
        let (said, env) = self.env(Hook::default(), Duration::from_mins(1));
        let machine = Machine::Given(Arc::new(Watched::new(&self.sim, &self.ledger)));
        let exit = attach(&env, &machine, &self.order(&env)).await;
        (exit, held(&said.last).clone())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Everything that was shown in all lives.
    pub fn shown(&self) -> String {
        held(&self.shown).join("\n")
    }

    pub fn credentials(&self) -> PathBuf {
        self.path("keys.toml")
    }

    pub fn sites(&self) -> Sites {
        Sites::at(self.path("state"))
    }

    /// The run, once it was begun.
    pub fn run(&self) -> Option<RunDir> {
        self.sites().last_run("edge-07".parse().expect("a label"))
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// One life of the program: an install where no run was begun, a resume where one was. Nothing
    /// but files is carried over from an earlier life.
    pub async fn live(&self, hook: Hook, killed: &Notify) -> Life {
        self.live_so(hook, killed, Duration::from_mins(1)).await
    }

    /// A life that gives a lost link up at once.
    pub async fn live_without_patience(&self) -> Life {
        self.live_so(Hook::default(), &Notify::new(), Duration::ZERO).await
    }

    /// An install as the screens make it: its run has no step for the keys' file. Then a resume with a file.
    pub async fn on_screens_then_resumed_into(&self, keys: &Path) -> (Vec<String>, Exit, Vec<String>) {
        let (said, env) = self.env(Hook::default(), Duration::from_mins(1));
        let machine = Machine::Given(self.sim.clone());
        let mut order = self.order(&env);
        order.request.credentials_file = None;
        assert_eq!(install(&env, &machine, &order, By::Us).await, Exit::Done);
        let first = held(&said.last).clone();
        let run = self.run().expect("a run was begun");
        let mut order = order::of_run(&run).expect("what was asked for can be read again");
        order.keys_into(keys).expect("the run has no file of its own");
        let exit = resume(&env, &machine, &run, &order, By::Us).await;
        let second = held(&said.last).clone();
        (first, exit, second)
    }

    /// A way to the console over this world, until a stop is asked for. It is given with the stop.
    pub fn console(&self, world: Arc<dyn World>, wanted: Wanted) -> (Cancel, Pin<Box<dyn Future<Output = Exit>>>) {
        held(&self.shown).clear();
        let (_, env) = self.env(Hook::default(), Duration::from_mins(1));
        let run = self.run().expect("a run was begun");
        let order = order::of_run(&run).expect("what was asked for can be read again");
        let cancel = env.cancel.clone();
        (cancel, Box::pin(async move { console(&env, &Machine::Given(world), &run, &order, wanted).await }))
    }

    /// A report over this world, agreed to or not, and the last words.
    pub async fn report(&self, world: Arc<dyn World>, to: &Path, agrees: bool) -> (Exit, Vec<String>) {
        held(&self.shown).clear();
        let (_, mut env) = self.env(Hook::default(), Duration::ZERO);
        let said = Arc::new(Yes { agrees, ..Yes::new(&self.shown) });
        env.face = said.clone();
        let site = "edge-07".parse().expect("a label");
        let exit = report::report(&env, &Machine::Given(world), site, Some(to), self.directory()).await;
        let words = held(&said.last).clone();
        (exit, words)
    }

    /// The keys once more, with these lines typed where something is asked, and the last words.
    pub async fn keys_again(&self, wanted: &credentials::Wanted, typed: &[&str]) -> (Exit, Vec<String>) {
        held(&self.shown).clear();
        let (said, mut env) = self.env(Hook::default(), Duration::ZERO);
        env.prompt = Arc::new(Typing(Mutex::new(typed.iter().map(|line| (*line).to_owned()).collect())));
        let order = order::of_run(&self.run().expect("a run was begun")).expect("it can be read");
        let exit = credentials::credentials(&env, &Machine::Given(self.sim.clone()), &order, wanted).await;
        let words = held(&said.last).clone();
        (exit, words)
    }

    /// What an install would do now, by a look at this world.
    pub async fn plan(&self, world: Arc<dyn World>) -> Exit {
        held(&self.shown).clear();
        let (_, env) = self.env(Hook::default(), Duration::ZERO);
        plan(&env, &Machine::Given(world), &self.order(&env)).await
    }

    fn order(&self, env: &Env) -> Order {
        order::load(&self.path("site.toml"), Some(&self.credentials()), &env.sites).expect("right answers")
    }

    fn env(&self, hook: Hook, link_timeout: Duration) -> (Arc<Yes>, Env) {
        let said = Arc::new(Yes::new(&self.shown));
        let env = Env {
            sites: self.sites(),
            clock: Arc::new(SystemClock),
            prompt: Arc::new(Nobody),
            face: said.clone(),
            cancel: Cancel::new(),
            redactor: Redactor::new(),
            runtime_dir: self.directory.path().to_owned(),
            link_timeout,
            retry: Retry { attempts: 1, ..Retry::default() },
            hook,
            by: "test".into(),
            take_over: false,
        };
        (said, env)
    }

    async fn live_so(&self, hook: Hook, killed: &Notify, link_timeout: Duration) -> Life {
        let (said, env) = self.env(hook, link_timeout);
        let machine = Machine::Given(Arc::new(Watched::new(&self.sim, &self.ledger)));
        let whole = async {
            if let Some(run) = self.run() {
                let order = order::of_run(&run).expect("what was asked for can be read again");
                return resume(&env, &machine, &run, &order, By::Us).await;
            }
            install(&env, &machine, &self.order(&env), By::Us).await
        };
        tokio::select! {
            () = killed.notified() => Life::Killed,
            exit = whole => {
                let words = held(&said.last).clone();
                Life::Ended(exit, words)
            }
        }
    }

    /// A life that ends at this moment.
    pub async fn killed_at(&self, at: At) -> Life {
        let here = Arc::new(Notify::new());
        let killed = Arc::clone(&here);
        let sim = Arc::clone(&self.sim);
        let hook = Hook::new(move |kind, moment| {
            disturb(&sim, kind, moment);
            let killed = Arc::clone(&killed);
            Box::pin(async move {
                if (kind, moment) == at {
                    killed.notify_one();
                    std::future::pending::<()>().await;
                }
            })
        });
        self.live(hook, &here).await
    }

    /// A life to its end, with the moments that it passed.
    pub async fn to_the_end(&self) -> (Life, Vec<At>) {
        let passed = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&passed);
        let sim = Arc::clone(&self.sim);
        let hook = Hook::new(move |kind, moment| {
            disturb(&sim, kind, moment);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((kind, moment));
            Box::pin(async {})
        });
        let life = self.live(hook, &Notify::new()).await;
        let passed = passed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (life, passed)
    }
}
