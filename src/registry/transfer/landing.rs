//! Files that are whole get their names together.
//!
//! A sync costs the disk about as much for a thousand small files as for one, so whoever comes while
//! one runs waits for the next and shares it: no sync for each file, and no timer.

use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{Landing, Local, LocalError, WhyLocal};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// So many files at most share a sync, so that those of a huge prefix appear bit by bit.
const AT_MOST: usize = 1024;

struct Waiting {
    landing: Landing,
    answer: oneshot::Sender<Local<()>>,
}

/// The files that wait for their names. The list holds at most as many as there are transfers at the
/// same time, which the queue bounds.
pub(super) struct Landings {
    files: Arc<dyn LocalFiles>,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Landings {
    pub(super) fn new(files: Arc<dyn LocalFiles>) -> Self {
        Self { files, waiting: Arc::default(), turn: Arc::default() }
    }

    /// Gives a whole file its name. Once it is the file's turn it is carried out, also when the caller
    /// does not wait any more.
    pub(super) async fn land(&self, landing: Landing) -> Local<()> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { landing, answer });
        let turn = self.turn.clone().lock_owned().await;
        if let Ok(result) = answered.try_recv() {
            return result;
        }
        let (files, waiting) = (self.files.clone(), self.waiting.clone());
        let work = tokio::spawn(async move {
            // The turn goes with the work, so that nobody else begins while it runs.
            let _turn = turn;
            loop {
                let batch: Vec<_> = {
                    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    let many = waiting.len().min(AT_MOST);
                    waiting.drain(..many).filter(|one| !one.answer.is_closed()).collect()
                };
                if batch.is_empty() {
                    return;
                }
                let (landings, answers): (Vec<_>, Vec<_>) =
                    batch.into_iter().map(|one| (one.landing, one.answer)).unzip();
                for (answer, result) in answers.into_iter().zip(files.land(landings).await) {
                    // Whoever does not wait any more has its file all the same.
                    let _ = answer.send(result);
                }
            }
        });
        if let Ok(result) = answered.await {
            return result;
        }
        drop(work);
        let failure = Failure::permanent("the file did not get its name").because("the work was broken off");
        Err(LocalError { why: WhyLocal::Other, failure })
    }
}
