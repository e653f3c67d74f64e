//! From keys to commands: `assets/keys.toml` is the only table. Text fields get the raw key first; all
//! else becomes a [`Command`] here, at the door.

pub use super::commands::{Command, Scope};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;

const TABLE: &str = include_str!("../../assets/keys.toml");

/// A key with its modifiers, as the table and the screens write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    ctrl: bool,
}

const NAMES: &[(&str, KeyCode)] = &[
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("f1", KeyCode::F(1)),
    ("f5", KeyCode::F(5)),
];

impl Chord {
    /// The key of an event. Shift is part of the character already.
    pub fn of(key: &KeyEvent) -> Self {
        Self { code: key.code, ctrl: key.modifiers.contains(KeyModifiers::CONTROL) }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Some(Self { code: *code, ctrl: false });
        }
        let (ctrl, rest) = text.strip_prefix("ctrl-").map_or((false, text), |rest| (true, rest));
        let mut chars = rest.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Some(Self { code: KeyCode::Char(c), ctrl }),
            _ => None,
        }
    }

    /// The event of this key, for tests and rehearsed key strokes.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        match NAMES.iter().find(|(_, code)| *code == self.code) {
            Some((name, _)) => f.write_str(name),
            None => match self.code {
                KeyCode::Char(c) => write!(f, "{c}"),
                _ => Ok(()),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    scope: String,
    keys: Vec<String>,
    command: String,
    /// Whether the bottom line names it; the rest stands behind the help key.
    #[serde(default)]
    shown: bool,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub scope: Scope,
    /// The keys, the one that is shown first.
    pub keys: Vec<Chord>,
    /// What for.
    pub command: Command,
    /// Whether the bottom line names it.
    pub shown: bool,
}

/// The whole table.
#[derive(Clone, Debug)]
pub struct Keymap {
    rows: Vec<Binding>,
    index: HashMap<(Scope, Chord), Command>,
}

impl Keymap {
    /// The table that the program carries.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same table.
    pub fn built_in() -> Self {
        Self::parse(TABLE).expect("the table is part of the program, and a test reads it")
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut rows = Vec::new();
        let mut index = HashMap::new();
        for row in file.key {
            let scope = Scope::of(&row.scope).ok_or_else(|| format!("no scope {:?}", row.scope))?;
            let command = Command::of(&row.command).ok_or_else(|| format!("no command {:?}", row.command))?;
            let mut keys = Vec::new();
            for name in &row.keys {
                let chord = Chord::parse(name).ok_or_else(|| format!("no key {name:?}"))?;
                if index.insert((scope, chord), command).is_some() {
                    return Err(format!("{name} means two things in {}", scope.id()));
                }
                keys.push(chord);
            }
            rows.push(Binding { scope, keys, command, shown: row.shown });
        }
        Ok(Self { rows, index })
    }

    /// What a key means here.
    pub fn command(&self, scope: Scope, key: &KeyEvent) -> Option<Command> {
        let chord = Chord::of(key);
        let mut scope = Some(scope);
        while let Some(here) = scope {
            if let Some(command) = self.index.get(&(here, chord)) {
                return Some(*command);
            }
            scope = here.wider();
        }
        None
    }

    /// The rows that hold here, the nearest first.
    pub fn rows(&self, scope: Scope) -> Vec<&Binding> {
        let mut found: Vec<&Binding> = Vec::new();
        let mut scope = Some(scope);
        while let Some(here) = scope {
            found.extend(self.rows.iter().filter(|row| row.scope == here));
            scope = here.wider();
        }
        found
    }

    /// The key by which something is asked for here, as it is shown.
    pub fn key_of(&self, scope: Scope, command: Command) -> String {
        let row = self.rows(scope).into_iter().find(|row| row.command == command);
        row.and_then(|row| row.keys.first()).map(ToString::to_string).unwrap_or_default()
    }

    /// Every row, in the order of the table.
    pub fn all(&self) -> &[Binding] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound_and_every_command_has_a_key() {
        let map = Keymap::parse(TABLE).expect("the table is sound");
        for command in Command::ALL {
            assert!(map.all().iter().any(|row| row.command == *command), "no key for {}", command.id());
        }
        assert!(Keymap::parse("[[key]]\nscope = \"any\"\nkeys = [\"q\", \"q\"]\ncommand = \"quit\"").is_err());
    }

    #[test]
    fn keys_read_back_as_written() {
        for row in Keymap::built_in().all() {
            for key in &row.keys {
                assert_eq!(Chord::parse(&key.to_string()), Some(*key));
                assert_eq!(Chord::of(&key.event()), *key);
            }
        }
    }

    #[test]
    fn letters_mean_nothing_where_text_is_typed() {
        let map = Keymap::built_in();
        for scope in [Scope::Typing, Scope::Form, Scope::Question, Scope::Host, Scope::Any] {
            for row in map.rows(scope) {
                for key in &row.keys {
                    let letter = matches!(key.code, KeyCode::Char(c) if c != ' ') && !key.ctrl;
                    assert!(!letter, "{key} means {} in {}", row.command.id(), scope.id());
                }
            }
        }
    }
}
