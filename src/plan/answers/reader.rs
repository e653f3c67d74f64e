//! Walks a TOML document and collects problems instead of stopping at the first.

use super::SECTIONS;
use super::nearest::nearest;
use super::problem::Problem;
use std::borrow::Cow;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Problems that are told; a file with more is something else than answers.
const MOST: usize = 200;

/// The document's text and the problems found so far.
pub struct Reader<'t> {
    text: &'t str,
    /// Where each line ends: what is looked up for every value must not go through the text again.
    ends: Vec<usize>,
    pub problems: Vec<Problem>,
}

/// A table of the document.
#[derive(Clone)]
pub struct Section<'t> {
    /// Its name in [`SECTIONS`], and as it is shown in front of its keys.
    pub name: &'static str,
    /// Where it begins.
    pub line: usize,
    table: DeTable<'t>,
}

/// A value with its place.
#[derive(Clone, Copy, Debug)]
pub struct Found<'k, T> {
    pub value: T,
    pub line: usize,
    pub section: &'static str,
    pub key: &'k str,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at).collect();
        Self { text, ends, problems: Vec::new() }
    }

    /// The document. `None` where it is not TOML: then nothing else is worth saying.
    pub fn document(&mut self) -> Option<Section<'t>> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = error.span().map_or(1, |span| self.line(&span));
            let what = error.message().replace('\n', ", ");
            self.problems.push(Problem { line, key: String::new(), what, help: None });
        }
        if !errors.is_empty() {
            return None;
        }
        let section = Section { name: "", line: 1, table: root.into_inner() };
        self.known(&section);
        Some(section)
    }

    /// The problems, in the order of lines: all that anybody would read.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.line);
        let more = self.problems.len().saturating_sub(MOST);
        if more > 0 {
            self.problems.truncate(MOST);
            let line = self.problems.last().map_or(1, |last| last.line);
            let what = format!("from here on there are {more} mistakes more");
            self.problems.push(Problem { line, key: String::new(), what, help: None });
        }
        self.problems
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.ends.partition_point(|end| *end < span.start)
    }

    /// Records a problem with a key.
    pub fn complain(&mut self, section: &str, key: &str, line: usize, what: impl Into<String>, help: Option<String>) {
        let key = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        self.problems.push(Problem { line, key, what: what.into(), help });
    }

    /// Records that a value is not valid, unless it is.
    pub fn check(&mut self, found: &Found<'_, &str>, valid: bool, expected: &str) -> bool {
        if !valid {
            let what = format!("found {:?}; valid is {expected}", shown(found.value));
            self.complain(found.section, found.key, found.line, what, None);
        }
        valid
    }

    /// Reports the keys of a section that are not known.
    fn known(&mut self, section: &Section<'_>) {
        let known = SECTIONS.iter().find(|(name, _)| *name == section.name).map_or(&[][..], |(_, keys)| keys);
        for key in section.table.keys() {
            let word = key.get_ref().as_ref();
            if known.contains(&word) {
                continue;
            }
            let line = self.line(&key.span());
            if self.problems.len() >= MOST {
                // Nobody is told of it; it only counts.
                self.complain(section.name, "", line, "", None);
                continue;
            }
            let help = if let Some(near) = nearest(word, known.iter().copied()) {
                format!("did you mean {near:?}?")
            } else if let Some((home, _)) = SECTIONS.iter().find(|(_, keys)| keys.contains(&word)) {
                if home.is_empty() {
                    "it belongs to the top of the file".into()
                } else {
                    format!("it belongs to [{home}]")
                }
            } else {
                format!("known here: {}", known.join(", "))
            };
            self.complain(section.name, &shown(word), line, "this key is not known", Some(help));
        }
    }

    fn value<'s, 'd>(&self, section: &'s Section<'d>, key: &str) -> Option<(&'s DeValue<'d>, usize)> {
        let value = section.table.get(key)?;
        Some((value.get_ref(), self.line(&value.span())))
    }

    fn wrong(&mut self, section: &str, key: &str, line: usize, value: &DeValue<'_>, expected: &str) {
        let what = format!("found {}; valid is {expected}", describe(value));
        self.complain(section, key, line, what, None);
    }

    /// A text, where the key is there.
    pub fn text<'s, 'k>(&mut self, section: &'s Section<'_>, key: &'k str) -> Option<Found<'k, &'s str>> {
        let (value, line) = self.value(section, key)?;
        match value {
            DeValue::String(text) => Some(Found { value: text.as_ref(), line, section: section.name, key }),
            other => {
                self.wrong(section.name, key, line, other, "a text in quotes");
                None
            }
        }
    }

    /// A text that has to be there.
    pub fn required_text<'s, 'k>(
        &mut self,
        section: &'s Section<'_>,
        key: &'k str,
        meaning: &str,
    ) -> Option<Found<'k, &'s str>> {
        if section.table.get(key).is_none() {
            self.complain(section.name, key, section.line, format!("it is missing: {meaning}"), None);
        }
        self.text(section, key)
    }

    /// A number within bounds, where the key is there.
    pub fn number(
        &mut self,
        section: &Section<'_>,
        key: &str,
        valid: &dyn Fn(i64) -> bool,
        expected: &str,
    ) -> Option<i64> {
        let (value, line) = self.value(section, key)?;
        let number = match value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if let Some(number) = number.filter(|n| valid(*n)) {
            return Some(number);
        }
        self.wrong(section.name, key, line, value, expected);
        None
    }

    /// `true` or `false`, where the key is there.
    pub fn flag(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let (value, line) = self.value(section, key)?;
        match value {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.wrong(section.name, key, line, other, "true or false");
                None
            }
        }
    }

    /// A list of texts; empty where the key is not there.
    pub fn texts<'s, 'k>(&mut self, section: &'s Section<'_>, key: &'k str) -> Vec<Found<'k, &'s str>> {
        let Some((value, line)) = self.value(section, key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            self.wrong(section.name, key, line, value, "a list of texts, as in [\"a\", \"b\"]");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            let line = self.line(&item.span());
            match item.get_ref() {
                DeValue::String(text) => {
                    found.push(Found { value: text.as_ref(), line, section: section.name, key });
                }
                other => self.wrong(section.name, key, line, other, "a text in quotes"),
            }
        }
        found
    }

    /// A table within a section, where it is there.
    pub fn table<'d>(&mut self, section: &Section<'d>, key: &str) -> Option<Section<'d>> {
        let (value, line) = self.value(section, key)?;
        let name = section_name(section.name, key);
        let DeValue::Table(table) = value else {
            self.wrong(section.name, key, line, value, &format!("a section [{name}]"));
            return None;
        };
        let found = Section { name, line, table: table.clone() };
        self.known(&found);
        Some(found)
    }

    /// The tables of a list such as `[[bucket]]`; `None` where the key is not there.
    pub fn tables<'d>(&mut self, section: &Section<'d>, key: &str) -> Option<Vec<Section<'d>>> {
        let (value, line) = self.value(section, key)?;
        let name = section_name(section.name, key);
        let expected = format!("one or more sections [[{name}]]");
        let DeValue::Array(items) = value else {
            self.wrong(section.name, key, line, value, &expected);
            return Some(Vec::new());
        };
        let mut found = Vec::new();
        for item in items {
            let line = self.line(&item.span());
            if let DeValue::Table(table) = item.get_ref() {
                let one = Section { name, line, table: table.clone() };
                self.known(&one);
                found.push(one);
            } else {
                self.wrong(section.name, key, line, item.get_ref(), &expected);
            }
        }
        Some(found)
    }

    /// A table of texts by text, whose keys are the user's own.
    pub fn pairs(&mut self, section: &Section<'_>, key: &str) -> Vec<(String, String, usize)> {
        let Some((value, line)) = self.value(section, key) else { return Vec::new() };
        let DeValue::Table(table) = value else {
            self.wrong(section.name, key, line, value, "a table of texts, as in { \"from\" = \"to\" }");
            return Vec::new();
        };
        let mut found = Vec::new();
        for (from, to) in table {
            let line = self.line(&to.span());
            match to.get_ref() {
                DeValue::String(text) => found.push((from.get_ref().to_string(), text.to_string(), line)),
                other => self.wrong(section.name, key, line, other, "a text in quotes"),
            }
        }
        found
    }
}

impl Section<'_> {
    /// Whether a key is there, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }
}

/// The static name of a section within another.
fn section_name(within: &str, key: &str) -> &'static str {
    let whole = if within.is_empty() { Cow::Borrowed(key) } else { Cow::Owned(format!("{within}.{key}")) };
    SECTIONS.iter().map(|(name, _)| *name).find(|name| *name == whole).unwrap_or_default()
}

/// Foreign text in a message: harmless and short.
fn shown(text: &str) -> String {
    crate::base::sanitise::text(text, 80)
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {:?}", shown(text)),
        DeValue::Integer(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Float(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Boolean(flag) => format!("{flag}"),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(items) => format!("a list of {}", items.len()),
        DeValue::Table(_) => "a section".into(),
    }
}
