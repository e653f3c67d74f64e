//! The face of the walk without screens: a run's lines come from a thread of their own, everything
//! before and after it is said at once, and the two never mix.

use super::lines::Lines;
use crate::app::inspect::Inspection;
use crate::app::sites::RunDir;
use crate::app::{Exit, Face};
use crate::base::SystemClock;
use crate::display::{About, LineView, Writer};
use crate::engine::step::Progress;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::{Failure, HostId};
use crate::ports::LinkState;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module.
pub struct WalkFace {
    lines: Arc<dyn Lines>,
    /// The writer of the run that is under way.
    writer: Mutex<Option<Writer>>,
}

impl WalkFace {
    /// A face that says what there is to say before a run.
    pub fn new(lines: Arc<dyn Lines>) -> Self {
        Self { lines, writer: Mutex::new(None) }
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, tell: impl FnOnce(&Writer)) {
        if let Some(writer) = self.writer().as_ref() {
            tell(writer);
        }
    }

    /// From now on a run is under way.
    pub fn begin(&self, rehearsal: bool) -> Result<(), Failure> {
        let view = Box::new(LineView::new(rehearsal));
        let writer = Writer::start(view, self.lines.writer(), Arc::new(SystemClock))
            .map_err(|e| Failure::permanent("start the thread that writes").because(e.to_string()))?;
        *self.writer() = Some(writer);
        Ok(())
    }

    /// The run has ended; waits until its lines are written. Where nobody reads them, nobody is told.
    pub fn end(&self) {
        let writer = self.writer().take();
        if let Some(writer) = writer {
            let _ = writer.finish();
        }
    }
}

#[async_trait]
impl Face for WalkFace {
    fn note(&self, text: &str) {
        match self.writer().as_ref() {
            Some(writer) => writer.lines(vec![text.to_owned()]),
            None => self.lines.say(text),
        }
    }

    fn link(&self, link: &LinkState) {
        self.with(|writer| writer.link(link));
    }

    fn inspection(&self, _: &Inspection) {}

    fn preview(&self, _: &Preview) {}

    /// The walk asks by itself: see `Session::install`.
    async fn consent(&self, _: &Preview) -> Option<Consent> {
        None
    }

    fn event(&self, event: &Event, _: &RunState) {
        self.with(|writer| writer.event(event));
    }

    fn progress(&self, progress: &Progress) {
        self.with(|writer| writer.progress(progress));
    }

    fn run(&self, run: &RunDir, site: HostId, rehearsal: bool, so_far: &RunState) {
        let journal = (!rehearsal).then(|| run.journal().display().to_string());
        let so_far = so_far.clone();
        self.with(|writer| {
            writer.header(&About { run: run.id.clone(), site: site.to_string(), rehearsal, journal, so_far });
        });
    }

    fn last(&self, _: Exit, _: Option<&Failure>, _: &[String]) {}
}
