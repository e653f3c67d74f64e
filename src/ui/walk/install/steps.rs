//! The list of steps: what is done, what is under way and how far, what comes. Where not all of them fit,
//! the one that matters stays in sight, and how many more there are is said.

use super::{Pane, health, step_name};
use crate::engine::event::Outcome;
use crate::engine::state::{RunState, StepState, StepStatus};
use crate::engine::step::Progress;
use crate::plan::StepId;
use crate::plan::change::size_text;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::text::clock;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk;
use crate::ui::widgets::lines::{cut, draw as draw_lines, fit, line, span, width};
use crate::ui::widgets::list;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Typical times below this, in seconds, are not worth a word.
const WORTH: u64 = 10;

/// The step that the cursor comes to.
pub fn moved(model: &Model, command: Command) -> Option<StepId> {
    let run = walk::run(model)?;
    let now = super::pointed(model).and_then(|id| run.steps.iter().position(|s| s.id == id)).unwrap_or_default();
    let last = run.steps.len().saturating_sub(1);
    let at = match command {
        Command::Up => now.saturating_sub(1),
        Command::Down => (now + 1).min(last),
        _ => now,
    };
    run.steps.get(at).map(|s| s.id)
}

fn sign(step: &StepState) -> (Glyph, Role) {
    match &step.status {
        StepStatus::Waiting | StepStatus::Blocked { .. } => (Glyph::Open, Role::Dim),
        StepStatus::Running { .. } => (Glyph::Current, Role::Accent),
        StepStatus::Retrying { .. } => (Glyph::Warn, Role::Warn),
        StepStatus::Ended { outcome, .. } => match outcome {
            Outcome::Failed { .. } => (Glyph::Bad, Role::Bad),
            Outcome::Aborted => (Glyph::Warn, Role::Warn),
            _ => (Glyph::Good, Role::Good),
        },
    }
}

/// What a step has taken, or is likely to take, in words.
fn time(model: &Model, step: &StepState) -> String {
    let text = &model.shell.text;
    let typical = health::typical_ms(model, step.id.kind) / 1000;
    match &step.status {
        StepStatus::Waiting if typical >= WORTH => text.with("took-typical", [("time", clock(typical).into())]),
        StepStatus::Waiting | StepStatus::Blocked { .. } => String::new(),
        StepStatus::Running { since_ms, .. } if model.walk.install.running => {
            let until = health::lost_since(model).unwrap_or(model.shell.now_ms);
            let taken = clock(until.saturating_sub(*since_ms) / 1000);
            if let Some(ago) = health::seen_ago(model) {
                return text.with("took-seen", [("time", clock(ago).into())]);
            }
            if typical == 0 {
                return taken;
            }
            text.with("took-time", [("time", taken.into()), ("typical", clock(typical).into())])
        }
        // The run has ended without saying how this came out.
        StepStatus::Running { .. } => text.t("took-unknown"),
        StepStatus::Retrying { at_ms, .. } => {
            let left = at_ms.saturating_sub(model.shell.now_ms).div_ceil(1000);
            text.with("took-again", [("time", clock(left).into())])
        }
        StepStatus::Ended { outcome: Outcome::AlreadyDone { .. } | Outcome::Skipped { .. }, .. } => {
            text.t("took-nothing")
        }
        StepStatus::Ended { took_ms, .. } => clock(took_ms / 1000),
    }
}

/// The progress of the step that is under way: as it is, or as it was seen last.
fn progress(model: &Model, id: StepId) -> Option<&Progress> {
    if health::lost_since(model).is_some() {
        return model.walk.install.seen.of(id);
    }
    Some(&model.live.progress).filter(|progress| progress.step == Some(id))
}

fn part(model: &Model, cells: usize, glyph: Glyph, role: Role, name: &str, note: &str) -> Line<'static> {
    let theme = model.shell.theme;
    let name = cut(theme, name, cells.saturating_sub(7));
    let note = cut(theme, note, cells.saturating_sub(width(&name) + 10));
    line(theme, role, format!("     {} {name}  {note}", theme.glyph(glyph)))
}

