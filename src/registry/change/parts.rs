//! A copy in parts: of what one request may not copy, and of what has a checksum of its parts only. Like an upload it is
//! gone on with after a kill, by a journal of its own and the parts that the service lists.

use super::copy::{compared, seen, taken};
use crate::plan::Failure;
use crate::ports::objects::{At, Header, Notes, ObjectError, ObjectInfo, OnlyIf, Part, SumKind, Upload, Why, Written};
use crate::registry::transfer::journal::{Journal, Line, SumName, Told};
use crate::registry::transfer::parts::listed;
use crate::registry::transfer::patience::{Patience, patiently};
use crate::registry::transfer::sums::{self, Digest, Etag};
use crate::registry::transfer::trouble::{End, Trouble};
use crate::registry::transfer::{Transfers, Way};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// What is to be copied.
pub(super) struct Job<'a> {
    pub from: &'a At,
    pub to: &'a At,
    pub notes: Option<&'a Notes>,
    pub only: &'a OnlyIf,
    pub source: &'a ObjectInfo,
    /// The size of every part but the last.
    pub part: u64,
}

/// Which copy a journal belongs to: parts of any other are of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    copy: u32,
    service: String,
    from: (String, String, Option<String>),
    to: (String, String),
    etag: Option<String>,
    size: u64,
    part: u64,
    sum: Option<SumName>,
    content_type: Option<String>,
    headers: Vec<(Header, String)>,
    metadata: Vec<(String, String)>,
}

impl Head {
    fn of(service: &str, job: &Job<'_>, notes: &Notes) -> Self {
        let At { bucket, key, version } = job.from.clone();
        let Notes { content_type, headers, metadata } = notes.clone();
        Self {
            copy: 1,
            service: service.to_owned(),
            from: (bucket, key, version),
            to: (job.to.bucket.clone(), job.to.key.clone()),
            etag: job.source.etag.clone(),
            size: job.source.size,
            part: job.part,
            sum: job.source.checksums.crc64nvme.as_ref().map(|_| SumName::Crc64Nvme),
            content_type,
            headers,
            metadata,
        }
    }

    /// The journal's name: one for each pair of objects.
    fn journal(&self, of: &Transfers) -> PathBuf {
        let identity = serde_json::to_vec(&(&self.service, &self.from, &self.to)).unwrap_or_default();
        let name = sums::digest(Digest::Sha256, &identity);
        of.uploads().join(format!("{}.copy", sums::hex(&name[..16])))
    }
}

/// Copies it.
pub(super) async fn copy(of: &Transfers, way: &Way, job: &Job<'_>) -> Result<Written, Trouble> {
    let kept = Notes::of(job.source);
    let notes = job.notes.unwrap_or(&kept);
    let head = Head::of(of.service(), job, notes);
    let path = head.journal(of);
    let what = format!("the copy of {} to {}", job.from.key, job.to.key);
    let journal = Journal::claim(&**of.files(), &path, &what).await?;
    let told = journal.told::<Head>().await?;
    let (upload, have) = match take_up(of, way, job, &head, told).await? {
        Taken::Done(written) => {
            keep_tags(of, way, job).await?;
            of.files().remove(&path).await?;
            return Ok(written);
        }
        Taken::On(told, upload, have) => {
            journal.resume(&told).await?;
            way.meter.kept(have.values().map(|part| part.size).sum());
            (upload, have)
        }
        Taken::Anew => match begin(of, way, job, notes, head, &journal).await {
            Ok(upload) => (upload, BTreeMap::new()),
            Err(trouble) => {
                // Where no answer came, an upload may have been begun that only the service's list knows.
                of.files().remove(&path).await?;
                return Err(trouble);
            }
        },
    };
    let done = async {
        let parts = send(of, way, job, &upload, have, &journal).await?;
        let etag = etag_of(&parts);
        journal.note(&Line::Completing { etag: etag.clone() }).await?;
        complete(of, way, &upload, &parts, job, &etag).await
    };
    match done.await {
        Ok(written) => {
            keep_tags(of, way, job).await?;
            of.files().remove(&path).await?;
            Ok(written)
        }
        Err(trouble) => {
            // What is only interrupted is gone on with. Of anything else nothing is to be left: the journal goes
            // last, so that it names what could not be thrown away, and the first trouble is said.
            let interrupted = matches!(trouble.end, End::Service(Why::Cut | Why::Busy) | End::Local(_));
            if !interrupted && of.objects().abort(&upload).await.is_ok() {
                of.files().remove(&path).await?;
            }
            Err(trouble)
        }
    }
}

/// A copy in one request keeps the tags; parts have none.
async fn keep_tags(of: &Transfers, way: &Way, job: &Job<'_>) -> Result<(), Trouble> {
    if let Ok(tags) = patiently!(of.limits(), &way.meter, of.objects().tags(job.from))
        && !tags.is_empty()
    {
        patiently!(of.limits(), &way.meter, of.objects().set_tags(job.to, &tags))?;
    }
    Ok(())
}

enum Taken {
    /// It had been done before the kill.
    Done(Written),
    /// The service still has the upload, with these parts.
    On(Box<Told<Head>>, Upload, BTreeMap<u16, Part>),
    Anew,
}

