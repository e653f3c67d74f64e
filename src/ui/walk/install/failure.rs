//! A run that has ended before its end: what failed, what is known about it, and what can be done.

use super::{health, log, starting, step_name};
use crate::plan::failures::{self, Offer};
use crate::ui::effect::{Effect, Leaving};
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::msg::{Ended, How};
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::{self, Place, forms};
use crate::ui::widgets::boxed::choice_lines;
use crate::ui::widgets::lines::{cut, draw as draw_lines, inset, line, rule, span, split_bottom, width, wrap, wrapped};
use crate::ui::widgets::list;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Causes that are shown; the log has them all.
const CAUSES: usize = 4;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Mirror,
    Retry,
    GoOn,
    NewPlan,
    Read,
    Save,
    Leave,
}

impl Choice {
    const fn text(self) -> &'static str {
        match self {
            Self::Mirror => "failure-mirror",
            Self::Retry => "failure-retry",
            Self::GoOn => "failure-go-on",
            Self::NewPlan => "failure-new-plan",
            Self::Read => "failure-read",
            Self::Save => "failure-save",
            Self::Leave => "failure-leave",
        }
    }
}

/// Looks whether the failure is a known one; more of its log may have come since it was looked for.
pub fn recognise(model: &mut Model) {
    let Some(ended) = &model.walk.install.ended else { return };
    let Some(failure) = &ended.failure else { return };
    let lines = ended.step.map(|step| model.walk.install.log.last(step, failures::LINES)).unwrap_or_default();
    let known = failures::recognise(failure, lines);
    model.walk.install.known = known;
}

fn offers(model: &Model, offer: Offer) -> bool {
    model.walk.install.known.is_some_and(|known| known.offers.contains(&offer))
}

/// What can be done, the likely thing first.
fn choices(model: &Model) -> Vec<Choice> {
    let Some(ended) = &model.walk.install.ended else { return Vec::new() };
    let mut choices = Vec::new();
    match ended.how {
        // Another answer makes another plan, which is shown before anything is done by it.
        How::Failed | How::NeedsHuman if ended.step.is_some() => {
            choices.extend([Choice::Retry, Choice::Mirror]);
            if offers(model, Offer::Mirror) {
                choices.swap(0, 1);
            }
            if ended.how == How::NeedsHuman {
                choices.push(Choice::NewPlan);
            }
            if ended.how == How::NeedsHuman && model.walk.install.known.is_none_or(|known| known.offers.is_empty()) {
                choices.rotate_right(1);
            }
        }
        How::Failed | How::NeedsHuman => choices.extend([Choice::Retry, Choice::NewPlan]),
        How::Done | How::LinkLost | How::Stopped | How::Silent => choices.push(Choice::GoOn),
    }
    if log::shown(model).is_some() {
        choices.extend([Choice::Read, Choice::Save]);
    }
    choices.push(Choice::Leave);
    choices
}

/// A command that is not the log's.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let choices = choices(model);
    let last = choices.len().saturating_sub(1);
    let at = model.walk.install.choice.min(last);
    match command {
        Command::Up => model.walk.install.choice = at.saturating_sub(1),
        Command::Down => model.walk.install.choice = (at + 1).min(last),
        Command::Take => {
            if let Some(choice) = choices.get(at) {
                return take(model, *choice);
            }
        }
        Command::Retry => return take(model, Choice::Retry),
        Command::Supply => return take(model, Choice::Mirror),
        Command::Stop => return take(model, Choice::Leave),
        _ => {}
    }
    Vec::new()
}

fn take(model: &mut Model, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Retry | Choice::GoOn => {
            let (site, log) = (model.walk.install.site, model.walk.install.log_path.clone());
            starting(model);
            (model.walk.install.site, model.walk.install.log_path) = (site, log);
            vec![Effect::Retry]
        }
        Choice::Mirror => forms::open_supply(model),
        Choice::NewPlan => walk::go(model, Place::Plan),
        Choice::Read => {
            model.walk.install.log.zoom = true;
            log::shown(model).map(|step| Effect::ReadLog { step }).into_iter().collect()
        }
        Choice::Save => super::save(model),
        Choice::Leave => vec![Effect::Leave(Leaving::Quit)],
    }
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    let text = &model.shell.text;
    let (done, all) = walk::run(model).map(crate::engine::RunState::progress).unwrap_or_default();
    match model.walk.install.site {
        Some(site) if !model.shell.rehearsal => {
            let values = [("done", done.into()), ("all", all.into()), ("site", site.as_str().into())];
            (Role::Text, text.with("status-ended", values))
        }
        _ => (Role::Text, text.with("status-ended-rehearsal", [("done", done.into()), ("all", all.into())])),
    }
}

