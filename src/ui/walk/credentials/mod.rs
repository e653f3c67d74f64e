//! The keys: shown on this screen only, masked, saved to a file. Leaving needs that they were saved, or
//! the words that say that this is not wanted.
//!
//! A key is in clear for `IN_CLEAR_MS` at most, and until the next key that is pressed, the next
//! question and the next change of the window.

mod draw;
mod form;

pub use draw::{about_site, draw, saved_lines};
use form::Form;

use crate::plan::Failure;
use crate::ui::draft::FieldId;
use crate::ui::effect::Effect;
use crate::ui::frame::LEAST;
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::msg::{HandOver, KeyPair};
use crate::ui::text::clock;
use crate::ui::theme::Role;
use crate::ui::walk::{self, Place};
use crate::ui::widgets::Field;
use crate::ui::widgets::list::Cursor;
use crossterm::event::KeyEvent;

/// How long a key is shown in clear, in milliseconds.
const IN_CLEAR_MS: u64 = 15_000;

/// Where the keys were saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The file.
    pub path: String,
    /// Whether a passphrase opens it.
    pub sealed: bool,
}

/// While a key is shown in clear. It has a beginning, so that a clock that is set back hides it as well.
#[derive(Clone, Copy, Debug)]
struct InClear {
    from: u64,
    until: u64,
}

/// What keys go to.
#[derive(Clone, Debug, Default)]
enum Open {
    /// The list.
    #[default]
    List,
    /// Where and how to save.
    Form(Form),
    /// The words with which nothing is saved.
    Words(Field),
}

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    keys: Vec<KeyPair>,
    /// Since when they are being read.
    since: Option<u64>,
    /// Why they could not be read.
    failure: Option<Failure>,
    cursor: Cursor,
    in_clear: Option<InClear>,
    open: Open,
    /// Where they were saved.
    saved: Option<Saved>,
    /// Whether somebody said in so many words that they need not be saved.
    declined: bool,
}

impl Screen {
    /// Whether keys are shown that nobody has kept.
    pub fn unsaved(&self) -> bool {
        !self.keys.is_empty() && self.saved.is_none() && !self.declined
    }

    /// Where they were saved.
    pub fn saved(&self) -> Option<&Saved> {
        self.saved.as_ref()
    }

    /// Whether something on it moves by itself.
    pub fn moves(&self) -> bool {
        self.in_clear.is_some() || self.since.is_some()
    }

    /// What stays when the screen is left: no key does.
    fn left(&self) -> Self {
        Self { saved: self.saved.clone(), declined: self.declined, ..Self::default() }
    }
}

/// The place was come to.
pub fn enter(model: &mut Model) -> Vec<Effect> {
    model.walk.credentials = Screen::default();
    read(model)
}

fn read(model: &mut Model) -> Vec<Effect> {
    model.walk.credentials.failure = None;
    model.walk.credentials.since = Some(model.shell.now_ms);
    vec![Effect::ReadKeys]
}

/// The keys were read.
pub fn arrived(model: &mut Model, keys: Vec<KeyPair>, hand_over: HandOver) -> Vec<Effect> {
    if model.walk.place != Place::Credentials {
        return vec![Effect::ForgetKeys];
    }
    let screen = &mut model.walk.credentials;
    screen.since = None;
    screen.saved = hand_over.keys_path.clone().map(|path| Saved { path, sealed: false });
    screen.keys = keys;
    model.walk.done.hand_over = Some(hand_over);
    Vec::new()
}

/// The keys were saved.
pub fn saved(model: &mut Model, path: String, sealed: bool) -> Vec<Effect> {
    model.walk.credentials.saved = Some(Saved { path, sealed });
    model.walk.credentials.open = Open::List;
    Vec::new()
}

/// What was asked for could not be done.
pub fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    let screen = &mut model.walk.credentials;
    match &mut screen.open {
        Open::Form(form) => form.failed(failure),
        _ if screen.keys.is_empty() => {
            screen.since = None;
            screen.failure = Some(failure);
        }
        _ => model.shell.notice = Some(failure.line()),
    }
    Vec::new()
}

/// What the path could go on with.
pub fn completed(model: &mut Model, path: &str, longer: &str, choices: usize) {
    if let Open::Form(form) = &mut model.walk.credentials.open {
        form.completed(path, longer, choices);
    }
}

/// Nothing is in clear any more.
pub fn hide(model: &mut Model) {
    model.walk.credentials.in_clear = None;
}

/// Before any key does anything: whatever it is, it hides what is in clear. The key that reveals does so
/// itself.
pub fn before_key(model: &mut Model, key: &KeyEvent) {
    if model.shell.keymap.command(model.scope(), key) != Some(Command::Reveal) {
        hide(model);
    }
}

/// Time has passed: what was revealed is hidden again.
pub fn tick(model: &mut Model) {
    let now = model.shell.now_ms;
    if model.walk.credentials.in_clear.is_some_and(|clear| now >= clear.until || now < clear.from) {
        hide(model);
    }
}

