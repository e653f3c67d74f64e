//! The use cases without screens: check, plan, install, resume, status.

use super::ending::failure_of;
use super::exit::Exit;
use super::inspect::Inspection;
use super::machine::Machine;
pub use super::parts::{Env, Order};
use super::parts::{Outcome, Ready, carry_out, conclusion, look, preview};
use super::sites::RunDir;
use super::words;
use crate::engine::Ending;
use crate::engine::preview::ReviewedPlan;
use crate::engine::step::Brief;
use crate::plan::preflight::Verdict;
use crate::plan::{Failure, FailureKind, StepKind};
use crate::steps;

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

/// Goes on with the last run of a site. Where the order names a file for the keys and the run has no step that
/// writes it, as one that was begun on the screens, it is written after the run.
pub async fn resume(env: &Env, machine: &Machine, run_dir: &RunDir, order: &Order) -> Exit {
    let result = async {
        let state = run_dir.read()?.state();
        let reviewed = ReviewedPlan::of_run(&state)?;
        let ready = look(env, machine, order).await?;
        let has_step = state.steps.iter().any(|step| step.id.kind == StepKind::CredentialsFile);
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
