//! `s3 lint`: what Triton would make of a repository, in words and as JSON.

use super::super::output;
use super::args::Lint;
use super::list::warn;
use super::out::{Out, number, size};
use super::told::Told;
use super::way::{Way, anew};
use super::{Done, in_bucket};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::registry::models::{Ask, Progress, View, look};
use crate::registry::triton::{Access, Finding, Model, Severity, Verdict};
use serde_json::{Value, json};

/// `s3 lint`.
pub async fn lint(way: &Way<'_>, mut out: Out, args: &Lint) -> Done {
    let address = in_bucket(&args.address)?;
    let registry = way.registry(&address.place).await?;
    let objects = anew(&registry.source).await?;
    let triton = match &registry.triton {
        Some(source) => anew(source).await?,
        None => objects.clone(),
    };
    let own = registry.triton.is_some();
    let ask = Ask {
        endpoint: registry.url.clone(),
        bucket: address.bucket.clone(),
        root: address.key.clone(),
        contents: !args.names_only,
    };
    let mut told = Told::new();
    let looked = look(&*objects, &*triton, &ask, |progress| told.tell(|| so_far(progress))).await;
    drop(told);
    let view = looked?;
    warn(&view.doubts);
    for model in &view.repository.models {
        model_row(&mut out, &view, model)?;
    }
    // What is no model's: the repository, its URL, the key.
    for finding in view.repository.findings.iter().filter(|finding| owner(&view, finding).is_none()) {
        finding_row(&mut out, finding)?;
    }
    for (rule, more) in &view.repository.more {
        out.row(
            "more",
            || format!("and {} more of {rule}", number(*more as u64)),
            || json!({"rule": rule.id(), "count": more}),
        )?;
    }
    sum(&mut out, &view, own)?;
    out.flush()?;
    if !view.unread.is_empty() {
        let first = view.unread.iter().take(20);
        first.for_each(|one| output::talk(&format!("not read: {}: {}", visible(&one.key), one.failure.line())));
        let failure = Failure::permanent(format!("{} objects could not be read", view.unread.len()));
        return Err(failure.help("Nothing is said of what they hold; look again.").into());
    }
    Ok(if view.errors() > 0 { Exit::Failed } else { Exit::Done })
}

fn owner<'v>(view: &'v View, finding: &Finding) -> Option<&'v Model> {
    view.repository.model(finding.model.as_deref()?)
}

fn model_row(out: &mut Out, view: &View, model: &Model) -> std::io::Result<()> {
    let list = |numbers: &[i64]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let backend = model.backend.as_ref().map(|backend| backend.backend.as_str());
    let dirs: Vec<&str> = model.versions.iter().map(|version| version.dir.as_str()).collect();
    let line = || {
        let serves = match model.served.as_slice() {
            [] => "serves none".to_owned(),
            served => format!("serves {}", list(served)),
        };
        let versions = if dirs.is_empty() { "-".to_owned() } else { visible(&dirs.join(" ")).into_owned() };
        let backend = backend.unwrap_or("-");
        format!("{}: {}, versions {versions}, {serves}, {}", visible(&model.name), visible(backend), size(model.bytes))
    };
    out.row("model", line, || {
        json!({
            "model": model.name, "key": model.key, "backend": backend, "versions": dirs, "serves": model.served,
            "bytes": model.bytes, "objects": model.objects, "max_batch": model.max_batch(),
        })
    })?;
    view.repository.of(&model.name).try_for_each(|finding| finding_row(out, finding))
}

/// A finding.
pub(super) fn finding_row(out: &mut Out, finding: &Finding) -> std::io::Result<()> {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let line = || {
        let mut text = format!("  {severity} {}: {}", finding.rule, visible(&finding.what));
        let mut more = |label: &str, words: &str| {
            text.extend(["\n    ", label, words]);
        };
        if let Some(says) = &finding.says {
            more("Triton says: ", &visible(says));
        }
        let at = finding.at.map(|at| format!(", line {}", at.line)).unwrap_or_default();
        more("key: ", &format!("{}{at}", visible(&finding.key)));
        if !finding.fix.is_empty() {
            more("fix: ", &visible(&finding.fix));
        }
        more("source: ", finding.rule.source());
        text
    };
    out.row("finding", line, || {
        json!({
            "rule": finding.rule.id(), "severity": severity, "model": finding.model, "version": finding.version,
            "key": finding.key, "line": finding.at.map(|at| at.line), "what": finding.what, "triton": finding.says,
            "fix": finding.fix, "source": finding.rule.source(),
        })
    })
}

fn verdicts(access: &Access) -> Value {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied(_) => "denied",
        Verdict::Unknown => "unknown",
    };
    json!({
        "HeadBucket": word(&access.head_bucket), "ListObjectsV2": word(&access.list),
        "HeadObject": word(&access.head_object), "GetObject": word(&access.get_object),
    })
}

fn sum(out: &mut Out, view: &View, own: bool) -> std::io::Result<()> {
    let (served, models) = (view.repository.served(), view.repository.models.len());
    let (requests, copied) = (view.forecast.start.total(), view.forecast.copied);
    let takes = view.forecast.start.time(view.round_trip);
    let line = || {
        let url = view.url.as_ref().map_or_else(|| "no URL that it would read".to_owned(), ToString::to_string);
        let whose = if own { "Triton's key" } else { "the key that asked here" };
        let may = if view.access.is_enough() {
            format!("{whose} may do what Triton does")
        } else if view.access.is_denied() {
            format!("{whose} may not do all that Triton does, so that nothing loads")
        } else {
            format!("it is not known that {whose} may do all that Triton does")
        };
        format!(
            "Triton would load {served} of {models} models from {url}\n  a start makes {} requests, one after the other: \
             {:.1} s at {:.1} ms each; copies {}\n  {may}",
            number(requests),
            takes.as_secs_f64(),
            view.round_trip.as_secs_f64() * 1e3,
            size(copied)
        )
    };
    out.row("lint", line, || {
        json!({
            "served": served, "models": models, "errors": view.errors(), "objects": view.repository.objects,
            "bytes": view.repository.bytes, "url": view.url.as_ref().map(ToString::to_string),
            "start_requests": requests, "start_seconds": takes.as_secs_f64(), "start_bytes": copied,
            "poll_requests": view.forecast.poll.total(), "round_trip_seconds": view.round_trip.as_secs_f64(),
            "access": verdicts(&view.access), "access_of": if own { "triton" } else { "asker" },
            "unread": view.unread.iter().map(|one| json!({"key": one.key, "why": one.failure.line()})).collect::<Vec<_>>(),
        })
    })
}

/// How far it has come.
fn so_far(progress: Progress) -> String {
    match progress {
        Progress::Keys(keys) => format!("{} keys", number(keys as u64)),
        Progress::Configs(done, all) => format!("{done} of {all} configs"),
        Progress::Contents(done, all) => format!("{done} of {all} files looked into"),
    }
}
