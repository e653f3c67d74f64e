//! An S3 service in memory for tests: versions, parts, conditions and checksums as S3 has them, habits of
//! other servers, and troubles at a chosen moment. It counts what it is asked and what it sends.

mod body;
mod faults;
mod files;

mod service;
mod store;

pub use faults::{Fault, Op, What};
pub use files::TestFiles;
pub use service::Handle;
pub use store::{Habits, Kept};

use crate::plan::Failure;
use crate::ports::objects::{Answer, ObjectError, Pacer, Why};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::State;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which.
    pub op: Op,
    /// Of which key.
    pub key: String,
    /// The first byte of a range, or the number of a part.
    pub place: u64,
    /// Bytes that were sent or taken.
    pub bytes: u64,
}

/// The service.
pub struct FakeS3 {
    state: Mutex<State>,
    habits: Habits,
    ticks: AtomicU64,
    stop_at: AtomicU64,
    stopped: Notify,
    pacer: Mutex<Option<Arc<dyn Pacer>>>,
    sent: Mutex<Vec<(Instant, usize)>>,
}

impl FakeS3 {
    /// One with a bucket `b` and these habits.
    pub fn with(habits: Habits) -> Self {
        let state = Mutex::new(State::new(habits.versions));
        Self {
            state,
            habits,
            ticks: AtomicU64::new(0),
            stop_at: AtomicU64::new(u64::MAX),
            stopped: Notify::new(),
            pacer: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is under a key now.
    pub fn object(&self, key: &str) -> Option<Kept> {
        self.state().current(key).cloned()
    }

    /// Puts an object there as if somebody else had, in one piece or in parts of a size.
    pub fn place(&self, key: &str, bytes: impl Into<Vec<u8>>, part: Option<usize>) {
        let bytes = bytes.into();
        let habits = self.habits;
        self.state().place(key, bytes, part, habits);
    }

    /// Changes a byte of an object and nothing that is known of it.
    pub fn rot(&self, key: &str, at: usize) {
        self.state().rot(key, at);
    }

    /// A trouble to come.
    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// What happens to the next calls behind the first `skip`, whatever they are.
    pub fn harm(&self, skip: usize, times: u32, what: What) {
        let mut state = self.state();
        state.harm = Some((state.calls.len() + skip, times, what));
    }

    /// No more troubles.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.harm = None;
    }

    /// From now on all current objects are noted after each write.
    pub fn keep_history(&self) {
        self.state().history = Some(Vec::new());
    }

    /// All current objects after each write since.
    pub fn history(&self) -> Vec<BTreeMap<String, Bytes>> {
        self.state().history.clone().unwrap_or_default()
    }

    /// The keys of all current objects.
    pub fn keys(&self) -> Vec<String> {
        let state = self.state();
        state.objects.keys().filter(|key| state.current(key).is_some()).cloned().collect()
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// How often a call was made.
    pub fn count(&self, op: Op) -> usize {
        self.state().calls.iter().filter(|call| call.op == op).count()
    }

    /// Bytes of objects that went either way.
    pub fn bytes(&self) -> u64 {
        self.state().calls.iter().map(|call| call.bytes).sum()
    }

    /// The uploads that are neither completed nor aborted.
    pub fn open_uploads(&self) -> Vec<(String, String)> {
        self.state().uploads.iter().map(|(id, upload)| (id.clone(), upload.key.clone())).collect()
    }

    /// When how many bytes of bodies came, since [`Objects::paced`](crate::ports::Objects::paced).
    pub fn sent(&self) -> Vec<(Instant, usize)> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a body as fast as it is sent.
    async fn receive(&self, length: usize) {
        let pacer = self.pacer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(pacer) = pacer else { return };
        let mut left = length;
        while left > 0 {
            let came = pacer.grant(left).await;
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), came));
            left -= came;
        }
    }

    /// How many moments there have been.
    pub fn moments(&self) -> u64 {
        self.ticks.load(SeqCst)
    }

    /// At this moment from now on everything stands still, and [`FakeS3::stopped`] ends.
    pub fn stop_at(&self, moment: u64) {
        self.stop_at.store(self.moments().saturating_add(moment), SeqCst);
    }

    /// Nothing stands still any more.
    pub fn go_on(&self) {
        self.stop_at.store(u64::MAX, SeqCst);
    }

    /// Waits until everything stands still.
    pub async fn stopped(&self) {
        while self.moments() < self.stop_at.load(SeqCst) {
            self.stopped.notified().await;
        }
    }

    /// One moment passes.
    async fn tick(&self) {
        if self.ticks.fetch_add(1, SeqCst) + 1 >= self.stop_at.load(SeqCst) {
            self.stopped.notify_waiters();
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }
}

fn error(why: Why) -> ObjectError {
    ObjectError { why, failure: Failure::permanent(format!("the service said {why:?}")) }
}

fn refuse<T>(why: Why) -> Answer<T> {
    Err(error(why))
}
