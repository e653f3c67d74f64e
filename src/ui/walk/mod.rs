//! The walk from an empty screen to a running registry. Exactly one place is shown; what was typed
//! lies in the draft and outlives going back and forth.

pub mod credentials;
pub mod dialog;
pub mod done;
pub mod facts;
pub mod forms;
pub mod host;
pub mod install;
pub mod place;
pub mod plan;
pub mod question;
pub mod start;
mod truths;

use super::draft::{Draft, FieldId};
use super::effect::{Effect, Leaving};
use super::keys::{Command, Scope};
use super::model::Model;
use super::msg::Msg;
use super::theme::Role;
use crate::engine::state::RunState;
use crate::plan::Failure;
use crossterm::event::KeyEvent;
pub use place::Place;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// The walk.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Where it is.
    pub place: Place,
    /// Whether the walk ends behind the facts, because only a check was asked for.
    pub only_check: bool,
    /// Everything that was typed.
    pub draft: Draft,
    /// The first screen.
    pub start: start::Screen,
    /// Choosing a host.
    pub host: host::Screen,
    /// Facts and preflight.
    pub facts: facts::Screen,
    /// The screens of fields.
    pub forms: forms::Screens,
    /// The plan.
    pub plan: plan::Screen,
    /// The install.
    pub install: install::Screen,
    /// The keys.
    pub credentials: credentials::Screen,
    /// The hand-over.
    pub done: done::Screen,
    /// Questions that wait for an answer, the oldest first. There are as many as connections ask at
    /// once: one, or two while a lost link comes back.
    pub questions: Vec<question::Asked>,
    /// What lies on top and wants an answer.
    pub dialog: Option<dialog::Dialog>,
}

/// Whether a question has the keys. Leaving outranks it: somebody who wants out is not held by sshd.
fn asked(model: &Model) -> bool {
    let leaving = matches!(model.walk.dialog, Some(dialog::Dialog::Leave { .. }));
    !model.walk.questions.is_empty() && !leaving
}

/// Where a key is pressed now.
pub fn scope(model: &Model) -> Scope {
    if asked(model) {
        return Scope::Question;
    }
    if let Some(dialog) = &model.walk.dialog {
        return dialog.scope();
    }
    if model.walk.forms.supply_open {
        return Scope::Form;
    }
    match model.walk.place {
        Place::Start => Scope::Start,
        Place::Host => Scope::Host,
        Place::Facts => Scope::Facts,
        Place::Names | Place::Compute | Place::Registry => Scope::Form,
        Place::Plan => Scope::Plan,
        Place::Install => install::scope(model),
        Place::Credentials => credentials::scope(model),
        Place::Done => Scope::Done,
    }
}

/// Gives a key to the text that is being typed, and says whether it was taken.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    if asked(model) {
        return question::raw(model, key);
    }
    if model.walk.dialog.is_some() {
        return dialog::raw(model, key);
    }
    if model.walk.forms.supply_open {
        return forms::raw(model, key);
    }
    match model.walk.place {
        Place::Host => host::raw(model, key),
        Place::Names | Place::Compute | Place::Registry => forms::raw(model, key),
        Place::Install => install::raw(model, key),
        Place::Credentials => credentials::raw(model, key),
        Place::Start | Place::Facts | Place::Plan | Place::Done => false,
    }
}

/// Gives a pasted text to the text that is being typed.
pub fn paste(model: &mut Model, text: &str) {
    if asked(model) {
        return question::paste(model, text);
    }
    if model.walk.dialog.is_some() {
        return dialog::paste(model, text);
    }
    if model.walk.forms.supply_open {
        return forms::paste(model, text);
    }
    match model.walk.place {
        Place::Host => host::paste(model, text),
        Place::Names | Place::Compute | Place::Registry => forms::paste(model, text),
        Place::Install => install::paste(model, text),
        Place::Credentials => credentials::paste(model, text),
        Place::Start | Place::Facts | Place::Plan | Place::Done => {}
    }
}

