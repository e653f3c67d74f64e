//! A plan: steps in an order in which each comes after everything it needs.

use super::step::StepId;
use std::collections::{BTreeMap, BTreeSet};

/// A step with what it needs before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The step.
    pub id: StepId,
    /// Steps that come before it.
    pub needs: Vec<StepId>,
}

/// Steps in a runnable order. It can only be made by [`Plan::new`], so every plan is acyclic, names
/// each step once and needs nothing that it does not contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Planned>,
}

/// What is wrong with a list of steps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// A step stands there twice.
    #[error("step {0} is planned twice")]
    Twice(StepId),
    /// A step needs one that is not planned.
    #[error("step {0} needs {1}, which is not planned")]
    Missing(StepId, StepId),
    /// These steps wait for each other.
    #[error("steps wait for each other: {}", join(.0))]
    Cycle(Vec<StepId>),
}

fn join(ids: &[StepId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Plan {
    /// Puts the steps in order, keeping the given order where it is free; reports all problems.
    pub fn new(steps: Vec<Planned>) -> Result<Self, Vec<PlanProblem>> {
        let mut problems = Vec::new();
        let mut known = BTreeSet::new();
        for step in &steps {
            if !known.insert(step.id) {
                problems.push(PlanProblem::Twice(step.id));
            }
        }
        for step in &steps {
            for need in &step.needs {
                if !known.contains(need) {
                    problems.push(PlanProblem::Missing(step.id, *need));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut rest = steps;
        let mut placed = BTreeSet::new();
        let mut ordered = Vec::with_capacity(rest.len());
        while let Some(at) = rest.iter().position(|s| s.needs.iter().all(|need| placed.contains(need))) {
            let step = rest.remove(at);
            placed.insert(step.id);
            ordered.push(step);
        }
        if rest.is_empty() {
            Ok(Self { steps: ordered })
        } else {
            Err(vec![PlanProblem::Cycle(rest.iter().map(|s| s.id).collect())])
        }
    }

    /// The steps in their order.
    pub fn steps(&self) -> &[Planned] {
        &self.steps
    }

    /// The ids in their order.
    pub fn ids(&self) -> Vec<StepId> {
        self.steps.iter().map(|s| s.id).collect()
    }

    /// Every step that needs `id`, directly or through others.
    pub fn dependants(&self, id: StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let needs: BTreeMap<StepId, &[StepId]> = self.steps.iter().map(|s| (s.id, s.needs.as_slice())).collect();
        // The order is topological, so one pass sees every chain.
        for step in &self.steps {
            let hit = needs.get(&step.id).is_some_and(|n| n.iter().any(|need| *need == id || found.contains(need)));
            if hit {
                found.insert(step.id);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::step::StepKind;
    use proptest::prelude::*;

    fn id(kind: StepKind) -> StepId {
        StepId::of(kind, "edge".parse().expect("a label"))
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let a = Planned { id: id(StepKind::Bucket), needs: vec![id(StepKind::Reach)] };
        let problems = Plan::new(vec![a.clone(), a]).expect_err("two problems");
        assert_eq!(problems.len(), 3, "twice, and missing for each: {problems:?}");
    }

    #[test]
    fn a_cycle_is_named() {
        let steps = vec![
            Planned { id: id(StepKind::Bucket), needs: vec![id(StepKind::Keys)] },
            Planned { id: id(StepKind::Keys), needs: vec![id(StepKind::Bucket)] },
        ];
        let problems = Plan::new(steps).expect_err("a cycle");
        assert!(matches!(&problems[..], [PlanProblem::Cycle(ids)] if ids.len() == 2));
    }

    proptest! {
        #[test]
        fn every_step_comes_after_what_it_needs(edges in prop::collection::vec((0usize..18, 0usize..18), 0..40)) {
            let ids: Vec<StepId> = StepKind::ALL.iter().map(|k| id(*k)).collect();
            let mut steps: Vec<Planned> = ids.iter().map(|i| Planned { id: *i, needs: vec![] }).collect();
            for (a, b) in edges {
                // Edges from later to earlier only: no cycle.
                let (low, high) = (a.min(b), a.max(b));
                if low != high {
                    steps[high].needs.push(ids[low]);
                }
            }
            steps.reverse();
            let plan = Plan::new(steps).expect("acyclic by construction");
            for (at, step) in plan.steps().iter().enumerate() {
                for need in &step.needs {
                    prop_assert!(plan.ids()[..at].contains(need));
                    prop_assert!(plan.dependants(*need).contains(&step.id));
                }
            }
        }
    }
}
