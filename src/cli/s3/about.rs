//! `s3 stat`, `s3 tags` and `s3 set`: what is known of an object beside its bytes.

use super::super::output;
use super::args::{OBJECT, pair};
use super::out::{Out, size, time};
use super::way::Way as To;
use super::{Done, one, usage};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::ports::objects::{At, Notes, ObjectInfo};
use crate::registry::again::again;
use crate::registry::change;
use crate::registry::transfer::Way;
use clap::Args;
use serde_json::{Map, Value, json};

/// `s3 stat`.
#[derive(Debug, Args)]
pub struct Stat {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// This version, and not the current one
    #[arg(long, value_name = "ID")]
    pub version: Option<String>,
}

/// `s3 tags`.
#[derive(Debug, Args)]
pub struct Tags {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// This version, and not the current one
    #[arg(long, value_name = "ID")]
    pub version: Option<String>,
    /// Set this tag; the others stay. May be named more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Take this tag off. May be named more than once
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// Take all tags off that are not set here
    #[arg(long)]
    pub clear: bool,
}

/// `s3 set`.
#[derive(Debug, Args)]
pub struct Set {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// What its readers are told that it is, as in application/octet-stream
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Note this as x-amz-meta-NAME; the other notes stay. May be named more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = note)]
    pub meta: Vec<(String, String)>,
    /// Take this note off. May be named more than once
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// Take all notes off that are not set here
    #[arg(long)]
    pub clear: bool,
}

/// A note travels as a header, so that its name and its value have to fit into one.
fn note(text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text)?;
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err("a note's name has letters, digits, -, _ and .".to_owned());
    }
    if !value.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        return Err("a note's value has ASCII characters only".to_owned());
    }
    Ok((name.to_ascii_lowercase(), value))
}

/// What somebody asked to be set, taken off and left.
fn edit(all: &mut Vec<(String, String)>, set: &[(String, String)], unset: &[String], clear: bool) {
    let named = |name: &str| set.iter().any(|(of, _)| of == name) || unset.iter().any(|of| of == name);
    all.retain(|(name, _)| !clear && !named(name));
    all.extend(set.iter().cloned());
    all.sort();
    all.dedup_by(|b, a| a.0 == b.0);
}

fn map(all: &[(String, String)]) -> Value {
    Value::Object(all.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>())
}

/// `s3 stat`.
pub async fn stat(way: &To<'_>, mut out: Out, args: &Stat) -> Done {
    let (of, at) = one(way, &args.address, args.version.as_ref(), false).await?;
    let info = again(|| of.objects().head(&at)).await?;
    let tags = match again(|| of.objects().tags(&at)).await {
        Ok(tags) => Some(tags),
        Err(error) => {
            output::talk(&format!("warning: the tags are not known: {}", error.failure.line()));
            None
        }
    };
    let headers: Vec<_> =
        info.headers.iter().map(|(header, value)| (header.name().to_owned(), value.clone())).collect();
    let sums = &info.checksums;
    out.row("stat", || lines(&at, &info, &headers, tags.as_deref()), || {
        json!({
            "bucket": at.bucket, "key": at.key, "size": info.size, "modified": info.modified, "etag": info.etag,
            "version": info.version, "content_type": info.content_type, "headers": map(&headers),
            "metadata": map(&info.metadata), "storage": info.storage, "parts": info.parts, "encrypted": info.encrypted,
            "checksums": {
                "crc64nvme": sums.crc64nvme, "crc32c": sums.crc32c, "crc32": sums.crc32, "sha256": sums.sha256,
                "sha1": sums.sha1, "composite": sums.composite,
            },
            "tags": tags.as_deref().map(map),
        })
    })?;
    out.flush()?;
    Ok(Exit::Done)
}

