//! What every use case is made of: connecting and looking, the dry run, carrying a plan out, and the last
//! words. `headless` and `session` put these together, each for its own kind of face.

use super::copies::{self, Brought, Copies};
use super::ending::{Ended, step_of};
use super::exit::Exit;
use super::face::Face;
use super::handed;
use super::inspect::{self, Inspection};
use super::lease;
use super::machine::Machine;
use super::sites::{Request, RunDir, Sites};
use super::words;
use crate::base::{Cancel, Clock, Redactor};
use crate::engine::event::EventKind;
use crate::engine::journal::FileJournal;
use crate::engine::preview::{Preview, ReviewedPlan};
use crate::engine::recorder::Recorder;
use crate::engine::retry::Retry;
use crate::engine::run::{Ending, Kit, RunOptions, begin, link_is_lost, run};
use crate::engine::state::RunState;
use crate::engine::step::{Brief, Cx, Hook, Progress};
use crate::engine::tail::Output;
use crate::plan::components::Components;
use crate::plan::facts::Facts;
use crate::plan::{Failure, FailureKind, HostId, Plan, Site, StepId, failures};
use crate::ports::{Prompt, World};
use crate::steps;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Everything that a use case needs beside its own arguments.
#[derive(Clone)]
pub struct Env {
    /// What is kept on this computer.
    pub sites: Sites,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is asked.
    pub prompt: Arc<dyn Prompt>,
    /// Who watches.
    pub face: Arc<dyn Face>,
    /// Whether a stop was asked for.
    pub cancel: Cancel,
    /// Learns every secret.
    pub redactor: Redactor,
    /// For sockets: a short path that only the user can enter.
    pub runtime_dir: PathBuf,
    /// How long a lost link is waited for.
    pub link_timeout: Duration,
    /// When failed steps are tried again.
    pub retry: Retry,
    /// Where tests end the program.
    pub hook: Hook,
    /// Who runs it, as `user@computer`.
    pub by: String,
    /// Whether a host is taken from whoever has it, without a question.
    pub take_over: bool,
}

/// A site with what is needed to resume it.
#[derive(Clone, Debug)]
pub struct Order {
    /// The answers.
    pub site: Site,
    /// What a run keeps of them.
    pub request: Request,
}

/// What all use cases have after looking at the host.
pub(super) struct Ready {
    /// What can be reached.
    pub world: Arc<dyn World>,
    /// What is to be true.
    pub brief: Brief,
    /// What was found.
    pub inspection: Inspection,
}

/// Connects, and looks at the host.
pub(super) async fn look(env: &Env, machine: &Machine, order: &Order) -> Result<Ready, Failure> {
    let world = connect(env, machine, &order.site).await?;
    look_in(env, world, order).await
}

/// Connects; the face hears of the link from now on.
pub(super) async fn connect(env: &Env, machine: &Machine, site: &Site) -> Result<Arc<dyn World>, Failure> {
    env.face.note(&words::connecting(site));
    let world = machine.world(env, site).await?;
    watch_link(env, &*world);
    Ok(world)
}

/// Looks at the host of a world that is there.
pub(super) async fn look_in(env: &Env, world: Arc<dyn World>, order: &Order) -> Result<Ready, Failure> {
    let site = &order.site;
    let table = |facts: &Facts| {
        let arch = facts.release_arch().unwrap_or("amd64");
        Components::load(&site.supply.components, arch).map_err(words::bad_tables)
    };
    let inspection =
        over_the_link(env, &*world, async || inspect::inspect(&world, site.name, site, table, &*env.clock).await)
            .await?;
    let brief = brief(env, order, inspection.facts.clone(), table(&inspection.facts)?);
    Ok(Ready { world, brief, inspection })
}

fn brief(env: &Env, order: &Order, facts: Facts, components: Components) -> Brief {
    Brief {
        site: order.site.clone(),
        facts,
        components,
        credentials_file: order.request.credentials_file.as_ref().map(|path| path.display().to_string()),
        site_dir: env.sites.dir(order.site.name).display().to_string(),
    }
}

