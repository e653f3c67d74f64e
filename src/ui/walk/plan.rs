//! The plan: what will be changed, part by part, from the steps' own checks. Nothing has happened yet,
//! and nothing happens without the key that says so.

use crate::engine::Preview;
use crate::engine::preview::Previewed;
use crate::engine::step::Check;
use crate::plan::change::size_text;
use crate::plan::{Change, Failure};
use crate::ui::draft::FieldId;
use crate::ui::effect::Effect;
use crate::ui::keys::{Command, Scope};
use crate::ui::model::Model;
use crate::ui::text::{clock, sentences};
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::dialog::{Dialog, PathFor};
use crate::ui::walk::{self, forms};
use crate::ui::widgets::lines::{
    cut, draw as draw_lines, fit, inset, line, ruled_left, span, split_left, split_top, wrapped,
};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns for what a step comes to; the rest of the list is for its name.
const SUMMARY: usize = 10;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    preview: Option<Preview>,
    /// The answers that the preview is of: it is only good for these.
    answers: String,
    /// Why there is no preview.
    failure: Option<Failure>,
    since: Option<u64>,
    cursor: Cursor,
    detail: Cursor,
    in_detail: bool,
}

impl Screen {
    /// Whether a plan is being made.
    pub fn busy(&self) -> bool {
        self.since.is_some()
    }
}

/// The plan was come to: it is made anew where the answers are others than those of the last one.
pub fn enter(model: &mut Model) -> Vec<Effect> {
    let answers = model.walk.draft.answers();
    if model.walk.plan.preview.is_some() && model.walk.plan.answers == answers { Vec::new() } else { make(model) }
}

fn make(model: &mut Model) -> Vec<Effect> {
    let answers = model.walk.draft.answers();
    model.walk.plan = Screen { answers: answers.clone(), since: Some(model.shell.now_ms), ..Screen::default() };
    vec![Effect::Preview { answers }]
}

/// A plan was made.
pub fn previewed(model: &mut Model, preview: Preview) -> Vec<Effect> {
    model.walk.plan.since = None;
    model.walk.plan.preview = Some(preview);
    Vec::new()
}

/// No plan could be made.
pub fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    if model.walk.plan.since.take().is_some() {
        model.walk.plan.failure = Some(failure);
    } else {
        // A file that could not be written takes nothing from the plan.
        model.shell.notice = Some(failure.line());
    }
    Vec::new()
}

