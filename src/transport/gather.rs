//! Looks that are asked for side by side go to a host as one request, and cost one round trip
//! together.

use crate::plan::{Failure, FailureKind};
use crate::ports::{Look, Seen};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Looks that one request carries at most; more go with the next.
const MOST_LOOKS: usize = 128;

/// Bytes of files that one request asks for at most, far below what a reply may carry. A single
/// asker may want more, and then is alone.
const MOST_BYTES: u64 = 4 << 20;

/// Who can be asked, one request at a time.
#[async_trait]
pub trait Asked: Send + Sync {
    /// Asks for all of it in one request. The answers come in the order of the questions.
    async fn ask(&self, at: &[Look]) -> Result<Vec<Seen>, Failure>;
}

/// Gathers the looks of one host.
#[derive(Default)]
pub struct Gather {
    /// Not sent yet. As many as there are callers, each of which waits for its own answer.
    waiting: Mutex<Vec<Question>>,
    /// Whoever has it sends for all.
    turn: tokio::sync::Mutex<()>,
}

struct Question {
    at: Vec<Look>,
    answer: oneshot::Sender<Result<Vec<Seen>, Failure>>,
}

impl Question {
    fn bytes(&self) -> u64 {
        let wanted = |look: &Look| if let Look::File { max, .. } = look { u64::from(*max) } else { 0 };
        self.at.iter().map(wanted).sum()
    }

    /// A checksum of a large file takes its time, for which nobody else shall wait.
    fn slow(&self) -> bool {
        self.at.iter().any(|look| matches!(look, Look::Sha256 { .. }))
    }
}

