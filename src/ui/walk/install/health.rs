//! How the install is, and how the link is: two things. What is waited for, what goes on without this
//! program, and how long it may still take, each only as far as it is known.

use super::{elsewhere, step_name};
use crate::engine::state::{RunState, StepState, StepStatus};
use crate::engine::step::Progress;
use crate::plan::step::Alone;
use crate::plan::{StepId, StepKind};
use crate::ports::LinkState;
use crate::ui::model::Model;
use crate::ui::text::clock;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk;
use crate::ui::widgets::lines::{cut, draw as draw_lines, line, rule, span, split_top, width, wrapped};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// A step that takes more than this many times its usual time makes an estimate of the rest a guess.
const LATE: u64 = 2;

/// What was seen last of the step under way, while the link was up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    progress: Progress,
    at_ms: u64,
    /// Whether something was waited for that the step had begun.
    begun: bool,
}

impl Seen {
    /// What was seen of this step.
    pub fn of(&self, id: StepId) -> Option<&Progress> {
        Some(&self.progress).filter(|progress| progress.step == Some(id))
    }
}

fn running(model: &Model) -> Option<&StepState> {
    walk::run(model).filter(|_| model.walk.install.running)?.running()
}

fn applying(step: &StepState) -> bool {
    matches!(step.status, StepStatus::Running { applying: Some(_), .. })
}

/// Keeps what is seen of the step under way, because it is gone from the progress when the link is.
pub fn moved(model: &mut Model) {
    let Some((id, applying)) = running(model).map(|step| (step.id, applying(step))) else { return };
    let lost = lost_since(model).is_some();
    let (now, live) = (model.shell.now_ms, model.live.progress.clone());
    let seen = &mut model.walk.install.seen;
    if seen.progress.step != Some(id) {
        *seen = Seen { progress: Progress { step: Some(id), ..Progress::default() }, at_ms: now, begun: false };
    }
    if lost || live.step != Some(id) {
        return;
    }
    seen.at_ms = now;
    if live.waiting.is_some() {
        seen.progress.waiting = live.waiting;
        seen.begun |= applying;
    }
    if !live.stages.is_empty() {
        seen.progress.stages = live.stages;
    }
    if live.bytes.is_some() {
        seen.progress.bytes = live.bytes;
        seen.begun |= applying;
    }
}

/// Since when the link to the host of a run is lost.
pub fn lost_since(model: &Model) -> Option<u64> {
    if !model.walk.install.running {
        return None;
    }
    match &model.live.link {
        Some(LinkState::Lost { since_ms, .. }) => Some(*since_ms),
        Some(LinkState::Gone { .. }) => Some(walk::run(model)?.link_lost.as_ref()?.0),
        _ => None,
    }
}

/// How many seconds ago the step under way was seen, while the link is lost.
pub fn seen_ago(model: &Model) -> Option<u64> {
    lost_since(model)?;
    let at_ms = model.walk.install.seen.at_ms;
    (at_ms > 0).then(|| model.shell.now_ms.saturating_sub(at_ms) / 1000)
}

/// How long a step usually takes as this run's clock goes: a rehearsal is faster than life.
pub fn typical_ms(model: &Model, kind: StepKind) -> u64 {
    let speed = if model.shell.rehearsal { model.shell.speed.max(1) } else { 1 };
    u64::from(kind.typical_seconds()) * 1000 / u64::from(speed)
}

/// About how many milliseconds are left, where that can be said: not while the link is lost, and not once
/// a step takes much longer than it usually does.
pub fn left_ms(model: &Model, run: &RunState) -> Option<u64> {
    if !model.walk.install.running || model.walk.install.stopping || lost_since(model).is_some() {
        return None;
    }
    let mut left = 0;
    for step in &run.steps {
        let typical = typical_ms(model, step.id.kind);
        match step.status {
            StepStatus::Waiting => left += typical,
            StepStatus::Running { since_ms, .. } => {
                let taken = model.shell.now_ms.saturating_sub(since_ms);
                if taken > (typical * LATE).max(5000) {
                    return None;
                }
                left += typical.saturating_sub(taken);
            }
            StepStatus::Retrying { .. } => return None,
            StepStatus::Ended { .. } | StepStatus::Blocked { .. } => {}
        }
    }
    Some(left)
}

/// What goes on without this program, and what waits for it: never more than is known.
pub fn goes_on(model: &Model, step: &StepState, begun: bool) -> String {
    let run = walk::run(model);
    let behind = |s: &&StepState| matches!(s.status, StepStatus::Waiting | StepStatus::Blocked { .. });
    let count = run.map_or(0, |run| run.steps.iter().filter(behind).count());
    let key = match (step.id.kind.alone(), applying(step), begun) {
        (Alone::Nothing, ..) | (_, false, _) => "goes-on-nothing",
        (Alone::Cluster, true, _) => "goes-on-cluster",
        (Alone::Unit, true, true) => "goes-on-unit",
        (Alone::Service, true, true) => "goes-on-service",
        (Alone::Unit | Alone::Service, true, false) => "goes-on-perhaps",
    };
    model.shell.text.with(key, [("step", step_name(model, step.id).into()), ("count", count.into())])
}

