//! The use cases without screens: check, plan, install, resume, status.

use super::ending::Ended;
use super::exit::Exit;
use super::face::Face;
use super::inspect::{self, Inspection};
use super::machine::Machine;
use super::sites::{Request, RunDir, Sites};
use super::words;
use crate::base::{Cancel, Clock, Redactor};
use crate::engine::journal::FileJournal;
use crate::engine::preview::{Preview, ReviewedPlan};
use crate::engine::recorder::Recorder;
use crate::engine::retry::Retry;
use crate::engine::run::{Ending, Kit, RunOptions, run};
use crate::engine::state::RunState;
use crate::engine::step::{Brief, Cx, Hook, Progress};
use crate::engine::tail::Output;
use crate::plan::components::Components;
use crate::plan::facts::Facts;
use crate::plan::preflight::Verdict;
use crate::plan::{Failure, FailureKind, HostId, Site, StepId};
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
struct Ready {
    world: Arc<dyn World>,
    brief: Brief,
    inspection: Inspection,
}

async fn look(env: &Env, machine: &Machine, order: &Order) -> Result<Ready, Failure> {
    let site = &order.site;
    env.face.note(&words::connecting(site));
    let world = machine.world(env, site).await?;
    watch_link(env, &*world);
    let table = |facts: &Facts| {
        let arch = facts.release_arch().unwrap_or("amd64");
        Components::load(&site.supply.components, arch).map_err(words::bad_tables)
    };
    let inspection =
        over_the_link(env, &*world, async || inspect::inspect(&world, site.name, site, table, &*env.clock).await)
            .await?;
    let components = table(&inspection.facts)?;
    let brief = Brief {
        site: site.clone(),
        facts: inspection.facts.clone(),
        components,
        credentials_file: order.request.credentials_file.display().to_string(),
        site_dir: env.sites.dir(site.name).display().to_string(),
    };
    Ok(Ready { world, brief, inspection })
}

/// Tells the face of each change of the link, for as long as the world lives.
fn watch_link(env: &Env, world: &dyn World) {
    let mut link = world.link();
    let face = env.face.clone();
    tokio::spawn(async move {
        while link.changed().await.is_ok() {
            let state = link.borrow_and_update().clone();
            face.link(&state);
        }
    });
}

/// Facts and preflight only.
pub async fn check(env: &Env, machine: &Machine, order: &Order) -> Exit {
    let exit = match look(env, machine, order).await {
        Ok(ready) => {
            env.face.inspection(&ready.inspection);
            Ok(verdict(&ready.inspection))
        }
        Err(failure) => Err(failure),
    };
    finish(env, exit, &[])
}

fn verdict(inspection: &Inspection) -> Exit {
    if inspection.verdict() == Verdict::Fail { Exit::Preflight } else { Exit::Done }
}

fn finish(env: &Env, result: Result<Exit, Failure>, words: &[String]) -> Exit {
    let what = result.as_ref().err().map(Failure::line);
    let words: Vec<String> = what.into_iter().chain(words.iter().cloned()).collect();
    let (exit, failure) = match result {
        Ok(exit) => (exit, None),
        Err(failure) if env.cancel.stopping() => (Exit::Interrupted, Some(failure)),
        Err(failure) => (Exit::of_failure(&failure), Some(failure)),
    };
    env.face.last(exit, failure.as_ref(), &words);
    exit
}

/// The dry run: what an install would change.
pub async fn plan(env: &Env, machine: &Machine, order: &Order) -> Exit {
    let result = async {
        let ready = look(env, machine, order).await?;
        env.face.inspection(&ready.inspection);
        let preview = preview(env, &ready).await?;
        env.face.preview(&preview);
        if verdict(&ready.inspection) == Exit::Preflight {
            return Ok(Exit::Preflight);
        }
        Ok(if preview.conflicts().is_empty() { Exit::Done } else { Exit::NeedsHuman })
    }
    .await;
    finish(env, result, &[])
}

async fn preview(env: &Env, ready: &Ready) -> Result<Preview, Failure> {
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
        let plan = steps::plan_for(&ready.brief.site)?;
        Preview::make(plan, &ready.brief, &steps::Registry, cx)
            .await
            .map_err(|(step, failure)| failure.context(format!("look at the step {:?}", step.kind.title())))
    })
    .await
}

/// Losses in a row after which looking is given up, though the link comes back each time.
const LOSSES: u32 = 20;

/// Looks, and looks again from the start when the link was lost in between: looking changes nothing,
/// so that it can always be repeated.
async fn over_the_link<T>(
    env: &Env,
    world: &dyn World,
    mut look: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut losses = 0;
    loop {
        match look().await {
            Err(failure) if failure.kind == FailureKind::Unknown && losses < LOSSES && !env.cancel.stopping() => {
                losses += 1;
                env.face.note(&words::looking_again(&failure));
                world.restore(env.link_timeout, &env.cancel).await?;
                tokio::time::sleep(world.pause() / 2).await;
            }
            ended => return ended,
        }
    }
}

