//! Deleting: counted first, then done, with a report of what is still there.

use super::seen::Seen;
use crate::plan::Failure;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{At, ObjectError, ObjectRow, Why};
use crate::registry::listing::Doubt;
use crate::registry::paged;
use crate::registry::transfer::patience::patiently;
use crate::registry::transfer::prefix::each_listed;
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::{Transfers, Way};
use std::collections::BTreeSet;

/// S3's most of one request.
const AT_ONCE: usize = 1_000;

/// What of a key is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What is there now. Where versions are kept all of them stay, and so does the space that they take.
    Current,
    /// Every version and every delete marker: for good.
    AllVersions,
}

/// One thing that goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doomed {
    /// Its key.
    pub key: String,
    /// Which version; the current one without.
    pub version: Option<String>,
}

/// What a deletion comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletePlan {
    /// The bucket.
    pub bucket: String,
    /// What of each key.
    pub scope: Scope,
    /// Whether versions are kept; `None` where the service does not say.
    pub keeps_versions: Option<Versioning>,
    /// What goes, each once.
    pub doomed: Vec<Doomed>,
    /// Keys among it that are there now.
    pub objects: u64,
    /// Bytes of all that goes.
    pub bytes: u64,
    /// Versions among it, without the markers.
    pub versions: u64,
    /// Delete markers among it.
    pub markers: u64,
    /// What the service said of its keys that cannot be right.
    pub doubts: Vec<Doubt>,
}

impl DeletePlan {
    /// Whether what goes can be had back afterwards.
    pub fn can_be_undone(&self) -> bool {
        self.scope == Scope::Current && self.keeps_versions == Some(Versioning::On)
    }

    /// Bytes that the service has more afterwards.
    pub fn frees(&self) -> u64 {
        if self.can_be_undone() { 0 } else { self.bytes }
    }
}

/// What became of a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Things that are gone, or hidden behind a marker.
    pub done: u64,
    /// Delete markers that came to be.
    pub markers: u64,
    /// What is still there, and why.
    pub failed: Vec<(Doomed, ObjectError)>,
    /// What was not tried, because going on made no sense.
    pub left: u64,
}

/// Counts what deleting these keys comes to; one that ends in `/` stands for all that begins with it.
pub async fn plan_delete(
    of: &Transfers,
    way: &Way,
    bucket: &str,
    keys: &[String],
    scope: Scope,
) -> Result<DeletePlan, Trouble> {
    let keeps_versions = patiently!(of.limits(), &way.meter, of.objects().keeps_versions(bucket)).ok();
    let mut plan = DeletePlan::new(bucket, scope, keeps_versions);
    let mut seen = Seen::default();
    for key in keys {
        match scope {
            Scope::Current => current(of, way, key, &mut plan, &mut seen).await?,
            Scope::AllVersions => all(of, key, &mut plan, &mut seen).await?,
        }
    }
    Ok(plan)
}

/// Whether a key is one that was asked for; what ends in `/` stands for all that begins with it.
pub(super) fn is_meant(asked: &str, key: &str) -> bool {
    if asked.is_empty() || asked.ends_with('/') { key.starts_with(asked) } else { key == asked }
}

async fn current(
    of: &Transfers,
    way: &Way,
    asked: &str,
    plan: &mut DeletePlan,
    seen: &mut Seen,
) -> Result<(), Trouble> {
    if !asked.is_empty() && !asked.ends_with('/') {
        let info = patiently!(of.limits(), &way.meter, of.objects().head(&At::new(plan.bucket.clone(), asked)))?;
        plan.take(Doomed { key: asked.to_owned(), version: None }, info.size, seen);
        return Ok(());
    }
    let bucket = plan.bucket.clone();
    let take = |row: ObjectRow| plan.take(Doomed { key: row.key, version: None }, row.size, seen);
    let doubts = each_listed(of, way, &bucket, asked, take).await?;
    plan.doubt(doubts);
    Ok(())
}

