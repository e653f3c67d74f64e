//! Which steps a site needs, and in which order.

use crate::plan::graph::{Plan, Planned};
use crate::plan::{Failure, Site, StepId, StepKind};

/// The plan of an install; `keys_to_file` says whether its run writes the keys into a file of the operator's. Every step needs the one before it: an install is one line, so that a
/// failure leaves nothing half-begun beside it.
pub fn plan_for(site: &Site, keys_to_file: bool) -> Result<Plan, Failure> {
    let mut needs: Vec<StepId> = Vec::new();
    let mut steps = Vec::with_capacity(StepKind::ALL.len());
    let of_file = |kind: &&StepKind| matches!(kind, StepKind::CredentialsReady | StepKind::CredentialsFile);
    for kind in StepKind::ALL.iter().filter(|kind| keys_to_file || !of_file(kind)) {
        let id = StepId::of(*kind, site.name);
        steps.push(Planned { id, needs: needs.clone() });
        needs = vec![id];
    }
    Plan::new(steps).map_err(|problems| {
        problems.iter().fold(Failure::permanent("put the steps in order"), |f, p| f.because(p.to_string()))
    })
}
