//! Objects that were deleted and can be had back: their delete markers are taken off.

use super::delete::{DeletePlan, Doomed, Scope, is_meant};
use crate::plan::Failure;
use crate::registry::paged;
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::{Transfers, Way};

/// Counts what comes back when the delete markers of a key, or of everything under a prefix that ends in `/`, are
/// deleted: [`DeletePlan::doomed`] are the markers, [`DeletePlan::objects`] and [`DeletePlan::bytes`] what they hide.
pub async fn plan_undelete(of: &Transfers, way: &Way, bucket: &str, asked: &str) -> Result<DeletePlan, Trouble> {
    let mut plan = DeletePlan::new(bucket, Scope::AllVersions, None);
    // Newest first within a key: the markers in front of its newest version hide it.
    let (mut key, mut hiding, mut settled) = (None, Vec::new(), false);
    way.gate.pass().await;
    let doubts = paged::versions(&**of.objects(), bucket, asked, |rows| {
        for row in rows.into_iter().filter(|row| is_meant(asked, &row.key)) {
            if key.as_ref() != Some(&row.key) {
                hiding.clear();
                (key, settled) = (Some(row.key.clone()), false);
            }
            if settled {
                continue;
            }
            if row.marker {
                hiding.push(Doomed { key: row.key, version: Some(row.version) });
                continue;
            }
            settled = true;
            if !hiding.is_empty() {
                plan.objects += 1;
                plan.bytes = plan.bytes.saturating_add(row.size);
                plan.markers += hiding.len() as u64;
                plan.doomed.append(&mut hiding);
            }
        }
    })
    .await?;
    let ends = doubts.iter().find(|doubt| doubt.ends()).copied();
    plan.doubt(doubts);
    match ends {
        None => Ok(plan),
        Some(doubt) => {
            let failure = Failure::permanent(format!("the service's list of versions cannot be followed: {doubt:?}"));
            Err(Trouble::new(End::Impossible, failure.help("Nothing was changed.")))
        }
    }
}
