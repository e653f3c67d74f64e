//! The one writer of a run's events: append, sync, then publish.

use super::event::{Event, EventKind, FORMAT, Header, MIN_READER};
use super::journal::Journal;
use super::state::RunState;
use crate::base::Clock;
use crate::plan::Failure;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// Hears of each event after it was synced.
type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// Where events are recorded. What a reader is shown has been synced before; what cannot be recorded
/// stops the run, because it could not be resumed.
///
/// There is no queue: a step that records an event waits until it is on disk.
pub struct Recorder {
    journal: Mutex<Box<dyn Journal>>,
    clock: Arc<dyn Clock>,
    state: watch::Sender<Arc<RunState>>,
    listener: Option<Listener>,
}

impl Recorder {
    /// Begins a new journal with its header.
    pub async fn begin(
        mut journal: Box<dyn Journal>,
        run: &str,
        site: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let header = Header { format: FORMAT, min_reader: MIN_READER, run: run.into(), site: site.into() };
        journal.append(&line(&header)?).await?;
        Ok(Self::with(journal, RunState::default(), clock))
    }

    /// Goes on with a journal whose events fold to `state`.
    pub fn resume(journal: Box<dyn Journal>, state: RunState, clock: Arc<dyn Clock>) -> Self {
        Self::with(journal, state, clock)
    }

    fn with(journal: Box<dyn Journal>, state: RunState, clock: Arc<dyn Clock>) -> Self {
        let (state, _) = watch::channel(Arc::new(state));
        Self { journal: Mutex::new(journal), clock, state, listener: None }
    }

    /// Calls `listener` for each event after it was synced.
    #[must_use]
    pub fn listening(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Records one event.
    pub async fn record(&self, kind: EventKind) -> Result<(), Failure> {
        let mut journal = self.journal.lock().await;
        let seq = self.state.borrow().next_seq;
        let event = Event { seq, at_ms: self.clock.now_ms(), event: kind };
        journal.append(&line(&event)?).await?;
        self.state.send_modify(|state| Arc::make_mut(state).apply(&event));
        if let Some(listener) = &self.listener {
            listener(&event);
        }
        Ok(())
    }

    /// The state now.
    pub fn state(&self) -> Arc<RunState> {
        self.state.borrow().clone()
    }

    /// The state, to be watched.
    pub fn watch(&self) -> watch::Receiver<Arc<RunState>> {
        self.state.subscribe()
    }
}

fn line(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut line =
        serde_json::to_vec(value).map_err(|e| Failure::permanent("write an event as JSON").because(e.to_string()))?;
    line.push(b'\n');
    Ok(line)
}
