//! A secret that is typed. A text area is of no use here: it keeps what was undone and what was cut.

use crate::base::Secret;
use crate::ui::theme::{Glyph, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroize as _;

/// The longest answer, in bytes. The memory is taken at once, so that growing leaves no copies behind.
const LONGEST: usize = 1024;

/// A secret under the user's hands. It shows nothing but how many characters there are.
#[derive(Clone)]
pub struct Masked {
    typed: Secret<String>,
}

impl Default for Masked {
    fn default() -> Self {
        Self { typed: Secret::new(String::with_capacity(LONGEST)) }
    }
}

impl std::fmt::Debug for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masked(…)")
    }
}

impl Masked {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.typed.expose().is_empty()
    }

    /// Takes a key that belongs to the secret, and says whether it did.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if ctrl => *self = Self::default(),
            KeyCode::Char(c) if !ctrl => self.push(c),
            KeyCode::Backspace => self.pop(),
            _ => return false,
        }
        true
    }

    /// Takes a pasted text; an end of line is not part of it.
    pub fn paste(&mut self, text: &str) {
        text.trim_end_matches(['\r', '\n']).chars().filter(|c| !c.is_control()).for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        let now = self.typed.expose();
        if now.len() + c.len_utf8() > LONGEST {
            return;
        }
        let mut next = String::with_capacity(LONGEST);
        next.push_str(now);
        next.push(c);
        self.typed = Secret::new(next);
    }

    fn pop(&mut self) {
        let mut next = String::with_capacity(LONGEST);
        next.push_str(self.typed.expose());
        next.pop();
        self.typed = Secret::new(next);
    }

    /// Takes what was typed and leaves nothing.
    pub fn take(&mut self) -> Secret<String> {
        let mut copy = self.typed.expose().clone();
        *self = Self::default();
        let secret = Secret::new(copy.clone());
        copy.zeroize();
        secret
    }

    /// What was typed. It stays here as well.
    pub fn secret(&self) -> Secret<String> {
        self.typed.clone()
    }

    /// Whether the same was typed twice.
    pub fn same(&self, other: &Self) -> bool {
        self.typed == other.typed
    }

    /// What is shown of it: one sign a character, at most so many.
    pub fn shown(&self, theme: Theme, width: usize) -> String {
        theme.glyph(Glyph::Mask).repeat(self.typed.expose().chars().count().min(width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Colours;

    #[test]
    fn nothing_but_its_length_is_shown() {
        let theme = Theme { colours: Colours::None, ascii: true };
        let mut masked = Masked::default();
        masked.paste("s3cret\n");
        masked.key(&KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!(masked.shown(theme, 80), "*****");
        assert_eq!(format!("{masked:?}"), "Masked(…)");
        assert_eq!(masked.take().expose(), "s3cre");
        assert!(masked.is_empty());
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let mut masked = Masked::default();
        masked.paste(&"ä".repeat(LONGEST));
        assert!(masked.take().expose().len() <= LONGEST);
    }
}
