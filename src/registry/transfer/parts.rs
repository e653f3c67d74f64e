//! The parts of a file on their way to a service.

use super::context::{Transfers, Way};
use super::habit;
use super::journal::Journal;
use super::patience::{Patience, patiently};
use super::send::line;
use super::sums::{self, Crc, Digest, Etag, PartHasher, PartSums};
use super::trouble::{End, Trouble};
use crate::plan::Failure;
use crate::ports::local_files::{Local, LocalError, LocalFile};
use crate::ports::objects::{self, Checksums, ObjectError, Part, SumKind, Why};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A part that takes less lets one more go beside it; one that takes longer goes alone, so that a kill
/// loses little on a slow link.
const QUICK: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(30);

/// How often a part is sent again that the service refuses, where it took others like it: bytes that
/// were spoilt on the way are refused by their checksum.
const REFUSALS: u32 = 3;

/// A part that the service has, and what it was compared with.
#[derive(Clone, Debug)]
pub(super) struct Have {
    pub part: Part,
    pub sums: PartSums,
    /// Whether the service said the same checksum.
    pub confirmed: bool,
    /// Whether its `ETag` is the MD5 of the bytes.
    pub by_md5: bool,
}

/// Why parts were not sent.
#[derive(Debug)]
pub(super) enum Stop {
    /// The service does not take the kind of checksum.
    Sums,
    /// The file is another one than it was.
    Changed,
    /// There is no such upload any more.
    Gone,
    /// It ends.
    Trouble(Trouble),
}

impl From<LocalError> for Stop {
    fn from(error: LocalError) -> Self {
        Self::Trouble(error.into())
    }
}

/// What all parts share.
#[derive(Clone)]
pub(super) struct Job {
    pub upload: objects::Upload,
    pub file: Arc<dyn LocalFile>,
    pub size: u64,
    pub part: u64,
    pub kind: Option<SumKind>,
    pub journal: Journal,
}

fn length(size: u64, part: u64, number: u16) -> u64 {
    size.saturating_sub(u64::from(number.saturating_sub(1)).saturating_mul(part)).min(part)
}

fn hashed(kind: Option<SumKind>, bytes: &[u8]) -> PartSums {
    let mut hasher = PartHasher::new(kind.map(habit::digest));
    hasher.update(bytes);
    hasher.sums()
}

/// All parts of an upload that the service has.
pub(in crate::registry) async fn listed(
    of: &Transfers,
    way: &Way,
    upload: &objects::Upload,
) -> Result<Vec<Part>, ObjectError> {
    let (mut all, mut behind) = (Vec::new(), None);
    loop {
        let page = patiently!(of.limits(), &way.meter, of.0.objects.parts(upload, behind))?;
        all.extend(page.parts);
        // A marker that does not grow would lead in a circle.
        match page.next.filter(|next| behind.is_none_or(|behind| *next > behind)) {
            Some(next) => behind = Some(next),
            None => return Ok(all),
        }
    }
}

/// Whether a part that the service has is this file's; then it is not sent again. What was not noted
/// before a kill is compared by checksum or MD5.
pub(super) async fn known(
    file: &Arc<dyn LocalFile>,
    size: u64,
    part_size: u64,
    kind: Option<SumKind>,
    part: Part,
    noted: Option<&(String, u64)>,
) -> Local<Option<Have>> {
    let length = length(size, part_size, part.number);
    if part.number == 0 || length == 0 || part.size != length {
        return Ok(None);
    }
    if let Some((etag, crc64)) = noted
        && *etag == part.etag
        && kind == Some(SumKind::Crc64Nvme)
    {
        let sums = PartSums { length, crc64: *crc64, other: None };
        let confirmed = part.checksums.crc64nvme.as_ref() == Some(&Crc::Crc64Nvme.text(*crc64));
        return Ok(Some(Have { part, sums, confirmed, by_md5: false }));
    }
    let from = u64::from(part.number - 1) * part_size;
    let bytes = file.read_at(from, usize::try_from(length).unwrap_or(0)).await?;
    let have = compared(part, kind, hashed(kind, &bytes), &bytes);
    Ok(Some(have).filter(|have| bytes.len() as u64 == length && (have.confirmed || have.by_md5)))
}

