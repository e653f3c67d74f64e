//! The face of a use case on a terminal without screens, or in a pipe.

use super::args::Global;
use super::output;
use super::prompt::terminal;
use crate::app::credentials::{Found, Wanted};
use crate::app::inspect::Inspection;
use crate::app::sites::RunDir;
use crate::app::{Exit, Face};
use crate::base::{Cancel, SystemClock};
use crate::display::{
    About, JsonView, Last, LineView, View, Writer, console, credentials, diff, findings, preview, report,
};
use crate::engine::step::Progress;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::console::Console;
use crate::plan::report::Manifest;
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

    /// Whether somebody types one of these words.
    async fn typed_yes(&self, question: &'static str, words: &[&str]) -> bool {
        // What is asked about has to stand there before.
        self.writer.settled().await;
        let cancel = self.cancel.clone();
        let asked = tokio::task::spawn_blocking(move || terminal::line(question, terminal::Echo::On, &cancel)).await;
        match asked {
            Ok(Ok(answer)) => words.contains(&answer.expose().trim()),
            Ok(Err(failure)) => {
                output::talk(&format!("modelquay: nobody can be asked: {failure}; --yes agrees beforehand"));
                false
            }
            // A question that was ended by Ctrl-C.
            Err(_) => false,
        }
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
        self.typed_yes("Make these changes? Type yes to go on: ", &["yes"]).await.then_some(Consent::Shown)
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

    fn credentials(&self, found: &Found) {
        let keys: Vec<credentials::Key<'_>> = found
            .keys
            .iter()
            .map(|(name, pair)| credentials::Key { name: name.id(), purpose: name.purpose(), pair })
            .collect();
        let path = match &found.wanted {
            Wanted::File { path, sealed } => Some((path.display().to_string(), *sealed)),
            Wanted::Masked | Wanted::Shown => None,
        };
        self.writer.lines(match self.shape {
            Shape::Json => {
                let file = path.as_ref().map(|(path, sealed)| (path.as_str(), *sealed));
                vec![credentials::json(&self.site, &found.endpoint, &keys, file)]
            }
            // What is in a file now is not shown as well.
            Shape::Lines | Shape::Diff if path.is_some() => Vec::new(),
            Shape::Lines | Shape::Diff => credentials::human(&found.endpoint, &keys, found.wanted == Wanted::Shown),
        });
    }

    fn report(&self, manifest: &Manifest) {
        self.writer.lines(match self.shape {
            Shape::Json => report::json(manifest),
            Shape::Lines | Shape::Diff => report::human(manifest),
        });
    }

    async fn may_write(&self, _manifest: &Manifest) -> bool {
        self.yes || self.typed_yes("Write this report? It is sent nowhere. [y/N] ", &["y", "Y", "yes"]).await
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
