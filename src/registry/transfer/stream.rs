//! Bytes of unknown length into one object: standard input. They cannot be had a second time, so this is
//! not resumed; what does not end well leaves no upload behind.

use super::context::{Transfers, Way};
use super::download::Done;
use super::habit;
use super::patience::{Patience, patiently};
use super::sums::{self, Crc, Digest, Etag, PartHasher, PartSums};
use super::trouble::{End, Trouble};
use super::verify::{Proof, Unproven, Verified};
use crate::plan::Failure;
use crate::ports::local_files::WhyLocal;
use crate::ports::objects::{self, At, Notes, OnlyIf, Part, Sum, SumKind, Why, Written};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinSet;

/// Parts on their way at the same time.
const PARTS: usize = 3;

/// Sends everything that comes. What is longer than the parts that a service takes is refused when that shows.
pub async fn upload_stream(
    of: &Transfers,
    way: &Way,
    to: &At,
    notes: &Notes,
    only: &OnlyIf,
    mut input: impl AsyncRead + Unpin + Send,
) -> Result<Done, Trouble> {
    let part = of.limits().part.max(of.limits().part_at_least);
    let first = piece(&mut input, part).await?;
    if (first.len() as u64) < part {
        return in_one(of, way, to, notes, only, first).await;
    }
    let mut kind = of.0.habit.kind();
    let upload = loop {
        match patiently!(of.limits(), &way.meter, of.objects().begin_upload(to, notes, kind)) {
            Ok(upload) => break upload,
            Err(error) if matches!(error.why, Why::Unsupported | Why::Refused) && of.0.habit.refused(kind) => {
                kind = of.0.habit.kind();
            }
            Err(error) => return Err(error.into()),
        }
    };
    let sent = in_parts(of, way, &upload, kind, first, part, only, &mut input).await;
    if sent.is_err() {
        // The first trouble is said; what cannot be thrown away stands among the incomplete uploads.
        let _ = patiently!(of.limits(), &way.meter, of.objects().abort(&upload));
    }
    sent
}

async fn piece(input: &mut (impl AsyncRead + Unpin), length: u64) -> Result<Bytes, Trouble> {
    let mut out = Vec::new();
    let read = input.take(length).read_to_end(&mut out).await;
    read.map_err(|error| {
        let failure = Failure::permanent("what is to be sent cannot be read").because(error.to_string());
        Trouble::new(End::Local(WhyLocal::Other), failure)
    })?;
    Ok(out.into())
}

async fn in_one(
    of: &Transfers,
    way: &Way,
    to: &At,
    notes: &Notes,
    only: &OnlyIf,
    bytes: Bytes,
) -> Result<Done, Trouble> {
    let size = bytes.len() as u64;
    way.meter.expect(size);
    let mut patience = Patience::new();
    let (written, sum) = loop {
        let kind = of.0.habit.kind();
        let sum = kind.map(|kind| habit::sum(kind, &bytes));
        match of.objects().put(to, bytes.clone(), notes, sum.clone(), only).await {
            Ok(written) => break (written, sum),
            Err(error) if matches!(error.why, Why::Unsupported | Why::Refused) && of.0.habit.refused(kind) => {}
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    };
    way.meter.carried(size);
    let by_sum = sum.as_ref().is_some_and(|sum| habit::confirmed(sum, &written.checksums) == Some(true));
    let by_md5 = || {
        let md5 = sums::digest(Digest::Md5, &bytes);
        matches!(written.etag.as_deref().map(Etag::read), Some(Etag::Md5(its)) if its.as_slice() == md5)
    };
    let verified = match sum {
        Some(Sum::Crc64Nvme(_)) if by_sum => Verified::by(Proof::Whole(Digest::Crc(Crc::Crc64Nvme))),
        Some(Sum::Crc32C(_)) if by_sum => Verified::by(Proof::Whole(Digest::Crc(Crc::Crc32C))),
        _ if by_md5() => Verified::by(Proof::EtagMd5),
        _ => Verified::not(Unproven::NoChecksum),
    };
    let Written { etag, version, .. } = written;
    Ok(Done { size, carried: size, verified, etag, version, remarks: Vec::new() })
}

#[expect(clippy::too_many_arguments, reason = "they are what one upload is, and used once")]
async fn in_parts(
    of: &Transfers,
    way: &Way,
    upload: &objects::Upload,
    kind: Option<SumKind>,
    first: Bytes,
    part: u64,
    only: &OnlyIf,
    input: &mut (impl AsyncRead + Unpin),
) -> Result<Done, Trouble> {
    let mut running: JoinSet<Result<(Part, PartSums), Trouble>> = JoinSet::new();
    let mut sent = Vec::new();
    let (mut next, mut bytes) = (1u16, first);
    while !bytes.is_empty() {
        if u64::from(next) > of.limits().parts {
            let failure = Failure::permanent(format!("more came than {} parts of {part} bytes", of.limits().parts));
            return Err(Trouble::new(End::Impossible, failure.help("Put it into a file first and send that.")));
        }
        way.meter.expect(bytes.len() as u64);
        let (of, way, upload, number) = (of.clone(), way.clone(), upload.clone(), next);
        running.spawn(async move { one(&of, &way, &upload, number, kind, bytes).await });
        next += 1;
        while running.len() >= PARTS {
            sent.push(joined(running.join_next().await)?);
        }
        bytes = piece(input, part).await?;
    }
    while !running.is_empty() {
        sent.push(joined(running.join_next().await)?);
    }
    sent.sort_by_key(|(part, _)| part.number);
    let (parts, all): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    let crc = Crc::Crc64Nvme.text(sums::crc64_of(&all));
    let sum = (kind == Some(SumKind::Crc64Nvme)).then(|| Sum::Crc64Nvme(crc.clone()));
    let written = patiently!(of.limits(), &way.meter, of.objects().complete(upload, &parts, sum.clone(), only))?;
    let verified = match &written.checksums.crc64nvme {
        Some(its) if *its == crc => Verified::by(Proof::Whole(Digest::Crc(Crc::Crc64Nvme))),
        Some(_) => {
            let failure = Failure::permanent(format!("the object {} is not what was sent", upload.key));
            return Err(Trouble::new(End::Corrupt, failure));
        }
        None => {
            Verified { by: kind.map(|kind| Proof::EachPart(habit::digest(kind))), what_not: Some(Unproven::NoChecksum) }
        }
    };
    let size = all.iter().map(|part| part.length).sum();
    let Written { etag, version, .. } = written;
    Ok(Done { size, carried: size, verified, etag, version, remarks: Vec::new() })
}

fn joined<T>(ended: Option<Result<Result<T, Trouble>, tokio::task::JoinError>>) -> Result<T, Trouble> {
    let broken = || Trouble::new(End::Service(Why::Refused), Failure::permanent("a part's work was broken off"));
    ended.ok_or_else(broken)?.map_err(|_| broken())?
}

async fn one(
    of: &Transfers,
    way: &Way,
    upload: &objects::Upload,
    number: u16,
    kind: Option<SumKind>,
    bytes: Bytes,
) -> Result<(Part, PartSums), Trouble> {
    let size = bytes.len() as u64;
    let mut hasher = PartHasher::new(kind.map(habit::digest));
    hasher.update(&bytes);
    let sums = hasher.sums();
    let sum = kind.map(|kind| habit::sum_of(kind, &sums));
    let part = patiently!(of.limits(), &way.meter, of.objects().send_part(upload, number, bytes.clone(), sum.clone()))?;
    way.meter.carried(size);
    Ok((Part { number, ..part }, sums))
}
