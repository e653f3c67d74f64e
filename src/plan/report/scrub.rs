//! Text from elsewhere without its secrets, for somebody else to read.
//!
//! Two things are taken out: the secrets that this program knows, in every common disguise, and whatever looks like
//! one by its name or its form. More goes than has to: a word too few can be asked for, one too many cannot be taken
//! back. Nothing finds a secret that looks like any other word, and the manifest says so.

use super::named::Named;
use super::pem::Keys;
use super::removed::{Removed, Sort};
use super::{forms, names};
use crate::base::Redactor;
use crate::base::redact::MARK;
use crate::base::sanitise;
use serde_json::Value;

/// The longest line that is kept whole, in bytes.
pub const LINE: usize = 64 * 1024;

/// At a cut the last word goes, because it may be the first half of a secret; at most so many bytes of it.
const WORD: usize = 4096;

/// Takes secrets out of texts.
#[derive(Clone, Debug)]
pub struct Scrub {
    known: Redactor,
}

impl Scrub {
    /// One that knows these secrets.
    pub fn new(known: Redactor) -> Self {
        Self { known }
    }

    /// Text without its secrets and without control sequences. Line feeds stay.
    pub fn text(&self, text: &str, removed: &mut Removed) -> String {
        let safe: Vec<String> = text.split('\n').map(|line| cut(sanitise::text(line, usize::MAX))).collect();
        let safe = safe.join("\n");
        let redacted = self.known.redact(&safe);
        let marks = |text: &str| text.matches(MARK).count() as u64;
        removed.many(Sort::Known, marks(&redacted).saturating_sub(marks(&safe)));
        lines(&redacted, removed, true)
    }

    /// Every text in a value, and the values under the names of secrets as they are in variables and maps.
    pub fn value(&self, value: &mut Value, removed: &mut Removed) {
        match value {
            Value::String(text) => *text = self.text(text, removed),
            Value::Array(items) => {
                let mut hide = false;
                for item in items {
                    if hide && item.is_string() {
                        take(item, removed);
                        hide = false;
                        continue;
                    }
                    // `--password` and its value, as two arguments.
                    hide = item.as_str().and_then(|text| text.strip_prefix("--")).is_some_and(names::secret);
                    self.value(item, removed);
                }
            }
            Value::Object(map) => {
                // Somebody may have written a secret where a name belongs.
                *map = std::mem::take(map).into_iter().map(|(key, inner)| (self.text(&key, removed), inner)).collect();
                let named = |key: &str| map.get(key).and_then(Value::as_str).is_some_and(names::secret);
                let variable = named("name") || named("key");
                for (key, inner) in map.iter_mut() {
                    if names::secret(key) || variable && key == "value" {
                        secret_value(inner, removed);
                    }
                    self.value(inner, removed);
                }
            }
            _ => {}
        }
    }
}

fn take(value: &mut Value, removed: &mut Removed) {
    *value = Value::from(MARK);
    removed.one(Sort::Named);
}

/// What stands under the name of a secret: a plain value, or a list of them. A map has names of its own.
fn secret_value(value: &mut Value, removed: &mut Removed) {
    match value {
        Value::String(text) if names::tells_nothing(text) || text == MARK => {}
        Value::String(text) if text.starts_with("system:") => {}
        Value::String(_) | Value::Number(_) => take(value, removed),
        Value::Array(items) => {
            for item in items.iter_mut().filter(|item| item.is_string() || item.is_number()) {
                take(item, removed);
            }
        }
        _ => {}
    }
}

/// A line of bounded length.
fn cut(mut line: String) -> String {
    if line.len() <= LINE {
        return line;
    }
    let mut end = LINE;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    let word = line.rfind([' ', '"', '\'', ',']).unwrap_or(0);
    let mut end = word.max(LINE - WORD);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line.push('…');
    line
}

/// Everything but the known secrets, line by line.
fn lines(text: &str, removed: &mut Removed, look_inside: bool) -> String {
    let mut keys = Keys::default();
    for line in text.split('\n') {
        keys.line(line, removed);
    }
    let mut named = Named::default();
    let mut out = String::with_capacity(text.len());
    for (n, mut line) in keys.finish().into_iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        forms::users(&mut line, removed);
        forms::presigned(&mut line, removed);
        forms::tokens(&mut line, removed);
        if look_inside {
            forms::encoded(&mut line, removed, holds_secret);
        }
        out.push_str(&named.line(&line, removed));
    }
    out
}

/// What a text that was in base64 holds, if it is a secret.
fn holds_secret(text: &str) -> Option<Sort> {
    let mut inside = Removed::default();
    lines(text, &mut inside, false);
    inside.counts().map(|(sort, _)| sort).next()
}

#[cfg(test)]
#[path = "scrub_tests.rs"]
mod tests;