/// The plan belongs to the past: a run is under way, or has ended.
pub fn forget(model: &mut Model) {
    model.walk.plan = Screen::default();
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let steps = model.walk.plan.preview.as_ref().map_or(0, |p| p.steps().len());
    if model.walk.plan.in_detail {
        let lines = chosen(model).map_or(0, |step| detail(model, step, 60).len());
        if model.walk.plan.detail.moved(command, lines, 10) {
            return Vec::new();
        }
    } else if model.walk.plan.cursor.moved(command, steps, 10) {
        model.walk.plan.detail = Cursor::default();
        return Vec::new();
    }
    match command {
        Command::Back if model.walk.plan.busy() => {
            model.walk.plan.since = None;
            let mut effects = vec![Effect::GiveUp];
            effects.extend(walk::back(model));
            effects
        }
        Command::Back if model.walk.plan.in_detail => {
            model.walk.plan.in_detail = false;
            Vec::new()
        }
        Command::Back => walk::back(model),
        Command::Take => {
            model.walk.plan.in_detail = true;
            Vec::new()
        }
        Command::Next | Command::Previous | Command::Left | Command::Right => {
            model.walk.plan.in_detail = !model.walk.plan.in_detail;
            Vec::new()
        }
        Command::LookAgain if !model.walk.plan.busy() => make(model),
        Command::Supply => forms::open_supply(model),
        Command::WriteAnswers => {
            let name = model.walk.draft.text(FieldId::Site);
            model.walk.dialog = Some(Dialog::path(PathFor::Answers, &format!("{name}.toml")));
            Vec::new()
        }
        Command::Export if model.walk.plan.preview.is_some() => {
            let name = model.walk.draft.text(FieldId::Site);
            model.walk.dialog = Some(Dialog::path(PathFor::Report, &format!("{name}-plan.txt")));
            Vec::new()
        }
        Command::Install => install(model),
        // The key that leads through the other places must not begin an install by being pressed once too
        // often.
        Command::Forward => {
            let key = model.shell.keymap.key_of(Scope::Plan, Command::Install);
            let words = if again(model) { "plan-agree-again" } else { "plan-agree" };
            model.shell.notice = Some(model.shell.text.with(words, [("key", key.into())]));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Whether a key means nothing here: what is looked at closely is already.
pub fn idle(model: &Model, command: Command) -> bool {
    command == Command::Take && model.walk.plan.in_detail
}

fn install(model: &mut Model) -> Vec<Effect> {
    let Some(preview) = &model.walk.plan.preview else { return Vec::new() };
    if model.walk.plan.answers != model.walk.draft.answers() {
        // What was shown is not what would be done.
        return make(model);
    }
    if !preview.conflicts().is_empty() {
        model.shell.notice = Some(conflict_words(model));
        return Vec::new();
    }
    if preview.nothing_to_do() {
        return walk::go(model, walk::Place::Credentials);
    }
    walk::install::starting(model);
    vec![Effect::Install]
}

fn chosen(model: &Model) -> Option<&Previewed> {
    let steps = model.walk.plan.preview.as_ref()?.steps();
    steps.get(model.walk.plan.cursor.of(steps.len()))
}

/// Whether an earlier plan was carried out in part.
fn again(model: &Model) -> bool {
    model.walk.install.ended.is_some()
}

fn conflict_words(model: &Model) -> String {
    model.shell.text.with("plan-conflict", [("mark", model.shell.theme.glyph(Glyph::Bad).into())])
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    let text = &model.shell.text;
    if let Some(since) = model.walk.plan.since {
        let time = clock(model.shell.now_ms.saturating_sub(since) / 1000);
        return (Role::Accent, format!("{}  {time}", text.t("busy-planning")));
    }
    if let Some(failure) = &model.walk.plan.failure {
        return (Role::Bad, failure.line());
    }
    match &model.walk.plan.preview {
        Some(preview) if !preview.conflicts().is_empty() => (Role::Bad, conflict_words(model)),
        Some(preview) if preview.nothing_to_do() => (Role::Good, text.t("plan-nothing")),
        _ if again(model) => (Role::Text, text.t("status-plan-again")),
        _ => (Role::Text, text.t("status-nothing-changed")),
    }
}

/// What all of it comes to: bytes, and how long it takes where that is known.
fn totals(model: &Model, steps: &[Previewed], room: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let open = steps.iter().filter(|s| !matches!(s.check, Check::Done { .. }));
    let seconds: u32 = open.map(|s| s.id.kind.typical_seconds()).sum();
    let downloads = steps.iter().flat_map(|s| &s.changes).filter_map(|change| match change {
        Change::Download { bytes, .. } => Some(*bytes),
        _ => None,
    });
    let (mut bytes, mut unknown) = (0_u64, 0_usize);
    for size in downloads {
        match size {
            Some(size) => bytes = bytes.saturating_add(size),
            None => unknown += 1,
        }
    }
    let minutes = seconds.div_ceil(60).max(1);
    let mut words = text.with("plan-totals", [("minutes", minutes.into()), ("size", size_text(bytes).into())]);
    if unknown > 0 {
        words = sentences(&[words, text.with("plan-unknown-sizes", [("count", unknown.into())])]);
    }
    wrapped(theme, Role::Text, &words, room)
}

fn sign(check: &Check) -> (Glyph, Role) {
    match check {
        Check::Done { .. } => (Glyph::Good, Role::Good),
        Check::NeedsWork { .. } | Check::Blocked { .. } => (Glyph::Open, Role::Accent),
        Check::Conflict(_) => (Glyph::Bad, Role::Bad),
    }
}

fn summary(model: &Model, step: &Previewed) -> String {
    let text = &model.shell.text;
    match &step.check {
        Check::Done { .. } => text.t("plan-done"),
        Check::Conflict(_) => text.t("plan-in-the-way"),
        _ if step.changes.is_empty() => text.t("plan-waits"),
        _ => text.with("plan-changes", [("count", step.changes.len().into())]),
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let Some(preview) = &model.walk.plan.preview else {
        let mut lines = vec![line(theme, Role::Title, text.t("plan-title")), line(theme, Role::Text, "")];
        if let Some(failure) = &model.walk.plan.failure {
            lines.extend(wrapped(theme, Role::Bad, &failure.line(), room));
            lines.extend(failure.hint.iter().flat_map(|hint| wrapped(theme, Role::Text, hint, room)));
        }
        return draw_lines(lines, area, buffer);
    };
    let steps = preview.steps();
    let at = model.walk.plan.cursor.of(steps.len());
    let (left, right) = split_left(area, (area.width * 45 / 100).clamp(24, 48));
    let totals = totals(model, steps, usize::from(left.width).saturating_sub(1));
    let below = u16::try_from(totals.len()).unwrap_or(3) + 1;
    let (list, foot) = crate::ui::widgets::lines::split_bottom(left, below);
    let (head, list) = split_top(list, 1);
    draw_lines(vec![line(theme, Role::Title, text.t("plan-title"))], head, buffer);
    let rows = usize::from(list.height);
    let first = model.walk.plan.cursor.first(steps.len(), rows);
    let columns = usize::from(list.width).saturating_sub(1);
    let lines = steps.iter().enumerate().skip(first).take(rows).map(|(n, step)| {
        let (glyph, role) = sign(&step.check);
        let summary = cut(theme, &summary(model, step), SUMMARY);
        let name = fit(theme, &model.t(&format!("step-{}", step.id.kind.id())), columns.saturating_sub(3 + SUMMARY));
        let focus = n == at && !model.walk.plan.in_detail;
        let words = span(
            theme,
            if focus {
                Role::Focus
            } else if n == at {
                Role::Accent
            } else {
                Role::Text
            },
            name,
        );
        Line::from(vec![
            span(theme, role, format!("{} ", theme.glyph(glyph))),
            words,
            span(theme, Role::Dim, format!(" {summary}")),
        ])
    });
    draw_lines(lines.collect(), list, buffer);
    let mut foot_lines = vec![line(theme, Role::Text, "")];
    foot_lines.extend(totals);
    draw_lines(foot_lines, foot, buffer);
    let pane = ruled_left(theme, right, buffer);
    if let Some(step) = steps.get(at) {
        let mut lines = detail(model, step, usize::from(pane.width));
        let rows = usize::from(pane.height);
        let first = model.walk.plan.detail.of(lines.len()).min(lines.len().saturating_sub(rows));
        lines.drain(..first.min(lines.len()));
        draw_lines(lines, pane, buffer);
    }
}

/// One step in full: its changes, files with what goes and what comes.
fn detail(model: &Model, step: &Previewed, columns: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let mut lines = wrapped(theme, Role::Title, &text.t(&format!("step-{}", step.id.kind.id())), columns);
    match &step.check {
        Check::Done { why } => lines.extend(wrapped(theme, Role::Dim, why, columns)),
        Check::Conflict(failure) => {
            lines.extend(wrapped(theme, Role::Bad, &failure.line(), columns));
            lines.extend(failure.hint.iter().flat_map(|hint| wrapped(theme, Role::Text, hint, columns)));
        }
        Check::Blocked { because } => {
            let before = text.t(&format!("step-{}", because.id()));
            lines.extend(wrapped(theme, Role::Dim, &text.with("plan-blocked", [("step", before.into())]), columns));
        }
        Check::NeedsWork { .. } if step.changes.is_empty() => {
            lines.extend(wrapped(theme, Role::Dim, &text.t("plan-waits-why"), columns));
        }
        Check::NeedsWork { .. } => {}
    }
    for change in &step.changes {
        lines.push(line(theme, Role::Text, ""));
        lines.extend(wrapped(theme, Role::Text, &change.to_string(), columns));
        if let Change::File { before, after, .. } = change {
            lines.extend(diff_lines(model, before.as_deref().unwrap_or_default(), after, columns));
        }
    }
    lines
}

fn diff_lines(model: &Model, before: &str, after: &str, columns: usize) -> Vec<Line<'static>> {
    let theme = model.shell.theme;
    let diff = similar::TextDiff::from_lines(before, after);
    diff.iter_all_changes()
        .map(|change| {
            let (mark, role) = match change.tag() {
                similar::ChangeTag::Insert => ("+", Role::Good),
                similar::ChangeTag::Delete => ("-", Role::Bad),
                similar::ChangeTag::Equal => (" ", Role::Dim),
            };
            line(theme, role, cut(theme, &format!("{mark} {}", change.value().trim_end()), columns))
        })
        .collect()
}
