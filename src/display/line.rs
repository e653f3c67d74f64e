//! `--plain`: one line an event, for serial lines, logs and screen readers.
//!
//! No cursor is moved and no colour is used, so a line means the same wherever it is read. The help of
//! a failure is the last thing said about it, because that is what a screen reader leaves one with.

use super::{About, Last, REHEARSAL, View, safe, span};
use crate::base::clock::utc_text;
use crate::engine::event::{Event, EventKind, Outcome};
use crate::engine::state::RunState;
use crate::engine::step::Progress;
use crate::plan::change::size_text;
use crate::plan::{Failure, StepId};
use crate::ports::LinkState;

/// Milliseconds between two lines about the same step's progress.
const EVERY: u64 = 15_000;

/// See the module.
#[derive(Default)]
pub struct LineView {
    state: RunState,
    rehearsal: bool,
    /// When the step under way was last spoken of.
    spoken_ms: u64,
    lost: bool,
}

impl LineView {
    /// A view that labels its lines from the first one on: what ends in preflight has no run and so no
    /// header, and its last words are a rehearsal's all the same.
    pub fn new(rehearsal: bool) -> Self {
        Self { rehearsal, ..Self::default() }
    }

    fn line(&self, at_ms: u64, text: &str) -> String {
        let label = if self.rehearsal { format!("{REHEARSAL} ") } else { String::new() };
        // The date stands in the header; here the time of day is enough.
        let time = utc_text(at_ms);
        format!("{label}{} {text}", time.split_once('T').map_or(time.as_str(), |(_, of_day)| of_day))
    }

    /// `[3/21] Title`.
    fn step(&self, id: StepId) -> String {
        let all = self.state.steps.len();
        match self.state.steps.iter().position(|s| s.id == id) {
            Some(at) => format!("[{}/{all}] {}", at + 1, id.kind.title()),
            None => id.kind.title().to_owned(),
        }
    }

    fn failed(&self, at_ms: u64, what: &str, failure: &Failure) -> Vec<String> {
        let mut lines = vec![self.line(at_ms, &format!("{what}: {}", safe(&failure.line())))];
        if let Some(hint) = &failure.hint {
            lines.push(self.line(at_ms, &format!("help: {}", safe(hint))));
        }
        lines
    }

    fn finished(&self, at_ms: u64, step: StepId, outcome: &Outcome, began_ms: Option<u64>) -> Vec<String> {
        let name = self.step(step);
        let took =
            began_ms.map_or_else(String::new, |began| format!(" in {}", span(at_ms.saturating_sub(began) / 1000)));
        let text = match outcome {
            Outcome::Done { why } => format!("{name}: done{took}: {}", safe(why)),
            Outcome::AlreadyDone { why } => format!("{name}: nothing to do: {}", safe(why)),
            Outcome::Skipped { why } => format!("{name}: not needed: {}", safe(why)),
            Outcome::Failed { failure } => return self.failed(at_ms, &format!("{name}: FAILED{took}"), failure),
            Outcome::Aborted => format!("{name}: stopped as asked"),
        };
        vec![self.line(at_ms, &text)]
    }
}

impl View for LineView {
    fn header(&mut self, about: &About) -> Vec<String> {
        self.rehearsal |= about.rehearsal;
        self.state.clone_from(&about.so_far);
        let label = if self.rehearsal { "REHEARSAL " } else { "" };
        let mut lines = vec![format!("{label}site {}, run {}", about.site, about.run)];
        if self.rehearsal {
            lines.push(format!("{REHEARSAL} the host, the cluster and the times are simulated; nothing is installed"));
        }
        if let Some(journal) = &about.journal {
            lines.push(format!("{label}journal {}", safe(journal)));
        }
        lines
    }

