//! The dry run, and the consent to what it showed.

use super::clean;
use super::run::link_is_lost;
use super::state::RunState;
use super::step::{Brief, Check, Cx, Steps};
use crate::plan::{Change, Changes, Failure, FailureKind, Plan, StepId, StepKind};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet};

/// What a dry run found of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Previewed {
    /// The step.
    pub id: StepId,
    /// What its check said.
    pub check: Check,
    /// What will be changed: what the check said, or the intent where it cannot be looked at yet.
    pub changes: Changes,
}

/// A plan with what each step's check says today.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    plan: Plan,
    steps: Vec<Previewed>,
}

/// The word of a person, or of the flag by which a person gave it beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The preview was shown and agreed to.
    Shown,
    /// Agreed to unseen, by `--yes`.
    Beforehand,
}

/// A plan that may be run: it can only be had through a preview and a consent, or from the journal of
/// a run that had them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedPlan {
    plan: Plan,
    agreed: BTreeMap<StepId, BTreeSet<String>>,
}

impl Preview {
    /// Checks every step and changes nothing. What was found stands in the plan's order; of several
    /// failures the one that comes first in it is told.
    ///
    /// The checks look side by side, because none of them changes what another sees: one after the
    /// other, each would pay the link's round trips anew. They are as many as the plan has steps; how
    /// much of it is on the wire at once is for the transports to bound.
    pub async fn make<'a>(
        plan: Plan,
        brief: &Brief,
        steps: &dyn Steps,
        cx: impl Fn(StepId) -> Cx<'a>,
    ) -> Result<Self, (StepId, Failure)> {
        let look = |id: StepId| {
            let cx = cx(id);
            async move { (id, clean::check(cx.redactor, steps.step(id.kind).check(&cx).await)) }
        };
        let mut looks: FuturesOrdered<_> = plan.ids().into_iter().map(look).collect();
        let mut found: Vec<Previewed> = Vec::with_capacity(plan.steps().len());
        while let Some((id, check)) = looks.next().await {
            let check = match check {
                Ok(check) => check,
                // A registry that is half installed refuses connections: that is the work of the step before it
                // and not a failure of looking.
                // A link that has gone says nothing of it.
                Err(failure) => match open_need(&plan, id, &found) {
                    Some(because)
                        if failure.kind == FailureKind::Transient && !link_is_lost(cx(id).world, &failure).await =>
                    {
                        Check::Blocked { because }
                    }
                    _ => return Err((id, failure)),
                },
            };
            let changes = match &check {
                Check::Done { .. } | Check::Conflict(_) => Changes::new(),
                Check::NeedsWork { changes } => changes.clone(),
                Check::Blocked { .. } => steps.step(id.kind).intent(brief),
            };
            found.push(Previewed { id, check, changes });
        }
        drop(looks);
        Ok(Self { plan, steps: found })
    }

    /// What was found, step by step.
    pub fn steps(&self) -> &[Previewed] {
        &self.steps
    }

    /// Whether nothing at all is to be done.
    pub fn nothing_to_do(&self) -> bool {
        self.steps.iter().all(|s| matches!(s.check, Check::Done { .. }))
    }

    /// What stands in the way, all of it.
    pub fn conflicts(&self) -> Vec<(StepId, &Failure)> {
        self.steps
            .iter()
            .filter_map(|s| match &s.check {
                Check::Conflict(failure) => Some((s.id, failure)),
                _ => None,
            })
            .collect()
    }

    /// Takes the consent and gives a plan that may be run, held to what the preview showed.
    pub fn accept(self, brief: &Brief, steps: &dyn Steps, _consent: Consent) -> ReviewedPlan {
        let mut open: BTreeSet<StepId> = BTreeSet::new();
        let mut agreed = BTreeMap::new();
        for (planned, step) in self.plan.steps().iter().zip(&self.steps) {
            let mut digests: BTreeSet<String> = step.changes.iter().map(Change::digest).collect();
            let touched = planned.needs.iter().any(|need| open.contains(need));
            if touched {
                // A step behind one with work may find more to do then than it does today.
                digests.extend(steps.step(step.id.kind).intent(brief).iter().map(Change::digest));
            }
            if touched || !matches!(step.check, Check::Done { .. }) {
                open.insert(step.id);
            }
            agreed.insert(step.id, digests);
        }
        ReviewedPlan { plan: self.plan, agreed }
    }
}

/// The first step with work among those that come before this one and are needed by it.
fn open_need(plan: &Plan, id: StepId, found: &[Previewed]) -> Option<StepKind> {
    let planned = plan.steps().iter().find(|planned| planned.id == id)?;
    let open = |need: &&StepId| found.iter().any(|f| f.id == **need && !matches!(f.check, Check::Done { .. }));
    planned.needs.iter().find(open).map(|need| need.kind)
}

impl ReviewedPlan {
    /// The plan of a run that was begun, with what was agreed to then.
    pub fn of_run(state: &RunState) -> Result<Self, Failure> {
        let steps =
            state.steps.iter().map(|s| crate::plan::graph::Planned { id: s.id, needs: s.needs.clone() }).collect();
        let plan = Plan::new(steps).map_err(|problems| {
            problems
                .iter()
                .fold(Failure::permanent("read the plan of the run from its journal"), |f, p| f.because(p.to_string()))
        })?;
        let agreed = state.steps.iter().map(|s| (s.id, s.agreed.iter().cloned().collect())).collect();
        Ok(Self { plan, agreed })
    }

    /// The same for whoever goes on with it here: what is written on this computer goes where it belongs here, which
    /// need not be where it was when the plan was agreed to.
    #[must_use]
    pub fn here(mut self, brief: &Brief, steps: &dyn Steps) -> Self {
        for id in self.plan.ids() {
            let local = steps.step(id.kind).intent(brief);
            let local = local.iter().filter(|change| matches!(change, Change::LocalFile { .. })).map(Change::digest);
            self.agreed.entry(id).or_default().extend(local);
        }
        self
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The digests that were agreed to for a step.
    pub fn agreed(&self, id: StepId) -> Vec<String> {
        self.agreed.get(&id).map(|set| set.iter().cloned().collect()).unwrap_or_default()
    }

    /// The changes that were not agreed to.
    pub fn outside<'c>(&self, id: StepId, changes: &'c [Change]) -> Vec<&'c Change> {
        let agreed = self.agreed.get(&id);
        changes.iter().filter(|c| !agreed.is_some_and(|set| set.contains(&c.digest()))).collect()
    }
}