fn headline(model: &Model, ended: &Ended) -> (Glyph, Role, String) {
    let text = &model.shell.text;
    let name = ended.step.map(|step| step_name(model, step));
    let with = |key: &str, name: String| text.with(key, [("step", name.into())]);
    match (ended.how, name) {
        (How::NeedsHuman, Some(name)) => (Glyph::Warn, Role::Warn, with("failure-decide", name)),
        (How::LinkLost, _) => (Glyph::Bad, Role::Bad, text.t("failure-link")),
        (How::Stopped, _) => (Glyph::Warn, Role::Warn, text.t("failure-stopped")),
        (How::Silent, _) => (Glyph::Warn, Role::Warn, text.t("failure-silent")),
        (_, Some(name)) => (Glyph::Bad, Role::Bad, with("failure-step", name)),
        (_, None) => (Glyph::Bad, Role::Bad, text.t("failure-begin")),
    }
}

/// A label in front of words that are wrapped beside it.
fn labelled(model: &Model, role: Role, label: &str, words: &str, cells: usize) -> Vec<Line<'static>> {
    let theme = model.shell.theme;
    let label = format!("{} ", model.t(label));
    let beside = width(&label);
    let pieces = wrap(words, cells.saturating_sub(beside).max(8));
    pieces
        .into_iter()
        .enumerate()
        .map(|(n, words)| {
            let before = if n == 0 { label.clone() } else { " ".repeat(beside) };
            Line::from(vec![span(theme, Role::Title, before), span(theme, role, words)])
        })
        .collect()
}

/// Everything that is said about it.
fn words(model: &Model, ended: &Ended, cells: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let (glyph, role, headline) = headline(model, ended);
    let mut lines = vec![line(theme, role, cut(theme, &format!("{} {headline}", theme.glyph(glyph)), cells))];
    if let Some(failure) = &ended.failure {
        lines.extend(wrapped(theme, Role::Text, &failure.message, cells));
    }
    if matches!(ended.how, How::LinkLost | How::Stopped | How::Silent)
        && let Some(goes_on) = ended.step.and_then(|step| health::goes_on_of(model, step))
    {
        lines.extend(wrapped(theme, Role::Text, &goes_on, cells));
    }
    let lang = text.lang().id();
    if let Some(known) = model.walk.install.known {
        lines.extend(labelled(model, Role::Text, "failure-known", known.cause.of(lang), cells));
        lines.extend(labelled(model, Role::Text, "failure-fix", known.fix.of(lang), cells));
    } else if let Some(hint) = ended.failure.as_ref().and_then(|failure| failure.hint.as_ref()) {
        lines.extend(labelled(model, Role::Text, "failure-help", hint, cells));
    }
    if model.walk.install.known.is_none()
        && ended.how == How::Failed
        && !model.shell.rehearsal
        && let Some(site) = model.walk.install.site
    {
        let words = text.with("failure-report", [("site", site.as_str().into())]);
        lines.extend(labelled(model, Role::Text, "failure-unknown", &words, cells));
    }
    // What can be done about it comes before all the rest that was seen.
    let causes = ended.failure.iter().flat_map(|failure| failure.causes.iter().rev().take(CAUSES).rev());
    lines.extend(causes.flat_map(|cause| wrapped(theme, Role::Dim, cause, cells)));
    lines
}

/// Rows that it takes up with everything said, its choices and a line below them.
pub fn rows(model: &Model, columns: u16) -> usize {
    let cells = usize::from(columns.saturating_sub(2)).max(1);
    let said = model.walk.install.ended.as_ref().map_or(0, |ended| words(model, ended, cells).len());
    said + choices(model).len() + 2
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let Some(ended) = &model.walk.install.ended else { return };
    let beside = area.width < crate::ui::body(model, Rect::new(0, 0, model.shell.size.0, model.shell.size.1)).width;
    let (area, below) = if beside { (area, Rect::ZERO) } else { split_bottom(area, 1) };
    draw_lines(vec![rule(theme, below.width)], below, buffer);
    let area = inset(area, 1);
    let cells = usize::from(area.width);
    let texts: Vec<String> = choices(model).iter().map(|choice| model.t(choice.text())).collect();
    let at = model.walk.install.choice.min(texts.len().saturating_sub(1));
    let chosen = choice_lines(model.shell.theme, &texts, at);
    let rows = usize::from(area.height);
    let mut lines = words(model, ended, cells);
    // The choices are always seen; what does not fit above them is in the log.
    let room = rows.saturating_sub(chosen.len() + 1);
    if room == 0 {
        lines.clear();
    } else if lines.len() > room {
        lines.truncate(room - 1);
        lines.push(line(theme, Role::Dim, theme.ellipsis()));
    }
    if room > 0 {
        lines.push(line(theme, Role::Text, ""));
    }
    let first = list::first(at, chosen.len(), rows);
    lines.extend(chosen.into_iter().skip(first));
    draw_lines(lines, area, buffer);
}
