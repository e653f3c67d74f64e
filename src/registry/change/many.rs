//! Copies and moves of everything under a prefix: counted first, then made side by side, with a report of what
//! was not made. The same again goes on with that: what is there with the same bytes counts as done.

use super::copy::{compared, copy, move_to, remove_source};
use crate::plan::Failure;
use crate::ports::objects::{At, OnlyIf, Why};
use crate::registry::listing::Doubt;
use crate::registry::transfer::patience::patiently;
use crate::registry::transfer::prefix::listed;
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::{IfThere, Transfers, Way};
use std::collections::BTreeMap;
use tokio::task::JoinSet;

/// Copies at the same time: each is a few requests, one behind the other.
const AT_ONCE: usize = 8;

/// One object and the key that its copy gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyJob {
    /// The source's key.
    pub from: String,
    /// The copy's key.
    pub to: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether the copy is there already, with the same bytes.
    pub there: bool,
}

/// What copying a prefix comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// The source's bucket.
    pub from: String,
    /// The bucket of the copies.
    pub to: String,
    /// Under which condition a copy is written.
    pub only: OnlyIf,
    /// Each object, those that are there already among them.
    pub jobs: Vec<CopyJob>,
    /// Bytes of what is still to be copied.
    pub bytes: u64,
    /// How many are there already.
    pub there: u64,
    /// Keys at which something else is; nothing is begun unless it may be replaced.
    pub clashes: Vec<String>,
    /// What the service said of its keys that cannot be right.
    pub doubts: Vec<Doubt>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Copies that are there, those of an earlier try among them.
    pub done: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Copies that could be compared with nothing.
    pub unverified: u64,
    /// What was not copied, or not deleted at its old place, and why.
    pub failed: Vec<(String, Trouble)>,
    /// What was not begun, because going on made no sense.
    pub left: u64,
}

impl CopyReport {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.left == 0
    }
}

/// Counts what copying everything under `from` to `to` comes to, and what stands in its way.
pub async fn plan_copy(of: &Transfers, way: &Way, from: &At, to: &At, if_there: IfThere) -> Result<CopyPlan, Trouble> {
    if from.bucket == to.bucket && (to.key.starts_with(&from.key) || from.key.starts_with(&to.key)) {
        let failure = Failure::permanent(format!("{} and {} lie in one another", from.key, to.key));
        let failure = failure.help("Copy to a prefix beside it, or copy objects one by one.");
        return Err(Trouble::new(End::Impossible, failure));
    }
    let (rows, doubts) = listed(of, way, &from.bucket, &from.key).await?;
    let (taken, more) = listed(of, way, &to.bucket, &to.key).await?;
    let taken: BTreeMap<_, _> = taken.into_iter().map(|row| (row.key, (row.size, row.etag))).collect();
    let only = if if_there == IfThere::Replace { OnlyIf::Always } else { OnlyIf::Absent };
    let mut plan = CopyPlan {
        from: from.bucket.clone(),
        to: to.bucket.clone(),
        only,
        jobs: Vec::new(),
        bytes: 0,
        there: 0,
        clashes: Vec::new(),
        doubts,
    };
    let more: Vec<_> = more.into_iter().filter(|doubt| !plan.doubts.contains(doubt)).collect();
    plan.doubts.extend(more);
    for row in rows {
        let key = format!("{}{}", to.key, row.key.get(from.key.len()..).unwrap_or_default());
        let there = match taken.get(&key) {
            Some((size, etag)) if *size == row.size && etag.is_some() && *etag == row.etag => true,
            Some((size, _)) if *size == row.size => same(of, way, &plan, &row.key, &key).await?,
            Some(_) | None => false,
        };
        if taken.contains_key(&key) && !there && if_there != IfThere::Replace {
            plan.clashes.push(key.clone());
        }
        plan.there += u64::from(there);
        plan.bytes = plan.bytes.saturating_add(if there { 0 } else { row.size });
        plan.jobs.push(CopyJob { from: row.key, to: key, size: row.size, there });
    }
    Ok(plan)
}

/// Whether two objects have the same bytes, by what the service says of both.
async fn same(of: &Transfers, way: &Way, plan: &CopyPlan, from: &str, to: &str) -> Result<bool, Trouble> {
    let (from, to) = (At::new(plan.from.clone(), from), At::new(plan.to.clone(), to));
    let source = patiently!(of.limits(), &way.meter, of.objects().head(&from))?;
    let made = patiently!(of.limits(), &way.meter, of.objects().head(&to))?;
    Ok(compared(&source, &made).is_some_and(|verified| verified.by.is_some()))
}

/// Makes the copies that were counted, and with `moves` deletes each source once its copy is there. `told` hears after
/// each how far it is.
pub async fn copy_all(
    of: &Transfers,
    way: &Way,
    plan: &CopyPlan,
    moves: bool,
    mut told: impl FnMut(&CopyReport),
) -> CopyReport {
    let mut report = CopyReport::default();
    let mut jobs = plan.jobs.iter();
    let mut stop = false;
    // Dropped with this future: copies under way end with it, and the next try finds what is there.
    let mut running = JoinSet::new();
    loop {
        while !stop && running.len() < AT_ONCE {
            let Some(job) = jobs.next().cloned() else { break };
            let (of, way, only) = (of.clone(), way.clone(), plan.only.clone());
            let (from, to) = (At::new(plan.from.clone(), job.from.clone()), At::new(plan.to.clone(), job.to.clone()));
            running.spawn(async move {
                let result = match (job.there, moves) {
                    (true, false) => Ok(None),
                    (true, true) => remove_source(&of, &way, &from, &to).await.map(|()| None),
                    (false, true) => move_to(&of, &way, &from, &to, &only).await.map(Some),
                    (false, false) => copy(&of, &way, &from, &to, None, &only).await.map(Some),
                };
                (job, result)
            });
        }
        let Some(ended) = running.join_next().await else { break };
        let Ok((job, result)) = ended else { continue };
        match result {
            Ok(copied) => {
                report.done += 1;
                report.bytes = report.bytes.saturating_add(job.size);
                report.unverified += u64::from(copied.is_some_and(|copied| copied.verified.by.is_none()));
            }
            Err(trouble) => {
                // What stops this one would stop all that come after it.
                stop |= matches!(trouble.end, End::Service(Why::Cut | Why::Full));
                report.failed.push((job.from, trouble));
            }
        }
        told(&report);
    }
    report.failed.sort_by(|(a, _), (b, _)| a.cmp(b));
    report.left = (plan.jobs.len() as u64).saturating_sub(report.done + report.failed.len() as u64);
    report
}
