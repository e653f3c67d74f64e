//! Known failures: what lies behind them and what to do, from `assets/failures.toml`. A failure is
//! recognised by its own words, and where those say nothing by the last lines that were written.

use super::failure::Failure;
use serde::Deserialize;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../assets/failures.toml");

/// Lines of a step's log that are worth looking at: earlier trouble may long be over.
pub const LINES: usize = 40;

/// What a screen offers first for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// Naming a mirror, a proxy or another source.
    Mirror,
    /// Trying again, once it is mended.
    Retry,
}

/// A text in every language of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    en: String,
    #[serde(rename = "zh-Hans")]
    zh_hans: String,
}

impl Words {
    /// In a language by its name, such as `zh-Hans`; in English where that is none of ours.
    pub fn of(&self, lang: &str) -> &str {
        if lang == "zh-Hans" { &self.zh_hans } else { &self.en }
    }
}

/// A failure that is known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its name.
    pub id: String,
    /// It fits where one line holds all words of one of these.
    any: Vec<Vec<String>>,
    /// What lies behind it.
    pub cause: Words,
    /// What to do about it.
    pub fix: Words,
    /// Where that is known from.
    pub source: String,
    /// What is offered first.
    pub offers: Vec<Offer>,
}

impl Known {
    fn fits(&self, line: &str) -> bool {
        self.any.iter().any(|words| !words.is_empty() && words.iter().all(|word| line.contains(word)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    failure: Vec<Known>,
}

/// The table. One that cannot be read is empty, and a test reads it.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut known = toml::from_str::<File>(TABLE).map(|file| file.failure).unwrap_or_default();
    // Upper and lower case are the same: here once, and for each line that is looked at.
    for word in known.iter_mut().flat_map(|known| known.any.iter_mut().flatten()) {
        *word = word.to_lowercase();
    }
    known
});

/// Every known failure, the special ones before the general ones.
pub fn all() -> &'static [Known] {
    &KNOWN
}

/// What is looked at of a line, in bytes: no log keeps longer ones.
const LONGEST: usize = 4096;
/// Lines that are looked at.
const MOST: usize = 200;

fn of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<&'static Known> {
    let begin = |line: &'a str| line.get(..line.floor_char_boundary(LONGEST)).unwrap_or(line);
    let lines: Vec<String> = lines.into_iter().take(MOST).map(|line| begin(line).to_lowercase()).collect();
    all().iter().find(|known| lines.iter().any(|line| known.fits(line)))
}

/// The known failure that this one is, by its own words, and else by the last lines of its step's log.
pub fn recognise<'a>(failure: &Failure, log: impl IntoIterator<Item = &'a str>) -> Option<&'static Known> {
    let own = std::iter::once(failure.message.as_str()).chain(failure.causes.iter().map(String::as_str));
    of_lines(own.chain(failure.hint.as_deref())).or_else(|| of_lines(log))
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
