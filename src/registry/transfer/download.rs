//! One object into one file.

use super::context::{Transfers, Way};
use super::fetch::{self, Place, Plan, Stop};
use super::journal::{self, Journal, Line, Source, Told};
use super::patience::patiently;
use super::remark::Remark;
use super::small::{self, Asked};
use super::sums::PartSums;
use super::trouble::{End, Trouble};
use super::verify::{self, Unproven, Verdict, Verified};
use super::{paths, proof};
use crate::plan::Failure;
use crate::ports::local_files::{FileKind, Landing, WhyLocal};
use crate::ports::objects::{At, ObjectInfo, Why};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What happens where the target's name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfThere {
    /// It is refused.
    #[default]
    Refuse,
    /// A file that has the object's bytes counts as done; another one is refused.
    KeepSame,
    /// It is replaced, once the new one is whole.
    Replace,
}

/// An object and the file that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Which object.
    pub at: At,
    /// Which file.
    pub target: PathBuf,
    /// Size and `ETag` as a listing said them: saves a request for small ones.
    pub listed: Option<(u64, Option<String>)>,
    /// What happens where the name is taken.
    pub if_there: IfThere,
}

/// A transfer that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The size in bytes.
    pub size: u64,
    /// Bytes that went over the wire for it in this try.
    pub carried: u64,
    /// What is known of the bytes.
    pub verified: Verified,
    /// The object's `ETag`.
    pub etag: Option<String>,
    /// Its version, where versions are kept.
    pub version: Option<String>,
    /// What else should be known, in the order in which it happened.
    pub remarks: Vec<Remark>,
}

/// Fetches an object into a file. Dropping it leaves what came for the next try.
pub async fn download(of: &Transfers, way: &Way, job: &Download) -> Result<Done, Trouble> {
    if let Some((size, _)) = job.listed {
        way.meter.expect(size);
    }
    let mut expected = job.listed.as_ref().map_or(0, |(size, _)| *size);
    let mut remarks = Vec::new();
    let mut ranged = true;
    for attempt in 0..=of.limits().restarts {
        match once(of, way, job, &mut expected, attempt == 0, ranged, &mut remarks).await? {
            Once::Done(mut done) => {
                remarks.append(&mut done.remarks);
                return Ok(Done { remarks, ..done });
            }
            Once::Again(remark) => {
                way.meter.lost(way.meter.done());
                ranged &= remark != Remark::InOnePiece;
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
                // Bytes that are wrong twice will be wrong a third time.
                if remark == Remark::WasCorrupt && attempt > 0 {
                    return Err(corrupt(job));
                }
            }
        }
    }
    let failure =
        Failure::transient(format!("the object changed {} times while it was read", of.limits().restarts + 1));
    Err(Trouble::new(End::Unsteady, failure.help("Try again when nobody writes it.")))
}

enum Once {
    Done(Done),
    Again(Remark),
}

async fn once(
    of: &Transfers,
    way: &Way,
    job: &Download,
    expected: &mut u64,
    trust_listing: bool,
    ranged: bool,
    remarks: &mut Vec<Remark>,
) -> Result<Once, Trouble> {
    let files = &*of.0.files;
    let there = files.look(&job.target).await?;
    if there.as_ref().is_some_and(|seen| seen.kind != FileKind::File)
        || (there.is_some() && job.if_there == IfThere::Refuse)
    {
        if there.as_ref().is_some_and(|seen| seen.kind == FileKind::File)
            && let Some(done) = landed_before(of, job).await?
        {
            return Ok(Once::Done(done));
        }
        return Err(exists(job));
    }
    if there.is_none()
        && trust_listing
        && let Some((size, etag)) = job.listed.as_ref().filter(|(size, _)| *size <= of.limits().small)
        && let Some(once) = small_one(of, way, job, *size, etag.as_deref(), expected).await?
    {
        return Ok(once);
    }
    let info = patiently!(of.limits(), &way.meter, of.0.objects.head(&job.at))?;
    way.meter.expect(info.size);
    way.meter.expect_less(std::mem::replace(expected, info.size));
    if let Some(seen) = there.filter(|_| job.if_there == IfThere::KeepSame) {
        return same(of, way, job, &info, seen.size).await.map(Once::Done);
    }
    if info.size <= of.limits().small {
        let small = small_one(of, way, job, info.size, info.etag.as_deref(), expected).await?;
        return Ok(small.unwrap_or(Once::Again(Remark::BegunAgain)));
    }
    large_one(of, way, job, &info, ranged, remarks).await
}

fn exists(job: &Download) -> Trouble {
    let failure = Failure::needs_human(format!("{} is there already", job.target.display()));
    Trouble::new(End::Exists, failure.help("Name another file, or ask for it to be replaced."))
}

fn corrupt(job: &Download) -> Trouble {
    let failure = Failure::permanent(format!("the bytes that came are not those of the object {}", job.at.key));
    Trouble::new(End::Corrupt, failure.help("Nothing was kept. Ask whoever runs the service to check its disks."))
}

