//! How often a plan waits for a far host: the round trips that follow each other, counted exactly and
//! without a clock. What is asked side by side shares one; what needs an answer first costs one more.

use crate::paced::Paced;
use crate::stage::{Life, Stage};
use modelquay::app::Exit;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use tokio::sync::watch;

/// Round trips, in which everything waits that is asked of the far side.
#[derive(Default)]
pub struct Rounds {
    gate: watch::Sender<u64>,
    waiting: AtomicUsize,
    /// Work under way on this side, for which no round is counted.
    busy: AtomicUsize,
    trips: AtomicU64,
    began: Mutex<Vec<String>>,
}

/// Counts one more for as long as it lives.
struct More<'a>(&'a AtomicUsize);

impl<'a> More<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for More<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Whether anything wants to go on.
struct Flag {
    woken: AtomicBool,
    outer: Waker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.outer.wake_by_ref();
    }
}

impl Rounds {
    /// One round trip.
    pub async fn trip(&self, what: impl Into<String>) {
        self.trips.fetch_add(1, SeqCst);
        let next = {
            let now = *self.gate.borrow() + 1;
            self.began.lock().expect("no panic before").push(format!("{now} {}", what.into()));
            now
        };
        let _waiting = More::of(&self.waiting);
        let mut gate = self.gate.subscribe();
        gate.wait_for(|now| *now >= next).await.expect("the gate lives as long as the rounds");
    }

    /// Something that this side does by itself.
    pub async fn here<T>(&self, work: impl Future<Output = T>) -> T {
        let _busy = More::of(&self.busy);
        work.await
    }

    /// Does the work. A round begins whenever nothing can go on without one.
    pub async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        // The work is polled many times in one go, so its share of that may not be cut: the runtime would
        // wake it for ever without giving it a new one.
        let mut work = pin!(tokio::task::unconstrained(work));
        std::future::poll_fn(|cx| {
            loop {
                let flag = Arc::new(Flag { woken: AtomicBool::new(false), outer: cx.waker().clone() });
                let waker = Waker::from(Arc::clone(&flag));
                if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(done);
                }
                if flag.woken.load(SeqCst) {
                    continue;
                }
                if self.busy.load(SeqCst) > 0 || self.waiting.load(SeqCst) == 0 {
                    return Poll::Pending;
                }
                self.gate.send_modify(|now| *now += 1);
            }
        })
        .await
    }

    /// Rounds so far.
    pub fn count(&self) -> u64 {
        *self.gate.borrow()
    }

    /// What went in them, a line each with its round.
    pub fn told(&self) -> String {
        self.began.lock().expect("no panic before").join("\n")
    }
}

#[tokio::test]
async fn what_follows_each_other_counts_and_what_is_side_by_side_does_not() {
    let rounds = Rounds::default();
    rounds
        .of(async {
            let long = async {
                rounds.trip("one").await;
                rounds.here(tokio::task::spawn_blocking(|| ())).await.expect("it ends");
                rounds.trip("two").await;
            };
            tokio::join!(long, rounds.trip("beside"));
            rounds.trip("three").await;
        })
        .await;
    assert_eq!((rounds.count(), rounds.trips.load(SeqCst)), (3, 4), "{}", rounds.told());
}

/// What the whole plan of a finished site may cost, facts and preflight included. (21 steps.)
const MOST: u64 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_site_is_checked_in_at_most_25_round_trips() {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    let rounds = Arc::new(Rounds::default());
    let exit = rounds.of(stage.plan(Arc::new(Paced::new(&stage.sim, &rounds)))).await;
    assert_eq!(exit, Exit::Done, "{}", stage.shown());
    let done = stage.shown().lines().filter(|line| line.contains(": nothing to do: ")).count();
    assert_eq!(done, 21, "{}", stage.shown());
    assert!(rounds.count() <= MOST, "{} round trips:\n{}", rounds.count(), rounds.told());
    // One after the other it would be far more: then this test could not tell.
    let trips = rounds.trips.load(SeqCst);
    assert!(trips > 2 * MOST, "only {trips} in all:\n{}", rounds.told());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_host_is_planned_in_few_round_trips_too() {
    let stage = Stage::new();
    let rounds = Arc::new(Rounds::default());
    let exit = rounds.of(stage.plan(Arc::new(Paced::new(&stage.sim, &rounds)))).await;
    assert_eq!(exit, Exit::Done, "{}", stage.shown());
    assert!(rounds.count() <= 4, "{} round trips:\n{}", rounds.count(), rounds.told());
}
