//! The use cases without screens: check, plan, install, resume, status.

use super::attach::has_keys_file;
use super::ending::failure_of;
use super::exit::Exit;
use super::handed::{self, Followed};
use super::inspect::Inspection;
use super::lease;
use super::machine::Machine;
use super::parts::{self, Outcome, Ready, carry_out, conclusion, look, preview};
pub use super::parts::{Env, Order};
use super::program::Program;
use super::sites::RunDir;
use super::words;
use crate::engine::Ending;
use crate::engine::preview::ReviewedPlan;
use crate::engine::step::Brief;
use crate::plan::preflight::Verdict;
use crate::plan::{Failure, FailureKind};
use crate::ports::World;
use crate::steps;
use std::sync::Arc;

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

pub(super) fn finish(env: &Env, result: Result<Exit, Failure>, words: &[String]) -> Exit {
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

/// The install.
pub async fn install(env: &Env, machine: &Machine, order: &Order, by: By) -> Exit {
    let greeted = async {
        let world = parts::connect(env, machine, &order.site).await?;
        Ok((lease::greet(env, &world, order.site.name).await?, world))
    };
    let (greeted, world) = match greeted.await {
        Ok((greeted, world)) => (greeted, world),
        Err(failure) => return finish(env, Err(failure), &[words::nothing_changed()]),
    };
    let env = &greeted;
    match begin(env, world, order, by).await {
        Ok(Begun::Ended(exit, words)) => finish(env, Ok(exit), &words),
        Ok(Begun::Run(ready, reviewed, run_dir)) if by == By::Host => {
            match parts::open(env, machine, &ready, &reviewed, &run_dir).await {
                Ok(()) => by_the_host(env, machine, &ready, &run_dir).await,
                Err(failure) => finish(env, Err(failure), &[words::nothing_changed()]),
            }
        }
        Ok(Begun::Run(ready, reviewed, run_dir)) => {
            let result = carry_out(env, machine, &ready, &reviewed, &run_dir, false).await;
            concluded(env, &ready.brief, &run_dir, result)
        }
        Err(failure) => finish(env, Err(failure), &[words::nothing_changed()]),
    }
}

/// Who carries a run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// This program, over the link.
    Us,
    /// The host, to which this program is copied.
    Host,
}

/// Has the host carry out a run whose journal was begun, and fetches what belongs here when it is done.
async fn by_the_host(env: &Env, machine: &Machine, ready: &Ready, run_dir: &RunDir) -> Exit {
    let site = ready.brief.site.name;
    match handed::hand_over(env, machine, ready, run_dir, || ()).await {
        Ok(Followed::Done(outcome)) => concluded(env, &ready.brief, run_dir, Ok(outcome)),
        Ok(Followed::Not(state)) => {
            let exit = if env.cancel.stopping() { Exit::Interrupted } else { Exit::NeedsHuman };
            finish(env, Ok(exit), &words::attached(site, &state, env.cancel.stopping()))
        }
        Err(failure) => finish(env, Err(failure), &[words::resume_with(site)]),
    }
}

enum Begun {
    Ended(Exit, Vec<String>),
    Run(Box<Ready>, ReviewedPlan, RunDir),
}

async fn begin(env: &Env, world: Arc<dyn World>, order: &Order, by: By) -> Result<Begun, Failure> {
    let ready = parts::look_in(env, world, order).await?;
    env.face.inspection(&ready.inspection);
    if verdict(&ready.inspection) == Exit::Preflight {
        return Ok(Begun::Ended(Exit::Preflight, vec![words::nothing_changed()]));
    }
    if by == By::Host {
        // Refused before anything is asked, where the host cannot run it.
        Program::own(&ready.inspection.facts.arch)?;
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

/// Goes on with the last run of a site. Where the order names a file for the keys and the run has no step that
/// writes it, as one that was begun on the screens, it is written after the run.
pub async fn resume(env: &Env, machine: &Machine, run_dir: &RunDir, order: &Order, by: By) -> Exit {
    let result = async {
        let state = run_dir.read()?.state();
        let ready = look(env, machine, order).await?;
        let reviewed = ReviewedPlan::of_run(&state)?.here(&ready.brief, &steps::Registry);
        let has_step = has_keys_file(&state);
        let extra = order.request.credentials_file.is_some() && !has_step;
        if extra {
            // Nothing is done before it is known that the file can be made.
            steps::reserve_keys_file(&*ready.world, &ready.brief, &env.redactor).await?;
        }
        Ok((ready, reviewed, extra))
    }
    .await;
    let (ready, reviewed, extra) = match result {
        Ok(begun) => begun,
        Err(failure) => return finish(env, Err(failure), &[]),
    };
    if by == By::Host {
        return by_the_host(env, machine, &ready, run_dir).await;
    }
    let mut result = carry_out(env, machine, &ready, &reviewed, run_dir, true).await;
    if extra && matches!(&result, Ok(outcome) if matches!(outcome.ending, Ending::Done { .. })) {
        let written = steps::write_keys_file(&*ready.world, &ready.brief, &env.redactor).await;
        result = written.and(result);
    }
    concluded(env, &ready.brief, run_dir, result)
}

fn concluded(env: &Env, brief: &Brief, run_dir: &RunDir, result: Result<Outcome, Failure>) -> Exit {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(failure) => return finish(env, Err(failure), &[words::resume_with(brief.site.name)]),
    };
    let (exit, mut words) = conclusion(brief, run_dir, &outcome);
    if matches!(outcome.ending, Ending::Done { .. }) && !outcome.state.rehearsal {
        words.extend(words::next(brief, brief.credentials_file.as_deref()));
    }
    env.face.last(exit, failure_of(&outcome.ending), &words);
    exit
}
