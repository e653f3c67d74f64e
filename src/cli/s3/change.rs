//! `s3 rm` and `s3 verify`.

use super::super::output;
use super::args::{Carry, Rm, Verify};
use super::out::{Out, number, size};
use super::told::Told;
use super::way::Way;
use super::{Done, SHOWN, in_bucket, one};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::registry::change::{self, DeletePlan, Scope};
use crate::registry::transfer::{self, read_through, verify_file};
use serde_json::json;
use std::fmt::Write as _;

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
    let key = super::meant(&address.key, args.recursive)?;
    let of = way.transfers(&address.place, true, &Carry::default()).await?;
    let free = transfer::Way::free();
    let scope = if args.all_versions { Scope::AllVersions } else { Scope::Current };
    let plan = change::plan_delete(&of, &free, &address.bucket, std::slice::from_ref(&key), scope).await?;
    super::doubtful(&plan.doubts);
    let counts = || json!({"objects": plan.objects, "bytes": plan.bytes, "versions": plan.versions, "markers": plan.markers, "undo": plan.can_be_undone()});
    if plan.doomed.is_empty() || args.dry_run {
        out.row("would-delete", || words(&plan), counts)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let name = super::named(&address.bucket, &key);
    output::talk(&format!("to be deleted: {}: {}", visible(&name), words(&plan)));
    way.agreed(args.yes, &name, "nothing was deleted").await?;
    let (mut told, all) = (Told::new(), plan.doomed.len() as u64);
    let gone = change::delete(&of, &free, &plan, |gone| {
        told.tell(|| format!("{} of {} deleted", number(gone.done), number(all)));
    })
    .await;
    drop(told);
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
    Ok(super::unless_failed(gone.failed.iter().map(|(_, error)| error.why), gone.left))
}

/// `s3 verify`.
pub async fn verify(way: &Way<'_>, mut out: Out, args: &Verify) -> Done {
    let (of, at) = one(way, &args.address, None, false).await?;
    let free = transfer::Way::free();
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
