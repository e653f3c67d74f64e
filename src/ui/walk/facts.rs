//! Facts and preflight: what is known of the host, whether it can carry a registry, and what would mend
//! what stands in the way.

use crate::plan::Failure;
use crate::plan::change::size_text;
use crate::plan::facts::Facts;
use crate::plan::preflight::{Finding, Row, Verdict};
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::text::clock;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::{self, Place, forms};
use crate::ui::widgets::lines::{
    cut, draw as draw_lines, fit, inset, line, rule, span, split_bottom, split_top, wrapped,
};
use crate::ui::widgets::list::{Cursor, mark_more};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    Looking,
    ShowingFixes,
    Fixing,
}

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The facts, once the host was looked at.
    pub facts: Option<Box<Facts>>,
    /// What preflight says of them.
    pub findings: Vec<Finding>,
    /// Why the last look failed.
    pub failure: Option<Failure>,
    cursor: Cursor,
    busy: Option<(Busy, u64)>,
}

impl Screen {
    /// Whether something is being done.
    pub fn busy(&self) -> bool {
        self.busy.is_some()
    }

    fn worst(&self) -> Verdict {
        crate::plan::preflight::worst(&self.findings)
    }
}

/// Whether the host is being looked at.
pub fn busy(model: &Model) -> bool {
    model.walk.facts.busy()
}

/// What is being done, and for how long.
pub fn busy_words(model: &Model) -> String {
    let Some((what, since)) = model.walk.facts.busy else { return String::new() };
    let key = match what {
        Busy::Looking => "busy-looking",
        Busy::ShowingFixes => "busy-fixes",
        Busy::Fixing => "busy-fixing",
    };
    let seconds = model.shell.now_ms.saturating_sub(since) / 1000;
    let words = model.t(key);
    let note = &model.live.note;
    let note = if note.is_empty() { String::new() } else { format!("{note}  ") };
    format!("{words}  {note}{}", clock(seconds))
}

/// Begins to look at the host.
pub fn look(model: &mut Model) -> Vec<Effect> {
    model.walk.facts.busy = Some((Busy::Looking, model.shell.now_ms));
    model.walk.facts.failure = None;
    vec![Effect::Look { answers: model.walk.draft.answers() }]
}

/// Gives up what is being done.
pub fn give_up(model: &mut Model) -> Vec<Effect> {
    model.walk.facts.busy = None;
    vec![Effect::GiveUp]
}

/// The fixes that were shown are being made.
pub fn fixing(model: &mut Model) {
    model.walk.facts.busy = Some((Busy::Fixing, model.shell.now_ms));
}

/// Nothing is being done any more.
pub fn not_busy(model: &mut Model) {
    model.walk.facts.busy = None;
}

/// The host was looked at.
pub fn looked(model: &mut Model, facts: Box<Facts>, findings: Vec<Finding>) -> Vec<Effect> {
    not_busy(model);
    model.walk.draft.learn(&facts);
    // The first row that wants attention is where the cursor belongs.
    let at = findings.iter().position(|f| f.verdict == Verdict::Fail);
    let at = at.or_else(|| findings.iter().position(|f| f.verdict == Verdict::Warn));
    model.walk.facts.cursor.set(sorted(&findings).iter().position(|n| Some(*n) == at).unwrap_or(0));
    model.walk.facts.facts = Some(facts);
    model.walk.facts.findings = findings;
    if model.walk.place == Place::Host { walk::go(model, Place::Facts) } else { Vec::new() }
}

/// The look failed.
pub fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    not_busy(model);
    model.walk.facts.failure = Some(failure);
    Vec::new()
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let len = model.walk.facts.findings.len();
    if model.walk.facts.cursor.moved(command, len, 10) {
        return Vec::new();
    }
    match command {
        Command::Back if busy(model) => give_up(model),
        Command::Back => walk::back(model),
        Command::LookAgain if !busy(model) => look(model),
        Command::Supply => forms::open_supply(model),
        Command::Fix | Command::FixAll if !busy(model) => fix(model, command),
        Command::Forward | Command::Take if !busy(model) => go_on(model),
        _ => Vec::new(),
    }
}

/// Only what the host preparation mends by itself can be mended from here; all else has its words.
fn fix(model: &mut Model, command: Command) -> Vec<Effect> {
    let order = sorted(&model.walk.facts.findings);
    let at = order.get(model.walk.facts.cursor.of(order.len())).copied();
    let mendable = |f: &Finding| f.fix.as_ref().is_some_and(|fix| fix.safe && fix.by_install);
    let this = at.and_then(|n| model.walk.facts.findings.get(n)).is_some_and(mendable);
    let any = model.walk.facts.findings.iter().any(mendable);
    if command == Command::Fix && !this || !any {
        model.shell.notice = Some(model.t(if any { "fix-not-this" } else { "fixes-none" }));
        return Vec::new();
    }
    model.walk.facts.busy = Some((Busy::ShowingFixes, model.shell.now_ms));
    vec![Effect::ShowFixes { answers: model.walk.draft.answers() }]
}