async fn all(of: &Transfers, asked: &str, plan: &mut DeletePlan, seen: &mut Seen) -> Result<(), Trouble> {
    let bucket = plan.bucket.clone();
    let doubts = paged::versions(&**of.objects(), &bucket, asked, |rows| {
        for row in rows.into_iter().filter(|row| is_meant(asked, &row.key)) {
            let doomed = Doomed { key: row.key, version: Some(row.version) };
            if !seen.first_time(&doomed, &plan.doomed) {
                continue;
            }
            plan.objects += u64::from(row.latest && !row.marker);
            plan.markers += u64::from(row.marker);
            plan.versions += u64::from(!row.marker);
            plan.bytes = plan.bytes.saturating_add(row.size);
            plan.doomed.push(doomed);
        }
    })
    .await?;
    let ends = doubts.iter().find(|doubt| doubt.ends()).copied();
    plan.doubt(doubts);
    match ends {
        None => Ok(()),
        Some(doubt) => {
            let failure = Failure::permanent(format!("the service's list of versions cannot be followed: {doubt:?}"));
            Err(Trouble::new(End::Impossible, failure.help("Nothing was deleted.")))
        }
    }
}

impl DeletePlan {
    /// One of nothing.
    pub(super) fn new(bucket: &str, scope: Scope, keeps_versions: Option<Versioning>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            scope,
            keeps_versions,
            doomed: Vec::new(),
            objects: 0,
            bytes: 0,
            versions: 0,
            markers: 0,
            doubts: Vec::new(),
        }
    }

    fn take(&mut self, doomed: Doomed, size: u64, seen: &mut Seen) {
        if seen.first_time(&doomed, &self.doomed) {
            self.objects += 1;
            self.versions += 1;
            self.bytes = self.bytes.saturating_add(size);
            self.doomed.push(doomed);
        }
    }

    pub(super) fn doubt(&mut self, doubts: Vec<Doubt>) {
        for doubt in doubts {
            if !self.doubts.contains(&doubt) {
                self.doubts.push(doubt);
            }
        }
    }
}

/// Deletes what was counted. `told` hears after every request how many things are gone.
pub async fn delete(of: &Transfers, way: &Way, plan: &DeletePlan, mut told: impl FnMut(&Gone)) -> Gone {
    let mut gone = Gone::default();
    let mut one_by_one = false;
    for chunk in plan.doomed.chunks(AT_ONCE) {
        way.gate.pass().await;
        let names: Vec<_> = chunk.iter().map(|doomed| (doomed.key.clone(), doomed.version.clone())).collect();
        if !one_by_one {
            match patiently!(of.limits(), &way.meter, of.objects().delete_many(&plan.bucket, &names)) {
                Ok(answers) => {
                    // What is not spoken of is not gone.
                    let mut silent: BTreeSet<_> = chunk.iter().cloned().collect();
                    for answer in answers {
                        let doomed = Doomed { key: answer.key, version: answer.version };
                        if silent.remove(&doomed) {
                            gone.note(doomed, answer.error.map_or(Ok(answer.marker), Err));
                        }
                    }
                    gone.failed.extend(silent.into_iter().map(|doomed| (doomed, unsaid())));
                    told(&gone);
                    continue;
                }
                Err(error) if error.why == Why::Unsupported => one_by_one = true,
                Err(error) => {
                    gone.failed.extend(chunk.iter().map(|doomed| (doomed.clone(), error.clone())));
                    break;
                }
            }
        }
        for doomed in chunk {
            let at = At { bucket: plan.bucket.clone(), key: doomed.key.clone(), version: doomed.version.clone() };
            let result = patiently!(of.limits(), &way.meter, of.objects().delete(&at));
            gone.note(doomed.clone(), result);
        }
        told(&gone);
    }
    let tried = gone.done + gone.failed.len() as u64;
    gone.left = (plan.doomed.len() as u64).saturating_sub(tried);
    gone
}

fn unsaid() -> ObjectError {
    ObjectError { why: Why::Refused, failure: Failure::permanent("the service did not say what became of it") }
}

impl Gone {
    fn note(&mut self, doomed: Doomed, result: Result<Option<String>, ObjectError>) {
        match result {
            Ok(marker) => {
                self.done += 1;
                self.markers += u64::from(marker.is_some());
            }
            // It is not there, which is what was wanted.
            Err(error) if error.why == Why::Missing => self.done += 1,
            Err(error) => self.failed.push((doomed, error)),
        }
    }
}
