//! Changes: none is made until somebody has asked for it, once in a session. From then on everything is signed with
//! the key that may write.

use super::Browse;
use super::msg::Effect;
use crate::plan::Failure;
use crate::ports::objects::At;
use crate::registry::listing::Kind;
use crate::ui::keys::Command;

/// Whether changes may be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// No: the reader's key signs.
    #[default]
    Off,
    /// It was asked for.
    Asked,
    /// Yes: the key that may write signs.
    On,
}

impl Browse {
    /// Lets changes be made.
    pub(super) fn write(&mut self) -> Vec<Effect> {
        let words = match (self.writing, &self.who.writer) {
            (Writing::On, Some(writer)) => self.shell.text.with("write-is-on", [("key", writer.as_str().into())]),
            (Writing::On | Writing::Asked, _) => return Vec::new(),
            (Writing::Off, Some(_)) => {
                self.writing = Writing::Asked;
                return vec![Effect::Write];
            }
            (Writing::Off, None) => self.shell.text.t("write-no-key"),
        };
        self.shell.notice = Some(words);
        Vec::new()
    }

    /// The key that may write signs from now on, or it cannot.
    pub(super) fn writes(&mut self, so: Result<(), Failure>) -> Vec<Effect> {
        match so {
            Ok(()) => {
                self.writing = Writing::On;
                if let Some(writer) = self.who.writer.clone() {
                    let words = self.shell.text.with("write-is-on", [("key", writer.as_str().into())]);
                    self.who.key = writer;
                    self.shell.notice = Some(words);
                }
                // Another key: what the one before was refused may be let to it.
                self.features.clear();
                return self.ask_features();
            }
            Err(failure) => {
                self.writing = Writing::Off;
                self.shell.notice = Some(failure.line());
            }
        }
        Vec::new()
    }

    /// Makes a change if changes may be made, and says what to do if not.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Self) -> Vec<Effect>) -> Vec<Effect> {
        if self.writing == Writing::On {
            return change(self);
        }
        let key = self.shell.keymap.key_of(self.scope(), Command::Write);
        self.shell.notice = Some(self.shell.text.with("write-first", [("key", key.into())]));
        Vec::new()
    }

    /// The key of the object of the cursor.
    pub(super) fn object_here(&self) -> Option<String> {
        self.row().filter(|row| row.kind == Kind::Object).map(|row| self.key(row.name))
    }

    /// The prefix of the cursor, or the one that is stood under.
    pub(super) fn prefix_here(&self) -> String {
        match self.row().filter(|row| row.kind == Kind::Prefix) {
            Some(row) => self.key(row.name),
            None => self.spot.prefix.clone(),
        }
    }

    /// What is marked, or else what the cursor is on.
    pub(super) fn chosen(&self) -> Vec<At> {
        let Some(bucket) = &self.spot.bucket else { return Vec::new() };
        if self.marked.is_empty() {
            return self.row().map(|row| At::new(bucket, self.key(row.name))).into_iter().collect();
        }
        let rows = self.listing.rows();
        let name = |id: &u32| rows.get(*id as usize).map(|row| At::new(bucket, self.key(row.name)));
        self.marked.iter().filter_map(name).collect()
    }
}
