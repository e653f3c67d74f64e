//! `s3 cp` and `s3 mv`: one object, or everything under a prefix.

use super::super::output;
use super::args::{Carry, EITHER};
use super::out::{Out, number, size};
use super::told::Told;
use super::way::Way;
use super::{Done, SHOWN, in_bucket, usage};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::{At, OnlyIf};
use crate::registry::address::Address;
use crate::registry::change::{self, CopyPlan, CopyReport};
use crate::registry::transfer::{self, IfThere, Transfers};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

/// `s3 cp`.
#[derive(Debug, Args)]
pub struct Copy {
    /// Of what.
    #[arg(value_name = "FROM", help = EITHER)]
    pub from: String,
    /// Where to.
    #[arg(value_name = "TO", help = EITHER)]
    pub to: String,
    /// This version, and not the current one
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    pub version: Option<String>,
    /// Everything under the prefix; what is there with the same bytes counts as done
    #[arg(long, short)]
    pub recursive: bool,
    /// Replace what is there
    #[arg(long)]
    pub replace: bool,
    /// Say what -r comes to, and copy nothing
    #[arg(long, requires = "recursive")]
    pub dry_run: bool,
}

/// `s3 mv`.
#[derive(Debug, Args)]
pub struct Move {
    /// What and where to.
    #[command(flatten)]
    pub copy: Copy,
    /// With -r, do not ask for the name to be typed
    #[arg(long)]
    pub yes: bool,
}

/// `s3 cp`.
pub async fn cp(way: &Way<'_>, out: Out, args: &Copy) -> Done {
    let (of, from, to) = reached(way, args).await?;
    if args.recursive {
        return prefix(way, out, args, &of, (from, to), None).await;
    }
    let (from, to) = one(args, from, to);
    let copied = change::copy(&of, &transfer::Way::free(), &from, &to, None, &only(args)).await?;
    said(out, "copied", &from, &to, &copied)
}

/// `s3 mv`.
pub async fn mv(way: &Way<'_>, out: Out, args: &Move) -> Done {
    let (of, from, to) = reached(way, &args.copy).await?;
    if args.copy.recursive {
        return prefix(way, out, &args.copy, &of, (from, to), Some(args.yes)).await;
    }
    let (from, to) = one(&args.copy, from, to);
    if from.version.is_some() {
        return Err(usage("a version cannot be moved", "Copy it, and delete it with `s3 rm --all-versions`."));
    }
    let copied = change::move_to(&of, &transfer::Way::free(), &from, &to, &only(&args.copy)).await?;
    said(out, "moved", &from, &to, &copied)
}

fn only(args: &Copy) -> OnlyIf {
    if args.replace { OnlyIf::Always } else { OnlyIf::Absent }
}

async fn reached(way: &Way<'_>, args: &Copy) -> Result<(Transfers, Address, Address), super::Ended> {
    let (from, to) = (in_bucket(&args.from)?, in_bucket(&args.to)?);
    if from.place != to.place {
        return Err(usage("both have to be at the same service", "Fetch it with `s3 get` and send it with `s3 put`."));
    }
    let whole = from.key.is_empty() || from.key.ends_with('/');
    if whole && !args.recursive {
        return Err(usage("everything under a prefix is meant", "Say -r."));
    }
    Ok((way.transfers(&from.place, true, &Carry::default()).await?, from, to))
}

/// One object and where its copy goes: below a prefix it keeps its name.
fn one(args: &Copy, from: Address, to: Address) -> (At, At) {
    let name = from.key.rsplit('/').next().unwrap_or_default();
    let key = if to.key.is_empty() || to.key.ends_with('/') { format!("{}{name}", to.key) } else { to.key };
    (At { version: args.version.clone(), ..At::new(from.bucket, from.key) }, At::new(to.bucket, key))
}

