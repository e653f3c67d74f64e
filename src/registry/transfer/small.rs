//! A small object: one request, its bytes in memory, its file landed together with others.

use super::context::{Transfers, Way};
use super::fetch::cut;
use super::patience::Patience;
use super::proof;
use super::trouble::Trouble;
use super::verify::{self, Verdict, Verified};
use crate::ports::objects::{At, GetQuery, ObjectError, ObjectInfo, Why};
use bytes::Bytes;

/// A small object that came.
pub(super) struct Came {
    pub info: ObjectInfo,
    pub pieces: Vec<Bytes>,
    pub verdict: Verdict,
}

/// What became of asking for it.
pub(super) enum Asked {
    /// It is here.
    Came(Box<Came>),
    /// It is larger than a small one by now.
    Large,
    /// It is another one than was listed.
    Changed,
}

/// Reads all of an object that was small when it was last seen.
pub(super) async fn read(of: &Transfers, way: &Way, at: &At, etag: Option<&str>, size: u64) -> Result<Asked, Trouble> {
    let query = GetQuery { at: at.clone(), range: None, if_match: etag.map(str::to_owned) };
    let mut patience = Patience::new();
    loop {
        way.gate.pass().await;
        let lease = of.lease(size.max(1)).await;
        let mut carried = 0;
        let result = once(of, way, &query, &mut carried).await;
        drop(lease);
        match result {
            Ok(asked) => return Ok(asked),
            Err(error) if error.why == Why::Changed => return Ok(Asked::Changed),
            Err(error) => {
                way.meter.lost(carried);
                patience.wait(error, of.limits(), &way.meter).await?;
            }
        }
    }
}

async fn once(of: &Transfers, way: &Way, query: &GetQuery, carried: &mut u64) -> Result<Asked, ObjectError> {
    let mut got = of.0.objects.get(query).await?;
    if query.if_match.is_some() && got.info.etag.is_some() && got.info.etag != query.if_match {
        return Ok(Asked::Changed);
    }
    if got.info.size > of.limits().small {
        return Ok(Asked::Large);
    }
    let mut pieces = Vec::new();
    loop {
        match tokio::time::timeout(of.limits().stall, got.body.next()).await {
            Ok(Ok(Some(bytes))) => {
                let bytes = bytes.slice(..bytes.len().min(usize::try_from(got.info.size - *carried).unwrap_or(0)));
                *carried += bytes.len() as u64;
                way.meter.carried(bytes.len() as u64);
                of.0.pace.take(bytes.len() as u64).await;
                pieces.push(bytes);
            }
            Ok(Ok(None)) if *carried == got.info.size => break,
            Ok(Ok(None)) => return Err(cut("the service ended its answer too early")),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(cut(format!("nothing came for {} s", of.limits().stall.as_secs()))),
        }
    }
    let want = verify::want(&got.info);
    let verdict = proof::of_pieces(&want, &pieces);
    Ok(Asked::Came(Box::new(Came { info: got.info, pieces, verdict })))
}

impl Came {
    /// What comparing said; `None` where the bytes are wrong.
    pub(super) fn verified(&self) -> Option<Verified> {
        if let Verdict::Settled(verified) = &self.verdict { Some(verified.clone()) } else { None }
    }
}