/// A try that was killed between giving the name and removing its journal was done.
async fn landed_before(of: &Transfers, job: &Download) -> Result<Option<Done>, Trouble> {
    let files = &*of.0.files;
    let journal = paths::journal_of(&job.target);
    let Some(told) = journal::read::<Source>(files, &journal).await?.filter(|told| told.whole) else {
        return Ok(None);
    };
    let same = (&told.head.service, &told.head.bucket, &told.head.key) == (&of.0.service, &job.at.bucket, &job.at.key);
    let part_gone = files.look(&paths::part_of(&job.target)).await?.is_none();
    if !same || !part_gone {
        return Ok(None);
    }
    let info = patiently!(of.limits(), &super::Meter::default(), of.0.objects.head(&job.at))?;
    if info.etag.as_ref() != Some(&told.head.etag) || info.size != told.head.size {
        return Ok(None);
    }
    let file = files.open(&job.target).await?;
    let verdict = proof::of_file(&verify::want(&info), &*file, info.size).await?;
    let Verdict::Settled(verified) = verdict else { return Ok(None) };
    files.remove(&journal).await?;
    Ok(Some(Done { remarks: vec![Remark::WasThere], ..done(&info, 0, verified) }))
}

fn done(info: &ObjectInfo, carried: u64, verified: Verified) -> Done {
    let (etag, version) = (info.etag.clone(), info.version.clone());
    Done { size: info.size, carried, verified, etag, version, remarks: Vec::new() }
}

/// Whether the file that is there has the object's bytes.
async fn same(of: &Transfers, way: &Way, job: &Download, info: &ObjectInfo, size: u64) -> Result<Done, Trouble> {
    if size == info.size {
        let file = of.0.files.open(&job.target).await?;
        let verdict = proof::of_file(&verify::want(info), &*file, size).await?;
        if let Verdict::Settled(verified) = verdict
            && verified.by.is_some()
        {
            way.meter.kept(size);
            // A journal may be left of the try that brought it.
            of.0.files.remove(&paths::journal_of(&job.target)).await?;
            return Ok(Done { remarks: vec![Remark::WasThere], ..done(info, 0, verified) });
        }
    }
    Err(exists(job))
}

async fn small_one(
    of: &Transfers,
    way: &Way,
    job: &Download,
    size: u64,
    etag: Option<&str>,
    expected: &mut u64,
) -> Result<Option<Once>, Trouble> {
    let part = paths::part_of(&job.target);
    let came = match small::read(of, way, &job.at, etag, size).await? {
        Asked::Came(came) => came,
        Asked::Large => return Ok(None),
        Asked::Changed => return Ok(Some(Once::Again(Remark::BegunAgain))),
    };
    way.meter.expect(came.info.size);
    way.meter.expect_less(std::mem::replace(expected, came.info.size));
    let Some(verified) = came.verified() else { return Ok(Some(Once::Again(Remark::WasCorrupt))) };
    // Held until it has its name, so that nobody else writes into it meanwhile.
    let held = of.0.files.make_with(&part, came.pieces).await?;
    land(of, job).await?;
    drop(held);
    let info = came.info;
    Ok(Some(Once::Done(done(&info, info.size, verified))))
}

async fn land(of: &Transfers, job: &Download) -> Result<(), Trouble> {
    let (part, target) = (paths::part_of(&job.target), job.target.clone());
    let landing = Landing { part, target, replace: job.if_there == IfThere::Replace };
    match of.0.landings.land(landing).await {
        // It came to be while this one was fetched.
        Err(error) if error.why == WhyLocal::Exists => Err(exists(job)),
        other => Ok(other?),
    }
}

