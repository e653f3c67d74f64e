//! What came of the work that was asked for, in words.

use super::{Ask, Busy, Choice, Choose};
use crate::base::sanitise::{self, visible};
use crate::plan::Failure;
use crate::ui::browse::Browse;
use crate::ui::browse::msg::Effect;
use crate::ui::browse::status::grouped;
use crate::ui::browse::work::{Carry, Work, Worked};
use crate::ui::theme::Role;

/// Lines of what failed that are shown.
const SHOWN: usize = 6;

fn number(n: u64) -> String {
    grouped(usize::try_from(n).unwrap_or(usize::MAX))
}

impl Browse {
    /// Has something done, and says so while it lasts.
    pub(in crate::ui::browse) fn work(&mut self, work: Work) -> Vec<Effect> {
        self.work_id += 1;
        let id = self.work_id;
        let (title, changes) = match &work {
            Work::Count { .. } => ("work-count", false),
            Work::Delete(_) => ("work-delete", true),
            Work::NewPrefix { .. } | Work::NewBucket(_) => ("work-make", true),
            Work::Copy { moves: false, .. } => ("work-copy", true),
            Work::Copy { .. } => ("work-move", true),
            Work::Read(_) => ("work-read", false),
            Work::Note { .. } => ("work-note", true),
            Work::Undelete { .. } | Work::Restore(_) => ("work-restore", true),
            Work::Abort { .. } => ("work-abort", true),
            Work::Share { .. } => ("work-share", false),
            Work::Carry(_) => ("work-carry", false),
            Work::PlanPublish { .. } | Work::PlanRollBack { .. } => ("work-plan", false),
            Work::CarryOut => ("work-carry-out", true),
        };
        let title = self.shell.text.t(title);
        self.ask = Some(Ask::Busy(Busy { id, title, done: 0, changes }));
        vec![Effect::Work { id, work }]
    }

    /// How far it has come.
    pub(in crate::ui::browse) fn work_so_far(&mut self, id: u64, done: u64) {
        if let Some(Ask::Busy(busy)) = self.ask.as_mut().filter(|ask| matches!(ask, Ask::Busy(busy) if busy.id == id)) {
            busy.done = done;
        }
    }

    /// It has ended.
    pub(in crate::ui::browse) fn worked(&mut self, id: u64, end: Result<Worked, Failure>) -> Vec<Effect> {
        let Some(Ask::Busy(busy)) = self.ask.as_ref().filter(|ask| matches!(ask, Ask::Busy(busy) if busy.id == id))
        else {
            return Vec::new();
        };
        let (title, changes) = (busy.title.clone(), busy.changes);
        self.ask = None;
        match end {
            Ok(worked) => self.done(&title, worked, changes),
            Err(failure) => {
                let mut why = vec![(Role::Bad, sanitise::text(&failure.line(), 2_000))];
                why.extend(failure.hint.as_ref().map(|hint| (Role::Text, sanitise::text(hint, 800))));
                self.ask = Some(Ask::said(&title, why));
                // Some of it may have been done.
                if changes { self.all_again() } else { Vec::new() }
            }
        }
    }

