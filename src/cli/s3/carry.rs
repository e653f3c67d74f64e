//! `s3 get` and `s3 put`.

use super::super::output;
use super::args::{Carry, Get, Put};
use super::bar::Bar;
use super::out::{Out, number, size};
use super::way::Way;
use super::{Done, Ended, SHOWN, as_prefix, in_bucket, usage};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::{At, Notes, OnlyIf};
use crate::registry::transfer::{
    self, Download, IfThere, Item, Planned, Queue, Report, There, Transfers, Trouble, Upload, plan_download,
    plan_upload, read_through, upload_stream,
};
use serde_json::json;
use std::fmt::Write as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

/// What a carry's flags say about a name that is taken.
fn if_there(args: &Carry, many: bool) -> IfThere {
    match () {
        () if args.replace => IfThere::Replace,
        () if many || args.keep_same => IfThere::KeepSame,
        () => IfThere::Refuse,
    }
}

/// `s3 get`.
pub async fn get(way: &Way<'_>, out: Out, args: &Get) -> Done {
    let address = in_bucket(&args.address)?;
    let from = At::new(address.bucket.clone(), address.key.clone());
    let of = way.transfers(&address.place, false, &args.carry).await?;
    let to_stdout = args.to.as_deref() == Some(Path::new("-"));
    if args.carry.recursive || from.key.is_empty() || from.key.ends_with('/') {
        if !args.carry.recursive || to_stdout {
            return Err(usage("a whole prefix is meant", "Say -r and name a directory."));
        }
        let from = At::new(from.bucket, as_prefix(&from.key));
        let target = args.to.clone().unwrap_or_else(|| PathBuf::from("."));
        let planned = plan_download(&of, &transfer::Way::free(), &from, &target, if_there(&args.carry, true)).await?;
        let title = format!("{} into {}", visible(&from.key), target.display());
        return many(&of, out, &args.carry, title, planned, Item::Download).await;
    }
    let from = At { version: args.version.clone(), ..from };
    if to_stdout {
        return to_standard_output(&of, out, &from).await;
    }
    let name = from.key.rsplit('/').next().unwrap_or_default();
    let target = match &args.to {
        Some(path) if path.is_dir() => {
            path.join(transfer::paths::local_path(name).map_err(|why| no_name(&from.key, why.words()))?)
        }
        Some(path) => path.clone(),
        None => transfer::paths::local_path(name).map_err(|why| no_name(&from.key, why.words()))?,
    };
    let title = format!("{} into {}", visible(&from.key), target.display());
    let job = Download { at: from, target, listed: None, if_there: if_there(&args.carry, false) };
    one(&of, out, title, Item::Download(job)).await
}

fn no_name(key: &str, why: &str) -> Ended {
    usage(format!("{} gives no file's name: {why}", visible(key)), "Name the file behind the address.")
}

async fn to_standard_output(of: &Transfers, mut out: Out, at: &At) -> Done {
    if out.json() {
        return Err(usage("bytes are no JSON", "Leave --json out, or name a file."));
    }
    let done = read_through(of, &transfer::Way::free(), at, |piece| out.bytes(piece)).await?;
    out.flush()?;
    output::talk(&format!("{}: {}, {}", visible(&at.key), size(done.size), done.verified.words()));
    Ok(Exit::Done)
}

/// `s3 put`.
pub async fn put(way: &Way<'_>, out: Out, args: &Put) -> Done {
    let address = in_bucket(&args.address)?;
    let to = At::new(address.bucket.clone(), address.key.clone());
    let of = way.transfers(&address.place, true, &args.carry).await?;
    let notes = Notes { content_type: args.content_type.clone(), ..Notes::default() };
    let (carry, from_stdin) = (&args.carry, args.from == Path::new("-"));
    if carry.recursive {
        if from_stdin || !args.from.is_dir() {
            return Err(usage("-r needs a directory", "Name one, or leave -r out for a file."));
        }
        let to = At::new(to.bucket, as_prefix(&to.key));
        let mut planned = plan_upload(&of, &transfer::Way::free(), &args.from, &to, if_there(carry, true)).await?;
        planned.jobs.iter_mut().for_each(|job| job.notes.clone_from(&notes));
        let title = format!("{} into {}", args.from.display(), visible(&to.key));
        return many(&of, out, carry, title, planned, Item::Upload).await;
    }
    let to = match (to.key.is_empty() || to.key.ends_with('/'), args.from.file_name().and_then(|name| name.to_str())) {
        (false, _) => to,
        (true, Some(name)) if !from_stdin => At::new(to.bucket, format!("{}{name}", to.key)),
        (true, _) => return Err(usage("no key is named", "Name it behind the bucket.")),
    };
    let only = if carry.replace { OnlyIf::Always } else { OnlyIf::Absent };
    let title = format!("{} into {}", args.from.display(), visible(&to.key));
    if from_stdin {
        return from_standard_input(&of, out, &to, &notes, &only).await;
    }
    if args.from.is_dir() {
        return Err(usage(format!("{} is a directory", args.from.display()), "Say -r to send all that is in it."));
    }
    // Journals name files by their whole paths, so that a resumed one is known from anywhere.
    let file = std::path::absolute(&args.from).unwrap_or_else(|_| args.from.clone());
    let there = if carry.keep_same { There::MaybeTheSame } else { There::Unknown };
    one(&of, out, title, Item::Upload(Upload { file, to, notes, only, there })).await
}

