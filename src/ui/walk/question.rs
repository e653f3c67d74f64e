//! Questions of ssh, sudo and the host's key, asked on top of whatever is shown. Each says who asks: a
//! server can write anything into its own words.

use crate::base::Secret;
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Question};
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::boxed::{boxed, choice_lines};
use crate::ui::widgets::lines::{line, wrapped};
use crate::ui::widgets::{Field, Masked};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A question with the answer in the making.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its number.
    pub id: u64,
    /// The question.
    pub question: Question,
    typed: Masked,
    shown: Field,
    choice: usize,
}

/// What can be said about a host key, the careful word first.
const KEY_CHOICES: &[&str] = &["key-stop", "key-remember", "key-once"];

impl Asked {
    /// A question that nobody has answered yet.
    pub fn new(id: u64, question: Question) -> Self {
        Self { id, question, typed: Masked::default(), shown: Field::default(), choice: 0 }
    }
}

/// A key for the text that is typed.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    let Some(asked) = model.walk.questions.first_mut() else { return false };
    match asked.question {
        Question::HostKey { .. } => false,
        Question::Hidden { .. } => asked.typed.key(key),
        Question::Shown { .. } => asked.shown.key(key),
    }
}

/// A pasted text.
pub fn paste(model: &mut Model, text: &str) {
    let Some(asked) = model.walk.questions.first_mut() else { return };
    match asked.question {
        Question::HostKey { .. } => {}
        Question::Hidden { .. } => asked.typed.paste(text),
        Question::Shown { .. } => asked.shown.paste(text),
    }
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(asked) = model.walk.questions.first_mut() else { return Vec::new() };
    let id = asked.id;
    let answer = match (&asked.question, command) {
        (Question::HostKey { .. }, Command::Up | Command::Left | Command::Previous) => {
            asked.choice = asked.choice.saturating_sub(1);
            return Vec::new();
        }
        (Question::HostKey { .. }, Command::Down | Command::Right | Command::Next) => {
            asked.choice = (asked.choice + 1).min(KEY_CHOICES.len() - 1);
            return Vec::new();
        }
        (Question::HostKey { fingerprint, .. }, Command::Copy) => {
            return vec![Effect::Copy(Secret::new(fingerprint.clone()))];
        }
        (Question::HostKey { .. }, Command::Take) => match asked.choice {
            1 => Answer::AcceptAndRemember,
            2 => Answer::AcceptOnce,
            _ => Answer::Refuse,
        },
        (_, Command::Back) => Answer::Refuse,
        (Question::Hidden { .. }, Command::Take) => Answer::Text(asked.typed.take()),
        (Question::Shown { .. }, Command::Take) => Answer::Text(Secret::new(asked.shown.text())),
        _ => return Vec::new(),
    };
    model.walk.questions.remove(0);
    vec![Effect::Answer { id, answer }]
}

/// Whether a key means nothing here: what is typed is not copied.
pub fn idle(model: &Model, command: Command) -> bool {
    let typed = model.walk.questions.first().is_some_and(|asked| !matches!(asked.question, Question::HostKey { .. }));
    typed && command == Command::Copy
}

/// Who asks.
fn who(model: &Model, asker: &Asker) -> String {
    let text = &model.shell.text;
    match asker {
        Asker::LocalSsh => text.t("asks-ssh"),
        Asker::Server { host } => text.with("asks-server", [("host", host.as_str().into())]),
        Asker::Sudo { host, user } => {
            text.with("asks-sudo", [("host", host.as_str().into()), ("user", user.as_str().into())])
        }
        Asker::Program => text.t("asks-program"),
    }
}

/// Draws the question.
pub fn draw(model: &Model, asked: &Asked, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let room = usize::from(area.width.saturating_sub(6)).max(1);
    let mut lines = Vec::new();
    let title = match &asked.question {
        Question::HostKey { host, kind, fingerprint } => {
            lines.push(line(theme, Role::Title, format!("{kind}  {fingerprint}")));
            lines.push(line(theme, Role::Text, ""));
            lines.extend(wrapped(theme, Role::Text, &text.t("host-key-compare"), room));
            lines.extend(wrapped(theme, Role::Dim, &text.t("host-key-nowhere"), room));
            lines.push(line(theme, Role::Text, ""));
            let choices: Vec<String> = KEY_CHOICES.iter().map(|key| text.t(key)).collect();
            lines.extend(choice_lines(theme, &choices, asked.choice));
            text.with("host-key-unknown", [("host", host.as_str().into())])
        }
        Question::Hidden { asker, text: asks, refused } => {
            if *refused > 0 {
                lines.extend(wrapped(theme, Role::Bad, &text.t("answer-refused"), room));
            }
            lines.extend(wrapped(theme, Role::Text, asks, room));
            let cursor = theme.glyph(Glyph::Current);
            let typed = asked.typed.shown(theme, room.saturating_sub(4));
            lines.push(line(theme, Role::Focus, format!("{cursor} {typed} ")));
            lines.extend(wrapped(theme, Role::Dim, &text.t("answer-hidden"), room));
            who(model, asker)
        }
        Question::Shown { asker, text: asks } => {
            lines.extend(wrapped(theme, Role::Text, asks, room));
            let cursor = theme.glyph(Glyph::Current);
            lines.push(line(theme, Role::Focus, format!("{cursor} {} ", asked.shown.text())));
            who(model, asker)
        }
    };
    boxed(theme, &title, lines, area, buffer);
}
