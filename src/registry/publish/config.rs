//! Writing a config: the one kind of write by which something comes to be served, or stops.
//!
//! The condition is told to the service (`If-None-Match`, `If-Match`), and not believed to be kept: what is there
//! is looked at before, and read again afterwards.

use super::Condition;
use super::look::ReadConfig;
use crate::plan::Failure;
use crate::ports::objects::{At, GetQuery, Notes, ObjectError, OnlyIf, Why};
use crate::registry::models::text as read;
use crate::registry::transfer::patience::{Patience, patiently};
use crate::registry::transfer::{End, Transfers, Trouble, Way};
use bytes::Bytes;

/// A config that is to be written.
pub(super) struct Write<'a> {
    pub at: At,
    pub text: &'a str,
    pub condition: &'a Condition,
    /// What is there by an earlier write of ours.
    pub ours: Option<&'a ReadConfig>,
}

/// What came of it.
pub(super) struct Wrote {
    /// What is there now.
    pub config: ReadConfig,
    /// Whether it was there before.
    pub was_there: bool,
}

/// The config that is there now.
pub(super) async fn now(of: &Transfers, way: &Way, at: &At) -> Result<Option<ReadConfig>, Trouble> {
    let query = GetQuery { at: at.clone(), range: None, if_match: None };
    match patiently!(of.limits(), &way.meter, read(&**of.objects(), &query)) {
        Ok((text, etag)) => Ok(Some(ReadConfig { text, etag })),
        Err(ObjectError { why: Why::Missing, .. }) => Ok(None),
        Err(error) => Err(Trouble::from(error).context(format!("{} cannot be read", at.key))),
    }
}

/// Whether what is there is what has to be.
pub(super) fn holds(condition: &Condition, ours: Option<&ReadConfig>, now: Option<&ReadConfig>) -> bool {
    match (ours, condition, now) {
        (Some(ours), _, Some(now)) => {
            ours.text == now.text && (ours.etag == now.etag || ours.etag.is_none() || now.etag.is_none())
        }
        (None, Condition::Absent, now) => now.is_none(),
        // A service without tags gives none to compare.
        (None, Condition::Unchanged(etag), Some(now)) => etag.is_empty() || now.etag.as_ref() == Some(etag),
        _ => false,
    }
}

pub(super) fn changed(at: &At) -> Trouble {
    let failure = Failure::needs_human(format!("{} is not what it was any more: somebody else wrote it", at.key));
    Trouble::new(End::Exists, failure.help("Look at it, then give the command again."))
}

/// Writes a config if its condition holds. One that is there already counts as written.
pub(super) async fn write(of: &Transfers, way: &Way, job: Write<'_>) -> Result<Wrote, Trouble> {
    let Write { at, text, condition, ours } = job;
    let before = now(of, way, &at).await?;
    if let Some(there) = before.as_ref().filter(|there| there.text == text) {
        return Ok(Wrote { config: there.clone(), was_there: true });
    }
    if !holds(condition, ours, before.as_ref()) {
        return Err(changed(&at));
    }
    let mut only = match &before {
        None => OnlyIf::Absent,
        Some(ReadConfig { etag: Some(etag), .. }) => OnlyIf::Matches(etag.clone()),
        Some(_) => OnlyIf::Always,
    };
    let notes = Notes { content_type: Some("text/plain; charset=utf-8".to_owned()), ..Notes::default() };
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    way.meter.expect(bytes.len() as u64);
    let mut patience = Patience::new();
    loop {
        way.gate.pass().await;
        match of.objects().put(&at, bytes.clone(), &notes, None, &only).await {
            Ok(_) => break,
            // It may have been carried out without its answer; and then the condition does not hold any more.
            Err(error) if matches!(error.why, Why::Cut | Why::Changed | Why::Missing) => {
                let there = now(of, way, &at).await?;
                if there.as_ref().is_some_and(|there| there.text == text) {
                    break;
                }
                if error.why == Why::Changed || there != before {
                    return Err(changed(&at));
                }
                patience.wait(error, of.limits(), &way.meter).await?;
            }
            Err(error) if error.why == Why::Unsupported && only != OnlyIf::Always => only = OnlyIf::Always,
            Err(error) => patience.wait(error, of.limits(), &way.meter).await?,
        }
    }
    way.meter.carried(bytes.len() as u64);
    match now(of, way, &at).await? {
        Some(there) if there.text == text => Ok(Wrote { config: there, was_there: false }),
        _ => Err(changed(&at)),
    }
}