/// Carries out what a key asked for.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    if asked(model) {
        return question::command(model, command);
    }
    if model.walk.dialog.is_some() {
        return dialog::command(model, command);
    }
    if model.walk.forms.supply_open {
        return forms::command(model, command);
    }
    match model.walk.place {
        Place::Start => start::command(model, command),
        Place::Host => host::command(model, command),
        Place::Facts => facts::command(model, command),
        Place::Names | Place::Compute | Place::Registry => forms::command(model, command),
        Place::Plan => plan::command(model, command),
        Place::Install => install::command(model, command),
        Place::Credentials => credentials::command(model, command),
        Place::Done => done::command(model, command),
    }
}

/// Whether a command of the table means nothing in this state, so that its key is not named.
pub fn idle(model: &Model, command: Command) -> bool {
    if asked(model) {
        return question::idle(model, command);
    }
    match command {
        // Nothing but the fingerprint of a host's key is copied out of a question.
        Command::Copy => model.walk.dialog.is_some(),
        // Keys of a rehearsal mean nothing elsewhere.
        Command::Faster | Command::Slower => !model.shell.rehearsal,
        _ if model.walk.dialog.is_some() => false,
        _ if model.walk.forms.supply_open => forms::idle(model, command),
        _ => match model.walk.place {
            Place::Host => host::idle(model, command),
            Place::Plan => plan::idle(model, command),
            Place::Install => install::idle(model, command),
            Place::Names | Place::Compute | Place::Registry => forms::idle(model, command),
            _ => false,
        },
    }
}

/// Takes in what happened outside of the keyboard.
pub fn heard(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Around { sites, hosts, here } => {
            model.walk.start.sites = sites;
            model.walk.host.hosts = hosts;
            model.walk.host.here = here;
            Vec::new()
        }
        Msg::Asked(id, asked) => {
            credentials::hide(model);
            model.walk.questions.push(question::Asked::new(id, asked));
            Vec::new()
        }
        Msg::QuestionGone(id) => {
            model.walk.questions.retain(|q| q.id != id);
            Vec::new()
        }
        Msg::Looked { facts, findings } => facts::looked(model, facts, findings),
        Msg::Fixes(changes) => dialog::show_fixes(model, changes),
        Msg::Fixed => facts::look(model),
        Msg::Previewed(preview) => plan::previewed(model, *preview),
        Msg::Failed(failure) => failed(model, failure),
        Msg::Refused(failure) => {
            model.shell.notice = Some(failure.line());
            Vec::new()
        }
        Msg::RunBegun { site, answers, log } => install::begun(model, site, &answers, log),
        Msg::RunEnded(ended) => install::ended(model, ended),
        Msg::CopiedAhead => install::copied(model),
        Msg::NotCopied(failure) => install::not_copied(model, &failure),
        Msg::Lines(lines, all) => {
            install::take_lines(model, lines, all);
            Vec::new()
        }
        Msg::Log(step, lines) => {
            install::take_log(model, step, lines);
            Vec::new()
        }
        Msg::Keys(keys, hand_over) => credentials::arrived(model, keys, *hand_over),
        Msg::KeysSaved { path, sealed } => credentials::saved(model, path, sealed),
        Msg::Saved(path) => {
            model.shell.notice = Some(model.shell.text.with("notice-saved", [("path", path.into())]));
            Vec::new()
        }
        Msg::Completed { path, longer, choices } => {
            dialog::completed(model, &path, &longer, choices);
            credentials::completed(model, &path, &longer, choices);
            Vec::new()
        }
        Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Tick(_) | Msg::Live(_) => Vec::new(),
    }
}

fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    match model.walk.place {
        Place::Host | Place::Facts => facts::failed(model, failure),
        Place::Plan | Place::Names | Place::Compute | Place::Registry => plan::failed(model, failure),
        Place::Install => install::failed(model, failure),
        Place::Credentials => credentials::failed(model, failure),
        Place::Start | Place::Done => {
            model.shell.notice = Some(failure.line());
            Vec::new()
        }
    }
}

/// Time has passed.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    credentials::tick(model);
    install::tick(model)
}

/// After how long something on the screen has moved by itself, where something does: a clock, a
/// countdown, a sign that something is still being done.
pub fn moving(model: &Model) -> Option<Duration> {
    // Clocks of minutes and seconds are read as well where they go by fives.
    let second = Duration::from_secs(if model.shell.frugal { 5 } else { 1 });
    let link_moves = matches!(model.live.link, Some(crate::ports::LinkState::Lost { .. }));
    let busy = model.walk.facts.busy() || model.walk.plan.busy();
    let moves = (running(model) || busy || link_moves || model.walk.credentials.moves()).then_some(second);
    install::rests(model).into_iter().chain(moves).min()
}