/// The brief by the host's facts alone, for what changes nothing and asks no sources.
pub(super) async fn brief_by_facts(env: &Env, world: &dyn World, order: &Order) -> Result<Brief, Failure> {
    let site = &order.site;
    let (facts, _) = over_the_link(env, world, async || {
        let host = world.host(site.name).await?;
        inspect::facts(&*host, site, &*env.clock).await
    })
    .await?;
    let arch = facts.release_arch().unwrap_or("amd64");
    let components = Components::load(&site.supply.components, arch).map_err(words::bad_tables)?;
    Ok(brief(env, order, facts, components))
}

/// Tells the face of each change of the link, for as long as the world lives.
fn watch_link(env: &Env, world: &dyn World) {
    let mut link = world.link();
    let face = env.face.clone();
    let now = link.borrow_and_update().clone();
    face.link(&now);
    tokio::spawn(async move {
        while link.changed().await.is_ok() {
            let state = link.borrow_and_update().clone();
            face.link(&state);
        }
    });
}

/// The dry run of everything that the site needs.
pub(super) async fn preview(env: &Env, ready: &Ready) -> Result<Preview, Failure> {
    let plan = steps::plan_for(&ready.brief.site, ready.brief.credentials_file.is_some())?;
    preview_of(env, ready, &plan).await
}

/// The dry run of a plan.
pub(super) async fn preview_of(env: &Env, ready: &Ready, plan: &Plan) -> Result<Preview, Failure> {
    let progress = watch::Sender::new(Progress::default());
    let output = Output::memory(env.redactor.clone());
    let hook = Hook::default();
    let cx = |id: StepId| Cx {
        id,
        attempt: 1,
        run: "preview",
        brief: &ready.brief,
        world: &*ready.world,
        progress: &progress,
        output: &output,
        redactor: &env.redactor,
        cancel: &env.cancel,
        hook: &hook,
    };
    over_the_link(env, &*ready.world, async || {
        Preview::make(plan.clone(), &ready.brief, &steps::Registry, cx)
            .await
            .map_err(|(step, failure)| failure.context(format!("look at the step {:?}", step.kind.title())))
    })
    .await
}

/// Losses in a row after which looking is given up, though the link comes back each time.
const LOSSES: u32 = 20;

/// Looks, and looks again from the start when the link was lost in between: looking changes nothing,
/// so that it can always be repeated.
pub(super) async fn over_the_link<T>(
    env: &Env,
    world: &dyn World,
    mut look: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut losses = 0;
    loop {
        let failure = match look().await {
            Err(failure) if losses < LOSSES && !env.cancel.stopping() => failure,
            ended => return ended,
        };
        if failure.kind != FailureKind::Unknown && !link_is_lost(world, &failure).await {
            return Err(failure);
        }
        losses += 1;
        env.face.note(&words::looking_again(&failure));
        world.restore(env.link_timeout, &env.cancel).await?;
        tokio::time::sleep(world.pause() / 2).await;
    }
}

async fn recorder(env: &Env, site: HostId, run_dir: &RunDir, resumed: bool) -> Result<Recorder, Failure> {
    let path = run_dir.journal();
    if resumed {
        let read = run_dir.read()?;
        let state = read.state();
        return Ok(Recorder::resume(Box::new(FileJournal::reopen(&path, read.whole)?), state, env.clock.clone()));
    }
    let journal = FileJournal::create(&path)?;
    Recorder::begin(Box::new(journal), &run_dir.id, site.as_str(), env.clock.clone()).await
}

/// A run that has ended.
pub(super) struct Outcome {
    /// How.
    pub ending: Ending,
    /// Its state.
    pub state: Arc<RunState>,
    /// The last lines of the step that it ended at.
    pub log: Vec<String>,
}