/// What stands below the step that is under way.
fn parts(model: &Model, id: StepId, cells: usize) -> Vec<Line<'static>> {
    let Some(progress) = progress(model, id) else { return Vec::new() };
    let lost = health::lost_since(model).is_some();
    let mut lines: Vec<Line<'static>> = progress
        .stages
        .iter()
        .map(|stage| {
            let (glyph, role) = match stage.done {
                Some(true) => (Glyph::Good, Role::Good),
                Some(false) => (Glyph::Current, Role::Text),
                None => (Glyph::Open, Role::Dim),
            };
            part(model, cells, glyph, if lost { Role::Dim } else { role }, &stage.name, &stage.note)
        })
        .collect();
    if let Some((done, all)) = progress.bytes {
        let text = &model.shell.text;
        let words = match all {
            Some(all) => text.with("bytes-of", [("done", size_text(done).into()), ("all", size_text(all).into())]),
            None => text.with("bytes-so-far", [("done", size_text(done).into())]),
        };
        lines.push(part(model, cells, Glyph::More, if lost { Role::Dim } else { Role::Text }, &words, ""));
    }
    lines
}

/// A step with its time at the right.
fn step_line(model: &Model, step: &StepState, cells: usize) -> Line<'static> {
    let theme = model.shell.theme;
    let install = &model.walk.install;
    let chosen = super::pointed(model) == Some(step.id);
    let lost = health::lost_since(model).is_some() && matches!(step.status, StepStatus::Running { .. });
    let (glyph, role) = sign(step);
    let role = if lost { Role::Dim } else { role };
    let time = cut(theme, &time(model, step), cells / 2);
    let room = cells.saturating_sub(width(&time) + 5);
    let name = fit(theme, &step_name(model, step.id), room);
    let named = match role {
        Role::Good => Role::Text,
        role => role,
    };
    // With the keys on this list its cursor is reversed; else the title of the log says whose it is.
    let named = if chosen && install.focus == Pane::Steps && !install.log.zoom { Role::Focus } else { named };
    Line::from(vec![
        span(theme, role, format!(" {} ", theme.glyph(glyph))),
        span(theme, named, name),
        Span::raw(" "),
        span(theme, if matches!(role, Role::Good) { Role::Dim } else { role }, time),
    ])
}

/// Draws it.
pub fn draw(model: &Model, run: &RunState, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let cells = usize::from(area.width);
    let mut lines = Vec::new();
    let (mut from, mut to) = (0, 0);
    let shown = super::pointed(model);
    for step in &run.steps {
        let begun = lines.len();
        lines.push(step_line(model, step, cells));
        if matches!(step.status, StepStatus::Running { .. }) {
            lines.extend(parts(model, step.id, cells));
        }
        if shown == Some(step.id) {
            (from, to) = (begun, lines.len());
        }
    }
    let height = usize::from(area.height);
    let all = lines.len();
    let mut first = list::first(usize::midpoint(from, to), all, height);
    // The step itself is never above what is seen, however many parts it has; and the row that says how
    // many more there are takes the place of another one.
    if from < first + 1 {
        first = from.saturating_sub(1);
    }
    let mut seen: Vec<Line<'static>> = lines.into_iter().skip(first).take(height).collect();
    let more = |key: &str, count: usize, glyph| {
        let words = model.shell.text.with(key, [("count", count.into())]);
        line(theme, Role::Dim, format!(" {} {words}", theme.glyph(glyph)))
    };
    if height > 4 {
        if first > 0 {
            seen[0] = more("steps-more", first + 1, Glyph::Up);
        }
        let below = all.saturating_sub(first + height);
        if below > 0 {
            seen[height - 1] = more("steps-more", below + 1, Glyph::More);
        }
    }
    draw_lines(seen, area, buffer);
}
