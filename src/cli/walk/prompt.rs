//! Questions on the screens.

use crate::plan::Failure;
use crate::ports::{Answer, Prompt, Question};
use crate::ui::Msg;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Asks on the screens, and takes a question back when nobody waits for its answer any more: sshd closes
/// a connection that is not answered in time.
pub struct ScreenPrompt {
    msgs: mpsc::Sender<Msg>,
    next: AtomicU64,
    open: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl ScreenPrompt {
    /// A prompt of the screens that hear `msgs`.
    pub fn new(msgs: mpsc::Sender<Msg>) -> Self {
        Self { msgs, next: AtomicU64::new(1), open: Mutex::default() }
    }

    /// Passes an answer on. One that comes too late goes nowhere.
    pub fn answer(&self, id: u64, answer: Answer) {
        let waiting = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(waiting) = waiting {
            // The asker may have gone in this very moment.
            let _ = waiting.send(answer);
        }
    }
}

/// Takes the question from the screens, however the wait for its answer ends.
struct Shown<'p> {
    prompt: &'p ScreenPrompt,
    id: u64,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.prompt.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        let (msgs, id) = (self.prompt.msgs.clone(), self.id);
        if msgs.try_send(Msg::QuestionGone(id)).is_err() {
            // The queue is full for a moment; the word must still arrive.
            tokio::spawn(async move { msgs.send(Msg::QuestionGone(id)).await });
        }
    }
}

#[async_trait]
impl Prompt for ScreenPrompt {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        let _shown = Shown { prompt: self, id };
        let gone = || Failure::needs_human("the question could not be shown: the screens are closed");
        self.msgs.send(Msg::Asked(id, question)).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())
    }
}