/// Where keys are pressed.
pub fn scope(model: &Model) -> Scope {
    match &model.walk.credentials.open {
        Open::Form(_) | Open::Words(_) => Scope::Typing,
        Open::List if model.walk.credentials.keys.is_empty() => Scope::Unread,
        Open::List => Scope::Credentials,
    }
}

/// A key for a text that is typed.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    match &mut model.walk.credentials.open {
        Open::Form(form) => form.raw(key),
        Open::Words(field) => field.key(key),
        Open::List => false,
    }
}

/// A pasted text.
pub fn paste(model: &mut Model, text: &str) {
    hide(model);
    match &mut model.walk.credentials.open {
        Open::Form(form) => form.paste(text),
        Open::Words(field) => field.paste(text),
        Open::List => {}
    }
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    match &mut model.walk.credentials.open {
        Open::Form(form) => {
            if command == Command::Back {
                model.walk.credentials.open = Open::List;
                return Vec::new();
            }
            form.command(command)
        }
        Open::Words(field) => {
            let typed = field.text();
            match command {
                Command::Back | Command::Up | Command::Previous => model.walk.credentials.open = Open::List,
                Command::Take | Command::Forward => return decline(model, &typed),
                _ => {}
            }
            Vec::new()
        }
        Open::List => list(model, command),
    }
}

fn list(model: &mut Model, command: Command) -> Vec<Effect> {
    let screen = &mut model.walk.credentials;
    if screen.keys.is_empty() {
        let again = matches!(command, Command::Retry | Command::LookAgain | Command::Take) && screen.since.is_none();
        return if again { read(model) } else { Vec::new() };
    }
    let command = match command {
        Command::Next => Command::Down,
        Command::Previous => Command::Up,
        other => other,
    };
    if screen.cursor.moved(command, screen.keys.len(), 4) {
        return Vec::new();
    }
    match command {
        Command::Reveal if screen.in_clear.is_some() => hide(model),
        Command::Reveal if model.shell.size.0 >= LEAST.0 && model.shell.size.1 >= LEAST.1 => {
            let from = model.shell.now_ms;
            screen.in_clear = Some(InClear { from, until: from + IN_CLEAR_MS });
        }
        Command::Copy | Command::CopyAccess => {
            let key = screen.keys.get(screen.cursor.of(screen.keys.len()));
            let secret = key.map(|k| if command == Command::Copy { &k.secret_key } else { &k.access_key });
            return secret.cloned().map(Effect::Copy).into_iter().collect();
        }
        Command::Save => {
            let site = model.walk.draft.text(FieldId::Site);
            // A rehearsal leaves nothing behind, unless somebody names another place.
            let beside = model.walk.done.hand_over.as_ref().filter(|_| model.shell.rehearsal);
            let dir = beside.and_then(|at| at.sheet_path.rsplit_once('/')).map_or("~/modelquay", |(dir, _)| dir);
            screen.open = Open::Form(Form::new(dir, &site));
        }
        Command::Take | Command::Forward if screen.unsaved() => screen.open = Open::Words(Field::default()),
        Command::Take | Command::Forward => return go_on(model),
        _ => {}
    }
    Vec::new()
}

fn decline(model: &mut Model, typed: &str) -> Vec<Effect> {
    // A terminal without an input method types the plain ones in every language.
    let words = [model.t("keys-words"), model.t("keys-words-plain")];
    let said = typed.trim().to_lowercase();
    if words.iter().any(|words| words.to_lowercase() == said) {
        model.walk.credentials.declined = true;
        return go_on(model);
    }
    model.shell.notice = Some(model.shell.text.with("keys-words-other", [("words", words[0].as_str().into())]));
    Vec::new()
}

fn go_on(model: &mut Model) -> Vec<Effect> {
    model.walk.credentials = model.walk.credentials.left();
    let mut effects = vec![Effect::ForgetKeys];
    effects.extend(walk::go(model, Place::Done));
    effects
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    let (text, screen) = (&model.shell.text, &model.walk.credentials);
    if let Some(since) = screen.since {
        let time = clock(model.shell.now_ms.saturating_sub(since) / 1000);
        return (Role::Accent, format!("{}  {time}", text.t("keys-reading")));
    }
    if screen.failure.is_some() {
        return (Role::Bad, text.t("keys-unread"));
    }
    match (&screen.open, &screen.in_clear, &screen.saved) {
        (Open::Form(form), ..) => form.status(text),
        (_, Some(clear), _) => {
            let seconds = clear.until.saturating_sub(model.shell.now_ms).div_ceil(1000);
            (Role::Secret, text.with("keys-in-clear", [("seconds", seconds.into())]))
        }
        (_, None, Some(_)) => (Role::Good, text.t("status-keys-saved")),
        _ if screen.keys.is_empty() => (Role::Warn, text.t("keys-none")),
        _ => (Role::Warn, text.t("status-keys-unsaved")),
    }
}

#[cfg(test)]
mod tests;