/// The same for the step that was under way when a run ended.
pub fn goes_on_of(model: &Model, id: StepId) -> Option<String> {
    let step = walk::run(model)?.step(id)?;
    let begun = model.walk.install.seen.of(id).is_some() && model.walk.install.seen.begun;
    matches!(step.status, StepStatus::Running { .. }).then(|| goes_on(model, step, begun))
}

/// What leaving means now.
pub fn what_goes_on(model: &Model) -> String {
    let text = &model.shell.text;
    if model.shell.rehearsal {
        return text.t("goes-on-rehearsal");
    }
    if let Some(elsewhere) = elsewhere(model) {
        return format!("{elsewhere} {}", super::about_site(model, "come-back-host"));
    }
    let goes_on = running(model).and_then(|step| goes_on_of(model, step.id)).unwrap_or_else(|| text.t("goes-on-idle"));
    match model.walk.install.site {
        Some(site) => format!("{goes_on} {}", text.with("come-back", [("site", site.as_str().into())])),
        None => goes_on,
    }
}

fn lost_lines(model: &Model, cells: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let goes_on = running(model).and_then(|step| goes_on_of(model, step.id));
    let mut words = elsewhere(model).or(goes_on).unwrap_or_else(|| text.t("goes-on-idle"));
    if let Some(LinkState::Lost { retry_at_ms, attempts, .. }) = &model.live.link {
        let left = retry_at_ms.saturating_sub(model.shell.now_ms).div_ceil(1000);
        let again = [("seconds", left.into()), ("attempt", (*attempts).into())];
        words = format!("{words} {}", text.with("link-again", again));
    }
    wrapped(theme, Role::Warn, &words, cells)
}

/// What is waited for, what was seen last, and why it may not be there yet.
fn wait_lines(model: &Model, cells: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    if elsewhere(model).is_some() {
        return wrapped(theme, Role::Good, &what_goes_on(model), cells);
    }
    let step = running(model).map(|step| step.id);
    let Some(waiting) = model.live.progress.waiting.as_ref().filter(|_| model.live.progress.step == step) else {
        return Vec::new();
    };
    let values = [
        ("condition", waiting.condition.clone().into()),
        ("time", clock(waiting.elapsed).into()),
        ("limit", clock(waiting.limit).into()),
    ];
    let mut lines = vec![line(theme, Role::Text, cut(theme, &text.with("waits-for", values), cells))];
    if !waiting.observed.is_empty() {
        let saw = text.with("waits-saw", [("seen", waiting.observed.clone().into())]);
        lines.push(line(theme, Role::Text, cut(theme, &saw, cells)));
    }
    if let Some(guess) = &waiting.guess {
        lines.extend(wrapped(theme, Role::Dim, guess, cells));
    }
    lines
}

/// Draws what is waited for, or what the lost link means.
pub fn draw_why(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (ruled, rest) = split_top(area, 1);
    draw_lines(vec![rule(model.shell.theme, ruled.width)], ruled, buffer);
    let rest = crate::ui::widgets::lines::inset(rest, 1);
    let cells = usize::from(rest.width);
    let lost = lost_since(model).is_some();
    draw_lines(if lost { lost_lines(model, cells) } else { wait_lines(model, cells) }, rest, buffer);
}

/// Draws how many steps are done. The bar counts steps; time is only spoken of.
pub fn draw_bar(model: &Model, run: &RunState, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let (done, all) = run.progress();
    let mut words = text.with("install-count", [("done", done.into()), ("all", all.into())]);
    if let Some(left) = left_ms(model, run).filter(|left| *left > 0) {
        words = format!("{words}, {}", text.with("install-left", [("minutes", left.div_ceil(60_000).into())]));
    }
    let words = cut(theme, &words, usize::from(area.width).saturating_sub(2));
    let room = usize::from(area.width).saturating_sub(width(&words) + 4);
    let full = (done * room).checked_div(all).unwrap_or_default().min(room);
    let bar = Line::from(vec![
        Span::raw(" "),
        span(theme, Role::Accent, theme.glyph(Glyph::BarDone).repeat(full)),
        span(theme, Role::Rule, theme.glyph(Glyph::BarOpen).repeat(room - full)),
        span(theme, Role::Text, format!("  {words}")),
    ]);
    draw_lines(vec![bar], area, buffer);
}
