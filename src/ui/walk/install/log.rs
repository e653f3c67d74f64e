//! The log of one step: the newest lines as they come, or lines that stand still and are looked at.
//!
//! At most [`tail::KEPT`] lines are kept of what comes, and as many of what stands still, however much is
//! written: a flood costs counting and nothing else.

use super::layout;
use crate::engine::tail::{self, Line};
use crate::plan::StepId;
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::walk;
use crate::ui::widgets::Field;
use std::collections::VecDeque;

/// Columns that one press of an arrow moves the log by.
const ASIDE: usize = 8;

/// What the log's pane knows.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The newest lines of all steps; the oldest fall out.
    tail: VecDeque<Line>,
    /// Lines that there were in all.
    all: u64,
    /// What stands still, where something does.
    still: Option<Still>,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// Whether the log has the whole screen.
    pub zoom: bool,
    /// Columns at the left that are not seen.
    pub left: usize,
    /// What is searched for.
    pub search: Option<Search>,
    /// What is being typed to search for.
    pub typing: Option<Field>,
}

/// Lines that stand still.
#[derive(Clone, Debug)]
struct Still {
    step: StepId,
    lines: Vec<String>,
    /// One behind the last line that is seen.
    end: usize,
    /// Lines that there were in all when it began to stand still.
    at: u64,
    /// Whether the lines are from the run's log file and not from what came.
    read: bool,
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The text; upper and lower case are the same.
    pub text: String,
    /// The line of the hit that was gone to last.
    pub at: Option<usize>,
}

/// What of the log is seen now.
pub struct Seen<'a> {
    /// Whose it is.
    pub step: StepId,
    /// Its lines.
    pub lines: Vec<&'a str>,
    /// One behind the last line that is seen.
    pub end: usize,
    /// Whether it moves on by itself.
    pub follows: bool,
    /// Whether it is kept from moving on, and not just over.
    pub paused: bool,
    /// Lines that came since it stands still.
    pub new: u64,
}

/// Where a text has hits: the beginnings and ends in bytes.
pub fn hits(line: &str, text: &str) -> Vec<(usize, usize)> {
    let (line_bytes, wanted) = (line.as_bytes(), text.as_bytes());
    let mut found = Vec::new();
    let mut from = 0;
    while !wanted.is_empty() && from + wanted.len() <= line_bytes.len() {
        let here = line_bytes[from..].windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted));
        let Some(at) = here.map(|at| at + from) else { break };
        found.push((at, at + wanted.len()));
        from = at + wanted.len();
    }
    found
}

impl Log {
    /// Takes new lines in.
    pub fn take(&mut self, lines: Vec<Line>, all: u64) {
        for line in lines {
            if self.tail.len() == tail::KEPT {
                self.tail.pop_front();
            }
            self.tail.push_back(line);
        }
        self.all = all;
    }

    fn came(&self, step: StepId) -> Vec<&str> {
        self.tail.iter().filter(|line| line.step == step).map(|line| line.text.as_str()).collect()
    }

    /// The last lines of a step, oldest first.
    pub fn last(&self, step: StepId, count: usize) -> Vec<&str> {
        let read = self.still.as_ref().filter(|still| still.step == step && still.read);
        let lines = read.map_or_else(|| self.came(step), |still| still.lines.iter().map(String::as_str).collect());
        lines[lines.len().saturating_sub(count)..].to_vec()
    }

