//! One file into one object.

use super::context::{Transfers, Way};
use super::download::Done;
use super::habit;
use super::patience::{Patience, patiently};
use super::proof;
use super::remark::Remark;
use super::send;
use super::trouble::{End, Trouble};
use super::verify::{self, Verdict, Verified};
use crate::plan::Failure;
use crate::ports::local_files::{FileSeen, LocalFile};
use crate::ports::objects::{At, Notes, ObjectError, ObjectInfo, OnlyIf, Why, Written};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;

/// A file and the object that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Which file.
    pub file: PathBuf,
    /// Which object; a version cannot be named.
    pub to: At,
    /// What is noted of it.
    pub notes: Notes,
    /// Under which condition.
    pub only: OnlyIf,
    /// What is known of the key beforehand.
    pub there: There,
}

/// What is known of the key that a file is to get, where nothing there is to be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum There {
    /// Nothing: it is looked at before, because not every service heeds `If-None-Match`.
    #[default]
    Unknown,
    /// A listing had no such key: that look is saved.
    Nothing,
    /// Something may be; if it has the file's bytes, that counts as done.
    MaybeTheSame,
}

/// A file that is being sent.
#[derive(Clone)]
pub(super) struct Open {
    pub file: Arc<dyn LocalFile>,
    pub seen: FileSeen,
}

/// How a try ended that did not fail.
pub(super) enum Sent {
    Done(Done),
    /// From the start, because of this.
    Again(Remark),
}

