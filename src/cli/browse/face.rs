//! What use cases say while a registry is looked for, before there are screens: sentences on standard error.

use crate::app::Exit;
use crate::app::face::Face;
use crate::app::inspect::Inspection;
use crate::app::sites::RunDir;
use crate::cli::output;
use crate::engine::step::Progress;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::{Failure, HostId};
use crate::ports::LinkState;
use async_trait::async_trait;

/// The face. Nothing runs behind it, so that all but its sentences is silent.
pub struct Quiet;

#[async_trait]
impl Face for Quiet {
    fn note(&self, text: &str) {
        output::talk(text);
    }

    fn link(&self, _: &LinkState) {}
    fn inspection(&self, _: &Inspection) {}
    fn preview(&self, _: &Preview) {}

    async fn consent(&self, _: &Preview) -> Option<Consent> {
        None
    }

    fn event(&self, _: &Event, _: &RunState) {}
    fn progress(&self, _: &Progress) {}
    fn run(&self, _: &RunDir, _: HostId, _: bool, _: &RunState) {}
    fn last(&self, _: Exit, _: Option<&Failure>, _: &[String]) {}
}