fn lines(at: &At, info: &ObjectInfo, headers: &[(String, String)], tags: Option<&[(String, String)]>) -> String {
    let mut lines = Vec::new();
    let mut say = |label: &str, value: &str| lines.push(format!("{label:19} {}", visible(value)));
    say("key", &at.key);
    say("size", &format!("{} ({} bytes)", size(info.size), info.size));
    say("modified", &time(info.modified));
    let sums = &info.checksums;
    for (label, value) in [
        ("content-type", &info.content_type),
        ("version", &info.version),
        ("etag", &info.etag),
        ("crc64nvme", &sums.crc64nvme),
        ("crc32c", &sums.crc32c),
        ("crc32", &sums.crc32),
        ("sha256", &sums.sha256),
        ("sha1", &sums.sha1),
        ("storage", &info.storage),
    ] {
        if let Some(value) = value {
            say(label, value);
        }
    }
    if sums.composite {
        say("", "these checksums are of the parts' checksums");
    }
    if let Some(parts) = info.parts {
        say("parts", &parts.to_string());
    }
    if info.encrypted {
        say("encrypted", "by the service");
    }
    for (name, value) in headers {
        say(name, value);
    }
    for (name, value) in &info.metadata {
        say("note", &format!("{name}={value}"));
    }
    for (name, value) in tags.unwrap_or_default() {
        say("tag", &format!("{name}={value}"));
    }
    lines.join("\n")
}

/// `s3 tags`.
pub async fn tags(way: &To<'_>, mut out: Out, args: &Tags) -> Done {
    let changes = args.clear || !args.set.is_empty() || !args.unset.is_empty();
    let (of, at) = one(way, &args.address, args.version.as_ref(), changes).await?;
    let mut tags = again(|| of.objects().tags(&at)).await?;
    if changes {
        edit(&mut tags, &args.set, &args.unset, args.clear);
        change::set_tags(&of, &Way::free(), &at, &tags).await?;
    }
    let lines = || tags.iter().map(|(name, value)| format!("{}={}", visible(name), visible(value))).collect::<Vec<_>>();
    if out.json() || !tags.is_empty() {
        out.row("tags", || lines().join("\n"), || json!({"key": at.key, "version": at.version, "tags": map(&tags)}))?;
    } else {
        output::talk("there are no tags");
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// `s3 set`.
pub async fn set(way: &To<'_>, mut out: Out, args: &Set) -> Done {
    if args.content_type.is_none() && args.meta.is_empty() && args.unset.is_empty() && !args.clear {
        return Err(usage("nothing is to be set", "Say --content-type, --meta, --unset or --clear."));
    }
    let (of, at) = one(way, &args.address, None, true).await?;
    let mut notes = Notes::of(&again(|| of.objects().head(&at)).await?);
    let unset: Vec<_> = args.unset.iter().map(|name| name.to_ascii_lowercase()).collect();
    edit(&mut notes.metadata, &args.meta, &unset, args.clear);
    if args.content_type.is_some() {
        notes.content_type.clone_from(&args.content_type);
    }
    let made = change::replace_notes(&of, &Way::free(), &at, &notes).await?;
    let line = || match &made.version {
        Some(version) => format!("set {}, which is version {} now", visible(&at.key), visible(version)),
        None => format!("set {}", visible(&at.key)),
    };
    out.row("set", line, || {
        json!({
            "key": at.key, "content_type": notes.content_type, "metadata": map(&notes.metadata), "etag": made.etag,
            "version": made.version,
        })
    })?;
    out.flush()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_and_the_last_word_counts() {
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let mut all = of(&[("a", "1"), ("b", "2"), ("c", "3")]);
        edit(&mut all, &of(&[("b", "new"), ("d", "4")]), &["c".to_owned()], false);
        assert_eq!(all, of(&[("a", "1"), ("b", "new"), ("d", "4")]));
        edit(&mut all, &of(&[("z", "0")]), &[], true);
        assert_eq!(all, of(&[("z", "0")]));
        assert_eq!(note("Who=me too"), Ok(("who".to_owned(), "me too".to_owned())));
        for bad in ["who", "=x", "a b=x", "a=\u{fc}", "a=x\ny"] {
            assert!(note(bad).is_err(), "{bad}");
        }
    }
}