/// Sends a file. Dropping it leaves what the service has for the next try.
pub async fn upload(of: &Transfers, way: &Way, job: &Upload) -> Result<Done, Trouble> {
    let mut remarks = Vec::new();
    if job.only == OnlyIf::Absent
        && job.there != There::Nothing
        && let Some(info) = there(of, way, job).await?
    {
        return same(of, way, job, info).await;
    }
    let mut expected = 0;
    for _ in 0..=of.limits().restarts {
        let file = of.0.files.open(&job.file).await?;
        let open = Open { seen: file.seen().await?, file };
        way.meter.expect(open.seen.size);
        way.meter.expect_less(std::mem::replace(&mut expected, open.seen.size));
        if open.seen.size > of.limits().object {
            let failure = Failure::permanent(format!("{} is larger than an S3 object can be", job.file.display()));
            return Err(Trouble::new(End::Impossible, failure));
        }
        let sent = if open.seen.size <= of.limits().single {
            single(of, way, job, &open).await?
        } else {
            send::in_parts(of, way, job, &open, &mut remarks).await?
        };
        match sent {
            Sent::Done(mut done) => {
                remarks.append(&mut done.remarks);
                return Ok(Done { remarks, ..done });
            }
            Sent::Again(remark) => {
                way.meter.lost(way.meter.done());
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
    }
    let failure = Failure::transient(format!(
        "{} changed {} times while it was sent",
        job.file.display(),
        of.limits().restarts + 1
    ));
    Err(Trouble::new(End::Unsteady, failure.help("Try again when nothing writes it.")))
}

/// What is there already, where that is forbidden. The service is told the condition as
/// well, but not every service heeds it.
async fn there(of: &Transfers, way: &Way, job: &Upload) -> Result<Option<ObjectInfo>, Trouble> {
    match patiently!(of.limits(), &way.meter, of.0.objects.head(&job.to)) {
        Ok(info) => Ok(Some(info)),
        // Who may write need not be allowed to look: then the service decides.
        Err(ObjectError { why: Why::Missing | Why::Denied, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether what is there has the file's bytes, and that counts.
async fn same(of: &Transfers, way: &Way, job: &Upload, info: ObjectInfo) -> Result<Done, Trouble> {
    let file = of.0.files.open(&job.file).await?;
    if job.there != There::MaybeTheSame || file.seen().await?.size != info.size {
        return Err(taken(job));
    }
    match proof::of_file(&verify::want(&info), &*file, info.size).await? {
        Verdict::Settled(verified @ Verified { by: Some(_), .. }) => {
            way.meter.expect(info.size);
            way.meter.kept(info.size);
            let ObjectInfo { size, etag, version, .. } = info;
            Ok(Done { size, carried: 0, verified, etag, version, remarks: vec![Remark::WasThere] })
        }
        _ => Err(taken(job)),
    }
}

pub(super) fn taken(job: &Upload) -> Trouble {
    let failure = Failure::needs_human(format!("{} is there already", job.to.key));
    let failure = match job.only {
        OnlyIf::Matches(_) => Failure::needs_human(format!("{} is not what it was any more", job.to.key)),
        _ => failure,
    };
    Trouble::new(
        End::Exists,
        failure.help("Look at what is there, then choose another key or ask for it to be replaced."),
    )
}

async fn single(of: &Transfers, way: &Way, job: &Upload, open: &Open) -> Result<Sent, Trouble> {
    let size = open.seen.size;
    let lease = of.lease(size.max(1)).await;
    let bytes = open.file.read_at(0, usize::try_from(size).unwrap_or(usize::MAX)).await?;
    if bytes.len() as u64 != size || open.file.seen().await? != open.seen {
        return Ok(Sent::Again(Remark::BegunAgain));
    }
    let written = put(of, way, job, &bytes).await?;
    way.meter.carried(size);
    let info = ObjectInfo {
        size,
        etag: written.etag,
        version: written.version,
        checksums: written.checksums,
        ..ObjectInfo::default()
    };
    let verified = check(of, way, job, &info, &bytes).await?;
    drop(lease);
    Ok(Sent::Done(Done { size, carried: size, verified, etag: info.etag, version: info.version, remarks: Vec::new() }))
}

/// Sends all bytes in one request, with the best checksum that the service takes.
async fn put(of: &Transfers, way: &Way, job: &Upload, bytes: &Bytes) -> Result<Written, Trouble> {
    let mut patience = Patience::new();
    let mut unsure = false;
    loop {
        way.gate.pass().await;
        let kind = of.0.habit.kind();
        let sum = kind.map(|kind| habit::sum(kind, bytes));
        match of.0.objects.put(&job.to, bytes.clone(), &job.notes, sum, &job.only).await {
            Ok(written) => {
                of.0.habit.took(kind);
                return Ok(written);
            }
            // An answer may have been lost on its way: then it is there, or a condition fails because
            // it is there.
            Err(error) if unsure || error.why == Why::Cut => {
                if let Some(written) = already(of, way, job, bytes).await? {
                    return Ok(written);
                }
                if error.why == Why::Changed {
                    return Err(taken(job));
                }
                unsure = true;
                patience.wait(error, of.limits(), &way.meter).await?;
            }
            Err(error) if matches!(error.why, Why::Unsupported | Why::Refused) && of.0.habit.refused(kind) => {}
            Err(error) if error.why == Why::Changed => return Err(taken(job)),
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    }
}

/// What is there, if it has these bytes.
async fn already(of: &Transfers, way: &Way, job: &Upload, bytes: &Bytes) -> Result<Option<Written>, Trouble> {
    let Ok(info) = patiently!(of.limits(), &way.meter, of.0.objects.head(&job.to)) else { return Ok(None) };
    let same = info.size == bytes.len() as u64 && proves(&verify::want(&info), bytes);
    let ObjectInfo { etag, version, checksums, .. } = info;
    Ok(same.then_some(Written { etag, version, checksums }))
}

fn proves(want: &verify::Want, bytes: &Bytes) -> bool {
    matches!(proof::of_pieces(want, std::slice::from_ref(bytes)), Verdict::Settled(verified) if verified.by.is_some())
}

/// What the service says about what it keeps, compared with the bytes that were sent.
async fn check(of: &Transfers, way: &Way, job: &Upload, info: &ObjectInfo, bytes: &Bytes) -> Result<Verified, Trouble> {
    if let Verdict::Settled(verified @ Verified { by: Some(_), .. }) =
        proof::of_pieces(&verify::want(info), std::slice::from_ref(bytes))
    {
        return Ok(verified);
    }
    // It may say more when it is asked, and whether it encrypts.
    let at = At { version: info.version.clone(), ..job.to.clone() };
    let Ok(seen) = patiently!(of.limits(), &way.meter, of.0.objects.head(&at)) else {
        return Ok(Verified::not(verify::Unproven::NoChecksum));
    };
    match proof::of_pieces(&verify::want(&seen), std::slice::from_ref(bytes)) {
        Verdict::Settled(verified) => Ok(verified),
        _ => Err(wrong(job)),
    }
}

pub(super) fn wrong(job: &Upload) -> Trouble {
    let failure = Failure::permanent(format!("the object {} is not what was sent", job.to.key));
    Trouble::new(
        End::Corrupt,
        failure.help("Somebody else may have written it at the same time: look at it, then send it again."),
    )
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
