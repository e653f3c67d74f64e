//! Values behind the names of secrets: `password = x`, `"secret_key": "x"`, `Authorization: x`, `--token x`, as files,
//! environments and logs write them, also in YAML over several lines and in JSON within JSON.

use super::names;
use super::removed::{Removed, Sort};
use crate::base::redact::MARK;

/// Names that may lie between a `name` and the `value` that belongs to it, as in a list of variables.
const APART: u8 = 3;

/// The lines of one text, one after the other.
#[derive(Default)]
pub struct Named {
    /// The column of the name whose value is a block of the lines below it.
    block: Option<usize>,
    /// How many more names are looked at for a `value`.
    armed: u8,
}

/// A quote with the backslashes in front of it: two of the same number belong together.
#[derive(Clone, Copy)]
struct Quote {
    mark: u8,
    backslashes: usize,
}

/// A quote that a text begins with, and its length.
fn quote(text: &str) -> Option<(Quote, usize)> {
    let backslashes = text.bytes().take_while(|b| *b == b'\\').count();
    let mark = *text.as_bytes().get(backslashes)?;
    matches!(mark, b'"' | b'\'').then_some((Quote { mark, backslashes }, backslashes + 1))
}

impl Quote {
    /// Where a value ends that this quote has begun: at the quote, or where a quote further out ends it.
    fn end(self, text: &str) -> usize {
        let (mut run, mut at) = (0, 0);
        let bytes = text.as_bytes();
        while let Some(b) = bytes.get(at) {
            if *b == b'\\' {
                run += 1;
            } else {
                if *b == self.mark {
                    // In YAML a single quote within single quotes is doubled.
                    let doubled = self.mark == b'\'' && self.backslashes == 0 && bytes.get(at + 1) == Some(b);
                    let closes = run < self.backslashes || (run / (self.backslashes + 1)).is_multiple_of(2);
                    if doubled {
                        at += 1;
                    } else if closes {
                        return at - run.min(self.backslashes);
                    }
                }
                run = 0;
            }
            at += 1;
        }
        text.len()
    }
}