    fn done(&mut self, title: &str, worked: Worked, changes: bool) -> Vec<Effect> {
        let text = self.shell.text.clone();
        let said = match worked {
            Worked::Counted(plan) => {
                self.counted_for_deletion(plan);
                return Vec::new();
            }
            Worked::Read { at, info, tags } => {
                self.ask_notes(at, info, tags.ok());
                return Vec::new();
            }
            Worked::Shared(url) => {
                self.shared(title, url);
                return Vec::new();
            }
            Worked::Planned(steps) => {
                self.ask_carry_out(&steps);
                return Vec::new();
            }
            Worked::CarriedOut(serves) => {
                let list = serves.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                text.with(
                    if serves.is_empty() { "work-serves-none" } else { "work-serves" },
                    [("versions", list.into())],
                )
            }
            Worked::Clashes { carry, words, all, replaceable } => {
                self.clashes(carry, &words, all, replaceable);
                return Vec::new();
            }
            Worked::Begun { items, bytes } => {
                let bytes = crate::plan::change::size_text(bytes);
                self.marked.clear();
                text.with("work-begun", [("items", number(items).into()), ("bytes", bytes.into())])
            }
            Worked::Deleted(gone) => {
                let lines: Vec<_> = gone.failed.iter().map(|(d, e)| (d.key.clone(), e.failure.line())).collect();
                self.failures(title, &lines, gone.left);
                let words = [("done", number(gone.done).into()), ("markers", number(gone.markers).into())];
                text.with(if gone.markers > 0 { "work-hidden" } else { "work-deleted" }, words)
            }
            Worked::Copied { done, failed } => {
                let lines: Vec<_> = failed.iter().map(|(key, f)| (key.clone(), f.line())).collect();
                self.failures(title, &lines, 0);
                text.with("work-copied", [("done", number(done).into())])
            }
            Worked::Aborted { done, failed } => {
                let lines: Vec<_> = failed.iter().map(|(key, e)| (key.clone(), e.failure.line())).collect();
                self.failures(title, &lines, 0);
                text.with("work-aborted", [("done", number(done).into())])
            }
            Worked::Undeleted(0) => text.t("work-undeleted-none"),
            Worked::Undeleted(markers) => text.with("work-undeleted", [("count", number(markers).into())]),
            Worked::Restored(copied) => {
                let how = copied.verified.words();
                text.with("work-restored", [("how", how.into())])
            }
            Worked::Made => text.t("work-made"),
            Worked::Noted => text.t("work-noted"),
        };
        self.shell.notice = Some(said);
        if changes {
            self.preview.forget();
            self.all_again()
        } else {
            Vec::new()
        }
    }

    /// What is still there, and why.
    fn failures(&mut self, title: &str, failed: &[(String, String)], left: u64) {
        if failed.is_empty() && left == 0 {
            return;
        }
        let text = &self.shell.text;
        let count = number(left.saturating_add(failed.len() as u64));
        let mut why = vec![(Role::Bad, text.with("work-failed", [("count", count.into())]))];
        let line =
            |(key, words): &(String, String)| (Role::Text, format!("{}: {}", visible(key), sanitise::text(words, 400)));
        why.extend(failed.iter().take(SHOWN).map(line));
        self.ask = Some(Ask::said(title, why));
    }

    fn shared(&mut self, title: &str, url: crate::base::Secret<String>) {
        let text = &self.shell.text;
        let why = vec![(Role::Secret, url.expose().clone()), (Role::Warn, text.t("share-secret"))];
        let choices = vec![(text.t("choice-close"), Choice::Close), (text.t("choice-copy-url"), Choice::Copy)];
        self.ask =
            Some(Ask::Choose(Box::new(Choose { title: title.to_owned(), why, choices, at: 0, copy: Some(url) })));
    }

    fn clashes(&mut self, carry: Carry, words: &[String], all: usize, replaceable: bool) {
        let text = &self.shell.text;
        let mut why = vec![(Role::Warn, text.with("carry-clashes", [("count", grouped(all).into())]))];
        why.extend(words.iter().take(SHOWN).map(|words| (Role::Text, sanitise::text(words, 400))));
        if all > words.len().min(SHOWN) {
            why.push((Role::Dim, text.with("and-more", [("count", (all - words.len().min(SHOWN)).into())])));
        }
        let mut choices = vec![(text.t("choice-leave-it"), Choice::Close)];
        if replaceable {
            let carry = Carry { replace: true, ..carry };
            choices.push((text.t("choice-replace"), Choice::Work(Box::new(Work::Carry(carry)))));
        }
        let title = text.t("carry-title");
        self.ask = Some(Ask::Choose(Box::new(Choose { title, why, choices, at: 0, copy: None })));
    }

    /// Asks before the browser is left while bytes are on their way.
    pub(in crate::ui::browse) fn ask_leave(&mut self) -> Vec<Effect> {
        let running = self.on_their_way().count();
        if running == 0 {
            return vec![Effect::Leave(crate::ui::effect::Leaving::Quit)];
        }
        let text = &self.shell.text;
        let why = vec![(Role::Text, text.with("leave-transfers", [("count", running.into())]))];
        let choices = vec![(text.t("choice-stay"), Choice::Close), (text.t("choice-leave"), Choice::Leave)];
        let title = text.t("leave-title");
        self.ask = Some(Ask::Choose(Box::new(Choose { title, why, choices, at: 0, copy: None })));
        Vec::new()
    }
}