    fn event(&mut self, event: &Event) -> Vec<String> {
        let at = event.at_ms;
        let began = self.state.running().and_then(|s| match s.status {
            crate::engine::state::StepStatus::Running { since_ms, .. } => Some(since_ms),
            _ => None,
        });
        self.state.apply(event);
        self.rehearsal |= self.state.rehearsal;
        self.spoken_ms = at;
        let one = |view: &Self, text: String| vec![view.line(at, &text)];
        match &event.event {
            EventKind::RunStarted { steps, .. } => one(self, format!("the run begins: {} steps", steps.len())),
            EventKind::RunResumed { epoch, by } => one(
                self,
                format!("the run goes on, for time no. {epoch}, by {}; every step is looked at again", safe(by)),
            ),
            EventKind::StepStarted { step, attempt: 1 } => one(self, format!("{}: is looked at", self.step(*step))),
            EventKind::StepStarted { step, attempt } => {
                one(self, format!("{}: is looked at, attempt {attempt}", self.step(*step)))
            }
            EventKind::StepApplying { step, changes } => {
                let does = match changes {
                    0 => "waits, changes nothing".to_owned(),
                    1 => "makes 1 change".to_owned(),
                    many => format!("makes {many} changes"),
                };
                let usual = span(u64::from(step.kind.typical_seconds()));
                one(self, format!("{}: {does}, usually in about {usual}", self.step(*step)))
            }
            EventKind::StepRetrying { step, attempt, after, failure } => {
                let what = format!("{}: failed, attempt {attempt} follows in {}", self.step(*step), span(*after));
                self.failed(at, &what, failure)
            }
            EventKind::StepFinished { step, outcome } => self.finished(at, *step, outcome, began),
            EventKind::LinkLost { step, why } => one(
                self,
                format!("{}: the link was lost, so its result is not known yet: {}", self.step(*step), safe(why)),
            ),
            EventKind::LinkBack { after } => {
                one(self, format!("the link is back after {}; the step is looked at again", span(*after)))
            }
            EventKind::RunAborted { at_once: false } => one(self, "the run stops as asked".into()),
            EventKind::RunAborted { at_once: true } => one(self, "the program leaves at once as asked".into()),
            EventKind::RunFinished { .. } => {
                let (done, all) = self.state.progress();
                one(self, format!("the run has ended: {done} of {all} steps are done"))
            }
            EventKind::Unknown(data) => {
                let kind = data.get("kind").and_then(|k| k.as_str()).unwrap_or("without a kind");
                one(self, format!("an event that this version does not know: {}", safe(kind)))
            }
        }
    }

    fn progress(&mut self, progress: &Progress, now_ms: u64) -> Vec<String> {
        let Some(step) = self.state.running().map(|s| s.id) else { return Vec::new() };
        if now_ms.saturating_sub(self.spoken_ms) < EVERY {
            return Vec::new();
        }
        self.spoken_ms = now_ms;
        let fits = progress.step == Some(step);
        let mut parts = Vec::new();
        if let Some((done, all)) = progress.bytes.filter(|_| fits) {
            let all = all.map_or_else(String::new, |all| format!(" of {}", size_text(all)));
            parts.push(format!("{}{all} fetched", size_text(done)));
        }
        for stage in progress.stages.iter().filter(|s| fits && s.done == Some(false)) {
            parts.push(format!("{}: {}", safe(&stage.name), safe(&stage.note)));
        }
        let mut help = None;
        if let Some(wait) = progress.waiting.as_ref().filter(|_| fits) {
            let (saw, of) = (safe(&wait.observed), wait.limit);
            let condition = safe(&wait.condition);
            parts.push(format!("waits for {condition}: saw {saw}; {} s of at most {of} s", wait.elapsed));
            help = wait.guess.as_deref().map(safe);
        }
        if parts.is_empty() {
            parts.push("is still under way".into());
        }
        let mut lines = vec![self.line(now_ms, &format!("{}: {}", self.step(step), parts.join("; ")))];
        lines.extend(help.map(|help| self.line(now_ms, &format!("help: {help}"))));
        lines
    }

    fn link(&mut self, link: &LinkState, now_ms: u64) -> Vec<String> {
        let text = match link {
            LinkState::Lost { why, .. } if !self.lost => {
                self.lost = true;
                format!("link: lost, {}; it is tried again by itself", safe(why))
            }
            LinkState::Up { rtt_ms } if self.lost => {
                self.lost = false;
                let rtt = rtt_ms.map_or_else(String::new, |ms| format!(", round trip {ms} ms"));
                format!("link: up again{rtt}")
            }
            LinkState::Gone { why } => {
                self.lost = true;
                format!("link: it will not come back by itself: {}", safe(why))
            }
            _ => return Vec::new(),
        };
        vec![self.line(now_ms, &text)]
    }

    fn missed(&mut self, events: u64) -> Vec<String> {
        let label = if self.rehearsal { "REHEARSAL " } else { "" };
        vec![format!("{label}{events} events were not shown, because the output was not read; the journal has them")]
    }

    fn summary(&mut self, last: &Last) -> Vec<String> {
        let label = if self.rehearsal { "REHEARSAL " } else { "" };
        let help = last.failure.as_ref().and_then(|f| f.hint.as_deref()).map(|hint| format!("help: {hint}"));
        last.words.iter().chain(&help).map(|line| format!("{label}{}", safe(line))).collect()
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
