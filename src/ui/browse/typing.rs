//! What is typed on the line above the keys: a filter, a jump, a path.

use super::msg::Effect;
use super::{Browse, Spot};
use crate::registry::listing::Filter;
use crate::ui::keys::Command;
use crate::ui::widgets::field::Field;
use crossterm::event::KeyEvent;

/// What a typed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Only rows with this text in their name; with every key.
    Filter,
    /// The first row whose name is not before this; with every key.
    Jump,
    /// The place of this name.
    GoTo,
}

/// A text that is being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Typing {
    /// What for.
    pub goal: Goal,
    /// The text.
    pub field: Field,
    /// The row of the cursor before.
    before: Option<u32>,
}

impl Browse {
    /// Begins to type.
    pub(super) fn begin_typing(&mut self, goal: Goal) -> Vec<Effect> {
        let here = self.spot.bucket.is_some();
        let text = match goal {
            Goal::Filter if here => self.listing.filter().text().to_owned(),
            Goal::Jump if here => String::new(),
            Goal::GoTo => self.spot.bucket.as_ref().map(|b| format!("{b}/{}", self.spot.prefix)).unwrap_or_default(),
            Goal::Filter | Goal::Jump => return Vec::new(),
        };
        if goal == Goal::Jump {
            self.by_name();
        }
        let before = self.listing.id(self.cursor.of(self.len()));
        self.typing = Some(Typing { goal, field: Field::line(&text), before });
        Vec::new()
    }

    /// Gives a key to the text that is being typed, and says whether it was taken.
    pub(super) fn typed(&mut self, key: &KeyEvent) -> bool {
        let Some(typing) = &mut self.typing else { return false };
        let taken = typing.field.key(key);
        if taken {
            self.typed_so_far();
        }
        taken
    }

    /// Gives a pasted text to the text that is being typed.
    pub(super) fn pasted(&mut self, text: &str) {
        if let Some(typing) = &mut self.typing {
            typing.field.paste(text);
            self.typed_so_far();
        }
    }

    fn typed_so_far(&mut self) {
        let Some(typing) = &self.typing else { return };
        let text = typing.field.text();
        match typing.goal {
            Goal::Filter => self.set_filter(&text),
            Goal::Jump => {
                let place = self.listing.seek(&text);
                self.cursor.set(place);
                self.preview.moved(self.shell.now_ms);
            }
            Goal::GoTo => {}
        }
    }

    /// Sets the filter and keeps the cursor on its row where that is still seen.
    pub(super) fn set_filter(&mut self, text: &str) {
        let before = match &self.typing {
            Some(typing) => typing.before,
            None => self.listing.id(self.cursor.of(self.len())),
        };
        self.listing.set_filter(Filter::new(text));
        self.keep_on(before);
    }

    /// A command while something is typed.
    pub(super) fn typing_command(&mut self, command: Command) -> Vec<Effect> {
        let Some(typing) = self.typing.take() else { return Vec::new() };
        match (command, typing.goal) {
            (Command::Take, Goal::Filter) => Vec::new(),
            (Command::Take, Goal::Jump) => self.jump(&typing.field.text()),
            (Command::Take, Goal::GoTo) => self.go_to(&typing.field.text()),
            (Command::Back, goal) => {
                if goal == Goal::Filter {
                    self.set_filter("");
                }
                self.keep_on(typing.before);
                Vec::new()
            }
            (Command::Next, Goal::GoTo) => {
                self.typing = Some(typing);
                self.complete_place();
                Vec::new()
            }
            // While a filter is typed, the list can be walked.
            (Command::Up | Command::Down | Command::PageUp | Command::PageDown, _) => {
                self.cursor.moved(command, self.len(), usize::from(self.list_rows()));
                self.preview.moved(self.shell.now_ms);
                self.typing = Some(typing);
                Vec::new()
            }
            _ => {
                self.typing = Some(typing);
                Vec::new()
            }
        }
    }

    /// Goes on from a name that has not come yet: the server is asked to begin there.
    fn jump(&mut self, name: &str) -> Vec<Effect> {
        if name.is_empty() || self.listing.seek(name) < self.listing.len() || !self.incomplete() {
            return Vec::new();
        }
        let mut effects = self.ask();
        if let Some(Effect::List { query, .. }) = effects.last_mut() {
            query.start_after = Some(behind(&query.prefix, name));
            self.from = Some(name.to_owned());
        }
        effects
    }

    /// Whether there are rows that have not come.
    fn incomplete(&self) -> bool {
        self.listing.end() != Some(&crate::registry::listing::End::Complete)
    }

    /// `bucket`, `bucket/prefix/` or `bucket/prefix/name`, with or without `s3://`.
    fn go_to(&mut self, text: &str) -> Vec<Effect> {
        let text = text.trim();
        let text = text.strip_prefix("s3://").unwrap_or(text);
        let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
        if bucket.is_empty() {
            return self.go(Spot::default(), None);
        }
        let cut = key.rfind('/').map_or(0, |at| at + 1);
        let (prefix, name) = key.split_at(cut);
        let spot = Spot { bucket: Some(bucket.to_owned()), prefix: prefix.to_owned() };
        let on = (!name.is_empty()).then(|| name.to_owned());
        self.go(spot, on)
    }
}

/// A key that stands right before a name: the greatest one that is shorter. A server begins behind the key that it
/// is told, so the name itself would be left out.
fn behind(prefix: &str, name: &str) -> String {
    let mut text = format!("{prefix}{name}");
    if let Some(last) = text.pop() {
        let before = (1..=0xff).find_map(|step| char::from_u32((last as u32).checked_sub(step)?));
        if let Some(before) = before.filter(|_| last > ' ') {
            text.push(before);
            text.push('\u{10ffff}');
        }
    }
    text
}
