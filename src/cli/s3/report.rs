//! `s3 du`.

use super::super::output;
use super::args::Du;
use super::list::warn;
use super::out::{Out, number, size};
use super::way::Way;
use super::{Done, in_bucket};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::registry::usage::{Sum, Usage, count};
use serde_json::{Value, json};
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a terminal is told how far the count has come.
const TOLD: Duration = Duration::from_millis(500);

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

/// Says on a terminal how far it has come.
struct Told {
    last: Option<Instant>,
    terminal: bool,
}

impl Told {
    fn tell(&mut self, usage: &Usage) {
        if !self.terminal || self.last.is_some_and(|at| at.elapsed() < TOLD) {
            return;
        }
        self.last = Some(Instant::now());
        let sum = usage.total();
        let seen = sum.objects + sum.old + sum.markers + sum.uploads;
        let _ = write!(std::io::stderr(), "\r\x1b[Kcounted so far: {} rows, {}", number(seen), size(sum.all_bytes()));
    }

    fn end(&self) {
        if self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// `s3 du`.
pub async fn du(way: &Way<'_>, mut out: Out, args: &Du) -> Done {
    let address = in_bucket(&args.address)?;
    let reached = way.to(&address.place).await?;
    let depth = usize::from(args.depth);
    let mut usage = Usage::new(&address.key, depth);
    let mut told = Told { last: None, terminal: std::io::stderr().is_terminal() };
    let counted = count(&*reached.objects, &address.bucket, &mut usage, |usage| told.tell(usage)).await;
    told.end();
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
    counted.map_err(|error| error.failure.context("only a part was counted"))?;
    if usage.doubts.iter().any(|doubt| doubt.ends()) {
        return Err(Failure::permanent("the count may be short: the service's lists do not end").into());
    }
    Ok(Exit::Done)
}
