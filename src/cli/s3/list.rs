//! `s3 ls`, `s3 tree` and `s3 versions`: rows as they come.

use super::super::output;
use super::args::{Ls, Tree, Versions};
use super::out::{Out, number, size, time};
use super::way::Way;
use super::{Done, Ended, address, in_bucket};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::{ListQuery, Moment, ObjectError, VersionRow};
use crate::registry::listing::{Batch, Doubt, End, Kind, Pager, Row, load};
use crate::registry::paged;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pages that may wait to be written: fetching goes on meanwhile, and stops when the reader does.
const PAGES: usize = 4;

/// What a listing that did not come to its end means.
pub fn ended(end: End) -> Result<Exit, Ended> {
    match end {
        End::Complete | End::Paused => Ok(Exit::Done),
        End::Stopped(doubt) => {
            let failure = Failure::permanent(format!("the list may be short: {}", doubtful(doubt)));
            Err(failure.help("Compare with another tool; the service breaks the rules of S3.").into())
        }
        End::Failed(error) => {
            let failure = error.failure.context("the list is short: a page could not be had");
            Err(ObjectError { failure, ..error }.into())
        }
        End::Cancelled => Ok(Exit::Interrupted),
    }
}

/// What a doubt says.
pub fn doubtful(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NoToken => "the service says that there is more and not where; it was gone on from the last key",
        Doubt::FalseEnd => "the service said that this was all, and there was more; it was asked for",
        Doubt::Circle => "a page came that had come before, so that nothing more was asked for",
        Doubt::Order => "keys do not come in the order of their bytes; some may be there twice",
        Doubt::Echo => "the service gave keys that lie before where it was to begin; they are left out",
        Doubt::Outside => "the service gave keys outside of the prefix; they are left out",
        Doubt::Empty => "a thousand pages in a row were empty, so that nothing more was asked for",
        Doubt::TooMany => "there are more keys than can be kept",
    }
}

/// Says what is to be doubted.
pub fn warn(doubts: &[Doubt]) {
    for doubt in doubts {
        output::talk(&format!("warning: {}", doubtful(*doubt)));
    }
}

/// Fetches a listing in a task of its own and hands each page over.
async fn pages(
    way: &Way<'_>,
    address: &crate::registry::address::Address,
    folded: bool,
    most: usize,
    mut each: impl FnMut(&Batch) -> Result<(), Ended>,
) -> Result<End, Ended> {
    let reached = way.to(&address.place).await?;
    let query =
        ListQuery { bucket: address.bucket.clone(), prefix: address.key.clone(), folded, ..ListQuery::default() };
    let (to, mut from) = mpsc::channel::<Batch>(PAGES);
    let objects = Arc::clone(&reached.objects);
    let loading = tokio::spawn(async move {
        let mut pager = Pager::new(query);
        load(&*objects, &mut pager, most, &to, |batch| batch).await
    });
    while let Some(batch) = from.recv().await {
        warn(&batch.doubts);
        each(&batch)?;
    }
    Ok(loading.await.unwrap_or(End::Cancelled))
}

fn row(out: &mut Out, prefix: &str, row: &Row<'_>) -> std::io::Result<()> {
    let key = || format!("{prefix}{}", row.name);
    match row.kind {
        Kind::Prefix => {
            out.row("prefix", || format!("{:20} {:>9}  {}", "", "", visible(row.name)), || json!({"prefix": key()}))
        }
        Kind::Object => out.row(
            "object",
            || format!("{} {:>9}  {}", time(row.modified), size(row.size), visible(row.name)),
            || json!({"key": key(), "size": row.size, "modified": row.modified}),
        ),
    }
}

