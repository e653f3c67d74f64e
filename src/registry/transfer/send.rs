//! A file that is sent in parts, gone on with after a kill.

use super::context::{Transfers, Way};
use super::download::Done;
use super::journal::{self, Journal, Line, Target, Told, crc_text};
use super::parts::{self, Have, Stop};
use super::patience::{Patience, patiently};
use super::remark::Remark;
use super::sums::{self, Crc, Digest, Etag};
use super::trouble::Trouble;
use super::upload::{Open, Sent, Upload, taken, wrong};
use super::verify::{Proof, Unproven, Verified};
use crate::ports::objects;
use crate::ports::objects::{At, Checksums, ObjectError, ObjectInfo, Part, Sum, SumKind, Why, Written};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The journal of an upload: one place for all, because a file may lie where nothing can be written.
pub(super) fn journal_name(of: &Transfers, job: &Upload) -> PathBuf {
    let identity = [
        of.0.service.as_bytes(),
        job.to.bucket.as_bytes(),
        job.to.key.as_bytes(),
        job.file.as_os_str().as_encoded_bytes(),
    ];
    let name = sums::digest(Digest::Sha256, &identity.join(&0));
    of.0.uploads.join(format!("{}.upload", sums::hex(&name[..16])))
}

/// An upload that goes on or begins.
struct Going {
    upload: objects::Upload,
    journal: Journal,
    part: u64,
    kind: Option<SumKind>,
    have: BTreeMap<u16, Have>,
}

/// Sends a file in parts.
pub(super) async fn in_parts(
    of: &Transfers,
    way: &Way,
    job: &Upload,
    open: &Open,
    remarks: &mut Vec<Remark>,
) -> Result<Sent, Trouble> {
    let path = journal_name(of, job);
    let what = format!("the upload of {} to {}", job.file.display(), job.to.key);
    let journal = Journal::claim(&*of.0.files, &path, &what).await?;
    let told = journal.told::<Target>().await?;
    let going = match take_up(of, way, job, open, &journal, told, remarks).await? {
        Taken::Done(done) => return finish(of, &path, done).await,
        Taken::On(going) => *going,
        Taken::Anew => begin(of, way, job, open, (&path, journal), remarks).await?,
    };
    way.meter.kept(going.have.values().map(|have| have.sums.length).sum());
    let (upload, journal) = (going.upload.clone(), going.journal.clone());
    let job_parts = parts::Job {
        upload: going.upload,
        file: open.file.clone(),
        size: open.seen.size,
        part: going.part,
        kind: going.kind,
        journal,
    };
    let before = way.meter.wire();
    let have = match parts::send(of, way, job_parts, going.have).await {
        Ok(have) => have,
        Err(Stop::Trouble(trouble)) => return Err(trouble),
        Err(Stop::Sums) => {
            give_up(of, way, &upload, &path).await?;
            return Ok(Sent::Again(Remark::NoChecksumTaken));
        }
        Err(Stop::Changed) => {
            give_up(of, way, &upload, &path).await?;
            return Ok(Sent::Again(Remark::BegunAgain));
        }
        Err(Stop::Gone) => {
            // Should it be there all the same, nobody would know of it any more.
            let _ = of.0.objects.abort(&upload).await;
            of.0.files.remove(&path).await?;
            return Ok(Sent::Again(Remark::UploadGone));
        }
    };
    if open.file.seen().await? != open.seen || of.0.files.open(&job.file).await?.seen().await? != open.seen {
        give_up(of, way, &upload, &path).await?;
        return Ok(Sent::Again(Remark::BegunAgain));
    }
    let whole = Whole::of(&have, going.part, going.kind);
    going.journal.note(&Line::Completing { etag: whole.etag.clone().unwrap_or_default() }).await?;
    let written = match complete(of, way, job, &upload, &have, &whole).await? {
        Completed::Written(written) => written,
        Completed::Gone => {
            of.0.files.remove(&path).await?;
            return Ok(Sent::Again(Remark::UploadGone));
        }
        Completed::Taken => {
            give_up(of, way, &upload, &path).await?;
            return Err(taken(job));
        }
    };
    let verified = whole.check(of, way, job, &written).await?;
    let carried = way.meter.wire() - before;
    let Written { etag, version, .. } = written;
    finish(of, &path, Done { size: open.seen.size, carried, verified, etag, version, remarks: Vec::new() }).await
}