/// Whether a run is under way.
pub fn running(model: &Model) -> bool {
    model.walk.install.running
}

/// The run that is shown.
pub fn run(model: &Model) -> Option<&RunState> {
    model.live.run.as_deref()
}

/// Draws the place and what lies on top of it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if model.walk.forms.supply_open {
        forms::draw(model, area, buffer);
    } else {
        match model.walk.place {
            Place::Start => start::draw(model, area, buffer),
            Place::Host => host::draw(model, area, buffer),
            Place::Facts => facts::draw(model, area, buffer),
            Place::Names | Place::Compute | Place::Registry => forms::draw(model, area, buffer),
            Place::Plan => plan::draw(model, area, buffer),
            Place::Install => install::draw(model, area, buffer),
            Place::Credentials => credentials::draw(model, area, buffer),
            Place::Done => done::draw(model, area, buffer),
        }
    }
    if let Some(dialog) = &model.walk.dialog {
        dialog::draw(model, dialog, area, buffer);
    }
    if let Some(question) = model.walk.questions.first().filter(|_| asked(model)) {
        question::draw(model, question, area, buffer);
    }
}

/// The sentence of the line above the keys: what is happening, or what went wrong.
pub fn status(model: &Model) -> (Role, String) {
    if let Some(notice) = &model.shell.notice {
        return (Role::Text, notice.clone());
    }
    if asked(model) {
        return (Role::Text, model.t("status-question"));
    }
    if model.walk.forms.supply_open {
        return forms::status(model);
    }
    match model.walk.place {
        Place::Start => start::status(model),
        Place::Host => host::status(model),
        Place::Facts => facts::status(model),
        Place::Names | Place::Compute | Place::Registry => forms::status(model),
        Place::Plan => plan::status(model),
        Place::Install => install::status(model),
        Place::Credentials => credentials::status(model),
        Place::Done => done::status(model),
    }
}

/// Leaves the program, and asks first where something would be lost.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    match &model.walk.dialog {
        // Asked for a second time: whoever means it that much is not asked again.
        Some(dialog::Dialog::Leave { .. }) => {
            let leaving = if running(model) { Leaving::Detach } else { Leaving::Quit };
            vec![Effect::Leave(leaving)]
        }
        _ if lost_by_leaving(model) => {
            model.walk.dialog = Some(dialog::Dialog::leave(running(model), install::elsewhere(model).is_some()));
            Vec::new()
        }
        _ => vec![Effect::Leave(Leaving::Quit)],
    }
}

/// Whether something was typed or is under way that nobody has kept.
fn lost_by_leaving(model: &Model) -> bool {
    let typed = FieldId::ALL.iter().any(|id| model.walk.draft.get(*id).1 == super::draft::Origin::Typed);
    match model.walk.place {
        Place::Start | Place::Done => false,
        Place::Credentials => model.walk.credentials.unsaved(),
        Place::Install => running(model),
        _ => typed && !model.shell.rehearsal,
    }
}

/// Goes to a place.
pub fn go(model: &mut Model, place: Place) -> Vec<Effect> {
    model.walk.place = place;
    model.walk.forms.supply_open = false;
    match place {
        Place::Start => vec![Effect::LookAround],
        Place::Names | Place::Compute | Place::Registry => {
            forms::enter(model);
            Vec::new()
        }
        Place::Plan => plan::enter(model),
        Place::Credentials => credentials::enter(model),
        _ => Vec::new(),
    }
}

/// Goes to the place before, where there is one to go back to.
pub fn back(model: &mut Model) -> Vec<Effect> {
    let to = match model.walk.place {
        Place::Start => return quit(model),
        // A rehearsal begins at its host.
        Place::Host if model.shell.rehearsal => return quit(model),
        // What has been done is not gone back behind.
        Place::Install | Place::Credentials | Place::Done => return Vec::new(),
        place => place.beside(-1),
    };
    go(model, to)
}

/// Goes to the next place.
pub fn forward(model: &mut Model) -> Vec<Effect> {
    let place = model.walk.place.beside(1);
    go(model, place)
}
