//! Private keys in PEM, also where a text begins or ends within one, where each line has a log's words in front of
//! it, and where the line feeds are written as `\n`.

use super::removed::{Removed, Sort};
use crate::base::redact::MARK;

/// Lines of something else that may lie between those of a key, in a log to which several write.
const BETWEEN: usize = 100;

/// A word of so many letters of base64 is taken for a part of a key wherever one is open.
const LONG: usize = 16;

/// Lines of a text, out of which the private keys go.
#[derive(Default)]
pub struct Keys {
    /// Lines that are left and those that are a key's, empty then.
    lines: Vec<String>,
    open: Option<Open>,
}

/// A key whose end has not been seen.
#[derive(Clone, Copy)]
struct Open {
    /// Words in front of its first line.
    before: usize,
    /// Lines of something else that may still come.
    left: usize,
}

/// Where a marker such as `-----BEGIN RSA PRIVATE KEY-----` stands in a line, from and to.
fn marker(line: &str, kind: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = line.get(from..)?.find(kind) {
        let at = from + found;
        let label = at + kind.len();
        let end = line.get(label..)?.find("-----").map(|end| label + end)?;
        let words = line.get(label..end)?;
        if words.len() <= 64 && words.contains("PRIVATE KEY") {
            return Some((at, end + 5));
        }
        from = label;
    }
    None
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

/// The last word of a line where it could be a line of a key, given how many words stand in front of one.
fn part(line: &str, before: usize) -> Option<usize> {
    let trimmed = line.trim_end();
    let last = trimmed.rsplit(' ').next().unwrap_or_default();
    let count = trimmed.split(' ').filter(|word| !word.is_empty()).count();
    let fits = count == 1 || count == before + 1 || last.len() >= LONG;
    (!last.is_empty() && last.chars().all(is_base64) && fits).then(|| trimmed.len() - last.len())
}

/// Headers of an encrypted key, and the empty line behind them.
fn header(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.contains("Proc-Type:") || line.contains("DEK-Info:")
}

impl Keys {
    /// Takes the next line.
    pub fn line(&mut self, line: &str, removed: &mut Removed) {
        let mut rest = line.to_owned();
        if let Some(open) = self.open {
            if let Some((_, to)) = marker(&rest, "-----END ") {
                // Whatever stands in front of the end within a key's line is the key's or a log's words.
                let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).take(open.before).collect();
                let before = words.join(" ");
                let gap = if before.is_empty() { "" } else { " " };
                rest = format!("{before}{gap}{MARK}{}", rest.get(to..).unwrap_or_default());
                self.open = None;
            } else if marker(&rest, "-----BEGIN ").is_none() {
                self.inside(&rest, open);
                return;
            }
        } else if marker(&rest, "-----BEGIN ").is_none()
            && let Some((from, to)) = marker(&rest, "-----END ")
        {
            // The text begins within a key.
            let before = rest.get(..from).unwrap_or_default();
            let words = before.split(' ').filter(|word| !word.is_empty()).count();
            self.back(words);
            removed.one(Sort::PrivateKey);
            let kept = before.rfind([' ', '"', '\'']).map_or("", |at| before.get(..=at).unwrap_or_default());
            rest = format!("{kept}{MARK}{}", rest.get(to..).unwrap_or_default());
        }
        let line = self.begun(rest, removed);
        self.lines.push(line);
    }

    /// A line while a key is open.
    fn inside(&mut self, line: &str, open: Open) {
        let part = part(line, open.before);
        if part.is_none() && !header(line) {
            self.open = open.left.checked_sub(1).map(|left| Open { left, ..open });
        }
        self.lines.push(line.get(..part.unwrap_or(line.len())).unwrap_or_default().to_owned());
    }

    /// Takes the lines back that belong to a key of which only the end was seen.
    fn back(&mut self, before: usize) {
        for line in self.lines.iter_mut().rev().take(BETWEEN) {
            match part(line, before) {
                Some(at) => line.truncate(at),
                None if header(line) => {}
                None => break,
            }
        }
    }

    /// A line without the keys that begin in it.
    fn begun(&mut self, mut line: String, removed: &mut Removed) -> String {
        let mut from = 0;
        while let Some((at, end)) = line.get(from..).and_then(|rest| marker(rest, "-----BEGIN ")) {
            let (at, end) = (from + at, from + end);
            removed.one(Sort::PrivateKey);
            let behind = line.get(end..).unwrap_or_default();
            let to = if let Some((_, to)) = marker(behind, "-----END ") {
                end + to
            } else {
                // Without its end in this line: what can be a part of it, with line feeds that are written out.
                let key = |c: char| is_base64(c) || matches!(c, '\\' | ' ' | ',' | '-' | ':');
                end + behind.find(|c: char| !key(c)).unwrap_or(behind.len())
            };
            if to >= line.trim_end().len() && marker(behind, "-----END ").is_none() {
                let words = line.get(..at).unwrap_or_default();
                let before = words.split(' ').filter(|word| !word.is_empty()).count();
                self.open = Some(Open { before, left: BETWEEN });
            }
            line.replace_range(at..to, MARK);
            from = at + MARK.len();
        }
        line
    }

    /// All lines.
    pub fn finish(self) -> Vec<String> {
        self.lines
    }
}
