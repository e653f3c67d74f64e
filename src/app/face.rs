//! What a use case says to whoever watches, and the one thing that it asks.

use super::credentials::Found;
use super::exit::Exit;
use super::inspect::Inspection;
use super::sites::RunDir;
use crate::engine::step::Progress;
use crate::engine::tail::Output;
use crate::engine::{Consent, Event, Preview, RunState};
use crate::plan::console::Console;
use crate::plan::report::Manifest;
use crate::plan::{Failure, HostId};
use crate::ports::LinkState;
use async_trait::async_trait;

/// A face without screens: plain lines or JSON. Calls come in order and are not waited for, so a face
/// must not block for long.
#[async_trait]
pub trait Face: Send + Sync {
    /// A sentence on what is going on, for people only.
    fn note(&self, text: &str);
    /// The connection's state changed.
    fn link(&self, link: &LinkState);
    /// Facts and findings are in.
    fn inspection(&self, inspection: &Inspection);
    /// A dry run is done.
    fn preview(&self, preview: &Preview);
    /// Whether to go on with what was previewed. `None` says no.
    async fn consent(&self, preview: &Preview) -> Option<Consent>;
    /// An event was recorded; the state has it already.
    fn event(&self, event: &Event, state: &RunState);
    /// The running step's newest progress.
    fn progress(&self, progress: &Progress);
    /// A run begins, or goes on from `so_far`.
    fn run(&self, run: &RunDir, site: HostId, rehearsal: bool, so_far: &RunState);
    /// Where the output of a run's steps goes, for a face that shows it.
    fn output(&self, _output: &Output) {}
    /// A way to the console is open.
    fn console(&self, _console: &Console) {}
    /// The keys were read from the cluster. Only where it says so may they be shown in clear.
    fn credentials(&self, _found: &Found) {}
    /// A report is gathered: what is in it, before it is written.
    fn report(&self, _manifest: &Manifest) {}
    /// Whether it may be written, once its manifest was shown.
    async fn may_write(&self, _manifest: &Manifest) -> bool {
        false
    }
    /// The end: what failed, where something did, and sentences on what was done, what was not, what
    /// goes on on the host and how to go on.
    fn last(&self, exit: Exit, failure: Option<&Failure>, words: &[String]);
}
