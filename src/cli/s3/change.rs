//! `s3 cp`, `s3 mv`, `s3 rm` and `s3 verify`.

use super::super::output;
use super::args::{Carry, Copy, Rm, Verify};
use super::out::{Out, number, size};
use super::way::Way;
use super::{Done, Ended, in_bucket};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::{At, OnlyIf};
use crate::registry::change::{self, DeletePlan, Scope};
use crate::registry::transfer::{self, read_through, verify_file};
use serde_json::json;
use std::fmt::Write as _;

/// What is still there is shown as far as that.
const SHOWN: usize = 20;

fn usage(message: impl Into<String>, help: &str) -> Ended {
    Ended::Usage(Failure::permanent(message).help(help))
}

/// `s3 cp` and `s3 mv`.
pub async fn copy(way: &Way<'_>, mut out: Out, args: &Copy, moves: bool) -> Done {
    let (from, to) = (in_bucket(&args.from)?, in_bucket(&args.to)?);
    if from.place != to.place {
        return Err(usage("both have to be at the same service", "Fetch it with `s3 get` and send it with `s3 put`."));
    }
    if from.key.is_empty() || from.key.ends_with('/') {
        return Err(usage("no object is named", "Copies are made one object at a time."));
    }
    let name = from.key.rsplit('/').next().unwrap_or_default();
    let key = if to.key.is_empty() || to.key.ends_with('/') { format!("{}{name}", to.key) } else { to.key };
    let of = way.transfers(&from.place, true, &Carry::default()).await?;
    let only = if args.replace { OnlyIf::Always } else { OnlyIf::Absent };
    let (from, to) = (At { version: args.version.clone(), ..At::new(from.bucket, from.key) }, At::new(to.bucket, key));
    if moves && from.version.is_some() {
        return Err(usage("a version cannot be moved", "Copy it, and delete it with `s3 rm --all-versions`."));
    }
    let free = transfer::Way::free();
    let copied = if moves {
        change::move_to(&of, &free, &from, &to, &only).await?
    } else {
        change::copy(&of, &free, &from, &to, None, &only).await?
    };
    let what = if moves { "moved" } else { "copied" };
    let line = || {
        format!(
            "{what} {} to {}: {}, {}",
            visible(&from.key),
            visible(&to.key),
            size(copied.size),
            copied.verified.words()
        )
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

/// What a deletion comes to, in words.
fn words(plan: &DeletePlan) -> String {
    let mut line = format!("{} objects, {}", number(plan.objects), size(plan.bytes));
    if plan.scope == Scope::AllVersions {
        let _ =
            write!(line, ", {} versions and {} delete markers, for good", number(plan.versions), number(plan.markers));
    } else if plan.can_be_undone() {
        line.push_str("; their versions stay and take their space, and can be had back");
    } else {
        line.push_str(", for good");
    }
    line
}

/// `s3 rm`.
pub async fn rm(way: &Way<'_>, mut out: Out, args: &Rm) -> Done {
    let address = in_bucket(&args.address)?;
    let key = address.key.clone();
    let whole = key.is_empty() || key.ends_with('/');
    if whole && !args.recursive {
        return Err(usage("everything under a prefix is meant", "Say -r."));
    }
    let key = if args.recursive && !whole { format!("{key}/") } else { key };
    let of = way.transfers(&address.place, true, &Carry::default()).await?;
    let free = transfer::Way::free();
    let scope = if args.all_versions { Scope::AllVersions } else { Scope::Current };
    let plan = change::plan_delete(&of, &free, &address.bucket, std::slice::from_ref(&key), scope).await?;
    for doubt in &plan.doubts {
        output::talk(&format!("warning: the service's list of keys cannot be right: {doubt:?}"));
    }
    let counts = || json!({"objects": plan.objects, "bytes": plan.bytes, "versions": plan.versions, "markers": plan.markers, "undo": plan.can_be_undone()});
    if plan.doomed.is_empty() || args.dry_run {
        out.row("would-delete", || words(&plan), counts)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let name = if key.is_empty() { address.bucket.clone() } else { format!("{}/{key}", address.bucket) };
    output::talk(&format!("to be deleted: {}: {}", visible(&name), words(&plan)));
    if !args.yes && !way.typed(&name).await? {
        let failure = Failure::needs_human("nothing was deleted: the name was not typed");
        return Err(Ended::Failure(failure.help("Type the name as it stands, or say --yes.")));
    }
    let gone = change::delete(&of, &free, &plan, |_| {}).await;
    for (doomed, error) in gone.failed.iter().take(SHOWN) {
        output::talk(&format!("still there: {}: {error}", visible(&doomed.key)));
    }
    let line = || {
        let mut line = format!("deleted {}", number(gone.done));
        if gone.markers > 0 {
            let _ = write!(line, ", {} of them behind delete markers", number(gone.markers));
        }
        if gone.left > 0 || !gone.failed.is_empty() {
            let _ = write!(line, "; {} are still there", number(gone.left + gone.failed.len() as u64));
        }
        line
    };
    let failed: Vec<_> = gone
        .failed
        .iter()
        .map(|(d, e)| json!({"key": d.key, "version": d.version, "message": e.failure.line()}))
        .collect();
    out.row(
        "deleted",
        line,
        || json!({"done": gone.done, "markers": gone.markers, "left": gone.left, "failures": failed}),
    )?;
    out.flush()?;
    Ok(if gone.left == 0 && gone.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// `s3 verify`.
pub async fn verify(way: &Way<'_>, mut out: Out, args: &Verify) -> Done {
    let address = in_bucket(&args.address)?;
    if address.key.is_empty() {
        return Err(usage("no object is named", "Name its key behind the bucket."));
    }
    let of = way.transfers(&address.place, false, &Carry::default()).await?;
    let (at, free) = (At::new(address.bucket, address.key), transfer::Way::free());
    let verified = match &args.file {
        Some(file) => verify_file(&of, &free, &at, file).await?,
        None => read_through(&of, &free, &at, |_| Ok(())).await?.verified,
    };
    let line = || format!("{}: {}", visible(&at.key), verified.words());
    out.row("verified", line, || json!({"key": at.key, "verified": verified.by.is_some(), "how": verified.words()}))?;
    out.flush()?;
    // Nothing was compared: that is no proof, and no command that a script may take for one.
    Ok(if verified.by.is_some() { Exit::Done } else { Exit::Failed })
}
