//! Running a plan: check, apply, the same check again, step by step.
//!
//! A result of kind `Unknown` is never taken for a failure and never repeated blindly: the link is
//! waited for, then the step is checked again from the start.

use super::clean;
use super::event::{EventKind, Outcome, RunResult, StepPlan};
use super::preview::ReviewedPlan;
use super::recorder::Recorder;
use super::retry::Retry;
use super::step::{Brief, Check, Cx, Hook, Moment, Progress, Step, Steps, is_stopped};
use super::tail::Output;
use crate::base::{Cancel, Redactor};
use crate::plan::{Failure, FailureKind, StepId};
use crate::ports::{LinkState, World};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How a run is run.
#[derive(Clone)]
pub struct RunOptions {
    /// The run's id.
    pub run: String,
    /// When failed steps are tried again.
    pub retry: Retry,
    /// How long a lost link is waited for.
    pub link_timeout: Duration,
    /// Digest of what the run is about.
    pub intent: String,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
    /// Who runs it, as `user@computer`.
    pub by: String,
    /// Where tests end the program.
    pub hook: Hook,
}

/// What a run uses and does not own.
pub struct Kit<'a> {
    /// What is to be true.
    pub brief: &'a Brief,
    /// The steps.
    pub steps: &'a dyn Steps,
    /// What can be reached.
    pub world: &'a dyn World,
    /// Where events go.
    pub recorder: &'a Recorder,
    /// Where progress goes.
    pub progress: &'a watch::Sender<Progress>,
    /// Where output goes.
    pub output: &'a Output,
    /// Learns secrets.
    pub redactor: &'a Redactor,
    /// Whether a stop was asked for.
    pub cancel: &'a Cancel,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every step is done; `changed` says whether anything was.
    Done {
        /// Whether anything was changed.
        changed: bool,
    },
    /// A step failed.
    Failed {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// Someone has to decide something.
    NeedsHuman {
        /// At which step.
        step: StepId,
        /// What.
        failure: Failure,
    },
    /// The link did not come back in time; the step is as it is on the host.
    LinkLost {
        /// The step that was under way.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// It was stopped.
    Aborted {
        /// The step that was under way, whose result is not known here.
        under_way: Option<StepId>,
        /// Whether the program leaves at once.
        at_once: bool,
    },
}

/// Unknown results in a row, with the link up, after which a step is given up.
const UNKNOWNS: u32 = 20;

/// Runs a plan from its first step, or goes on with a run when the recorder's state has steps.
///
/// An error means that the journal could not be written; the run has stopped at a safe point.
pub async fn run(plan: &ReviewedPlan, kit: &Kit<'_>, options: &RunOptions) -> Result<Ending, Failure> {
    begin(plan, kit.recorder, options).await?;
    let body = Runner { plan, kit, options };
    let ending = tokio::select! {
        biased;
        () = kit.cancel.leave_asked() => {
            let under_way = kit.recorder.state().running().map(|s| s.id);
            kit.recorder.record(EventKind::RunAborted { at_once: true }).await?;
            return Ok(Ending::Aborted { under_way, at_once: true });
        }
        ending = body.steps() => ending?,
    };
    let result = match &ending {
        Ending::Done { .. } => RunResult::Done,
        Ending::Failed { .. } => RunResult::Failed,
        Ending::NeedsHuman { .. } => RunResult::NeedsHuman,
        Ending::LinkLost { .. } => RunResult::LinkLost,
        Ending::Aborted { .. } => RunResult::Aborted,
    };
    kit.recorder.record(EventKind::RunFinished { result }).await?;
    Ok(ending)
}

/// Records that a run begins, or goes on. By itself this is for a run that is carried out elsewhere.
pub async fn begin(plan: &ReviewedPlan, recorder: &Recorder, options: &RunOptions) -> Result<(), Failure> {
    let state = recorder.state();
    if state.started_ms.is_some() {
        let epoch = state.epoch + 1;
        return recorder.record(EventKind::RunResumed { epoch, by: options.by.clone() }).await;
    }
    let steps = plan
        .plan()
        .steps()
        .iter()
        .map(|s| StepPlan { id: s.id, needs: s.needs.clone(), agreed: plan.agreed(s.id) })
        .collect();
    let intent = options.intent.clone();
    recorder.record(EventKind::RunStarted { steps, intent, rehearsal: options.rehearsal }).await
}

/// How one step ended.
enum StepEnd {
    Done { changed: bool },
    Failed(Failure),
    LinkLost(Failure),
    Stopped,
}

struct Runner<'a> {
    plan: &'a ReviewedPlan,
    kit: &'a Kit<'a>,
    options: &'a RunOptions,
}