async fn finish(of: &Transfers, path: &std::path::Path, done: Done) -> Result<Sent, Trouble> {
    of.0.files.remove(path).await?;
    Ok(Sent::Done(done))
}

/// Throws an upload away. The journal goes last, so that it names what may be left.
pub(super) async fn give_up(
    of: &Transfers,
    way: &Way,
    upload: &objects::Upload,
    path: &std::path::Path,
) -> Result<(), Trouble> {
    patiently!(of.limits(), &way.meter, of.0.objects.abort(upload))?;
    Ok(of.0.files.remove(path).await?)
}

enum Taken {
    /// It had been done before the kill.
    Done(Done),
    On(Box<Going>),
    Anew,
}

async fn take_up(
    of: &Transfers,
    way: &Way,
    job: &Upload,
    open: &Open,
    journal: &Journal,
    told: Option<Told<Target>>,
    remarks: &mut Vec<Remark>,
) -> Result<Taken, Trouble> {
    let Some(told) = told else { return Ok(Taken::Anew) };
    let Some(id) = told.upload.clone() else {
        // Killed while it was begun: the service may have it and we do not know its name.
        remarks.push(Remark::MayBeLeft);
        return Ok(Taken::Anew);
    };
    let upload = objects::Upload { bucket: job.to.bucket.clone(), key: job.to.key.clone(), id };
    if !told.head.same_file(&open.seen) || told.head.part == 0 || !told.head.same_notes(&job.notes) {
        patiently!(of.limits(), &way.meter, of.0.objects.abort(&upload))?;
        journal.clear().await?;
        remarks.push(Remark::EarlierWasOther);
        return Ok(Taken::Anew);
    }
    let listed = match parts::listed(of, way, &upload).await {
        Ok(listed) => listed,
        Err(ObjectError { why: Why::Missing, .. }) => {
            let Some(etag) = told.completing else {
                remarks.push(Remark::UploadGone);
                return Ok(Taken::Anew);
            };
            return Ok(made(of, way, job, &told.head, &told.sent, &etag).await?.map_or(Taken::Anew, Taken::Done));
        }
        // A service without ListParts: what the journal says was answered, and completing will tell.
        Err(ObjectError { why: Why::Unsupported, .. }) => from_journal(&told),
        Err(error) => return Err(error.into()),
    };
    let kind = told.head.sum.map(SumKind::from);
    let mut have = BTreeMap::new();
    for part in listed {
        let noted = told.sent.get(&part.number);
        if let Some(known) = parts::known(&open.file, open.seen.size, told.head.part, kind, part, noted).await? {
            have.insert(known.part.number, known);
        }
    }
    if !have.is_empty() {
        remarks.push(Remark::Resumed);
    }
    journal.resume(&told).await?;
    Ok(Taken::On(Box::new(Going { upload, journal: journal.clone(), part: told.head.part, kind, have })))
}

fn from_journal(told: &Told<Target>) -> Vec<Part> {
    let part = |(number, (etag, _)): (&u16, &(String, u64))| {
        let from = u64::from(number.saturating_sub(1)).saturating_mul(told.head.part);
        let size = told.head.size.saturating_sub(from).min(told.head.part);
        Part { number: *number, size, etag: etag.clone(), checksums: Checksums::default() }
    };
    told.sent.iter().map(part).collect()
}

