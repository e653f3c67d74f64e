//! The install: the steps with their times, what is waited for, the link apart from all of it, and the
//! log. Nothing here says more than is known.

mod copying;
mod failure;
mod health;
mod layout;
mod log;
mod log_view;
mod speed;
mod steps;

#[cfg(test)]
mod tests;

use crate::engine::state::StepStatus;
use crate::engine::tail::Line as LogLine;
use crate::plan::failures::Known;
use crate::plan::{Failure, HostId, StepId};
use crate::ui::draft::Draft;
use crate::ui::effect::Effect;
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::msg::{Ended, How};
use crate::ui::theme::Role;
use crate::ui::walk::dialog::{Dialog, PathFor};
use crate::ui::walk::{self, Place};
use copying::Handing;
pub use copying::{copied, copy_ahead, copying, elsewhere, not_copied, stop_copy};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// How long the cursor rests on a step before the log follows it: whoever goes on meanwhile is not sent a
/// screen of text with each key.
const REST: Duration = Duration::from_millis(300);

/// What keys that move act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The list of steps, or of what can be done about a failure.
    #[default]
    Steps,
    /// The log.
    Log,
}

/// The step that the cursor has just come to, while the log is still that of another one.
#[derive(Clone, Copy, Debug)]
struct Pointed {
    step: StepId,
    since: u64,
}

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Whether a run is under way.
    pub running: bool,
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// The site.
    pub site: Option<HostId>,
    /// Where the log lies on this computer.
    pub log_path: String,
    /// How it ended.
    pub ended: Option<Ended>,
    /// The known failure that it ended with.
    known: Option<&'static Known>,
    /// The choice of what to do about that.
    choice: usize,
    /// What was seen last of the step under way.
    seen: health::Seen,
    /// The step that was chosen; without one the step under way is shown.
    chosen: Option<StepId>,
    /// Where the cursor has gone, until the log follows it.
    pointed: Option<Pointed>,
    /// How far the run is on its way to the host.
    handing: Handing,
    /// What keys that move act on.
    pub focus: Pane,
    /// The log.
    log: log::Log,
}

fn step_name(model: &Model, id: StepId) -> String {
    model.t(&format!("step-{}", id.kind.id()))
}

/// Takes new lines in.
pub fn take_lines(model: &mut Model, lines: Vec<LogLine>, all: u64) {
    model.walk.install.log.take(lines, all);
    failure::recognise(model);
}

/// Takes the kept lines of a step in, where they are still wanted.
pub fn take_log(model: &mut Model, step: StepId, lines: Vec<String>) {
    if log::shown(model) == Some(step) {
        model.walk.install.log.take_read(step, lines);
        failure::recognise(model);
    }
}

/// Something has moved by itself.
pub fn moved(model: &mut Model) {
    health::moved(model);
}

/// Where keys are pressed.
pub fn scope(model: &Model) -> Scope {
    let install = &model.walk.install;
    if install.log.typing.is_some() {
        Scope::Typing
    } else if install.ended.is_some() {
        Scope::Failure
    } else {
        Scope::Install
    }
}

/// A run is about to begin.
pub fn starting(model: &mut Model) {
    model.walk.install = Screen { running: true, ..Screen::default() };
    model.walk.install.site = model.walk.draft.text(crate::ui::draft::FieldId::Site).parse().ok();
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
    // There is nothing left to hand over.
    let mut effects = stop_copy(model);
    let install = &mut model.walk.install;
    install.running = false;
    install.stopping = false;
    install.handing = Handing::Not;
    install.log_path.clone_from(&ended.log);
    if ended.how == How::Done {
        effects.extend(walk::go(model, Place::Credentials));
        return effects;
    }
    (install.choice, install.focus, install.chosen, install.pointed) = (0, Pane::Steps, None, None);
    install.ended = Some(ended);
    failure::recognise(model);
    effects
}

/// The run could not be begun.
pub fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    let log = model.walk.install.log_path.clone();
    ended(model, Ended { how: How::Failed, step: None, failure: Some(failure), log })
}

