//! What was typed into a form, checked, and what is to be done by it.

use super::forms::last_part;
use super::{Ask, Form, What};
use crate::ports::objects::{At, Notes, Share};
use crate::registry::places::Bookmark;
use crate::ui::browse::Browse;
use crate::ui::browse::msg::Effect;
use crate::ui::browse::places::Keep;
use crate::ui::browse::work::{Carry, CarryWay, Tags, Work};
use std::time::Duration;

/// The longest that S3 lets a URL hold.
const LONGEST: Duration = Duration::from_hours(7 * 24);

impl Browse {
    /// Takes what was typed, or says what is wrong with it.
    pub(super) fn take_form(&mut self) -> Vec<Effect> {
        let Some(Ask::Form(form)) = &mut self.ask else { return Vec::new() };
        if let What::Bookmark(at) = &form.what {
            let bookmark = Bookmark::new(at.clone(), form.text(0).trim());
            return match bookmark {
                Ok(bookmark) => {
                    self.ask = None;
                    self.shell.notice = Some(self.shell.text.t("bookmark-kept"));
                    vec![Effect::Keep(Keep::Add(bookmark))]
                }
                Err(failure) => {
                    form.wrong = Some(failure.line());
                    Vec::new()
                }
            };
        }
        match taken(form) {
            Ok(Some(work)) => {
                self.ask = None;
                self.work(work)
            }
            Ok(None) => {
                self.ask = None;
                self.shell.notice = Some(self.shell.text.t("notes-same"));
                Vec::new()
            }
            Err(key) => {
                let words = self.shell.text.t(key);
                if let Some(Ask::Form(form)) = &mut self.ask {
                    form.wrong = Some(words);
                }
                Vec::new()
            }
        }
    }
}

/// The work that a form asks for; nothing where nothing was changed; else what is wrong, as a text's key.
fn taken(form: &Form) -> Result<Option<Work>, &'static str> {
    let typed = form.text(0);
    let trimmed = typed.trim();
    let work = match &form.what {
        What::Get(_) | What::Put(_) | What::Publish(_) if trimmed.is_empty() => return Err("wrong-no-path"),
        What::Get(from) => {
            Work::Carry(Carry { way: CarryWay::Get { from: from.clone(), to: trimmed.to_owned() }, replace: false })
        }
        What::Put(to) => {
            Work::Carry(Carry { way: CarryWay::Put { from: trimmed.to_owned(), to: to.clone() }, replace: false })
        }
        What::Publish(root) => {
            let model = form.text(1);
            Work::PlanPublish { root: root.clone(), model: model.trim().to_owned(), directory: trimmed.to_owned() }
        }
        What::CarryOut(Some(word)) if *word != typed => return Err("wrong-word-kept"),
        What::CarryOut(_) => Work::CarryOut,
        What::NewPrefix(below) => {
            let name = trimmed.trim_matches('/');
            if name.is_empty() || name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
                return Err("wrong-prefix");
            }
            Work::NewPrefix { bucket: below.bucket.clone(), prefix: format!("{}{name}/", below.key) }
        }
        What::NewBucket if !is_bucket(trimmed) => return Err("wrong-bucket"),
        What::NewBucket => Work::NewBucket(trimmed.to_owned()),
        What::Copy { from, moves } => copy(from, *moves, &typed)?,
        What::Delete { word, .. } | What::Abort { word, .. } if *word != typed => return Err("wrong-word"),
        What::Delete { plan, .. } => Work::Delete(plan.clone()),
        What::Abort { bucket, uploads, .. } => Work::Abort { bucket: bucket.clone(), uploads: uploads.clone() },
        What::Note { at, info, tags } => {
            let content_type = Some(trimmed.to_owned()).filter(|text| !text.is_empty());
            let metadata = pairs(&form.text(1))?;
            let new_tags = tags.as_ref().map(|_| pairs(&form.text(2))).transpose()?;
            if new_tags.as_ref().is_some_and(|tags| tags.len() > 10) {
                return Err("wrong-tags");
            }
            let notes = (content_type != info.content_type || metadata != info.metadata).then(|| Notes {
                content_type,
                metadata,
                ..Notes::of(info)
            });
            let tags = new_tags.filter(|new| Some(new) != tags.as_ref());
            if notes.is_none() && tags.is_none() {
                return Ok(None);
            }
            Work::Note { at: at.clone(), notes, tags }
        }
        // Taken before: nothing is done at the service.
        What::Bookmark(_) => return Ok(None),
        What::Share(at) => {
            let lasts = humantime(trimmed).filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST);
            let lasts = lasts.ok_or("wrong-lasts")?;
            let what = match form.text(1).trim() {
                "read" => Share::Get,
                "write" => Share::Put,
                _ => return Err("wrong-may"),
            };
            Work::Share { at: at.clone(), what, lasts }
        }
    };
    Ok(Some(work))
}