fn said(mut out: Out, what: &str, from: &At, to: &At, copied: &change::Copied) -> Done {
    let line = || {
        let (from, to) = (visible(&from.key), visible(&to.key));
        format!("{what} {from} to {to}: {}, {}", size(copied.size), copied.verified.words())
    };
    out.row(what, line, || {
        json!({
            "from": from.key, "key": to.key, "size": copied.size, "verified": copied.verified.by.is_some(),
            "how": copied.verified.words(), "etag": copied.etag, "version": copied.version,
        })
    })?;
    out.flush()?;
    Ok(Exit::Done)
}

fn words(plan: &CopyPlan) -> String {
    let mut line = format!("{} objects, {} to be copied", number(plan.jobs.len() as u64), size(plan.bytes));
    if plan.there > 0 {
        let _ = write!(line, "; {} are there already", number(plan.there));
    }
    line
}

/// Everything under a prefix. `moves` says that the sources go, and whether that was agreed to beforehand.
async fn prefix(
    way: &Way<'_>,
    mut out: Out,
    args: &Copy,
    of: &Transfers,
    (from, to): (Address, Address),
    moves: Option<bool>,
) -> Done {
    let as_prefix = |at: Address| At::new(at.bucket, super::as_prefix(&at.key));
    let (from, to) = (as_prefix(from), as_prefix(to));
    let free = transfer::Way::free();
    let if_there = if args.replace { IfThere::Replace } else { IfThere::KeepSame };
    let plan = change::plan_copy(of, &free, &from, &to, if_there).await?;
    super::doubtful(&plan.doubts);
    if !plan.clashes.is_empty() {
        for key in plan.clashes.iter().take(SHOWN) {
            output::talk(&format!("something else is there: {}", visible(key)));
        }
        let failure = Failure::needs_human(format!(
            "{} of {} cannot be copied",
            number(plan.clashes.len() as u64),
            number(plan.jobs.len() as u64)
        ));
        return Err(failure.help("Nothing was begun. Choose another prefix, or say --replace.").into());
    }
    let objects = plan.jobs.len() as u64;
    if objects == 0 || args.dry_run {
        let line = || if objects == 0 { "nothing begins so".to_owned() } else { words(&plan) };
        out.row("planned", line, || json!({"objects": objects, "bytes": plan.bytes, "there": plan.there}))?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    if let Some(agreed) = moves {
        let name = super::named(&from.bucket, &from.key);
        output::talk(&format!("to be moved: {}: {}", visible(&name), words(&plan)));
        way.agreed(agreed, &name, "nothing was moved").await?;
    }
    let mut told = Told::new();
    let report = change::copy_all(of, &free, &plan, moves.is_some(), |report| {
        told.tell(|| format!("{} of {} objects, {}", number(report.done), number(objects), size(report.bytes)));
    })
    .await;
    drop(told);
    reported(out, &report, moves.is_some())
}

fn reported(mut out: Out, report: &CopyReport, moves: bool) -> Done {
    for (key, trouble) in report.failed.iter().take(SHOWN) {
        output::talk(&format!("failed: {}: {}", visible(key), trouble.failure.line()));
    }
    let line = || {
        let what = if moves { "moved" } else { "copied" };
        let mut line = format!("{what} {} objects, {}", number(report.done), size(report.bytes));
        if report.unverified > 0 {
            let _ = write!(line, "; {} could be compared with nothing", number(report.unverified));
        }
        if !report.is_whole() {
            let (failed, left) = (number(report.failed.len() as u64), number(report.left));
            let _ = write!(line, "; {failed} failed, {left} not begun");
        }
        line
    };
    let failures: Vec<_> =
        report.failed.iter().map(|(key, t)| json!({"key": key, "message": t.failure.line()})).collect();
    out.row("copies", line, || {
        json!({
            "does": if moves { "move" } else { "copy" }, "done": report.done, "bytes": report.bytes,
            "unverified": report.unverified, "left": report.left, "failures": failures,
        })
    })?;
    out.flush()?;
    if report.is_whole() {
        return Ok(Exit::Done);
    }
    let worst = report.failed.iter().map(|(_, trouble)| trouble.exit()).max().unwrap_or(1);
    output::talk("help: The same command goes on with what is missing.");
    Ok(super::exit(worst))
}