async fn large_one(
    of: &Transfers,
    way: &Way,
    job: &Download,
    info: &ObjectInfo,
    ranged: bool,
    remarks: &mut Vec<Remark>,
) -> Result<Once, Trouble> {
    let files = &*of.0.files;
    let (part_name, journal_name) = (paths::part_of(&job.target), paths::journal_of(&job.target));
    let mut plan = planned(of, job, info, ranged);
    let source = plan.etag.as_ref().filter(|_| plan.ranged);
    let source = source.map(|etag| Source::new(&of.0.service, &job.at, etag, plan.size, plan.part));
    let journal = Journal::claim(files, &journal_name, &job.target.display().to_string()).await?;
    let told = journal.told::<Source>().await?;
    let fits =
        told.as_ref().zip(source.as_ref()).is_some_and(|(told, now)| told.head.same_object(now) && told.head.is_sane());
    let kept = if fits { files.reopen(&part_name).await.ok() } else { None };
    let (place, told) = match (kept, told) {
        (Some(file), Some(told)) => {
            plan.part = told.head.part;
            remarks.extend((!told.have.is_empty() && !remarks.contains(&Remark::Resumed)).then_some(Remark::Resumed));
            journal.resume(&told).await?;
            (Place { file, journal }, Some(told))
        }
        (_, told) => {
            remarks.extend((told.is_some() && !fits && remarks.is_empty()).then_some(Remark::EarlierWasOther));
            // The journal goes first: without it the other file is nobody's.
            journal.clear().await?;
            let file = files.make(&part_name).await?;
            let head = source.unwrap_or_else(|| Source::new(&of.0.service, &job.at, "", plan.size, plan.part));
            journal.begin(&head).await?;
            (Place { file, journal }, None)
        }
    };
    room(of, job, &plan, told.as_ref()).await?;
    let before = way.meter.wire();
    let sums = match parts(of, way, &plan, &place, told).await {
        Ok(sums) => sums,
        Err(Stop::Trouble(trouble)) => return Err(trouble),
        Err(stop) => {
            files.remove(&journal_name).await?;
            files.remove(&part_name).await?;
            let changed = matches!(stop, Stop::Changed);
            return Ok(Once::Again(if changed { Remark::BegunAgain } else { Remark::InOnePiece }));
        }
    };
    let mut verdict = plan.want.compare(&sums, plan.part);
    if verdict == Verdict::Read {
        verdict = proof::of_file(&plan.want, &*place.file, plan.size).await?;
    }
    let verified = match verdict {
        Verdict::Settled(verified) => verified,
        Verdict::Read => Verified::not(Unproven::PartSizeUnknown),
        Verdict::Wrong { .. } => {
            files.remove(&journal_name).await?;
            files.remove(&part_name).await?;
            return Ok(Once::Again(Remark::WasCorrupt));
        }
    };
    place.journal.note(&Line::Whole).await?;
    land(of, job).await?;
    files.remove(&journal_name).await?;
    Ok(Once::Done(done(info, way.meter.wire() - before, verified)))
}

fn planned(of: &Transfers, job: &Download, info: &ObjectInfo, ranged: bool) -> Plan {
    let (want, limits) = (verify::want(info), of.limits());
    // Without an identity two answers could be of two objects: then there is only one answer.
    let ranged = ranged && info.etag.is_some();
    let aligned = want.part_size().filter(|part| *part >= limits.small && *part <= limits.part_at_most);
    let part = if ranged { aligned.unwrap_or(limits.range.max(1)) } else { info.size };
    let at = At { version: job.at.version.clone().or_else(|| info.version.clone()), ..job.at.clone() };
    let other = want.of_each_part();
    Plan { at, etag: info.etag.clone(), size: info.size, part, ranged, want, other }
}

/// Says before it begins that there is no room.
async fn room(of: &Transfers, job: &Download, plan: &Plan, told: Option<&Told<Source>>) -> Result<(), Trouble> {
    let here: u64 = told.map_or(0, |told| told.have.values().map(|(bytes, _)| *bytes).sum());
    let needed = plan.size.saturating_sub(here);
    let free = of.0.files.free(&job.target).await?;
    if free >= needed {
        return Ok(());
    }
    let failure = Failure::permanent(format!("{} needs {needed} bytes and {free} are free", job.target.display()))
        .help("Make room on this computer's disk, or name a file on another one.");
    Err(Trouble::new(End::Local(WhyLocal::Full), failure))
}

async fn parts(
    of: &Transfers,
    way: &Way,
    plan: &Plan,
    place: &Place,
    told: Option<Told<Source>>,
) -> Result<Vec<PartSums>, Stop> {
    let have = told.map(|told| told.have).unwrap_or_default();
    let plan = Arc::new(plan.clone());
    let many = plan.parts();
    let mut sums: Vec<Option<PartSums>> = vec![None; usize::try_from(many).unwrap_or(0)];
    let mut next = 0;
    // Dropped with this future: parts on their way end with it.
    let mut running = JoinSet::new();
    loop {
        while next < many && running.len() < of.limits().lanes_an_object.max(1) {
            let (of, way, plan, place, part) = (of.clone(), way.clone(), plan.clone(), place.clone(), next);
            let noted = have.get(&part).copied();
            running.spawn(async move { (part, fetch::part(&of, &way, &plan, &place, part, noted).await) });
            next += 1;
        }
        match running.join_next().await {
            None => break,
            Some(Ok((part, result))) => {
                if let Some(slot) = usize::try_from(part).ok().and_then(|part| sums.get_mut(part)) {
                    *slot = Some(result?);
                }
            }
            Some(Err(broken)) => {
                let failure = Failure::permanent("a part's work was broken off").because(broken.to_string());
                return Err(Stop::Trouble(Trouble::new(End::Service(Why::Refused), failure)));
            }
        }
    }
    let all: Option<Vec<_>> = sums.into_iter().collect();
    all.ok_or_else(|| {
        let failure = Failure::permanent("a part is missing though all were fetched");
        Stop::Trouble(Trouble::new(End::Impossible, failure))
    })
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