/// `90s`, `30m`, `24h`, `7d`.
fn humantime(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).map(Duration::from_secs)
}

/// S3's rule for the names of buckets, as far as every service keeps it.
fn is_bucket(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(plain)
        && name.starts_with(edge)
        && name.ends_with(edge)
        && !name.contains("..")
}

fn copy(from: &[At], moves: bool, typed: &str) -> Result<Work, &'static str> {
    let path = typed.strip_prefix("s3://").unwrap_or(typed);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return Err("wrong-target");
    }
    let folder = key.is_empty() || key.ends_with('/');
    let many = from.len() > 1;
    let a_prefix = from.iter().any(|one| one.key.ends_with('/'));
    if (many || a_prefix) && !folder {
        return Err("wrong-not-a-prefix");
    }
    // One prefix alone gets the name that was typed; what goes under a prefix keeps its own.
    let renamed = !many && a_prefix;
    let to = At::new(bucket, key);
    let same = |one: &At| {
        let key = if folder && !renamed { format!("{key}{}", last_part(&one.key)) } else { key.to_owned() };
        one.bucket == bucket && (one.key == key || (one.key.ends_with('/') && key.starts_with(&one.key)))
    };
    if from.iter().any(same) {
        return Err("wrong-same");
    }
    Ok(Work::Copy { from: from.to_vec(), to, moves, replace: false })
}

/// `name=value`, one a line.
fn pairs(text: &str) -> Result<Tags, &'static str> {
    let mut pairs = Tags::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=').ok_or("wrong-pair")?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || pairs.iter().any(|(known, _)| known == name) {
            return Err("wrong-pair");
        }
        pairs.push((name.to_owned(), value.to_owned()));
    }
    pairs.sort();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_buckets_and_pairs_are_read_strictly() {
        assert_eq!(humantime("24h"), Some(Duration::from_hours(24)));
        assert_eq!([humantime("h"), humantime("1"), humantime("1w"), humantime("")], [None; 4]);
        assert!(
            is_bucket("models-2") && !is_bucket("Models") && !is_bucket("a") && !is_bucket("a..b") && !is_bucket("-ab")
        );
        assert_eq!(pairs("b=2\n\n a = 1=1 \n"), Ok(vec![("a".into(), "1=1".into()), ("b".into(), "2".into())]));
        assert!(pairs("a=1\na=2").is_err() && pairs("x").is_err() && pairs("=x").is_err());
    }

    #[test]
    fn a_copy_names_a_place_that_is_another() {
        let from = [At::new("models", "a/x")];
        assert_eq!(copy(&from, false, "models/a/x"), Err("wrong-same"));
        assert_eq!(copy(&from, false, "models/a/"), Err("wrong-same"));
        assert_eq!(copy(&from, false, "/a"), Err("wrong-target"));
        let below = [At::new("models", "a/")];
        assert_eq!(copy(&below, false, "models/b"), Err("wrong-not-a-prefix"));
        assert_eq!(copy(&below, false, "models/a/b/"), Err("wrong-same"), "not into itself");
        assert!(copy(&below, false, "models/b/").is_ok());
        let two = [At::new("models", "a/x"), At::new("models", "a/y")];
        assert_eq!(copy(&two, true, "models/b"), Err("wrong-not-a-prefix"));
        let Ok(Work::Copy { to, moves: true, .. }) = copy(&two, true, "s3://models/b/") else { panic!("a move") };
        assert_eq!(to, At::new("models", "b/"));
    }
}