/// The install.
pub async fn install(env: &Env, machine: &Machine, order: &Order) -> Exit {
    match begin(env, machine, order).await {
        Ok(Begun::Ended(exit, words)) => finish(env, Ok(exit), &words),
        Ok(Begun::Run(ready, reviewed, run_dir)) => {
            let result = carry_out(env, machine, &ready, &reviewed, &run_dir, false).await;
            concluded(env, &ready.brief, &run_dir, result)
        }
        Err(failure) => finish(env, Err(failure), &[words::nothing_changed()]),
    }
}

enum Begun {
    Ended(Exit, Vec<String>),
    Run(Box<Ready>, ReviewedPlan, RunDir),
}

async fn begin(env: &Env, machine: &Machine, order: &Order) -> Result<Begun, Failure> {
    let ready = look(env, machine, order).await?;
    env.face.inspection(&ready.inspection);
    if verdict(&ready.inspection) == Exit::Preflight {
        return Ok(Begun::Ended(Exit::Preflight, vec![words::nothing_changed()]));
    }
    let preview = preview(env, &ready).await?;
    env.face.preview(&preview);
    if let Some((step, failure)) = preview.conflicts().first() {
        let failure = (*failure).clone().context(format!("the step {:?} cannot be done", step.kind.title()));
        return Err(Failure { kind: FailureKind::NeedsHuman, ..failure });
    }
    if preview.nothing_to_do() {
        return Ok(Begun::Ended(Exit::Done, words::all_done(&ready.brief)));
    }
    let Some(consent) = env.face.consent(&preview).await else {
        return Ok(Begun::Ended(Exit::Interrupted, vec![words::nothing_changed()]));
    };
    if env.cancel.stopping() {
        return Ok(Begun::Ended(Exit::Interrupted, vec![words::nothing_changed()]));
    }
    let reviewed = preview.accept(&ready.brief, &steps::Registry, consent);
    let run_dir = env.sites.new_run(order.site.name, env.clock.now_ms(), &order.request)?;
    Ok(Begun::Run(Box::new(ready), reviewed, run_dir))
}

/// Goes on with the last run of a site.
pub async fn resume(env: &Env, machine: &Machine, run_dir: &RunDir, order: &Order) -> Exit {
    let result = async {
        let read = run_dir.read()?;
        let reviewed = ReviewedPlan::of_run(&read.state())?;
        let ready = look(env, machine, order).await?;
        Ok((ready, reviewed))
    }
    .await;
    match result {
        Ok((ready, reviewed)) => {
            let result = carry_out(env, machine, &ready, &reviewed, run_dir, true).await;
            concluded(env, &ready.brief, run_dir, result)
        }
        Err(failure) => finish(env, Err(failure), &[]),
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

async fn carry_out(
    env: &Env,
    machine: &Machine,
    ready: &Ready,
    reviewed: &ReviewedPlan,
    run_dir: &RunDir,
    resumed: bool,
) -> Result<(Ending, Arc<RunState>), Failure> {
    let recorder = recorder(env, ready.brief.site.name, run_dir, resumed).await?;
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
    let options = RunOptions {
        run: run_dir.id.clone(),
        retry: env.retry,
        link_timeout: env.link_timeout,
        intent: intent(&ready.brief),
        rehearsal: machine.rehearsal(),
        by: env.by.clone(),
        hook: env.hook.clone(),
    };
    let ending = run(reviewed, &kit, &options).await;
    drop(progress);
    // The teller ends by itself when the sender is gone; what it had to say was said.
    let _ = teller.await;
    Ok((ending?, recorder.state()))
}

fn intent(brief: &Brief) -> String {
    let text = format!("{:?}\n{:?}", brief.site, brief.components);
    crate::plan::change::hex(&Sha256::digest(text))
}

fn concluded(env: &Env, brief: &Brief, run_dir: &RunDir, result: Result<(Ending, Arc<RunState>), Failure>) -> Exit {
    let (ending, state) = match result {
        Ok(ended) => ended,
        Err(failure) => return finish(env, Err(failure), &[words::resume_with(brief.site.name)]),
    };
    let ended = Ended { site: brief.site.name.as_str(), run: &run_dir.id, ending: &ending, state: &state };
    let mut words = ended.words();
    if state.rehearsal {
        words.push("a rehearsal: no host was touched, and its keys and files go with it".into());
    } else if matches!(ending, Ending::Done { .. }) {
        words.extend(words::next(brief));
    } else {
        words.push(format!("log: {}", run_dir.log().display()));
    }
    let exit = Exit::of(&ending);
    env.face.last(exit, ended.failure(), &words);
    exit
}
