//! What lies on top of a place and wants an answer: leaving, stopping, fixes that are shown before they
//! are made, a path.

use crate::plan::{Change, StepId};
use crate::ui::effect::{Effect, Leaving};
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::{self, facts};
use crate::ui::widgets::Field;
use crate::ui::widgets::boxed::{boxed, choice_lines, room};
use crate::ui::widgets::lines::{cut, line, wrapped};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFor {
    /// The answers file.
    Answers,
    /// The plan as a report.
    Report,
    /// A step's log.
    Log(StepId),
}

/// What lies on top.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// The program is to be left although something would be lost.
    Leave {
        /// Whether a run is under way.
        running: bool,
        /// Whether somebody else or the host carries it out, so that it cannot be stopped from here.
        elsewhere: bool,
        /// The choice.
        choice: usize,
    },
    /// The screens are to be left, and the run goes on as far as the host does it by itself.
    Detach {
        /// Whether the host could go on with it by itself, if the program were copied there.
        hand_over: bool,
        /// The choice.
        choice: usize,
    },
    /// The program is being copied to the host.
    Copying {
        /// The choice.
        choice: usize,
    },
    /// The run is to be stopped.
    Stop {
        /// The choice.
        choice: usize,
    },
    /// Fixes, before they are made.
    Fixes {
        /// What they change.
        changes: Vec<Change>,
        /// The choice.
        choice: usize,
    },
    /// A path is asked for.
    Path {
        /// What for.
        what: PathFor,
        /// The path.
        field: Field,
        /// How many names it could go on with, where somebody asked.
        choices: Option<usize>,
    },
}

impl Dialog {
    /// Leaving.
    pub fn leave(running: bool, elsewhere: bool) -> Self {
        Self::Leave { running, elsewhere, choice: 0 }
    }

    /// Asking for a path.
    pub fn path(what: PathFor, proposed: &str) -> Self {
        Self::Path { what, field: Field::line(proposed), choices: None }
    }

    /// Where keys are pressed.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Path { .. } => Scope::Typing,
            _ => Scope::Question,
        }
    }

    fn choices(&self) -> &'static [&'static str] {
        match self {
            Self::Leave { running: true, elsewhere: false, .. } => &["choice-stay", "choice-detach", "choice-stop"],
            Self::Leave { running: false, .. } => &["choice-stay", "choice-leave"],
            Self::Detach { hand_over: true, .. } => &["choice-stay", "choice-detach", "choice-hand-over"],
            Self::Leave { running: true, elsewhere: true, .. } | Self::Detach { hand_over: false, .. } => {
                &["choice-stay", "choice-detach"]
            }
            Self::Copying { .. } => &["choice-go-on", "choice-stop-copy", "choice-detach"],
            Self::Stop { .. } => &["choice-go-on", "choice-stop"],
            Self::Fixes { .. } => &["choice-do-not", "choice-make"],
            Self::Path { .. } => &[],
        }
    }

    fn choice(&mut self) -> Option<&mut usize> {
        match self {
            Self::Leave { choice, .. }
            | Self::Detach { choice, .. }
            | Self::Copying { choice }
            | Self::Stop { choice }
            | Self::Fixes { choice, .. } => Some(choice),
            Self::Path { .. } => None,
        }
    }
}

/// Shows what the fixes would change, or says that there is nothing.
pub fn show_fixes(model: &mut Model, changes: Vec<Change>) -> Vec<Effect> {
    facts::not_busy(model);
    if changes.is_empty() {
        model.shell.notice = Some(model.t("fixes-none"));
    } else {
        model.walk.dialog = Some(Dialog::Fixes { changes, choice: 0 });
    }
    Vec::new()
}

/// A key for the path.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    match &mut model.walk.dialog {
        Some(Dialog::Path { field, choices, .. }) => {
            *choices = None;
            field.key(key)
        }
        _ => false,
    }
}

/// A pasted path.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(Dialog::Path { field, .. }) = &mut model.walk.dialog {
        field.paste(text);
    }
}

