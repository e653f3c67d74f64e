//! The face of the use cases towards the screens: nothing is queued, the newest state wins.

use crate::app::inspect::Inspection;
use crate::app::sites::RunDir;
use crate::app::{Exit, Face};
use crate::engine::step::Progress;
use crate::engine::tail::Output;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::{Failure, HostId};
use crate::ports::LinkState;
use crate::ui::Live;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

/// Tells the screens what moves by itself.
pub struct ScreenFace {
    /// What they see.
    pub live: watch::Sender<Live>,
    /// The output of the run that is under way.
    pub output: watch::Sender<Option<Output>>,
    /// Where that run is kept on this computer.
    pub run: watch::Sender<Option<RunDir>>,
}

#[async_trait]
impl Face for ScreenFace {
    fn note(&self, text: &str) {
        self.live.send_modify(|live| text.clone_into(&mut live.note));
    }

    fn link(&self, link: &LinkState) {
        self.live.send_modify(|live| live.link = Some(link.clone()));
    }

    fn inspection(&self, _: &Inspection) {}

    fn preview(&self, _: &Preview) {}

    /// The plan's screen has asked before: see `Session::install`.
    async fn consent(&self, _: &Preview) -> Option<Consent> {
        None
    }

    fn event(&self, _: &Event, state: &RunState) {
        let state = Arc::new(state.clone());
        self.live.send_modify(|live| live.run = Some(state));
    }

    fn progress(&self, progress: &Progress) {
        self.live.send_modify(|live| live.progress = progress.clone());
    }

    fn output(&self, output: &Output) {
        self.output.send_replace(Some(output.clone()));
    }

    fn run(&self, run: &RunDir, _: HostId, _: bool, so_far: &RunState) {
        self.run.send_replace(Some(run.clone()));
        let state = Arc::new(so_far.clone());
        self.live.send_modify(|live| live.run = Some(state));
    }

    fn last(&self, _: Exit, _: Option<&Failure>, _: &[String]) {}
}