impl Runner<'_> {
    async fn steps(&self) -> Result<Ending, Failure> {
        let mut changed = false;
        for planned in self.plan.plan().steps() {
            if self.kit.cancel.stopping() {
                return self.aborted(None).await;
            }
            let step = planned.id;
            match self.step(step).await? {
                StepEnd::Done { changed: this } => changed |= this,
                StepEnd::Failed(failure) if failure.kind == FailureKind::NeedsHuman => {
                    return Ok(Ending::NeedsHuman { step, failure });
                }
                StepEnd::Failed(failure) => return Ok(Ending::Failed { step, failure }),
                StepEnd::LinkLost(failure) => return Ok(Ending::LinkLost { step, failure }),
                StepEnd::Stopped => return self.aborted(Some(step)).await,
            }
        }
        Ok(Ending::Done { changed })
    }

    async fn aborted(&self, under_way: Option<StepId>) -> Result<Ending, Failure> {
        self.kit.recorder.record(EventKind::RunAborted { at_once: false }).await?;
        Ok(Ending::Aborted { under_way, at_once: false })
    }

    async fn step(&self, id: StepId) -> Result<StepEnd, Failure> {
        let mut attempt = self.kit.recorder.state().step(id).map_or(1, |s| s.next_attempt.max(1));
        loop {
            self.kit.recorder.record(EventKind::StepStarted { step: id, attempt }).await?;
            let end = self.attempt(id, attempt).await?;
            self.kit.progress.send_replace(Progress::default());
            let failure = match end {
                AttemptEnd::Done { why, changed } => {
                    let outcome = if changed { Outcome::Done { why } } else { Outcome::AlreadyDone { why } };
                    self.kit.recorder.record(EventKind::StepFinished { step: id, outcome }).await?;
                    return Ok(StepEnd::Done { changed });
                }
                AttemptEnd::Stopped => return Ok(StepEnd::Stopped),
                AttemptEnd::LinkLost(failure) => return Ok(StepEnd::LinkLost(failure)),
                AttemptEnd::Failed(failure) => failure,
            };
            let Some(pause) = self.options.retry.pause(attempt, &failure) else {
                let outcome = Outcome::Failed { failure: failure.clone() };
                self.kit.recorder.record(EventKind::StepFinished { step: id, outcome }).await?;
                return Ok(StepEnd::Failed(failure));
            };
            attempt += 1;
            let after = pause.as_secs();
            self.kit.recorder.record(EventKind::StepRetrying { step: id, attempt, after, failure }).await?;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.kit.cancel.stop_asked() => return Ok(StepEnd::Stopped),
            }
        }
    }

    async fn attempt(&self, id: StepId, attempt: u32) -> Result<AttemptEnd, Failure> {
        let step = self.kit.steps.step(id.kind);
        let cx = self.cx(id, attempt);
        let hook = &self.options.hook;
        let mut applied = false;
        let mut changed = false;
        let mut unknowns = 0;
        loop {
            hook.pass(id.kind, if applied { Moment::AfterApply } else { Moment::BeforeCheck }).await;
            let found = clean::check(self.kit.redactor, step.check(&cx).await);
            hook.pass(id.kind, if applied { Moment::AfterLastCheck } else { Moment::AfterCheck }).await;
            let failure = match found {
                Ok(Check::Done { why }) => return Ok(AttemptEnd::Done { why, changed }),
                Ok(Check::NeedsWork { changes }) if applied => {
                    let failure = Failure::permanent("it was done, and the check after it does not agree");
                    let open = changes.iter().map(|c| format!("still to do: {c}"));
                    return Ok(AttemptEnd::Failed(clean::failure(
                        self.kit.redactor,
                        open.fold(failure, Failure::because),
                    )));
                }
                Ok(Check::NeedsWork { changes }) => {
                    if let Some(failure) = self.not_agreed(id, &changes) {
                        return Ok(AttemptEnd::Failed(failure));
                    }
                    if self.kit.cancel.stopping() {
                        return Ok(AttemptEnd::Stopped);
                    }
                    self.kit.recorder.record(EventKind::StepApplying { step: id, changes: changes.len() }).await?;
                    hook.pass(id.kind, Moment::BeforeApply).await;
                    changed = true;
                    match self.apply(step, &cx).await {
                        Ok(()) => {
                            applied = true;
                            continue;
                        }
                        Err(failure) => failure,
                    }
                }
                Ok(Check::Blocked { because }) => Failure::permanent(format!(
                    "the step {:?} is done, and what it makes is not there",
                    because.title()
                )),
                Ok(Check::Conflict(failure)) => return Ok(AttemptEnd::Failed(failure)),
                Err(failure) => failure,
            };
            if is_stopped(&failure) {
                return Ok(AttemptEnd::Stopped);
            }
            if failure.kind != FailureKind::Unknown && !link_is_lost(self.kit.world, &failure).await {
                return Ok(AttemptEnd::Failed(failure));
            }
            applied = false;
            unknowns += 1;
            if unknowns > UNKNOWNS {
                return Ok(AttemptEnd::Failed(failure.context("the answer was lost too often, though the link is up")));
            }
            if let Some(end) = self.restore(id, failure).await? {
                return Ok(end);
            }
        }
    }

    async fn apply(&self, step: &dyn Step, cx: &Cx<'_>) -> Result<(), Failure> {
        let result = step.apply(cx).await;
        self.kit.progress.send_modify(|p| p.waiting = None);
        result.map_err(|failure| clean::failure(self.kit.redactor, failure))
    }

    /// Waits for the link. `None` means that the step can be looked at again.
    async fn restore(&self, step: StepId, failure: Failure) -> Result<Option<AttemptEnd>, Failure> {
        let begun = Instant::now();
        let why = clean::text(self.kit.redactor, &failure.line());
        self.kit.recorder.record(EventKind::LinkLost { step, why }).await?;
        let restored = self.kit.world.restore(self.options.link_timeout, self.kit.cancel).await;
        match restored.map_err(|failure| clean::failure(self.kit.redactor, failure)) {
            Ok(()) => {
                // With the link up at once (an API server that restarts) a short pause keeps this
                // from becoming a busy loop.
                if begun.elapsed() < Duration::from_secs(1) {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                        () = self.kit.cancel.stop_asked() => return Ok(Some(AttemptEnd::Stopped)),
                    }
                }
                let after = begun.elapsed().as_secs();
                self.kit.recorder.record(EventKind::LinkBack { after }).await?;
                Ok(None)
            }
            Err(_) if self.kit.cancel.stopping() => Ok(Some(AttemptEnd::Stopped)),
            Err(failure) if failure.kind == FailureKind::NeedsHuman => Ok(Some(AttemptEnd::Failed(failure))),
            Err(failure) => Ok(Some(AttemptEnd::LinkLost(failure))),
        }
    }

    fn not_agreed(&self, id: StepId, changes: &[crate::plan::Change]) -> Option<Failure> {
        let outside = self.plan.outside(id, changes);
        if outside.is_empty() {
            return None;
        }
        let failure =
            Failure::needs_human("the host has changed since the plan was agreed to; this was not part of it");
        let failure = outside.iter().fold(failure, |f, change| f.because(change.to_string()));
        Some(clean::failure(self.kit.redactor, failure.help("look at a fresh plan and start the install again")))
    }

    fn cx(&self, id: StepId, attempt: u32) -> Cx<'_> {
        Cx {
            id,
            attempt,
            run: &self.options.run,
            brief: self.kit.brief,
            world: self.kit.world,
            progress: self.kit.progress,
            output: self.kit.output,
            redactor: self.kit.redactor,
            cancel: self.kit.cancel,
            hook: &self.options.hook,
        }
    }
}

/// Whether a trouble that may pass is that of a link which has gone meanwhile: then it says nothing of
/// what was asked, and costs a step no attempt. The loss may be noticed a moment after the trouble that
/// it made.
pub async fn link_is_lost(world: &dyn World, failure: &Failure) -> bool {
    if failure.kind != FailureKind::Transient {
        return false;
    }
    let mut link = world.link();
    let lost = link.wait_for(|state| matches!(state, LinkState::Lost { .. } | LinkState::Connecting { .. }));
    tokio::time::timeout(world.pause() / 2, lost).await.is_ok_and(|seen| seen.is_ok())
}

enum AttemptEnd {
    Done { why: String, changed: bool },
    Failed(Failure),
    LinkLost(Failure),
    Stopped,
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
