//! The face of a use case on a terminal without screens, or in a pipe.

use super::args::Global;
use super::output;
use super::prompt::terminal;
use crate::app::inspect::Inspection;
use crate::app::sites::RunDir;
use crate::app::{Exit, Face};
use crate::base::{Cancel, SystemClock};
use crate::display::{About, JsonView, Last, LineView, View, Writer, console, diff, findings, preview};
use crate::engine::step::Progress;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::console::Console;
use crate::plan::{Failure, HostId};
use crate::ports::LinkState;
use async_trait::async_trait;
use std::sync::Arc;

/// What a preview looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Lines for people.
    Lines,
    /// JSON lines.
    Json,
    /// Files as a unified diff.
    Diff,
}

/// Plain lines or JSON on standard output; questions on the terminal.
pub struct CliFace {
    writer: Writer,
    shape: Shape,
    site: String,
    rehearsal: bool,
    /// Whether the plan was agreed to beforehand.
    yes: bool,
    cancel: Cancel,
}

impl CliFace {
    /// A face that writes from now on.
    pub fn start(
        global: &Global,
        shape: Shape,
        site: &str,
        rehearsal: bool,
        yes: bool,
        cancel: Cancel,
    ) -> Result<Self, Failure> {
        let view: Box<dyn View> =
            if global.json { Box::new(JsonView::new(site, rehearsal)) } else { Box::new(LineView::new(rehearsal)) };
        let writer = Writer::start(view, Box::new(std::io::stdout()), Arc::new(SystemClock))
            .map_err(|e| Failure::permanent("start the thread that writes").because(e.to_string()))?;
        Ok(Self { writer, shape, site: site.into(), rehearsal, yes, cancel })
    }

    /// Waits until everything is written and gives the exit: a closed pipe changes nothing about it.
    pub fn finish(self, exit: Exit) -> Exit {
        match self.writer.finish() {
            Err(error) if output::after(&error) != Exit::Done && exit == Exit::Done => Exit::Failed,
            _ => exit,
        }
    }
}

#[async_trait]
impl Face for CliFace {
    fn run(&self, run: &RunDir, site: HostId, rehearsal: bool, so_far: &RunState) {
        self.writer.header(&About {
            run: run.id.clone(),
            site: site.to_string(),
            rehearsal,
            journal: (!rehearsal).then(|| run.journal().display().to_string()),
            so_far: so_far.clone(),
        });
    }

    fn note(&self, text: &str) {
        let label = if self.rehearsal { "REHEARSAL " } else { "" };
        output::talk(&format!("{label}{text}"));
    }

    fn link(&self, link: &LinkState) {
        self.writer.link(link);
    }

    fn inspection(&self, inspection: &Inspection) {
        let found = &inspection.findings;
        self.writer.lines(match self.shape {
            Shape::Json => findings::json(&self.site, found),
            Shape::Lines | Shape::Diff => findings::human(&self.site, found, self.rehearsal),
        });
    }

    fn preview(&self, found: &Preview) {
        self.writer.lines(match self.shape {
            Shape::Json => preview::json(&self.site, found.steps(), self.rehearsal),
            Shape::Lines => preview::human(&self.site, found.steps(), self.rehearsal),
            Shape::Diff => diff::of_steps(found.steps()).lines().map(str::to_owned).collect(),
        });
    }

    async fn consent(&self, found: &Preview) -> Option<Consent> {
        if self.yes || found.nothing_to_do() {
            return Some(Consent::Beforehand);
        }
        let cancel = self.cancel.clone();
        let asked = tokio::task::spawn_blocking(move || {
            terminal::line("Make these changes? Type yes to go on: ", terminal::Echo::On, &cancel)
        })
        .await;
        match asked {
            Ok(Ok(answer)) if answer.expose().trim() == "yes" => Some(Consent::Shown),
            Ok(Err(failure)) => {
                output::talk(&format!("modelquay: nobody can be asked: {failure}; --yes agrees beforehand"));
                None
            }
            // Another word than yes, or a question that was ended by Ctrl-C.
            Ok(Ok(_)) | Err(_) => None,
        }
    }

    fn event(&self, event: &Event, _state: &RunState) {
        self.writer.event(event);
    }

    fn progress(&self, progress: &Progress) {
        self.writer.progress(progress);
    }

    fn console(&self, found: &Console) {
        self.writer.lines(match self.shape {
            Shape::Json => vec![console::json(found)],
            Shape::Lines | Shape::Diff => console::human(found),
        });
    }

    fn last(&self, exit: Exit, failure: Option<&Failure>, words: &[String]) {
        self.writer.last(&Last {
            exit: exit.code(),
            meaning: exit.meaning(),
            failure: failure.cloned(),
            words: words.to_vec(),
        });
    }
}