/// Stops at the next safe point.
pub fn stop(model: &mut Model) -> Vec<Effect> {
    model.walk.install.stopping = true;
    vec![Effect::Stop]
}

/// What goes on on the host without this program, and what waits for it.
pub fn what_goes_on(model: &Model) -> String {
    health::what_goes_on(model)
}

/// A key for a text that is typed.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    model.walk.install.log.typing.as_mut().is_some_and(|field| field.key(key))
}

/// A pasted text.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(field) = &mut model.walk.install.log.typing {
        field.paste(text);
    }
}

/// Shows the log of a step: the lines that come, or what the run's log file has of it.
fn choose(model: &mut Model, step: StepId) -> Vec<Effect> {
    let running = walk::run(model).and_then(|run| run.running()).map(|s| s.id);
    let status = walk::run(model).and_then(|run| run.step(step)).map(|s| s.status.clone());
    let install = &mut model.walk.install;
    install.log.follow();
    if running == Some(step) && install.running {
        install.chosen = None;
        return Vec::new();
    }
    install.chosen = Some(step);
    match status {
        None | Some(StepStatus::Waiting | StepStatus::Blocked { .. }) => Vec::new(),
        Some(_) => vec![Effect::ReadLog { step }],
    }
}

/// The step that the cursor is on.
fn pointed(model: &Model) -> Option<StepId> {
    model.walk.install.pointed.map(|pointed| pointed.step).or_else(|| log::shown(model))
}

/// The log follows the cursor at once.
fn settle(model: &mut Model) -> Vec<Effect> {
    model.walk.install.pointed.take().map(|pointed| choose(model, pointed.step)).unwrap_or_default()
}

/// After how long the log follows the cursor, where it is still that of another step.
pub fn rests(model: &Model) -> Option<Duration> {
    let since = model.walk.install.pointed?.since;
    let rested = model.shell.now_ms.checked_sub(since).map_or(REST, Duration::from_millis);
    Some(REST.saturating_sub(rested))
}

/// Time has passed.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    if rests(model).is_some_and(|left| left.is_zero()) { settle(model) } else { Vec::new() }
}

/// A command. What is done with a log is done with that of the step under the cursor.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let install = &model.walk.install;
    let log = match command {
        Command::Up | Command::Down => install.focus == Pane::Log || install.log.zoom,
        Command::Search
        | Command::NextHit
        | Command::PreviousHit
        | Command::Left
        | Command::Right
        | Command::PageUp
        | Command::PageDown
        | Command::Top
        | Command::Bottom
        | Command::Zoom
        | Command::Wrap
        | Command::Copy
        | Command::Save => true,
        _ => false,
    };
    let mut effects = if log { settle(model) } else { Vec::new() };
    effects.extend(settled(model, command));
    effects
}

/// Whether a key means nothing here: there is nothing to go back from.
pub fn idle(model: &Model, command: Command) -> bool {
    let log = &model.walk.install.log;
    command == Command::Back && !log.zoom && log.search.is_none() && log.typing.is_none()
}