/// The upload is gone and was being completed: whether the object is there.
async fn made(
    of: &Transfers,
    way: &Way,
    job: &Upload,
    head: &Target,
    sent: &BTreeMap<u16, (String, u64)>,
    etag: &str,
) -> Result<Option<Done>, Trouble> {
    let info = match patiently!(of.limits(), &way.meter, of.0.objects.head(&job.to)) {
        Ok(info) => info,
        Err(ObjectError { why: Why::Missing, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let lengths = |n: u16| head.size.saturating_sub(u64::from(n.saturating_sub(1)) * head.part).min(head.part);
    let crc =
        sent.iter().fold(Crc::Crc64Nvme.of(b""), |crc, (n, (_, part))| Crc::Crc64Nvme.joined(crc, *part, lengths(*n)));
    let all = sent.len() as u64 == head.size.div_ceil(head.part);
    let by_crc = all && info.checksums.crc64nvme == Some(Crc::Crc64Nvme.text(crc));
    let by_etag = !etag.is_empty() && info.etag.as_deref() == Some(etag);
    if info.size != head.size || !(by_crc || by_etag) {
        return Ok(None);
    }
    way.meter.kept(head.size);
    let proof = if by_crc { Proof::Whole(Digest::Crc(Crc::Crc64Nvme)) } else { Proof::EtagParts(head.part) };
    let ObjectInfo { size, etag, version, .. } = info;
    Ok(Some(Done { size, carried: 0, verified: Verified::by(proof), etag, version, remarks: vec![Remark::Resumed] }))
}

async fn begin(
    of: &Transfers,
    way: &Way,
    job: &Upload,
    open: &Open,
    (path, journal): (&std::path::Path, Journal),
    remarks: &mut Vec<Remark>,
) -> Result<Going, Trouble> {
    let part = of.limits().upload_part(open.seen.size);
    let mut head = Target::new(&of.0.service, &job.to, &job.file, &open.seen, part).noting(&job.notes);
    let mut patience = Patience::new();
    loop {
        let kind = of.0.habit.kind();
        head.sum = kind.map(journal::SumName::from);
        // Before the service is asked, so that no upload is begun of which nothing here knows.
        journal.begin(&head).await?;
        way.gate.pass().await;
        match of.0.objects.begin_upload(&job.to, &job.notes, kind).await {
            Ok(upload) => {
                journal.note(&Line::Begun { id: upload.id.clone() }).await?;
                return Ok(Going { upload, journal, part, kind, have: BTreeMap::new() });
            }
            Err(error) if matches!(error.why, Why::Unsupported | Why::Refused) && of.0.habit.refused(kind) => {}
            Err(error) => {
                if error.why == Why::Cut && !remarks.contains(&Remark::MayBeLeft) {
                    remarks.push(Remark::MayBeLeft);
                }
                if !error.may_pass() {
                    of.0.files.remove(path).await?;
                }
                patience.wait(error, of.limits(), &way.meter).await?;
            }
        }
    }
}

/// What the object has to be.
struct Whole {
    crc64: u64,
    part: u64,
    kind: Option<SumKind>,
    /// The checksum of checksums, for kinds that S3 makes so.
    composite: Option<String>,
    /// The `ETag`, if all parts' are MD5s.
    etag: Option<String>,
    /// Whether each part's MD5 was compared.
    by_md5: bool,
    /// Whether the service confirmed each part's checksum.
    confirmed: bool,
}

impl Whole {
    fn of(have: &[Have], part: u64, kind: Option<SumKind>) -> Self {
        let all: Vec<_> = have.iter().map(|have| have.sums.clone()).collect();
        let md5s: Option<Vec<_>> = have
            .iter()
            .map(|have| if let Etag::Md5(md5) = Etag::read(&have.part.etag) { Some(md5.to_vec()) } else { None })
            .collect();
        let etag =
            md5s.map(|md5s| format!("{}-{}", sums::hex(&sums::digest_of_digests(Digest::Md5, &md5s)), md5s.len()));
        let others: Option<Vec<_>> = all.iter().map(|sums| sums.other.clone()).collect();
        let composite = others
            .filter(|_| kind == Some(SumKind::Crc32C))
            .map(|crcs| sums::base64(&sums::digest_of_digests(Digest::Crc(Crc::Crc32C), &crcs)));
        Self {
            crc64: sums::crc64_of(&all),
            part,
            kind,
            composite,
            etag,
            by_md5: have.iter().all(|have| have.by_md5),
            confirmed: have.iter().all(|have| have.confirmed),
        }
    }

    fn sum(&self) -> Option<Sum> {
        (self.kind == Some(SumKind::Crc64Nvme)).then(|| Sum::Crc64Nvme(Crc::Crc64Nvme.text(self.crc64)))
    }

    /// What the service's words about the object prove; an error where they contradict.
    fn proof(&self, written: &Checksums, etag: Option<&str>) -> Result<Option<Proof>, ()> {
        if let Some(text) = &written.crc64nvme {
            let right = *text == Crc::Crc64Nvme.text(self.crc64);
            return if right { Ok(Some(Proof::Whole(Digest::Crc(Crc::Crc64Nvme)))) } else { Err(()) };
        }
        if let (Some(mine), Some(its)) = (&self.composite, &written.crc32c) {
            let its = its.split_once('-').map_or(its.as_str(), |(its, _)| its);
            if mine == its {
                return Ok(Some(Proof::Composite(Digest::Crc(Crc::Crc32C), self.part)));
            }
        }
        let same = etag.is_some() && etag == self.etag.as_deref();
        Ok((same && self.by_md5).then_some(Proof::EtagParts(self.part)))
    }

    async fn check(&self, of: &Transfers, way: &Way, job: &Upload, written: &Written) -> Result<Verified, Trouble> {
        if let Some(proof) = self.proof(&written.checksums, written.etag.as_deref()).map_err(|()| wrong(job))? {
            return Ok(Verified::by(proof));
        }
        let at = At { version: written.version.clone(), ..job.to.clone() };
        let seen = patiently!(of.limits(), &way.meter, of.0.objects.head(&at)).ok();
        if let Some(seen) = &seen
            && let Some(proof) = self.proof(&seen.checksums, seen.etag.as_deref()).map_err(|()| wrong(job))?
        {
            return Ok(Verified::by(proof));
        }
        let why = if seen.is_some_and(|seen| seen.encrypted) { Unproven::Encrypted } else { Unproven::NoChecksum };
        let by = self.kind.filter(|_| self.confirmed).map(|kind| Proof::EachPart(super::habit::digest(kind)));
        Ok(Verified { by, what_not: Some(why) })
    }
}

enum Completed {
    Written(Written),
    /// There is no such upload, and the object is not ours.
    Gone,
    /// A condition does not hold.
    Taken,
}

async fn complete(
    of: &Transfers,
    way: &Way,
    job: &Upload,
    upload: &objects::Upload,
    have: &[Have],
    whole: &Whole,
) -> Result<Completed, Trouble> {
    let parts: Vec<Part> = have.iter().map(|have| have.part.clone()).collect();
    let mut patience = Patience::new();
    let mut sum = whole.sum();
    loop {
        way.gate.pass().await;
        match of.0.objects.complete(upload, &parts, sum.clone(), &job.only).await {
            Ok(written) => return Ok(Completed::Written(written)),
            // An earlier request may have been carried out without its answer: then it is there.
            Err(error) if matches!(error.why, Why::Missing | Why::Changed) => {
                if let Ok(info) = patiently!(of.limits(), &way.meter, of.0.objects.head(&job.to)) {
                    let same_etag = info.etag.is_some() && info.etag == whole.etag;
                    let same_crc = info.checksums.crc64nvme == Some(Crc::Crc64Nvme.text(whole.crc64));
                    if same_etag || same_crc {
                        let ObjectInfo { etag, version, checksums, .. } = info;
                        // Where it was there before us our own upload is still open.
                        if error.why == Why::Changed {
                            patiently!(of.limits(), &way.meter, of.0.objects.abort(upload))?;
                        }
                        return Ok(Completed::Written(Written { etag, version, checksums }));
                    }
                }
                return Ok(if error.why == Why::Missing { Completed::Gone } else { Completed::Taken });
            }
            // Not every service takes the checksum of the whole here.
            Err(error) if matches!(error.why, Why::Unsupported | Why::Refused) && sum.is_some() => sum = None,
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    }
}

/// What a journal notes of a part that was sent.
pub(super) fn line(have: &Have) -> Line {
    Line::Sent { part: have.part.number, etag: have.part.etag.clone(), crc: crc_text(have.sums.crc64) }
}