async fn from_standard_input(of: &Transfers, mut out: Out, to: &At, notes: &Notes, only: &OnlyIf) -> Done {
    // As a file: its reads run beside the threads that carry connections.
    let input = tokio::fs::File::from_std(std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?));
    let done = upload_stream(of, &transfer::Way::free(), to, notes, only, input).await?;
    row(&mut out, "sent", &to.key, &done)?;
    Ok(Exit::Done)
}

fn row(out: &mut Out, what: &str, key: &str, done: &transfer::Done) -> std::io::Result<()> {
    let line = || format!("{what} {}: {}, {}", visible(key), size(done.size), done.verified.words());
    out.row("transfer", line, || {
        json!({
            "key": key, "size": done.size, "carried": done.carried, "verified": done.verified.by.is_some(),
            "how": done.verified.words(), "etag": done.etag, "version": done.version,
        })
    })?;
    out.flush()
}

async fn one(of: &Transfers, mut out: Out, title: String, item: Item) -> Done {
    let (key, what) = (item.key().to_owned(), if matches!(item, Item::Upload(_)) { "sent" } else { "fetched" });
    let meter = std::sync::Arc::new(transfer::Meter::default());
    let way = transfer::Way { meter: meter.clone(), ..transfer::Way::free() };
    let bar = Bar::of_one(title, meter);
    let result = match &item {
        Item::Download(job) => transfer::download(of, &way, job).await,
        Item::Upload(job) => transfer::upload(of, &way, job).await,
    };
    drop(bar);
    let done = result.map_err(|trouble| on_the_way(trouble, &way))?;
    for remark in &done.remarks {
        output::talk(remark.words());
    }
    row(&mut out, what, &key, &done)?;
    Ok(Exit::Done)
}

/// Adds that the next try goes on, where it does.
fn on_the_way(mut trouble: Trouble, way: &transfer::Way) -> Trouble {
    if trouble.failure.hint.is_none() && way.meter.done() > 0 {
        trouble.failure = trouble.failure.help("What was carried is kept: the same command goes on there.");
    }
    trouble
}

async fn many<J>(
    of: &Transfers,
    mut out: Out,
    carry: &Carry,
    title: String,
    planned: Planned<J>,
    item: impl FnMut(J) -> Item,
) -> Done {
    super::doubtful(&planned.doubts);
    for (name, why) in planned.left_out.iter().take(SHOWN) {
        output::talk(&format!("left out: {}: {}", visible(name), why.words()));
    }
    if !planned.clashes.is_empty() {
        for clash in planned.clashes.iter().take(SHOWN) {
            output::talk(&format!("cannot be carried: {}", clash.words()));
        }
        let many = planned.clashes.len();
        let failure = Failure::needs_human(format!(
            "{} of {} cannot be carried",
            number(many as u64),
            number((planned.jobs.len() + many) as u64)
        ));
        return Err(Ended::Failure(
            failure.help("Nothing was begun. Choose another place, or say --replace where files may be replaced."),
        ));
    }
    if carry.dry_run {
        let (objects, bytes) = (planned.jobs.len() as u64, planned.bytes);
        out.row(
            "planned",
            || format!("{} objects, {}", number(objects), size(bytes)),
            || json!({"objects": objects, "bytes": bytes}),
        )?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let queue = Queue::new(of.clone());
    let id = queue.add(title.clone(), planned.jobs.into_iter().map(item).collect(), planned.bytes)?;
    let bar = Bar::of_queue(title, &queue);
    let report = queue.ended(id).await.unwrap_or_default();
    drop(bar);
    said(out, &report)
}

fn said(mut out: Out, report: &Report) -> Done {
    for (remark, many) in &report.remarks {
        output::talk(&format!("{}: {}", number(*many), remark.words()));
    }
    for (key, trouble) in report.failures.iter().take(SHOWN) {
        output::talk(&format!("failed: {}: {}", visible(key), trouble.failure.line()));
    }
    let line = || {
        let mut line =
            format!("{} objects, {}, {} carried", number(report.done), size(report.bytes), size(report.carried));
        if report.unverified > 0 {
            let _ = write!(line, "; {} could be compared with nothing", number(report.unverified));
        }
        if report.failed + report.left > 0 {
            let _ = write!(line, "; {} failed, {} not begun", number(report.failed), number(report.left));
        }
        line
    };
    let failures: Vec<_> =
        report.failures.iter().map(|(key, t)| json!({"key": key, "message": t.failure.line()})).collect();
    out.row("transfers", line, || {
        json!({
            "done": report.done, "bytes": report.bytes, "carried": report.carried, "unverified": report.unverified,
            "failed": report.failed, "left": report.left, "failures": failures,
        })
    })?;
    out.flush()?;
    if report.is_whole() {
        return Ok(Exit::Done);
    }
    let worst = report.failures.iter().map(|(_, trouble)| trouble.exit()).max().unwrap_or(1);
    output::talk("help: The same command goes on with what is missing.");
    Ok(super::exit(worst))
}
