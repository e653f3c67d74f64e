//! From keys to commands: `assets/keys.toml` is the only table. Text fields get the raw key first; all
//! else becomes a [`Command`] here, at the door.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;

const TABLE: &str = include_str!("../../assets/keys.toml");

macro_rules! named {
    ($(#[$about:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $id:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Its name in files.
            pub const fn id(self) -> &'static str {
                match self { $($name::$variant => $id,)* }
            }

            fn of(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.id() == id)
            }
        }
    };
}

named! {
    /// What a key asks for. The text of `do-<id>` says it to people.
    Command:
    /// The line above.
    Up = "up",
    /// The line below.
    Down = "down",
    /// To the left.
    Left = "left",
    /// To the right.
    Right = "right",
    /// A page up.
    PageUp = "page-up",
    /// A page down.
    PageDown = "page-down",
    /// The first line.
    Top = "top",
    /// The last line.
    Bottom = "bottom",
    /// The next field or pane.
    Next = "next",
    /// The field or pane before.
    Previous = "previous",
    /// Take what the cursor is on.
    Take = "take",
    /// Connect to the host and look at it.
    Connect = "connect",
    /// Tick or untick.
    Toggle = "toggle",
    /// The next place of the walk.
    Forward = "forward",
    /// The place before, or out of what is open.
    Back = "back",
    /// The keys of this place.
    Help = "help",
    /// Leave the program.
    Quit = "quit",
    /// Suspend the program, as shells do.
    Suspend = "suspend",
    /// Draw everything again.
    Redraw = "redraw",
    /// Look at the host again.
    LookAgain = "look-again",
    /// Apply the fix of this row.
    Fix = "fix",
    /// Apply every safe fix.
    FixAll = "fix-all",
    /// Where everything is fetched from: mirrors, proxy, tables.
    Supply = "supply",
    /// Begin the install.
    Install = "install",
    /// Write the answers file.
    WriteAnswers = "write-answers",
    /// Export the plan as a report.
    Export = "export",
    /// Follow the log.
    Follow = "follow",
    /// Search.
    Search = "search",
    /// The next hit.
    NextHit = "next-hit",
    /// The hit before.
    PreviousHit = "previous-hit",
    /// The whole screen for the log.
    Zoom = "zoom",
    /// Wrap long lines.
    Wrap = "wrap",
    /// Send to the terminal's clipboard.
    Copy = "copy",
    /// Send the access key to the terminal's clipboard.
    CopyAccess = "copy-access",
    /// Save to a file.
    Save = "save",
    /// Leave the screens; what the host does by itself goes on.
    Detach = "detach",
    /// Stop at the next safe point.
    Stop = "stop",
    /// Try the failed step again.
    Retry = "retry",
    /// Faster, in a rehearsal.
    Faster = "faster",
    /// Slower, in a rehearsal.
    Slower = "slower",
    /// Show the secrets for a moment.
    Reveal = "reveal",
    /// What Triton would make of a prefix.
    Models = "models",
    /// Browse the registry.
    Browse = "browse",
    /// One prefix up.
    Parent = "parent",
    /// To the first name that is not before a text.
    Jump = "jump",
    /// To a place by its path.
    GoTo = "go-to",
    /// The next order.
    Sort = "sort",
    /// Go on with a listing that stands still.
    More = "more",
    /// What is known of an object, beside the list or not.
    Pane = "pane",
    /// Send an object's address to the terminal's clipboard.
    CopyUrl = "copy-url",
}

named! {
    /// Where a key is pressed.
    Scope:
    /// Everywhere where nothing else is said.
    Any = "any",
    /// Lists that a cursor moves in.
    List = "list",
    /// The first screen.
    Start = "start",
    /// Choosing a host.
    Host = "host",
    /// Facts and preflight.
    Facts = "facts",
    /// Screens of fields.
    Form = "form",
    /// The plan.
    Plan = "plan",
    /// The install.
    Install = "install",
    /// A failed install.
    Failure = "failure",
    /// The credentials.
    Credentials = "credentials",
    /// The credentials, while there are none.
    Unread = "unread",
    /// The hand-over.
    Done = "done",
    /// A question of ssh, sudo or the program.
    Question = "question",
    /// A text that is being typed.
    Typing = "typing",
    /// What lies under a prefix.
    Browse = "browse",
    /// What Triton would make of a prefix.
    Models = "models",
    /// The list of buckets.
    Buckets = "buckets",
}

impl Scope {
    /// Where keys that this scope does not know are looked up.
    fn wider(self) -> Option<Self> {
        match self {
            Self::Any => None,
            Self::Start | Self::Facts | Self::Plan | Self::Failure | Self::Browse | Self::Buckets | Self::Models => {
                Some(Self::List)
            }
            _ => Some(Self::Any),
        }
    }
}

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