/// Compares what the service says about a part with its bytes and their checksums.
fn compared(part: Part, kind: Option<SumKind>, sums: PartSums, bytes: &Bytes) -> Have {
    let confirmed =
        kind.is_some_and(|kind| habit::confirmed(&habit::sum_of(kind, &sums), &part.checksums) == Some(true));
    // MD5 is slow, and needed only where there is nothing better.
    let by_md5 = !confirmed
        && matches!(Etag::read(&part.etag), Etag::Md5(md5) if md5.as_slice() == sums::digest(Digest::Md5, bytes));
    Have { part, sums, confirmed, by_md5 }
}

/// Sends the parts that the service does not have yet. Gives all, in order.
pub(super) async fn send(of: &Transfers, way: &Way, job: Job, have: BTreeMap<u16, Have>) -> Result<Vec<Have>, Stop> {
    let many = u16::try_from(job.size.div_ceil(job.part.max(1))).map_err(|_| {
        let failure = Failure::permanent("the file has more parts than can be counted");
        Stop::Trouble(Trouble::new(End::Impossible, failure))
    })?;
    let mut have = have;
    let mut missing = (1..=many).filter(|n| !have.contains_key(n)).collect::<Vec<_>>().into_iter().peekable();
    let mut lanes = 2usize;
    // Dropped with this future: parts on their way end with it.
    let mut running = JoinSet::new();
    let job = Arc::new(job);
    loop {
        while running.len() < lanes.min(of.limits().lanes_an_object.max(1)) {
            let Some(number) = missing.next() else { break };
            let (of, way, job) = (of.clone(), way.clone(), job.clone());
            running.spawn(async move { one(&of, &way, &job, number).await });
        }
        match running.join_next().await {
            None => break,
            Some(Ok(result)) => {
                let (sent, took) = result?;
                lanes = if took < QUICK { lanes + 1 } else { lanes };
                lanes = if took > SLOW { 1 } else { lanes };
                have.insert(sent.part.number, sent);
            }
            Some(Err(broken)) => {
                let failure = Failure::permanent("a part's work was broken off").because(broken.to_string());
                return Err(Stop::Trouble(Trouble::new(End::Service(Why::Refused), failure)));
            }
        }
    }
    Ok(have.into_values().collect())
}

async fn one(of: &Transfers, way: &Way, job: &Job, number: u16) -> Result<(Have, Duration), Stop> {
    let length = length(job.size, job.part, number);
    let _lease = of.lease(length).await;
    let from = u64::from(number - 1) * job.part;
    let bytes = job.file.read_at(from, usize::try_from(length).unwrap_or(0)).await?;
    if bytes.len() as u64 != length {
        return Err(Stop::Changed);
    }
    // Once: parts are large, and every look at all of their bytes is paid for.
    let sums = hashed(job.kind, &bytes);
    let mut patience = Patience::new();
    let mut refusals = 0;
    loop {
        way.gate.pass().await;
        let sum = job.kind.map(|kind| habit::sum_of(kind, &sums));
        let began = Instant::now();
        match of.0.objects.send_part(&job.upload, number, bytes.clone(), sum).await {
            Ok(part) => {
                of.0.habit.took(job.kind);
                let have = compared(Part { number, ..part }, job.kind, sums.clone(), &bytes);
                if contradicts(&have) && refusals < REFUSALS {
                    refusals += 1;
                    continue;
                }
                job.journal.note(&line(&have)).await?;
                way.meter.carried(length);
                return Ok((have, began.elapsed()));
            }
            Err(error) => match error.why {
                Why::Missing => return Err(Stop::Gone),
                Why::Unsupported | Why::Refused if of.0.habit.refused(job.kind) => return Err(Stop::Sums),
                Why::Refused if job.kind.is_some() && refusals < REFUSALS => refusals += 1,
                _ => patience.wait(error, of.limits(), &way.meter).await.map_err(|e| Stop::Trouble(e.into()))?,
            },
        }
    }
}

/// Whether the service says another checksum than was sent.
fn contradicts(have: &Have) -> bool {
    let Checksums { crc64nvme, .. } = &have.part.checksums;
    crc64nvme.as_ref().is_some_and(|text| *text != Crc::Crc64Nvme.text(have.sums.crc64))
}
