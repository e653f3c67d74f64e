//! One part of an object on its way into a file.

use super::context::{Transfers, Way};
use super::journal::{Journal, Line, crc_text};
use super::patience::Patience;
use super::proof;
use super::sums::{Digest, PartHasher, PartSums};
use super::trouble::Trouble;
use super::verify::Want;
use crate::plan::Failure;
use crate::ports::local_files::{LocalError, LocalFile};
use crate::ports::objects::{At, GetQuery, Got, ObjectError, Why};
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// What a part holds in memory beside what is gathered: what the connection has read ahead.
const AHEAD: u64 = 1 << 20;

/// What is fetched, as it was when it was first asked about.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub at: At,
    pub etag: Option<String>,
    pub size: u64,
    /// The size of every part but the last.
    pub part: u64,
    /// Whether the service answers ranges; otherwise there is one part, from its begin.
    pub ranged: bool,
    pub want: Want,
    /// What each part is hashed with beside CRC-64.
    pub other: Option<Digest>,
}

impl Plan {
    pub(super) fn parts(&self) -> u64 {
        self.size.div_ceil(self.part.max(1))
    }

    pub(super) fn length(&self, part: u64) -> u64 {
        self.size.saturating_sub(part.saturating_mul(self.part)).min(self.part)
    }
}

/// Why a part is not there.
#[derive(Debug)]
pub(super) enum Stop {
    /// The object is another one than it was.
    Changed,
    /// The service gave the whole object where a range was asked for.
    NoRanges,
    /// It ends.
    Trouble(Trouble),
}

impl From<LocalError> for Stop {
    fn from(error: LocalError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Where a part goes.
#[derive(Clone)]
pub(super) struct Place {
    pub file: Arc<dyn LocalFile>,
    pub journal: Journal,
}

/// The part while it comes.
struct Coming<'a> {
    plan: &'a Plan,
    into: &'a Place,
    part: u64,
    /// Bytes of it that are in the file.
    have: u64,
    hasher: PartHasher,
    /// When it was last noted, and how many bytes of it there were.
    noted: (Instant, u64),
}

/// Fetches what is missing of a part. `noted` is what a journal says of it.
pub(super) async fn part(
    of: &Transfers,
    way: &Way,
    plan: &Plan,
    into: &Place,
    part: u64,
    noted: Option<(u64, u64)>,
) -> Result<PartSums, Stop> {
    let length = plan.length(part);
    let from = part * plan.part;
    let mut coming =
        Coming { plan, into, part, have: 0, hasher: PartHasher::new(plan.other), noted: (Instant::now(), 0) };
    if let Some((bytes, crc)) = noted.filter(|(bytes, _)| *bytes <= length && *bytes > 0) {
        let hasher = proof::hashed(&*into.file, from, bytes, coming.hasher.clone()).await?;
        let sums = hasher.sums();
        // A power cut may have kept the note and lost the bytes: then they are fetched again.
        if (sums.length, sums.crc64) == (bytes, crc) {
            (coming.have, coming.hasher, coming.noted.1) = (bytes, hasher, bytes);
            way.meter.kept(bytes);
        }
    }
    let mut patience = Patience::new();
    while coming.have < length {
        way.gate.pass().await;
        let lease = of.lease((of.limits().gather + AHEAD).min(length)).await;
        let before = coming.have;
        let result = coming.stream(of, way, length).await;
        drop(lease);
        if coming.have > before {
            patience.renew();
        }
        match result {
            Ok(()) => {}
            Err(Broken::Stop(stop)) => return Err(stop),
            Err(Broken::Asked(error)) if error.why == Why::Changed => return Err(Stop::Changed),
            Err(Broken::Asked(error)) => {
                if !plan.ranged {
                    // Without ranges it comes from its begin or not at all.
                    way.meter.lost(coming.have);
                    (coming.have, coming.hasher) = (0, PartHasher::new(plan.other));
                }
                patience.wait(error, of.limits(), &way.meter).await.map_err(|e| Stop::Trouble(e.into()))?;
            }
        }
    }
    Ok(coming.hasher.sums())
}

/// Why a stream ended before its end.
enum Broken {
    Asked(ObjectError),
    Stop(Stop),
}

impl Coming<'_> {
    async fn stream(&mut self, of: &Transfers, way: &Way, length: u64) -> Result<(), Broken> {
        let (from, limits) = (self.part * self.plan.part, of.limits());
        let range = self.plan.ranged.then_some((from + self.have, length - self.have));
        let query = GetQuery { at: self.plan.at.clone(), range, if_match: self.plan.etag.clone() };
        let got = of.0.objects.get(&query).await.map_err(Broken::Asked)?;
        self.is_the_same(&got, from).map_err(Broken::Stop)?;
        let mut body = got.body;
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut waiting = 0u64;
        loop {
            let next = tokio::time::timeout(limits.stall, body.next()).await;
            let ended = match next {
                Ok(Ok(Some(mut bytes))) => {
                    let room = length - self.have - waiting;
                    bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                    waiting += bytes.len() as u64;
                    way.meter.carried(bytes.len() as u64);
                    of.0.pace.take(bytes.len() as u64).await;
                    gathered.push(bytes);
                    None
                }
                Ok(Ok(None)) => Some(Err(cut("the service ended its answer too early"))),
                Ok(Err(error)) => Some(Err(error)),
                Err(_) => Some(Err(cut(format!("nothing came for {} s", limits.stall.as_secs())))),
            };
            let whole = self.have + waiting == length;
            if whole || ended.is_some() || waiting >= limits.gather {
                let bytes = std::mem::take(&mut waiting);
                if bytes > 0 {
                    self.keep(of, from, std::mem::take(&mut gathered), bytes).await.map_err(Broken::Stop)?;
                }
            }
            match ended {
                _ if whole => return Ok(()),
                Some(ended) => return ended.map_err(Broken::Asked),
                None => way.gate.pass().await,
            }
        }
    }