/// Carries a plan out, from its first step or from where a run stands.
pub(super) async fn carry_out(
    env: &Env,
    machine: &Machine,
    ready: &Ready,
    reviewed: &ReviewedPlan,
    run_dir: &RunDir,
    resumed: bool,
) -> Result<Outcome, Failure> {
    let (world, site) = (&ready.world, ready.brief.site.name);
    let _alone = run_dir.alone()?;
    let tenure = lease::take(env, world, site, run_dir).await?;
    if resumed && bring(env, world, site, run_dir).await? {
        env.face.note(&words::went_on_elsewhere());
    }
    let recorder = recorder(env, site, run_dir, resumed).await?;
    env.face.run(run_dir, ready.brief.site.name, machine.rehearsal(), &recorder.state());
    let states = recorder.watch();
    let face = env.face.clone();
    let recorder = recorder.listening(move |event| {
        let state = states.borrow().clone();
        face.event(event, &state);
    });
    let progress = watch::Sender::new(Progress::default());
    let mut seen = progress.subscribe();
    let face = env.face.clone();
    let teller = tokio::spawn(async move {
        while seen.changed().await.is_ok() {
            let now = seen.borrow_and_update().clone();
            face.progress(&now);
        }
    });
    let output = words::log_file(run_dir, &env.redactor);
    env.face.output(&output);
    let kit = Kit {
        brief: &ready.brief,
        steps: &steps::Registry,
        world: &*ready.world,
        recorder: &recorder,
        progress: &progress,
        output: &output,
        redactor: &env.redactor,
        cancel: &env.cancel,
    };
    let options = options(env, machine, ready, run_dir);
    let copies = Copies::start(world.clone(), site, run_dir.clone(), run_dir.request()?, recorder.watch());
    let ending = tokio::select! {
        biased;
        failure = tenure.lost() => taken_over(&recorder, reviewed, failure).await,
        ending = run(reviewed, &kit, &options) => ending,
    };
    if matches!(ending, Ok(Ending::Done { .. })) {
        handed::forget_keys(env, ready).await;
    }
    copies.finish().await;
    tenure.give_back().await;
    drop(progress);
    // The teller ends by itself when the sender is gone; what it had to say was said.
    let _ = teller.await;
    let ending = ending?;
    let log = step_of(&ending).map(|step| output.last(step, failures::LINES)).unwrap_or_default();
    Ok(Outcome { ending, state: recorder.state(), log })
}

fn options(env: &Env, machine: &Machine, ready: &Ready, run_dir: &RunDir) -> RunOptions {
    RunOptions {
        run: run_dir.id.clone(),
        retry: env.retry,
        link_timeout: env.link_timeout,
        intent: intent(&ready.brief),
        rehearsal: machine.rehearsal(),
        by: env.by.clone(),
        hook: env.hook.clone(),
    }
}

/// Begins a run that is carried out elsewhere: its journal says what was agreed to, and nothing more is done.
pub(super) async fn open(
    env: &Env,
    machine: &Machine,
    ready: &Ready,
    reviewed: &ReviewedPlan,
    run_dir: &RunDir,
) -> Result<(), Failure> {
    let recorder = recorder(env, ready.brief.site.name, run_dir, false).await?;
    begin(reviewed, &recorder, &options(env, machine, ready, run_dir)).await
}

/// Whether the run has gone on elsewhere; what is kept here knows of it then.
async fn bring(env: &Env, world: &Arc<dyn World>, site: HostId, run_dir: &RunDir) -> Result<bool, Failure> {
    over_the_link(env, &**world, async || {
        let host = world.host(site).await?;
        Ok(copies::bring(&*host, site, run_dir).await? != Brought::Nothing)
    })
    .await
}

/// Ends a run whose host somebody else has taken, in the middle of whatever it did.
async fn taken_over(recorder: &Recorder, plan: &ReviewedPlan, failure: Failure) -> Result<Ending, Failure> {
    let state = recorder.state();
    recorder.record(EventKind::RunAborted { at_once: true }).await?;
    let step = state.running().map(|s| s.id).or_else(|| state.waiting().first().copied());
    let step = step.or_else(|| plan.plan().ids().last().copied());
    match step {
        Some(step) => Ok(Ending::NeedsHuman { step, failure }),
        None => Err(failure),
    }
}

fn intent(brief: &Brief) -> String {
    let text = format!("{:?}\n{:?}", brief.site, brief.components);
    crate::plan::change::hex(&Sha256::digest(text))
}

/// The exit of a run that ended, and the words about it. Where everything lies after a run that is done is
/// said by whoever knows what became of the keys.
pub(super) fn conclusion(brief: &Brief, run_dir: &RunDir, outcome: &Outcome) -> (Exit, Vec<String>) {
    let Outcome { ending, state, log } = outcome;
    let ended = Ended { site: brief.site.name.as_str(), run: &run_dir.id, ending, state, log };
    let mut words = ended.words();
    if state.rehearsal {
        words.push("a rehearsal: no host was touched, and its keys and files go with it".into());
    } else if !matches!(ending, Ending::Done { .. }) {
        words.push(format!("log: {}", run_dir.log().display()));
    }
    (Exit::of(ending), words)
}