    /// What is seen of a step.
    pub fn seen(&self, step: StepId) -> Seen<'_> {
        match &self.still {
            Some(still) if still.step == step => Seen {
                step,
                lines: still.lines.iter().map(String::as_str).collect(),
                end: still.end.min(still.lines.len()),
                follows: false,
                paused: !still.read,
                new: if still.read { 0 } else { self.all.saturating_sub(still.at) },
            },
            _ => {
                let lines = self.came(step);
                Seen { step, end: lines.len(), lines, follows: true, paused: false, new: 0 }
            }
        }
    }

    fn stand_still(&mut self, step: StepId) -> &mut Still {
        if self.still.as_ref().is_none_or(|still| still.step != step) {
            let lines: Vec<String> = self.came(step).into_iter().map(str::to_owned).collect();
            self.still = Some(Still { step, end: lines.len(), lines, at: self.all, read: false });
        }
        let empty = || Still { step, lines: Vec::new(), end: 0, at: 0, read: false };
        self.still.get_or_insert_with(empty)
    }

    /// Takes the kept lines of a step in, as they stand in the run's log file.
    pub fn take_read(&mut self, step: StepId, mut lines: Vec<String>) {
        let more = lines.len().saturating_sub(tail::KEPT);
        lines.drain(..more);
        self.still = Some(Still { step, end: lines.len(), lines, at: self.all, read: true });
    }

    /// Follows what comes.
    pub fn follow(&mut self) {
        self.still = None;
        self.left = 0;
        if let Some(search) = &mut self.search {
            search.at = None;
        }
    }

    /// Scrolls, with so many rows seen at once.
    pub fn scroll(&mut self, step: StepId, command: Command, rows: usize) {
        let page = rows.saturating_sub(1).max(1);
        let still = self.stand_still(step);
        let last = still.lines.len();
        let full = rows.min(last);
        let end = still.end.clamp(full, last);
        still.end = match command {
            Command::Up => end.saturating_sub(1),
            Command::PageUp => end.saturating_sub(page),
            Command::Down => end + 1,
            Command::PageDown => end + page,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => end,
        };
        let beyond = still.end > last && !still.read;
        still.end = still.end.clamp(full, last);
        // Past the newest line there is only what comes next.
        if beyond {
            self.follow();
        }
    }

    /// Moves a log whose lines are not wrapped to the side.
    pub fn aside(&mut self, command: Command) {
        self.left = match command {
            Command::Left => self.left.saturating_sub(ASIDE),
            _ if self.wrap => 0,
            _ => (self.left + ASIDE).min(tail::LINE),
        };
    }

    /// Goes to the next hit, or to the one before, around the ends.
    pub fn go_to_hit(&mut self, step: StepId, command: Command, rows: usize) {
        let Some(Search { text, at }) = self.search.clone() else { return };
        let still = self.stand_still(step);
        let found: Vec<usize> = (0..still.lines.len()).filter(|n| !hits(&still.lines[*n], &text).is_empty()).collect();
        let to = match (command, at) {
            (Command::NextHit, Some(at)) => found.iter().find(|n| **n > at).or(found.first()),
            (Command::NextHit, None) => found.iter().find(|n| **n >= still.end).or(found.first()),
            (_, at) => {
                let before = at.unwrap_or(still.end);
                found.iter().rev().find(|n| **n < before).or(found.last())
            }
        };
        let Some(to) = to.copied() else { return };
        let last = still.lines.len();
        if to >= still.end || to + rows < still.end {
            still.end = (to + 1 + rows / 2).clamp(rows.min(last), last);
        }
        if let Some(search) = &mut self.search {
            search.at = Some(to);
        }
    }
}

/// The step whose log is shown: the one that was chosen, or that which is under way, or the last that was.
pub fn shown(model: &Model) -> Option<StepId> {
    let run = walk::run(model)?;
    let chosen = model.walk.install.chosen.filter(|id| run.step(*id).is_some());
    let failed = model.walk.install.ended.as_ref().and_then(|ended| ended.step);
    let last = || run.steps.iter().rev().find(|s| s.status != crate::engine::state::StepStatus::Waiting);
    chosen.or(failed).or_else(|| run.running().map(|s| s.id)).or_else(|| last().map(|s| s.id))
}

/// Rows of the log that are seen.
fn rows(model: &Model) -> usize {
    usize::from(layout::of(model).log.height.saturating_sub(1)).max(1)
}

/// A command for the log.
pub fn command(model: &mut Model, command: Command) {
    let Some(step) = shown(model) else { return };
    let rows = rows(model);
    let log = &mut model.walk.install.log;
    match command {
        Command::Left | Command::Right => log.aside(command),
        Command::NextHit | Command::PreviousHit => log.go_to_hit(step, command, rows),
        _ => log.scroll(step, command, rows),
    }
}

/// Begins to ask what is searched for.
pub fn ask(model: &mut Model) {
    let log = &mut model.walk.install.log;
    let before = log.search.as_ref().map(|search| search.text.clone()).unwrap_or_default();
    log.typing = Some(Field::line(&before));
}

/// A command while the text to search for is typed.
pub fn typed(model: &mut Model, command: Command) {
    let log = &mut model.walk.install.log;
    match command {
        Command::Take => {
            let text = log.typing.take().map(|field| field.text()).unwrap_or_default();
            log.search = (!text.is_empty()).then_some(Search { text, at: None });
            self::command(model, Command::PreviousHit);
        }
        Command::Back => log.typing = None,
        _ => {}
    }
}

/// The lines that are seen, for the clipboard.
pub fn copy(model: &Model) -> Vec<Effect> {
    let Some(step) = shown(model) else { return Vec::new() };
    let seen = model.walk.install.log.seen(step);
    let from = seen.end.saturating_sub(rows(model));
    let lines = &seen.lines[from..seen.end];
    if lines.is_empty() { Vec::new() } else { vec![Effect::Copy(crate::base::Secret::new(lines.join("\n")))] }
}