fn go_on(model: &mut Model) -> Vec<Effect> {
    if model.walk.facts.facts.is_none() {
        return look(model);
    }
    if model.walk.only_check {
        model.shell.notice = Some(model.t("check-only"));
        return Vec::new();
    }
    if model.walk.facts.worst() == Verdict::Fail {
        model.shell.notice =
            Some(model.shell.text.with("facts-stops", [("mark", model.shell.theme.glyph(Glyph::Bad).into())]));
        return Vec::new();
    }
    walk::forward(model)
}

/// The findings in the order in which they are shown: what stops the install, what someone should know,
/// then the rest; each group in the order of preflight.
fn sorted(findings: &[Finding]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(findings[*n].verdict));
    order
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    if busy(model) {
        return (Role::Accent, busy_words(model));
    }
    if let Some(failure) = &model.walk.facts.failure {
        return (Role::Bad, failure.line());
    }
    let count = |verdict| model.walk.facts.findings.iter().filter(|f| f.verdict == verdict).count();
    let text = model.shell.text.with(
        "facts-counts",
        [
            ("pass", count(Verdict::Pass).into()),
            ("warn", count(Verdict::Warn).into()),
            ("fail", count(Verdict::Fail).into()),
        ],
    );
    (if count(Verdict::Fail) > 0 { Role::Bad } else { Role::Text }, text)
}

fn machine(model: &Model, facts: &Facts) -> String {
    let text = &model.shell.text;
    let between = format!(" {} ", model.shell.theme.glyph(Glyph::Between));
    let mut parts = vec![facts.os_name.clone()];
    parts.extend(facts.cpus.map(|n| text.with("cores", [("count", n.into())])));
    parts.extend(facts.memory.map(size_text));
    let free = facts.disk("/var/lib").or_else(|| facts.disk("/"));
    parts.extend(
        free.map(|d| text.with("free-on", [("size", size_text(d.free).into()), ("mount", d.mount.as_str().into())])),
    );
    parts.push(facts.arch.clone());
    parts.push(if facts.gpus.is_empty() {
        text.t("no-gpu")
    } else {
        text.with("gpus", [("count", facts.gpus.len().into())])
    });
    parts.join(&between)
}

/// The sign and role of a verdict.
fn sign(verdict: Verdict) -> (Glyph, Role) {
    match verdict {
        Verdict::Pass => (Glyph::Good, Role::Good),
        Verdict::Warn => (Glyph::Warn, Role::Warn),
        Verdict::Fail => (Glyph::Bad, Role::Bad),
    }
}

fn row_name(model: &Model, finding: &Finding) -> String {
    let name = model.t(&format!("row-{}", finding.row.id()));
    match finding.row {
        Row::Source | Row::Image => format!("{name} {}", finding.about),
        _ => name,
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.shell.theme;
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let Some(facts) = &model.walk.facts.facts else {
        return draw_lines(vec![line(theme, Role::Dim, model.t("facts-none"))], area, buffer);
    };
    let (top, rest) = split_top(area, 2);
    draw_lines(vec![line(theme, Role::Text, cut(theme, &machine(model, facts), room))], top, buffer);
    let findings = &model.walk.facts.findings;
    let order = sorted(findings);
    let at = model.walk.facts.cursor.of(order.len());
    let chosen = order.get(at).and_then(|n| findings.get(*n));
    let detail = chosen.map(|f| detail(model, f, room)).unwrap_or_default();
    let height = u16::try_from(detail.len()).unwrap_or(4).clamp(3, (rest.height / 2).max(3)) + 1;
    let (list, below) = split_bottom(rest, height);
    let rows = usize::from(list.height);
    let first = model.walk.facts.cursor.first(order.len(), rows);
    let name_width = (room / 3).clamp(14, 26);
    let lines = order.iter().enumerate().skip(first).take(rows).filter_map(|(n, index)| {
        let finding = findings.get(*index)?;
        let (glyph, role) = sign(finding.verdict);
        let name = fit(theme, &row_name(model, finding), name_width);
        let evidence = cut(theme, &finding.evidence, room.saturating_sub(name_width + 5));
        let words = format!("{name}  {evidence} ");
        let words = if n == at { span(theme, Role::Focus, words) } else { span(theme, Role::Text, words) };
        Some(Line::from(vec![span(theme, role, format!("{} ", theme.glyph(glyph))), words]))
    });
    draw_lines(lines.collect(), list, buffer);
    mark_more(theme, list, first, order.len(), buffer);
    let mut lines = vec![rule(theme, below.width)];
    lines.extend(detail);
    draw_lines(lines, below, buffer);
}

/// The chosen row in full: the evidence, the fix, and who makes it.
fn detail(model: &Model, finding: &Finding, room: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let mut lines = wrapped(theme, Role::Text, &finding.evidence, room);
    if let Some(fix) = &finding.fix {
        let who = match (fix.by_install, fix.safe) {
            (true, _) => text.t("fix-by-install"),
            (false, true) => text.t("fix-safe"),
            (false, false) => text.t("fix-yours"),
        };
        lines.extend(wrapped(theme, Role::Accent, &format!("{who}: {}", fix.text), room));
    }
    lines
}