impl Gather {
    /// Asks, together with everybody else who asks now.
    pub async fn look(&self, at: &[Look], host: &dyn Asked) -> Result<Vec<Seen>, Failure> {
        loop {
            let (answer, mut coming) = oneshot::channel();
            self.waiting().push(Question { at: at.to_vec(), answer });
            loop {
                tokio::select! {
                    biased;
                    answered = &mut coming => match answered {
                        Ok(answer) => return answer,
                        // Whoever had sent it is gone. A look can always be repeated.
                        Err(_) => break,
                    },
                    _turn = self.turn.lock() => {
                        // Callers that run side by side come to their own questions first.
                        tokio::task::yield_now().await;
                        self.send(host).await;
                    }
                }
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Question>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes into the next request: the oldest question, and as many of those behind it as fit.
    fn next(&self) -> Vec<Question> {
        let mut waiting = self.waiting();
        waiting.retain(|question| !question.answer.is_closed());
        let (mut looks, mut bytes) = (0, 0);
        let fitting = waiting.iter().take_while(|question| {
            looks += question.at.len();
            bytes += question.bytes();
            !question.slow() && looks <= MOST_LOOKS && bytes <= MOST_BYTES
        });
        let count = fitting.count().max(1).min(waiting.len());
        waiting.drain(..count).collect()
    }

    async fn send(&self, host: &dyn Asked) {
        let questions = self.next();
        if let [_, _, ..] = questions.as_slice() {
            // What several want to know is asked once.
            let mut all: Vec<Look> = Vec::new();
            for look in questions.iter().flat_map(|question| &question.at) {
                if !all.contains(look) {
                    all.push(look.clone());
                }
            }
            match host.ask(&all).await {
                Ok(seen) => return share(questions, &all, &seen),
                Err(failure) if failure.kind == FailureKind::Unknown => {
                    for question in questions {
                        // Whoever has gone does not want to know.
                        let _ = question.answer.send(Err(failure.clone()));
                    }
                    return;
                }
                // One of them spoils the answer: each is asked for itself, so that only its own fails.
                Err(failure) => tracing::debug!(%failure, "looks are asked one by one"),
            }
        }
        for question in questions {
            let answer = host.ask(&question.at).await;
            let _ = question.answer.send(answer);
        }
    }
}

fn share(questions: Vec<Question>, all: &[Look], seen: &[Seen]) {
    for question in questions {
        let answers = question.at.iter().map(|look| all.iter().zip(seen).find(|(asked, _)| *asked == look));
        let own: Option<Vec<Seen>> = answers.map(|found| found.map(|(_, seen)| seen.clone())).collect();
        let _ = question.answer.send(own.ok_or_else(|| Failure::transient("the host answered less than was asked")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers each look with its subject, refuses a request with a bad one, and counts.
    #[derive(Default)]
    struct Echo {
        requests: AtomicUsize,
        looks: AtomicUsize,
        lost: bool,
    }

    fn subject(look: &Look) -> String {
        match look {
            Look::File { path, .. } | Look::Sha256 { path } => path.clone(),
            Look::Unit { name } | Look::Service { name } | Look::Kernel { name } | Look::Program { name } => {
                name.clone()
            }
        }
    }

    #[async_trait]
    impl Asked for Echo {
        async fn ask(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
            self.requests.fetch_add(1, Ordering::Relaxed);
            self.looks.fetch_add(at.len(), Ordering::Relaxed);
            tokio::task::yield_now().await;
            if self.lost {
                return Err(Failure::unknown("the link is lost"));
            }
            if at.iter().any(|look| subject(look) == "/bad") {
                return Err(Failure::transient("the host could not look at /bad"));
            }
            Ok(at.iter().map(|look| Seen::Text(subject(look))).collect())
        }
    }

    impl Echo {
        fn requests(&self) -> usize {
            self.requests.load(Ordering::Relaxed)
        }
    }

    fn two(n: usize) -> [Look; 2] {
        [Look::stat(format!("/{n}")), Look::Program { name: format!("p{n}") }]
    }

    fn own(n: usize) -> Vec<Seen> {
        vec![Seen::Text(format!("/{n}")), Seen::Text(format!("p{n}"))]
    }

    #[tokio::test]
    async fn looks_side_by_side_are_one_request_and_each_has_its_own_answer() {
        let (gather, echo) = (Gather::default(), Echo::default());
        let asked: Vec<_> = (0..7).map(two).collect();
        let seen = join_all(asked.iter().map(|at| gather.look(at, &echo))).await;
        for (n, seen) in seen.into_iter().enumerate() {
            assert_eq!(seen.expect("answered"), own(n));
        }
        assert_eq!(echo.requests(), 1);
        assert_eq!(gather.look(&two(9), &echo).await.expect("answered"), own(9));
        assert_eq!(echo.requests(), 2);
    }

    #[tokio::test]
    async fn what_several_want_to_know_is_asked_once() {
        let (gather, echo) = (Gather::default(), Echo::default());
        let asked = [two(1), two(2), two(1)];
        let seen = join_all(asked.iter().map(|at| gather.look(at, &echo))).await;
        for (seen, n) in seen.into_iter().zip([1, 2, 1]) {
            assert_eq!(seen.expect("answered"), own(n));
        }
        assert_eq!((echo.requests(), echo.looks.load(Ordering::Relaxed)), (1, 4));
    }

    #[tokio::test]
    async fn a_bad_look_fails_for_its_own_asker_only() {
        let (gather, echo) = (Gather::default(), Echo::default());
        let (good, bad) = (two(1), [Look::stat("/bad")]);
        let (good, bad) = tokio::join!(gather.look(&good, &echo), gather.look(&bad, &echo));
        assert_eq!(good.expect("it is well"), own(1));
        assert!(bad.expect_err("it is bad").message.contains("/bad"));
        assert_eq!(echo.requests(), 3);
    }

    #[tokio::test]
    async fn a_lost_link_is_told_to_everybody_and_nothing_is_sent_again() {
        let (gather, echo) = (Gather::default(), Echo { lost: true, ..Echo::default() });
        let asked: Vec<_> = (0..3).map(two).collect();
        for seen in join_all(asked.iter().map(|at| gather.look(at, &echo))).await {
            assert_eq!(seen.expect_err("lost").kind, FailureKind::Unknown);
        }
        assert_eq!(echo.requests(), 1);
    }

    #[tokio::test]
    async fn what_is_slow_or_large_goes_alone() {
        let (gather, echo) = (Gather::default(), Echo::default());
        let slow = [Look::Sha256 { path: "/sum".into() }];
        let large = [Look::File { path: "/large".into(), max: u32::MAX }];
        let small = two(1);
        let (a, b, c) = tokio::join!(gather.look(&small, &echo), gather.look(&slow, &echo), gather.look(&large, &echo));
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(echo.requests(), 3);
    }

    #[tokio::test]
    async fn an_asker_that_goes_leaves_the_others_their_answers() {
        let (gather, echo) = (Gather::default(), Echo::default());
        let (first, second) = (two(1), two(2));
        let mut leading = Box::pin(gather.look(&first, &echo));
        // It takes the turn and pauses before it sends; then it is dropped in the middle of sending.
        assert!(futures_util::poll!(&mut leading).is_pending());
        let mut waiting = Box::pin(gather.look(&second, &echo));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        assert!(futures_util::poll!(&mut leading).is_pending());
        drop(leading);
        assert_eq!(waiting.await.expect("asked anew"), own(2));
    }
}