/// `s3 ls`.
pub async fn ls(way: &Way<'_>, mut out: Out, args: &Ls) -> Done {
    let address = address(&args.address)?;
    if address.bucket.is_empty() {
        for bucket in way.to(&address.place).await?.objects.buckets().await? {
            let line = || format!("{}  {}", time(bucket.made), visible(&bucket.name));
            out.row("bucket", line, || json!({"bucket": bucket.name, "made": bucket.made}))?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    let most = args.most.unwrap_or(usize::MAX);
    let (mut shown, mut cut) = (0, false);
    let end = pages(way, &address, !args.recursive, most, |batch| {
        for one in batch.rows.iter() {
            if shown == most {
                cut = true;
                break;
            }
            row(&mut out, &address.key, &one)?;
            shown += 1;
        }
        // A page at a time, so that whoever watches sees rows before the end.
        out.flush()?;
        Ok(())
    })
    .await?;
    if cut || end == End::Paused {
        output::talk(&format!("{} of at least {} rows are shown", number(shown as u64), number(shown as u64 + 1)));
    }
    if shown == 0 && end == End::Complete && !address.key.is_empty() {
        // Nothing begins so, which is worth a word: a key that is misspelt looks the same.
        output::talk("nothing begins so");
    }
    ended(end)
}

/// `s3 tree`.
pub async fn tree(way: &Way<'_>, mut out: Out, args: &Tree) -> Done {
    let address = in_bucket(&args.address)?;
    let mut tree = Branches { depth: args.depth.map_or(usize::MAX, usize::from), ..Branches::default() };
    let end = pages(way, &address, false, usize::MAX, |batch| {
        for one in batch.rows.iter() {
            tree.leaf(&mut out, &address.key, &one)?;
        }
        out.flush()?;
        Ok(())
    })
    .await?;
    tree.below(&mut out)?;
    let (objects, bytes) = (tree.objects, tree.bytes);
    let sum = || format!("{} objects, {}", number(objects), size(bytes));
    out.row("sum", sum, || json!({"objects": objects, "bytes": bytes}))?;
    out.flush()?;
    ended(end)
}

/// A tree that is written while its keys come, in their order.
#[derive(Default)]
struct Branches {
    depth: usize,
    /// The branch that was written last.
    open: Vec<String>,
    /// What lies deeper than is shown, below the open branch.
    hidden: (u64, u64),
    objects: u64,
    bytes: u64,
}

impl Branches {
    fn leaf(&mut self, out: &mut Out, prefix: &str, row: &Row<'_>) -> std::io::Result<()> {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(row.size);
        if out.json() {
            let key = format!("{prefix}{}", row.name);
            return out.row("object", String::new, || json!({"key": key, "size": row.size, "modified": row.modified}));
        }
        let mut steps: Vec<&str> = row.name.split('/').collect();
        let name = steps.pop().unwrap_or_default();
        let shown = steps.len().min(self.depth);
        let same = steps[..shown].iter().zip(&self.open).take_while(|(a, b)| a == b).count();
        if same < self.open.len() || same < shown {
            self.below(out)?;
        }
        self.open.truncate(same);
        for step in steps.get(same..shown).unwrap_or_default() {
            out.row("branch", || format!("{}{}/", "  ".repeat(self.open.len()), visible(step)), || json!({}))?;
            self.open.push((*step).to_owned());
        }
        if steps.len() >= self.depth {
            self.hidden = (self.hidden.0 + 1, self.hidden.1.saturating_add(row.size));
            return Ok(());
        }
        let at = "  ".repeat(self.open.len());
        out.row("leaf", || format!("{at}{}  {}", visible(name), size(row.size)), || json!({}))
    }

    /// Says what was not shown below the open branch.
    fn below(&mut self, out: &mut Out) -> std::io::Result<()> {
        let (objects, bytes) = std::mem::take(&mut self.hidden);
        if objects == 0 {
            return Ok(());
        }
        let at = "  ".repeat(self.open.len());
        out.row("hidden", || format!("{at}… {} objects, {}", number(objects), size(bytes)), || json!({}))
    }
}

fn version(out: &mut Out, row: &VersionRow) -> std::io::Result<()> {
    let at: Option<Moment> = row.modified;
    let line = || {
        let state = match (row.marker, row.latest) {
            (true, true) => "deleted",
            (true, false) => "deletion",
            (false, true) => "current",
            (false, false) => "old",
        };
        let size = if row.marker { "-".to_owned() } else { size(row.size) };
        format!("{} {size:>9}  {state:8}  {:36}  {}", time(at), visible(&row.version), visible(&row.key))
    };
    out.row("version", line, || {
        json!({
            "key": row.key, "version": row.version, "latest": row.latest, "marker": row.marker,
            "size": (!row.marker).then_some(row.size), "modified": at, "etag": row.etag,
        })
    })
}

/// `s3 versions`.
pub async fn versions(way: &Way<'_>, mut out: Out, args: &Versions) -> Done {
    let address = in_bucket(&args.address)?;
    let reached = way.to(&address.place).await?;
    let mut written = Ok(());
    let doubts = paged::versions(&*reached.objects, &address.bucket, &address.key, |rows| {
        if written.is_ok() {
            written = rows.iter().try_for_each(|row| version(&mut out, row)).and_then(|()| out.flush());
        }
    })
    .await?;
    written?;
    warn(&doubts);
    match doubts.iter().find(|doubt| doubt.ends()) {
        Some(doubt) => ended(End::Stopped(*doubt)),
        None => Ok(Exit::Done),
    }
}