    /// Whether an answer is about the object that was asked for: not every service heeds `If-Match`.
    fn is_the_same(&self, got: &Got, from: u64) -> Result<(), Stop> {
        let other = matches!((&got.info.etag, &self.plan.etag), (Some(a), Some(b)) if a != b);
        if other || got.info.size != self.plan.size {
            return Err(Stop::Changed);
        }
        let wanted = if self.plan.ranged { from + self.have } else { 0 };
        if got.first == wanted {
            return Ok(());
        }
        if got.first == 0 {
            return Err(Stop::NoRanges);
        }
        let failure =
            Failure::permanent(format!("the service answered from byte {} where {wanted} was asked for", got.first));
        Err(Stop::Trouble(Trouble::new(super::trouble::End::Service(Why::Refused), failure)))
    }

    /// Brings what was gathered into the file, and notes it where the part is whole or time has passed.
    async fn keep(&mut self, of: &Transfers, from: u64, pieces: Vec<Bytes>, bytes: u64) -> Result<(), Stop> {
        for piece in &pieces {
            self.hasher.update(piece);
        }
        self.into.file.write_at(from + self.have, pieces).await?;
        self.have += bytes;
        let whole = self.have == self.plan.length(self.part);
        let (at, noted) = self.noted;
        let due = at.elapsed() >= of.limits().note_every || self.have.saturating_sub(noted) >= of.limits().note_bytes;
        if self.plan.ranged && (whole || due) {
            let crc = crc_text(self.hasher.sums().crc64);
            self.into.journal.note(&Line::Have { part: self.part, bytes: self.have, crc }).await?;
            self.noted = (Instant::now(), self.have);
        }
        Ok(())
    }
}

/// An answer that broke off.
pub(super) fn cut(message: impl Into<String>) -> ObjectError {
    ObjectError { why: Why::Cut, failure: Failure::unknown(message) }
}
