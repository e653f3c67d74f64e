//! `s3 undelete` and `s3 restore`: what was deleted or replaced comes back, where versions are kept.

use super::super::output;
use super::args::{Carry, EITHER, OBJECT};
use super::out::{Out, number, size};
use super::way::Way as To;
use super::{Done, Ended, one};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::ports::objects::At;
use crate::registry::again::again;
use crate::registry::change;
use crate::registry::transfer::Way;
use clap::Args;
use serde_json::json;

/// `s3 undelete`.
#[derive(Debug, Args)]
pub struct Undelete {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = EITHER)]
    pub address: String,
    /// Everything under the prefix
    #[arg(long, short)]
    pub recursive: bool,
    /// Say what comes back, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `s3 restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// The version that becomes the current one; `s3 versions` lists them
    #[arg(long, value_name = "ID")]
    pub version: String,
}

/// `s3 undelete`.
pub async fn undelete(way: &To<'_>, mut out: Out, args: &Undelete) -> Done {
    let address = super::in_bucket(&args.address)?;
    let key = super::meant(&address.key, args.recursive)?;
    let of = way.transfers(&address.place, true, &Carry::default()).await?;
    let free = Way::free();
    let plan = change::plan_undelete(&of, &free, &address.bucket, &key).await?;
    super::doubtful(&plan.doubts);
    if plan.doomed.is_empty() && !args.recursive {
        // It is there, or it never was.
        let at = At::new(address.bucket, key);
        again(|| of.objects().head(&at)).await.map_err(|error| {
            let failure = error.failure.context(format!("there is no version of {} to be had back", visible(&at.key)));
            Ended::Failure(failure.help("The service keeps none, or all were deleted for good."))
        })?;
        output::talk("it is not deleted");
        return Ok(Exit::Done);
    }
    if args.dry_run {
        let line = || format!("{} objects come back, {}", number(plan.objects), size(plan.bytes));
        out.row("would-undelete", line, || json!({"objects": plan.objects, "bytes": plan.bytes}))?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let gone = change::delete(&of, &free, &plan, |_| {}).await;
    for (doomed, error) in gone.failed.iter().take(super::SHOWN) {
        output::talk(&format!("still deleted: {}: {error}", visible(&doomed.key)));
    }
    let whole = gone.left == 0 && gone.failed.is_empty();
    let line = || {
        let more = if whole { "" } else { " at most; some delete markers are still there" };
        format!("{} objects are there again{more}", number(plan.objects))
    };
    let failures: Vec<_> =
        gone.failed.iter().map(|(d, e)| json!({"key": d.key, "message": e.failure.line()})).collect();
    out.row("undeleted", line, || {
        json!({"objects": plan.objects, "bytes": plan.bytes, "markers": gone.done, "left": gone.left, "failures": failures})
    })?;
    out.flush()?;
    Ok(super::unless_failed(gone.failed.iter().map(|(_, error)| error.why), gone.left))
}

/// `s3 restore`.
pub async fn restore(way: &To<'_>, mut out: Out, args: &Restore) -> Done {
    let (of, at) = one(way, &args.address, Some(&args.version), true).await?;
    let made = change::restore(&of, &Way::free(), &at).await?;
    let line = || format!("restored {}: {}, {}", visible(&at.key), size(made.size), made.verified.words());
    out.row("restored", line, || {
        json!({
            "key": at.key, "from": args.version, "size": made.size, "verified": made.verified.by.is_some(),
            "how": made.verified.words(), "etag": made.etag, "version": made.version,
        })
    })?;
    out.flush()?;
    Ok(Exit::Done)
}
