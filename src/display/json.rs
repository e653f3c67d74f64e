//! `--json`: one object a line, each with `"v": 1` and a `"type"`. docs/json-events.md describes them.
//!
//! Within version 1 keys and types are only added; a reader leaves out what it does not know.

use super::{About, Last, View};
use crate::base::clock::utc_text;
use crate::base::sanitise;
use crate::engine::event::Event;
use crate::engine::step::Progress;
use crate::ports::LinkState;
use serde_json::{Map, Value, json};

/// The version of every line.
pub const VERSION: u32 = 1;

/// Milliseconds between two lines of progress.
const EVERY: u64 = 1000;

/// Every type of line, as the documentation lists them.
pub const TYPES: &[&str] = &[
    "header",
    "event",
    "progress",
    "link",
    "missed",
    "result",
    "plan-step",
    "plan",
    "finding",
    "check",
    "console",
    "credentials",
    "report-piece",
    "report-missing",
    "report",
    "error",
];

/// One line: version and type first, then the rest. What came from a host stands in it as it is, but nothing of it acts
/// on a terminal.
pub fn line(kind: &str, rest: Value) -> String {
    let mut all = Map::new();
    all.insert("v".into(), VERSION.into());
    all.insert("type".into(), kind.into());
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    sanitise::json(Value::Object(all).to_string())
}

/// See the module.
#[derive(Default)]
pub struct JsonView {
    last: Option<(u64, Progress)>,
    site: String,
    rehearsal: bool,
}

impl JsonView {
    /// A view that knows its site and whether it is a rehearsal before there is a run: what ends in
    /// preflight has no header.
    pub fn new(site: &str, rehearsal: bool) -> Self {
        Self { site: site.into(), rehearsal, ..Self::default() }
    }
}

impl View for JsonView {
    fn header(&mut self, about: &About) -> Vec<String> {
        self.site.clone_from(&about.site);
        self.rehearsal = about.rehearsal;
        vec![line(
            "header",
            json!({
                "program": concat!("modelquay ", env!("CARGO_PKG_VERSION")),
                "site": about.site, "run": about.run, "rehearsal": about.rehearsal, "journal": about.journal,
            }),
        )]
    }

    fn event(&mut self, event: &Event) -> Vec<String> {
        let kind = serde_json::to_value(&event.event).unwrap_or(Value::Null);
        let rest = json!({
            "seq": event.seq, "at_ms": event.at_ms, "at": utc_text(event.at_ms),
            "rehearsal": self.rehearsal, "event": kind,
        });
        vec![line("event", rest)]
    }

    fn progress(&mut self, progress: &Progress, now_ms: u64) -> Vec<String> {
        if let Some((at, shown)) = &self.last
            && (now_ms.saturating_sub(*at) < EVERY || shown == progress)
        {
            return Vec::new();
        }
        let Some(step) = progress.step else { return Vec::new() };
        self.last = Some((now_ms, progress.clone()));
        let stages: Vec<Value> =
            progress.stages.iter().map(|s| json!({ "name": s.name, "note": s.note, "done": s.done })).collect();
        let bytes = progress.bytes.map(|(done, all)| json!({ "done": done, "all": all }));
        let rest = json!({
            "at_ms": now_ms, "step": step, "waiting": progress.waiting, "stages": stages, "bytes": bytes,
        });
        vec![line("progress", rest)]
    }

    fn link(&mut self, link: &LinkState, now_ms: u64) -> Vec<String> {
        let mut rest = match link {
            LinkState::Local => json!({ "state": "local" }),
            LinkState::Connecting { attempt } => json!({ "state": "connecting", "attempt": attempt }),
            LinkState::Up { rtt_ms } => json!({ "state": "up", "rtt_ms": rtt_ms }),
            LinkState::Lost { since_ms, retry_at_ms, attempts, why } => json!({
                "state": "lost", "since_ms": since_ms, "retry_at_ms": retry_at_ms, "attempts": attempts, "why": why,
            }),
            LinkState::Gone { why } => json!({ "state": "gone", "why": why }),
        };
        rest["at_ms"] = now_ms.into();
        vec![line("link", rest)]
    }

    fn missed(&mut self, events: u64) -> Vec<String> {
        vec![line("missed", json!({ "events": events }))]
    }

    fn summary(&mut self, last: &Last) -> Vec<String> {
        let rest = json!({
            "exit": last.exit, "meaning": last.meaning, "site": self.site, "rehearsal": self.rehearsal,
            "failure": last.failure, "words": last.words,
        });
        vec![line("result", rest)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{EventKind, Outcome};
    use crate::plan::{StepId, StepKind};

    fn read(lines: &[String]) -> Vec<Value> {
        lines.iter().map(|l| serde_json::from_str(l).expect("each line is one object")).collect()
    }

    #[test]
    fn every_line_has_its_version_and_a_documented_type() {
        let mut view = JsonView::default();
        let step = StepId::of(StepKind::Tenant, "edge".parse().expect("a label"));
        let about = About {
            run: "r".into(),
            site: "edge".into(),
            rehearsal: true,
            journal: None,
            so_far: crate::engine::RunState::default(),
        };
        let outcome = Outcome::Done { why: "a\nb \u{1b}[2J".into() };
        let mut lines = view.header(&about);
        lines.extend(view.event(&Event { seq: 3, at_ms: 9, event: EventKind::StepFinished { step, outcome } }));
        lines.extend(view.progress(&Progress { step: Some(step), ..Progress::default() }, 5));
        lines.extend(view.link(&LinkState::Gone { why: "x".into() }, 5));
        lines.extend(view.missed(1));
        let last = Last { exit: 0, meaning: "done", failure: None, words: vec!["all well".into()] };
        lines.extend(view.summary(&last));
        assert!(lines.iter().all(|l| !l.contains('\n') && !l.contains('\u{1b}')), "{lines:?}");
        let values = read(&lines);
        assert_eq!(values.len(), 6);
        for value in &values {
            assert_eq!(value["v"], 1);
            assert!(TYPES.iter().any(|t| value["type"] == **t), "{value}");
        }
        assert_eq!(values[1]["event"]["step"], "tenant");
        assert_eq!((&values[5]["exit"], &values[5]["words"]), (&json!(0), &json!(["all well"])));
    }

    #[test]
    fn progress_comes_at_most_once_a_second_and_only_when_it_changed() {
        let mut view = JsonView::default();
        let step = StepId::of(StepKind::Tenant, "edge".parse().expect("a label"));
        let at = |bytes| Progress { step: Some(step), bytes: Some((bytes, None)), ..Progress::default() };
        assert_eq!(view.progress(&at(1), 0).len(), 1);
        assert!(view.progress(&at(2), 999).is_empty());
        assert_eq!(view.progress(&at(2), 1000).len(), 1);
        assert!(view.progress(&at(2), 9000).is_empty());
    }
}
