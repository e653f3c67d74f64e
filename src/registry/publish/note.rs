//! What a config that is only there for a while says about itself, as a comment in its last line.
//!
//! The note is what lets the same command go on after a kill, from any computer: it says what is
//! unfinished and what the config was before. It stands in the config itself, because so it is there
//! exactly as long as the pin is, it needs no second write that could be lost, and whoever looks into
//! the bucket reads why the model is pinned.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the line begins with.
const MARK: &str = "# modelquay, unfinished: ";

/// What is unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unfinished {
    /// The publication of a version.
    Publish(i64),
    /// A roll-back.
    RollBack {
        /// The version to serve.
        to: Option<i64>,
        /// The version to delete.
        remove: Option<i64>,
    },
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(version) => write!(f, "the publication of version {version}"),
            Self::RollBack { to: Some(to), .. } => write!(f, "a roll-back to version {to}"),
            Self::RollBack { to: None, .. } => f.write_str("taking the model out of service"),
        }
    }
}

/// The note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What is unfinished.
    pub what: Unfinished,
    /// The config before, where there was one.
    pub before: Option<String>,
}

impl Note {
    /// The config with the note in its last line.
    pub fn on(&self, mut text: String) -> String {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(MARK);
        // JSON has no line break of its own, so that the note stays one comment whatever the config was.
        text.push_str(&serde_json::to_string(self).unwrap_or_default());
        text.push('\n');
        text
    }

    /// The note of a config, where it has one.
    pub fn of(text: &str) -> Option<Self> {
        let line = text.lines().next_back()?.strip_prefix(MARK)?;
        serde_json::from_str(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_config_without_a_note_has_none() {
        for text in ["", "backend: \"x\"\n", "# modelquay, unfinished: {\n", "# modelquay, unfinished: {}\nx: 1\n"] {
            assert_eq!(Note::of(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_noted_is_read_again_and_stays_a_comment(
            text in "(backend: \"x\"\n)?(max_batch_size: 1)?",
            before in prop::option::of(any::<String>()),
        ) {
            let note = Note { what: Unfinished::RollBack { to: Some(2), remove: None }, before };
            let noted = note.on(text.clone());
            prop_assert_eq!(Note::of(&noted), Some(note));
            let (plain, with) = (crate::registry::pbtxt::parse(&text), crate::registry::pbtxt::parse(&noted));
            let names = |document: crate::registry::pbtxt::Document| {
                document.root.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(with.map(names), plain.map(names));
        }
    }
}