async fn take_up(
    of: &Transfers,
    way: &Way,
    job: &Job<'_>,
    head: &Head,
    told: Option<Told<Head>>,
) -> Result<Taken, Trouble> {
    let Some(told) = told else { return Ok(Taken::Anew) };
    let Some(id) = told.upload.clone() else { return Ok(Taken::Anew) };
    let upload = Upload { bucket: job.to.bucket.clone(), key: job.to.key.clone(), id };
    let mut parts = Vec::new();
    if told.head == *head {
        match listed(of, way, &upload).await {
            Ok(found) => parts = found,
            // It was being completed: what is there with the parts' ETag is the copy.
            Err(ObjectError { why: Why::Missing, .. }) if told.completing.is_some() => {
                let etag = told.completing.as_deref().unwrap_or_default();
                let made = seen(of, way, job.to).await?.filter(|info| is_made(job, info, etag));
                return Ok(made.map_or(Taken::Anew, |info| Taken::Done(written(info))));
            }
            Err(ObjectError { why: Why::Missing, .. }) => return Ok(Taken::Anew),
            Err(ObjectError { why: Why::Unsupported, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    } else {
        patiently!(of.limits(), &way.meter, of.objects().abort(&upload))?;
        return Ok(Taken::Anew);
    }
    // Each was copied on the condition that the source is this one, so that its size alone tells that it is whole.
    let whole = |part: &Part| part.number > 0 && part.size > 0 && part.size == range(job, part.number).1;
    let have = parts.into_iter().filter(whole).map(|part| (part.number, part)).collect();
    Ok(Taken::On(Box::new(told), upload, have))
}

/// The `ETag` that an object of these parts gets, where each part's is its MD5; nothing elsewhere.
fn etag_of(parts: &[Part]) -> String {
    let md5 = |part: &Part| if let Etag::Md5(md5) = Etag::read(&part.etag) { Some(md5.to_vec()) } else { None };
    let md5s: Option<Vec<_>> = parts.iter().map(md5).collect();
    let whole = md5s.map(|md5s| format!("{}-{}", sums::hex(&sums::digest_of_digests(Digest::Md5, &md5s)), md5s.len()));
    whole.unwrap_or_default()
}

/// Whether an object is the copy: it has the `ETag` of its parts, or what the service says of both proves it.
fn is_made(job: &Job<'_>, info: &ObjectInfo, etag: &str) -> bool {
    let same = !etag.is_empty() && info.etag.as_deref() == Some(etag) && info.size == job.source.size;
    same || compared(job.source, info).is_some_and(|verified| verified.by.is_some())
}

fn written(info: ObjectInfo) -> Written {
    let ObjectInfo { etag, version, checksums, .. } = info;
    Written { etag, version, checksums }
}

/// First byte and length of a part.
fn range(job: &Job<'_>, number: u16) -> (u64, u64) {
    let first = u64::from(number.saturating_sub(1)).saturating_mul(job.part);
    (first, job.part.min(job.source.size.saturating_sub(first)))
}

async fn begin(
    of: &Transfers,
    way: &Way,
    job: &Job<'_>,
    notes: &Notes,
    mut head: Head,
    journal: &Journal,
) -> Result<Upload, Trouble> {
    loop {
        // Before the service is asked, so that no upload is begun of which nothing here knows.
        journal.begin(&head).await?;
        let sum = head.sum.map(SumKind::from);
        match patiently!(of.limits(), &way.meter, of.objects().begin_upload(job.to, notes, sum)) {
            Ok(upload) => {
                journal.note(&Line::Begun { id: upload.id.clone() }).await?;
                return Ok(upload);
            }
            Err(error) if error.why == Why::Unsupported && sum.is_some() => head.sum = None,
            Err(error) => return Err(error.into()),
        }
    }
}

async fn send(
    of: &Transfers,
    way: &Way,
    job: &Job<'_>,
    upload: &Upload,
    mut have: BTreeMap<u16, Part>,
    journal: &Journal,
) -> Result<Vec<Part>, Trouble> {
    let many = u16::try_from(job.source.size.div_ceil(job.part.max(1))).unwrap_or(u16::MAX);
    let mut missing = (1..=many).filter(|number| !have.contains_key(number)).collect::<Vec<_>>().into_iter();
    // Dropped with this future: parts on their way end with it.
    let mut running = JoinSet::new();
    loop {
        while running.len() < of.limits().lanes_an_object.max(1) {
            let Some(number) = missing.next() else { break };
            let range = range(job, number);
            let (of, way, upload, from) = (of.clone(), way.clone(), upload.clone(), job.from.clone());
            let (etag, journal) = (job.source.etag.clone(), journal.clone());
            running.spawn(async move {
                // The journal is held as long as parts of it are under way.
                let _journal = journal;
                way.gate.pass().await;
                let _lease = of.lease(1).await;
                let copying = patiently!(
                    of.limits(),
                    &way.meter,
                    of.objects().copy_part(&upload, number, &from, range, etag.as_deref())
                );
                way.meter.carried(if copying.is_ok() { range.1 } else { 0 });
                copying.map(|part| Part { number, ..part })
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok(copied)) => {
                let part = copied?;
                have.insert(part.number, part);
            }
            Some(Err(broken)) => {
                let failure = Failure::permanent("a part's work was broken off").because(broken.to_string());
                return Err(Trouble::new(End::Service(Why::Refused), failure));
            }
        }
    }
    Ok(have.into_values().collect())
}

async fn complete(
    of: &Transfers,
    way: &Way,
    upload: &Upload,
    parts: &[Part],
    job: &Job<'_>,
    etag: &str,
) -> Result<Written, Trouble> {
    let mut patience = Patience::new();
    loop {
        match of.objects().complete(upload, parts, None, job.only).await {
            Ok(written) => return Ok(written),
            Err(error) if error.why == Why::Changed => return Err(taken(job.to)),
            Err(error) if error.why == Why::Missing => {
                // An answer may have been lost: then the object is there.
                let there = seen(of, way, job.to).await?.filter(|info| is_made(job, info, etag));
                return there.map(written).ok_or_else(|| error.into());
            }
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    }
}
