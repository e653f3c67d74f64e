//! `s3 uploads`: uploads in parts that were begun and neither completed nor thrown away. Their parts take space.

use super::super::output;
use super::args::{Carry, PREFIX};
use super::list::warn;
use super::out::{Out, number, time};
use super::way::Way as To;
use super::{Done, SHOWN};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::base::{Clock as _, SystemClock};
use crate::cli::args::duration;
use crate::ports::objects::UploadRow;
use crate::registry::transfer::Way;
use crate::registry::{change, paged};
use clap::Args;
use serde_json::json;
use std::time::Duration;

/// `s3 uploads`.
#[derive(Debug, Args)]
pub struct Uploads {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
    /// Only those that were begun longer ago, as in 30m or 24h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub older: Option<Duration>,
    /// Throw them away: what they have sent is gone for good
    #[arg(long)]
    pub abort: bool,
    /// Do not ask for the name to be typed
    #[arg(long, requires = "abort")]
    pub yes: bool,
}

/// Whether an upload is that old by this computer's clock. One whose begin is not known is not.
fn is_older(row: &UploadRow, than: Option<Duration>, now_ms: u64) -> bool {
    let Some(than) = than else { return true };
    let begun = row.begun.and_then(|begun| u64::try_from(begun).ok());
    begun.is_some_and(|begun| (now_ms / 1000).saturating_sub(begun) >= than.as_secs())
}

/// `s3 uploads`.
pub async fn uploads(way: &To<'_>, mut out: Out, args: &Uploads) -> Done {
    let address = super::in_bucket(&args.address)?;
    let of = way.transfers(&address.place, args.abort, &Carry::default()).await?;
    let mut rows = Vec::new();
    let doubts = paged::uploads(&**of.objects(), &address.bucket, &address.key, |page| rows.extend(page)).await?;
    warn(&doubts);
    let (now, all) = (SystemClock.now_ms(), rows.len());
    rows.retain(|row| is_older(row, args.older, now));
    for row in &rows {
        let line = || format!("{}  {}  {}", time(row.begun), visible(&row.id), visible(&row.key));
        out.row("upload", line, || json!({"key": row.key, "upload": row.id, "begun": row.begun}))?;
    }
    out.flush()?;
    if rows.is_empty() {
        let what = if all == 0 { "there are none that the service lists" } else { "none is that old" };
        output::talk(what);
    }
    if let Some(doubt) = doubts.iter().find(|doubt| doubt.ends()) {
        return super::list::ended(crate::registry::listing::End::Stopped(*doubt));
    }
    if !args.abort || rows.is_empty() {
        return Ok(Exit::Done);
    }
    let name = super::named(&address.bucket, &address.key);
    output::talk(&format!(
        "to be thrown away: {}: {} uploads; whoever still sends one has to begin again",
        visible(&name),
        number(rows.len() as u64)
    ));
    way.agreed(args.yes, &name, "nothing was thrown away").await?;
    let aborted = change::abort_uploads(&of, &Way::free(), &address.bucket, rows).await;
    let failed: Vec<_> = aborted.iter().filter_map(|(row, result)| Some((row, result.as_ref().err()?))).collect();
    for (row, error) in failed.iter().take(SHOWN) {
        output::talk(&format!("still there: {} of {}: {error}", visible(&row.id), visible(&row.key)));
    }
    let done = (aborted.len() - failed.len()) as u64;
    let failures: Vec<_> =
        failed.iter().map(|(row, e)| json!({"key": row.key, "upload": row.id, "message": e.failure.line()})).collect();
    let line = || match failed.len() {
        0 => format!("thrown away {}", number(done)),
        many => format!("thrown away {}; {} are still there", number(done), number(many as u64)),
    };
    out.row("aborted", line, || json!({"done": done, "failures": failures}))?;
    out.flush()?;
    Ok(super::unless_failed(failed.iter().map(|(_, error)| error.why), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_without_a_begin_is_never_old() {
        let row = |begun| UploadRow { key: "k".into(), id: "u".into(), begun };
        let hour = Some(Duration::from_hours(1));
        assert!(is_older(&row(Some(0)), hour, 3_600_000) && !is_older(&row(Some(1)), hour, 3_600_000));
        assert!(!is_older(&row(None), hour, u64::MAX) && is_older(&row(None), None, 0));
    }
}