fn settled(model: &mut Model, command: Command) -> Vec<Effect> {
    let elsewhere = elsewhere(model).is_some() || model.walk.install.handing == Handing::Left;
    let install = &mut model.walk.install;
    if install.log.typing.is_some() {
        log::typed(model, command);
        return Vec::new();
    }
    match command {
        Command::Search => log::ask(model),
        Command::NextHit
        | Command::PreviousHit
        | Command::Left
        | Command::Right
        | Command::PageUp
        | Command::PageDown
        | Command::Top
        | Command::Bottom => {
            log::command(model, command);
        }
        Command::Up | Command::Down if install.log.zoom || install.focus == Pane::Log => {
            log::command(model, command);
        }
        Command::Zoom => install.log.zoom = !install.log.zoom,
        Command::Wrap => (install.log.wrap, install.log.left) = (!install.log.wrap, 0),
        Command::Copy => return log::copy(model),
        Command::Save => return save(model),
        Command::Next | Command::Previous => {
            install.focus = if install.focus == Pane::Log { Pane::Steps } else { Pane::Log };
        }
        Command::Back if install.log.zoom => install.log.zoom = false,
        Command::Back if install.log.search.is_some() => install.log.search = None,
        _ if install.ended.is_some() => return failure::command(model, command),
        Command::Up | Command::Down => {
            let to = steps::moved(model, command).filter(|step| log::shown(model) != Some(*step));
            model.walk.install.pointed = to.map(|step| Pointed { step, since: model.shell.now_ms });
        }
        Command::Follow => {
            (install.chosen, install.pointed) = (None, None);
            install.log.follow();
        }
        Command::Detach if install.handing == Handing::Copying => {
            model.walk.dialog = Some(Dialog::Copying { choice: 0 });
        }
        Command::Detach => {
            let hand_over = model.shell.hand_over && !elsewhere;
            model.walk.dialog = Some(Dialog::Detach { hand_over, choice: 0 });
        }
        Command::Stop if elsewhere => {
            model.shell.notice = Some(about_site(model, "not-stopped-here"));
        }
        Command::Stop if install.running && !install.stopping => model.walk.dialog = Some(Dialog::Stop { choice: 0 }),
        Command::Faster | Command::Slower if model.shell.rehearsal => return speed::turn(model, command),
        _ => {}
    }
    Vec::new()
}

/// Words with the site's name in them.
fn about_site(model: &Model, key: &str) -> String {
    let site = model.walk.install.site.map(|site| site.to_string()).unwrap_or_default();
    model.shell.text.with(key, [("site", site.into())])
}

fn save(model: &mut Model) -> Vec<Effect> {
    if let Some(step) = log::shown(model) {
        let site = model.walk.install.site.map(|site| format!("{site}-")).unwrap_or_default();
        let proposed = format!("{site}{}.log", step.kind.id());
        model.walk.dialog = Some(Dialog::path(PathFor::Log(step), &proposed));
    }
    Vec::new()
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    let text = &model.shell.text;
    let install = &model.walk.install;
    if install.ended.is_some() {
        return failure::status(model);
    }
    if install.stopping {
        return (Role::Warn, text.t("status-stopping"));
    }
    if install.handing == Handing::Left && elsewhere(model).is_none() {
        return (Role::Text, text.t("status-handing"));
    }
    let Some(step) = walk::run(model).and_then(|run| run.running()) else {
        return (Role::Text, model.live.note.clone());
    };
    let name = step_name(model, step.id);
    if let Some(since) = health::lost_since(model) {
        let ago = crate::ui::text::clock(model.shell.now_ms.saturating_sub(since) / 1000);
        let why = match &model.live.link {
            Some(crate::ports::LinkState::Lost { why, .. } | crate::ports::LinkState::Gone { why }) => why.clone(),
            _ => String::new(),
        };
        return (Role::Bad, text.with("status-lost", [("time", ago.into()), ("why", why.into())]));
    }
    if install.handing == Handing::Copying {
        return (Role::Text, copying(model));
    }
    match &step.status {
        StepStatus::Retrying { failure, attempt, .. } => {
            let values = [("step", name.into()), ("attempt", (*attempt).into()), ("why", failure.line().into())];
            (Role::Warn, text.with("status-retrying", values))
        }
        StepStatus::Running { applying: Some(0), .. } => {
            (Role::Text, text.with("status-waits", [("step", name.into())]))
        }
        StepStatus::Running { applying: Some(changes), .. } => {
            let values = [("step", name.into()), ("count", (*changes).into())];
            (Role::Text, text.with("status-applying", values))
        }
        _ => (Role::Text, text.with("status-looks", [("step", name.into())])),
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let areas = layout::within(model, area);
    if model.walk.install.ended.is_some() {
        failure::draw(model, areas.left, buffer);
        log_view::draw(model, &areas, buffer);
        return;
    }
    let Some(run) = walk::run(model) else { return };
    steps::draw(model, run, areas.left, buffer);
    log_view::draw(model, &areas, buffer);
    if !areas.why.is_empty() {
        health::draw_why(model, areas.why, buffer);
    }
    if !areas.bar.is_empty() {
        health::draw_bar(model, run, areas.bar, buffer);
    }
}