/// The name in front of a separator, and where it begins.
fn name_before(text: &str) -> Option<(usize, &str)> {
    let text = text.trim_end_matches(' ');
    let text = text.strip_suffix(['"', '\'']).map_or(text, |text| text.trim_end_matches('\\'));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let start = text.rfind(|c| !is_name(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let name = text.get(start..)?;
    (!name.is_empty()).then_some((start, name))
}

/// Whether nothing but a beginning of a line stands there.
fn at_start(before: &str) -> bool {
    let rest = before.trim_start_matches([' ', '-', '#', '"', '\'']);
    rest.is_empty() || matches!(rest.trim_end(), "export" | "set" | "Environment=" | "env")
}

/// Whether a place lies within double quotes that are not closed before it.
fn quoted(before: &str) -> bool {
    before.matches('"').count() % 2 == 1
}

/// What a separator leads to.
struct Step {
    /// Where to look for the next one, in the line as it was.
    next: usize,
    /// What goes.
    gone: Option<(usize, usize)>,
}

impl Named {
    /// A line without the values of secrets.
    pub fn line(&mut self, line: &str, removed: &mut Removed) -> String {
        if let Some(column) = self.block {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if line.trim().is_empty() || indent > column {
                return String::new();
            }
            self.block = None;
        }
        let line = options(line, removed);
        let (mut out, mut copied, mut from) = (String::with_capacity(line.len()), 0, 0);
        while let Some(at) = line.get(from..).and_then(|rest| rest.find([':', '='])).map(|at| from + at) {
            let Step { next, gone } = self.separator(&line, at);
            if let Some((start, end)) = gone {
                out.push_str(line.get(copied..start).unwrap_or_default());
                out.push_str(MARK);
                copied = end;
                removed.one(Sort::Named);
            }
            from = next.max(at + 1);
        }
        out.push_str(line.get(copied..).unwrap_or_default());
        out
    }

    /// Looks at the separator at this place.
    fn separator(&mut self, line: &str, at: usize) -> Step {
        let rest = line.get(at..).unwrap_or_default();
        let run = rest.find(|c| !matches!(c, ':' | '=' | '>')).unwrap_or(rest.len());
        let on = Step { next: at + run, gone: None };
        let path = rest.starts_with("://") || rest.starts_with("::");
        let found = name_before(line.get(..at).unwrap_or_default()).filter(|_| !path);
        let Some((start, name)) = found else { return on };
        let behind = rest.get(run..).unwrap_or_default();
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        let (value_at, value) = (at + run + blanks, behind.get(blanks..).unwrap_or_default());

        if matches!(name, "name" | "key") {
            let word = value.trim_start_matches(['\\', '"', '\'']);
            let end = word.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
            let of_secret = names::secret(word.get(..end.unwrap_or(word.len())).unwrap_or_default());
            self.armed = if of_secret { APART } else { 0 };
            return on;
        }
        let of_pair = name == "value" && self.armed > 0;
        self.armed = self.armed.saturating_sub(1);
        if !of_pair && !names::secret(name) {
            return on;
        }
        let before = line.get(..start).unwrap_or_default();
        let is_colon = rest.starts_with(':');
        if is_colon && matches!(value.trim_end(), "|" | ">" | "|-" | ">-" | "|+" | ">+") {
            self.block = Some(start);
            return Step { next: line.len(), gone: Some((value_at, line.len())) };
        }
        let Some(end) = end_of(value, before, is_colon, names::header(name)) else {
            return Step { next: value_at, gone: None };
        };
        let next = value_at + end;
        let bare = value.get(..end).unwrap_or_default().trim_matches(['\\', '"', '\'', ' ']);
        let identity = name.ends_with("username") && bare.starts_with("system:");
        if names::tells_nothing(bare) || bare == MARK || identity {
            return Step { next, gone: None };
        }
        let inner = quote(value).map_or(0, |(_, length)| length).min(end);
        Step { next, gone: Some((value_at + inner, next)) }
    }
}

/// Where a value ends; `None` where it is none of its own but a map.
fn end_of(value: &str, before: &str, is_colon: bool, header: bool) -> Option<usize> {
    if value.is_empty() || value.starts_with('{') {
        return None;
    }
    if let Some((mark, length)) = quote(value) {
        return Some(length + mark.end(value.get(length..).unwrap_or_default()));
    }
    if value.starts_with('[') && !value.starts_with(MARK) {
        return if value.contains('{') { None } else { Some(list_end(value)) };
    }
    let within = quoted(before);
    let end = if at_start(before) || header || within {
        value.find(|c| within && c == '"')
    } else if is_colon {
        let flow = before.contains(['{', '[']);
        value.find(|c| flow && matches!(c, ',' | '}' | ']'))
    } else {
        value.find(char::is_whitespace)
    };
    let end = end.unwrap_or(value.len());
    // Backslashes in front of a quote belong to it.
    Some(if within { value.get(..end).unwrap_or_default().trim_end_matches('\\').len() } else { end })
}

/// Where a list of plain values ends.
fn list_end(value: &str) -> usize {
    let mut at = 1;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(']') {
            return at + 1;
        }
        at += match quote(rest) {
            Some((mark, length)) => {
                let inner = mark.end(rest.get(length..).unwrap_or_default());
                (length * 2 + inner).min(rest.len())
            }
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    value.len()
}

/// `--password hunter2` and `"--password", "hunter2"`, as processes are shown.
fn options(line: &str, removed: &mut Removed) -> String {
    let (mut out, mut copied, mut from) = (String::with_capacity(line.len()), 0, 0);
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("--")).map(|at| from + at) {
        let rest = line.get(at + 2..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        from = at + 2 + end;
        let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let listed = behind.trim_start_matches(['\\', '"', '\'']);
        let value = if listed.starts_with(',') { listed.get(1..).unwrap_or_default() } else { behind };
        let value = value.trim_start_matches(' ');
        let given = (behind.starts_with(' ') || listed.starts_with(',')) && !value.is_empty();
        if !given || value.starts_with(['-', '[', '<']) || !names::secret(name) {
            continue;
        }
        let start = line.len() - value.len();
        let (inner, length) = match quote(value) {
            Some((mark, inner)) => (inner, inner + mark.end(value.get(inner..).unwrap_or_default())),
            None => (0, value.find(' ').unwrap_or(value.len())),
        };
        out.push_str(line.get(copied..start + inner).unwrap_or_default());
        out.push_str(MARK);
        removed.one(Sort::Named);
        copied = start + length.max(inner);
        from = copied;
    }
    out.push_str(line.get(copied..).unwrap_or_default());
    out
}
