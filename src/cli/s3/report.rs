//! `s3 du`.

use super::super::output;
use super::args::Du;
use super::list::warn;
use super::out::{Out, number, size};
use super::told::Told;
use super::way::Way;
use super::{Done, in_bucket};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::ObjectError;
use crate::registry::usage::{Sum, Usage, count};
use serde_json::{Value, json};

fn fields(sum: &Sum) -> Value {
    json!({
        "objects": sum.objects, "bytes": sum.bytes, "old": sum.old, "old_bytes": sum.old_bytes,
        "markers": sum.markers, "uploads": sum.uploads, "upload_bytes": sum.upload_bytes,
    })
}

fn row(out: &mut Out, kind: &str, name: &str, sum: &Sum) -> std::io::Result<()> {
    let line = || {
        format!(
            "{:>9} {:>9} {:>9} {:>9}  {}",
            size(sum.all_bytes()),
            size(sum.bytes),
            size(sum.old_bytes),
            size(sum.upload_bytes),
            visible(name)
        )
    };
    out.row(kind, line, || {
        let mut value = fields(sum);
        value["name"] = json!(name);
        value
    })
}

/// How far the count has come.
fn so_far(usage: &Usage) -> String {
    let sum = usage.total();
    let seen = sum.objects + sum.old + sum.markers + sum.uploads;
    format!("counted so far: {} rows, {}", number(seen), size(sum.all_bytes()))
}

/// `s3 du`.
pub async fn du(way: &Way<'_>, mut out: Out, args: &Du) -> Done {
    let address = in_bucket(&args.address)?;
    let reached = way.to(&address.place).await?;
    let depth = usize::from(args.depth);
    let mut usage = Usage::new(&address.key, depth);
    let mut told = Told::new();
    let counted = count(&*reached.objects, &address.bucket, &mut usage, |usage| told.tell(|| so_far(usage))).await;
    drop(told);
    warn(&usage.doubts);
    if !out.json() {
        out.bytes(format!("{:>9} {:>9} {:>9} {:>9}\n", "all", "current", "old", "uploads").as_bytes())?;
    }
    for line in usage.lines("", depth) {
        row(&mut out, "usage", &line.name, &line.sum)?;
    }
    if *usage.rest() != Sum::default() {
        row(&mut out, "usage-rest", "(all others)", usage.rest())?;
    }
    let total = *usage.total();
    let line = || {
        format!(
            "{:>9} {:>9} {:>9} {:>9}  in all: {} objects, {} old versions, {} delete markers, {} unfinished uploads that are listed",
            size(total.all_bytes()),
            size(total.bytes),
            size(total.old_bytes),
            size(total.upload_bytes),
            number(total.objects),
            number(total.old),
            number(total.markers),
            number(total.uploads)
        )
    };
    let complete = counted.is_ok() && usage.complete;
    out.row("usage-total", line, || {
        let mut value = fields(&total);
        value["complete"] = json!(complete);
        value["without_versions"] = json!(usage.without_versions.as_ref().map(|e| &e.failure));
        value["without_uploads"] = json!(usage.without_uploads.as_ref().map(|e| &e.failure));
        value
    })?;
    out.flush()?;
    if let Some(error) = &usage.without_versions {
        output::talk(&format!("warning: old versions are not counted: {}", error.failure.line()));
    }
    if let Some(error) = &usage.without_uploads {
        output::talk(&format!("warning: unfinished uploads are not counted: {}", error.failure.line()));
    }
    counted.map_err(|error| {
        let failure = error.failure.context("only a part was counted");
        ObjectError { failure, ..error }
    })?;
    if usage.doubts.iter().any(|doubt| doubt.ends()) {
        return Err(Failure::permanent("the count may be short: the service's lists do not end").into());
    }
    Ok(Exit::Done)
}
