//! The install: the steps with their times, what is waited for, the link apart from all of it, and the
//! log. Nothing here says more than is known.

use crate::engine::event::Outcome;
use crate::engine::state::{StepState, StepStatus};
use crate::engine::tail::{self, Line as LogLine};
use crate::plan::{Failure, HostId, StepId};
use crate::ui::draft::Draft;
use crate::ui::effect::Effect;
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::msg::{Ended, How};
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::dialog::Dialog;
use crate::ui::walk::{self, Place};
use crate::ui::widgets::lines::{draw as draw_lines, line};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::VecDeque;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Whether a run is under way.
    pub running: bool,
    /// The site.
    pub site: Option<HostId>,
    /// Where the log lies on this computer.
    pub log_path: String,
    /// How it ended.
    pub ended: Option<Ended>,
    /// The newest lines of output; the oldest fall out.
    pub tail: VecDeque<LogLine>,
    /// Lines that there were in all.
    pub lines_in_all: u64,
}

impl Screen {
    /// Takes new lines in.
    pub fn take_lines(&mut self, lines: Vec<LogLine>, all: u64) {
        for line in lines {
            if self.tail.len() == tail::KEPT {
                self.tail.pop_front();
            }
            self.tail.push_back(line);
        }
        self.lines_in_all = all;
    }

    /// Takes the kept lines of a step in.
    pub fn take_log(&mut self, _step: StepId, _lines: Vec<String>) {}
}

/// Where keys are pressed.
pub fn scope(model: &Model) -> Scope {
    if model.walk.install.ended.is_some() { Scope::Failure } else { Scope::Install }
}

/// A run is about to begin.
pub fn starting(model: &mut Model) {
    model.walk.install = Screen { running: true, ..Screen::default() };
    model.walk.place = Place::Install;
}

/// A run was begun, or is gone on with.
pub fn begun(model: &mut Model, site: HostId, answers: &str, log: String) -> Vec<Effect> {
    starting(model);
    if let Ok(draft) = Draft::of_answers(answers) {
        model.walk.draft = draft;
    }
    model.walk.install.site = Some(site);
    model.walk.install.log_path = log;
    Vec::new()
}

/// The run has ended.
pub fn ended(model: &mut Model, ended: Ended) -> Vec<Effect> {
    model.walk.install.running = false;
    model.walk.install.log_path.clone_from(&ended.log);
    if ended.how == How::Done {
        return walk::go(model, Place::Credentials);
    }
    model.walk.install.ended = Some(ended);
    Vec::new()
}

/// The run could not be begun.
pub fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    ended(model, Ended { how: How::Failed, step: None, failure: Some(failure), log: String::new() })
}

/// Stops at the next safe point.
pub fn stop(_model: &mut Model) -> Vec<Effect> {
    vec![Effect::Stop]
}

/// What goes on on the host without this program, and what waits for it.
pub fn what_goes_on(model: &Model) -> String {
    model.t("leave-running-why")
}

/// A key for a text that is typed.
pub fn raw(_model: &mut Model, _key: &KeyEvent) -> bool {
    false
}

/// A pasted text.
pub fn paste(_model: &mut Model, _text: &str) {}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Detach => model.walk.dialog = Some(Dialog::Detach { choice: 0 }),
        Command::Stop if model.walk.install.running => model.walk.dialog = Some(Dialog::Stop { choice: 0 }),
        Command::Retry if model.walk.install.ended.is_some() => return vec![Effect::Retry],
        _ => {}
    }
    Vec::new()
}

/// The sentence above the keys.
pub fn status(_model: &Model) -> (Role, String) {
    (Role::Text, String::new())
}

fn sign(step: &StepState) -> (Glyph, Role) {
    match &step.status {
        StepStatus::Waiting | StepStatus::Blocked { .. } => (Glyph::Open, Role::Dim),
        StepStatus::Running { .. } | StepStatus::Retrying { .. } => (Glyph::Current, Role::Accent),
        StepStatus::Ended { outcome, .. } => match outcome {
            Outcome::Failed { .. } => (Glyph::Bad, Role::Bad),
            Outcome::Aborted => (Glyph::Warn, Role::Warn),
            _ => (Glyph::Good, Role::Good),
        },
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let steps = walk::run(model).map(|run| run.steps.as_slice()).unwrap_or_default();
    let lines = steps.iter().map(|step| {
        let (glyph, role) = sign(step);
        line(theme, role, format!(" {} {}", theme.glyph(glyph), model.t(&format!("step-{}", step.id.kind.id()))))
    });
    draw_lines(lines.collect(), area, buffer);
}