/// What a path could go on with.
pub fn completed(model: &mut Model, path: &str, longer: &str, found: usize) {
    if let Some(Dialog::Path { field, choices, .. }) = &mut model.walk.dialog
        && field.text() == path
    {
        field.set(longer);
        *choices = Some(found);
    }
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(dialog) = &mut model.walk.dialog else { return Vec::new() };
    if let Dialog::Path { what, field, .. } = dialog {
        let (what, path) = (*what, field.text());
        return match command {
            Command::Next => vec![Effect::Complete { path }],
            Command::Take if !path.trim().is_empty() => {
                model.walk.dialog = None;
                vec![write(model, what, path.trim().to_owned())]
            }
            Command::Back => {
                model.walk.dialog = None;
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    let last = dialog.choices().len().saturating_sub(1);
    let Some(choice) = dialog.choice() else { return Vec::new() };
    match command {
        Command::Up | Command::Left | Command::Previous => *choice = choice.saturating_sub(1),
        Command::Down | Command::Right | Command::Next => *choice = (*choice + 1).min(last),
        Command::Back => model.walk.dialog = None,
        Command::Take => {
            let taken = dialog.choices().get(*dialog.choice().unwrap_or(&mut 0)).copied().unwrap_or_default();
            model.walk.dialog = None;
            return take(model, taken);
        }
        _ => {}
    }
    Vec::new()
}

fn take(model: &mut Model, choice: &str) -> Vec<Effect> {
    match choice {
        "choice-leave" => vec![Effect::Leave(Leaving::Quit)],
        "choice-detach" => vec![Effect::Leave(Leaving::Detach)],
        "choice-hand-over" => walk::install::copy_ahead(model),
        "choice-stop-copy" => walk::install::stop_copy(model),
        "choice-stop" => walk::install::stop(model),
        "choice-make" => {
            facts::fixing(model);
            vec![Effect::Fix]
        }
        _ => Vec::new(),
    }
}

fn write(model: &Model, what: PathFor, path: String) -> Effect {
    match what {
        PathFor::Answers => Effect::WriteAnswers { path, answers: model.walk.draft.answers() },
        PathFor::Report => Effect::Export { path },
        PathFor::Log(step) => Effect::SaveLog { step, path },
    }
}

fn leave_keys(model: &Model) -> String {
    if model.shell.rehearsal {
        return model.t("leave-rehearsed-keys");
    }
    walk::credentials::about_site(model, "leave-unsaved-keys")
}

/// Draws it.
pub fn draw(model: &Model, dialog: &Dialog, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let room = room(area);
    let mut lines = Vec::new();
    let (title, why, choice) = match dialog {
        Dialog::Leave { running: true, choice, .. } => ("leave-running", walk::install::what_goes_on(model), *choice),
        Dialog::Leave { running: false, choice, .. } if model.walk.place == walk::Place::Credentials => {
            ("leave-title", leave_keys(model), *choice)
        }
        Dialog::Leave { choice, .. } => ("leave-title", text.t("leave-typed"), *choice),
        Dialog::Detach { choice, .. } => ("detach-title", walk::install::what_goes_on(model), *choice),
        Dialog::Copying { choice } => ("copying-title", walk::install::copying(model), *choice),
        Dialog::Stop { choice } => ("stop-title", text.t("stop-why"), *choice),
        Dialog::Fixes { changes, choice } => {
            let most = usize::from(area.height.saturating_sub(8)).max(1);
            for change in changes.iter().take(most) {
                let mark = theme.glyph(Glyph::Open);
                lines.push(line(theme, Role::Text, cut(theme, &format!("{mark} {change}"), room)));
            }
            if changes.len() > most {
                let more = text.with("and-more", [("count", (changes.len() - most).into())]);
                lines.push(line(theme, Role::Dim, more));
            }
            ("fixes-title", text.t("fixes-why"), *choice)
        }
        Dialog::Path { what, field, choices } => {
            let title = match what {
                PathFor::Answers => text.t("path-answers"),
                PathFor::Report => text.t("path-report"),
                PathFor::Log(_) => text.t("path-log"),
            };
            let cursor = theme.glyph(Glyph::Current);
            lines.push(line(theme, Role::Focus, format!("{cursor} {} ", field.text())));
            let fit = choices.map(|n| text.with("path-choices", [("count", n.into())]));
            lines.push(line(theme, Role::Dim, fit.unwrap_or_else(|| text.t("path-hint"))));
            return boxed(theme, &title, lines, area, buffer);
        }
    };
    lines.extend(wrapped(theme, Role::Text, &why, room));
    lines.push(line(theme, Role::Text, ""));
    let choices: Vec<String> = dialog.choices().iter().map(|key| text.t(key)).collect();
    lines.extend(choice_lines(theme, &choices, choice));
    boxed(theme, &text.t(title), lines, area, buffer);
}
