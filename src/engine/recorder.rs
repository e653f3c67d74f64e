//! The one writer of a run's events: append, sync, then publish.

use super::event::{Event, EventKind, FORMAT, Header, MIN_READER};
use super::journal::Journal;
use super::state::RunState;
use crate::base::Clock;
use crate::plan::Failure;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// Hears of each event after it was synced.
type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where events are recorded. What a reader is shown has been synced before; what cannot be recorded
/// stops the run, because it could not be resumed.
///
/// There is no queue: a step that records an event waits until it is on disk.
pub struct Recorder {
    desk: Arc<Desk>,
    listener: Option<Listener>,
}

/// Where one event after the other is written.
struct Desk {
    journal: Mutex<Box<dyn Journal>>,
    clock: Arc<dyn Clock>,
    state: watch::Sender<Arc<RunState>>,
}

impl Desk {
    async fn write(&self, kind: EventKind, listener: Option<Listener>) -> Result<(), Failure> {
        let mut journal = self.journal.lock().await;
        let seq = self.state.borrow().next_seq;
        let event = Event { seq, at_ms: self.clock.now_ms(), event: kind };
        journal.append(&line(&event)?).await?;
        self.state.send_modify(|state| Arc::make_mut(state).apply(&event));
        if let Some(listener) = listener {
            listener(&event);
        }
        Ok(())
    }
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
        Self { desk: Arc::new(Desk { journal: Mutex::new(journal), clock, state }), listener: None }
    }

    /// Calls `listener` for each event after it was synced.
    #[must_use]
    pub fn listening(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Records one event.
    ///
    /// Whoever leaves a run drops the step that records in this very moment. The event is written and
    /// published all the same: half of it would be a journal that takes no last word.
    pub async fn record(&self, kind: EventKind) -> Result<(), Failure> {
        let (desk, listener) = (Arc::clone(&self.desk), self.listener.clone());
        let written = tokio::spawn(async move { desk.write(kind, listener).await });
        written.await.map_err(|e| Failure::permanent("record an event").because(e.to_string()))?
    }

    /// The state now.
    pub fn state(&self) -> Arc<RunState> {
        self.desk.state.borrow().clone()
    }

    /// The state, to be watched.
    pub fn watch(&self) -> watch::Receiver<Arc<RunState>> {
        self.desk.state.subscribe()
    }
}

fn line(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut line =
        serde_json::to_vec(value).map_err(|e| Failure::permanent("write an event as JSON").because(e.to_string()))?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemClock;
    use async_trait::async_trait;
    use tokio::sync::Notify;

    /// A journal on a slow disk.
    struct Slow(Arc<Notify>, Arc<Notify>);

    #[async_trait]
    impl Journal for Slow {
        async fn append(&mut self, _: &[u8]) -> Result<(), Failure> {
            self.0.notify_one();
            self.1.notified().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn an_event_is_written_whole_though_its_step_is_left() {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let journal = Box::new(Slow(Arc::clone(&begun), Arc::clone(&go_on)));
        let recorder = Recorder::resume(journal, RunState::default(), Arc::new(SystemClock));
        tokio::select! {
            _ = recorder.record(EventKind::RunResumed { epoch: 1, by: "test".into() }) => panic!("the disk is slow"),
            () = begun.notified() => {}
        }
        go_on.notify_one();
        let mut state = recorder.watch();
        state.wait_for(|state| state.next_seq == 1).await.expect("the event is published");
        go_on.notify_one();
        recorder.record(EventKind::RunAborted { at_once: true }).await.expect("there is a last word");
        assert_eq!((recorder.state().next_seq, recorder.state().ignored), (2, 0));
    }
}
