//! Where and how the keys are saved.

use crate::base::Secret;
use crate::plan::Failure;
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::text::Text;
use crate::ui::theme::Role;
use crate::ui::widgets::{Field, Masked};
use crossterm::event::KeyEvent;

/// What an encrypted file's name ends with.
const SEALED: &str = ".age";

/// A line of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// The path.
    #[default]
    Path,
    /// Whether it is encrypted.
    Seal,
    /// The passphrase.
    First,
    /// The passphrase once more.
    Second,
}

/// Why it was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no path.
    NoPath,
    /// There is no passphrase.
    NoPassphrase,
    /// It was not typed twice alike.
    Differ,
    /// It was tried.
    Failed(Failure),
}

/// The form.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The path.
    pub path: Field,
    /// Whether it is encrypted.
    pub seal: bool,
    /// The passphrase.
    pub first: Masked,
    /// The passphrase once more.
    pub second: Masked,
    /// The line that keys go to.
    pub at: Line,
    /// How many names the path could go on with, where somebody asked.
    pub fit: Option<usize>,
    /// Why it was not saved.
    pub trouble: Option<Trouble>,
    /// Whether it is being saved.
    pub saving: bool,
}

impl Form {
    /// Proposes a file for a site's keys.
    pub fn new(dir: &str, site: &str) -> Self {
        Self { path: Field::line(&format!("{dir}/{site}.credentials")), ..Self::default() }
    }

    /// A key for what is typed.
    pub fn raw(&mut self, key: &KeyEvent) -> bool {
        if self.saving {
            return false;
        }
        let taken = match self.at {
            Line::Path => self.path.key(key),
            Line::Seal => false,
            Line::First => self.first.key(key),
            Line::Second => self.second.key(key),
        };
        if taken {
            (self.fit, self.trouble) = (None, None);
        }
        taken
    }

    /// A pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.at {
            _ if self.saving => {}
            Line::Path => self.path.paste(text),
            Line::Seal => {}
            Line::First => self.first.paste(text),
            Line::Second => self.second.paste(text),
        }
    }

    /// What the path could go on with.
    pub fn completed(&mut self, path: &str, longer: &str, fit: usize) {
        if self.path.text() == path {
            self.path.set(longer);
            self.fit = Some(fit);
        }
    }

    /// It was tried, and did not work. What was typed stays.
    pub fn failed(&mut self, failure: Failure) {
        (self.saving, self.at) = (false, Line::Path);
        self.trouble = Some(Trouble::Failed(failure));
    }

    fn last(&self) -> Line {
        if self.seal { Line::Second } else { Line::Seal }
    }

    fn step(&mut self, down: bool) {
        let all = [Line::Path, Line::Seal, Line::First, Line::Second];
        let at = all.iter().position(|line| *line == self.at).unwrap_or_default();
        let to = if down { at + 1 } else { at.saturating_sub(1) };
        self.at = all.get(to).copied().unwrap_or(self.at).min(self.last());
    }

    /// A command.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        if self.saving {
            return Vec::new();
        }
        match command {
            Command::Next if self.at == Line::Path => return vec![Effect::Complete { path: self.path.text() }],
            Command::Next | Command::Down => self.step(true),
            Command::Previous | Command::Up => self.step(false),
            Command::Toggle if self.at == Line::Seal => self.toggle(),
            Command::Take => return self.save().into_iter().collect(),
            _ => {}
        }
        Vec::new()
    }

    fn toggle(&mut self) {
        self.seal = !self.seal;
        let path = self.path.text();
        match (self.seal, path.strip_suffix(SEALED)) {
            (true, None) => self.path.set(&format!("{path}{SEALED}")),
            (false, Some(plain)) => self.path.set(plain),
            _ => {}
        }
        (self.first, self.second) = (Masked::default(), Masked::default());
    }

    /// Saves, or goes to the line that lacks something.
    fn save(&mut self) -> Option<Effect> {
        self.trouble = None;
        let path = self.path.text().trim().to_owned();
        if path.is_empty() {
            (self.at, self.trouble) = (Line::Path, Some(Trouble::NoPath));
            return None;
        }
        let mut passphrase: Option<Secret<String>> = None;
        if self.seal {
            if self.first.is_empty() {
                self.trouble = (self.at >= Line::First).then_some(Trouble::NoPassphrase);
                self.at = Line::First;
                return None;
            }
            if self.second.is_empty() {
                self.at = Line::Second;
                return None;
            }
            if !self.first.same(&self.second) {
                (self.first, self.second) = (Masked::default(), Masked::default());
                (self.at, self.trouble) = (Line::First, Some(Trouble::Differ));
                return None;
            }
            passphrase = Some(self.first.secret());
        }
        self.saving = true;
        Some(Effect::SaveKeys { path, passphrase })
    }

    /// The sentence above the keys.
    pub fn status(&self, text: &Text) -> (Role, String) {
        match &self.trouble {
            _ if self.saving => (Role::Accent, text.t("keys-saving")),
            Some(Trouble::NoPath) => (Role::Bad, text.t("keys-no-path")),
            Some(Trouble::NoPassphrase) => (Role::Bad, text.t("keys-no-passphrase")),
            Some(Trouble::Differ) => (Role::Bad, text.t("keys-passphrases-differ")),
            Some(Trouble::Failed(_)) => (Role::Bad, text.t("keys-not-written")),
            None => (Role::Text, text.t("keys-form-hint")),
        }
    }
}
