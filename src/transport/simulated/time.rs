//! The simulated world's own time: faster than ours, or moved by hand.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// How many simulated seconds there are in a real one; it can be changed while they pass.
#[derive(Clone, Debug)]
pub struct Speed(Arc<AtomicU32>);

impl Speed {
    /// So many times faster than life.
    pub fn new(factor: u32) -> Self {
        Self(Arc::new(AtomicU32::new(factor.max(1))))
    }

    /// Another speed from now on.
    pub fn set(&self, factor: u32) {
        self.0.store(factor.max(1), Ordering::Relaxed);
    }

    /// The speed now.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How simulated time goes.
#[derive(Clone, Debug)]
pub enum Pace {
    /// So many simulated seconds in each real one.
    Times(Speed),
    /// It stands still, and each question asked of the world moves it on by this. Nothing waits, and
    /// the same questions always meet the same world: for tests.
    EachCall(Duration),
}

/// A clock of the simulated world, in milliseconds since the simulation began.
#[derive(Debug)]
pub struct Time {
    pace: Pace,
    moved: Mutex<Moved>,
}

/// How far time has come: up to a moment, and at which speed since then.
#[derive(Debug)]
struct Moved {
    to: u64,
    since: Instant,
    factor: u32,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Time {
    /// A clock that begins now.
    pub fn new(pace: Pace) -> Self {
        let factor = if let Pace::Times(speed) = &pace { speed.get() } else { 0 };
        Self { pace, moved: Mutex::new(Moved { to: 0, since: Instant::now(), factor }) }
    }

    /// Milliseconds since the simulation began.
    pub fn now(&self) -> u64 {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let Pace::Times(speed) = &self.pace else { return moved.to };
        let now = moved.to.saturating_add(millis(moved.since.elapsed()).saturating_mul(u64::from(moved.factor)));
        if speed.get() != moved.factor {
            // What has passed has passed at the old speed.
            *moved = Moved { to: now, since: Instant::now(), factor: speed.get() };
        }
        now
    }

    /// A question was asked.
    pub fn asked(&self) {
        if let Pace::EachCall(step) = &self.pace {
            self.advance(millis(*step));
        }
    }

    /// Moves the clock on by so many milliseconds.
    pub fn advance(&self, ms: u64) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.to = moved.to.saturating_add(ms);
    }

    /// How long it takes of our own time until the clock shows `until`. One that is moved by hand counts as
    /// if it went like ours.
    pub fn takes(&self, until: u64) -> Duration {
        let ahead = until.saturating_sub(self.now());
        match &self.pace {
            Pace::Times(speed) => Duration::from_millis(ahead.div_ceil(u64::from(speed.get()))),
            Pace::EachCall(_) => Duration::from_millis(ahead),
        }
    }

    /// Waits until the clock shows `until`, at most so much of our own time, and says how much it took. A
    /// clock that is moved by hand is moved there, as far as `at_most` goes.
    pub async fn pass(&self, until: u64, at_most: Duration) -> Duration {
        let takes = self.takes(until).min(at_most);
        match &self.pace {
            Pace::Times(_) => tokio::time::sleep(takes).await,
            Pace::EachCall(_) => {
                self.advance(millis(takes));
                tokio::task::yield_now().await;
            }
        }
        takes
    }

    /// How long a client pauses between two looks: two simulated seconds, but not so short that it
    /// does nothing else.
    pub fn pause(&self) -> Duration {
        match &self.pace {
            Pace::Times(speed) => Duration::from_millis((2000 / u64::from(speed.get())).max(10)),
            Pace::EachCall(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scaled_time_runs_ahead_and_moved_time_only_when_asked() {
        let time = Time::new(Pace::Times(Speed::new(6000)));
        time.pass(60_000, Duration::from_secs(10)).await;
        assert!(time.now() >= 60_000, "{}", time.now());
        let speed = Speed::new(1_000_000);
        let time = Time::new(Pace::Times(speed.clone()));
        time.pass(10_000, Duration::from_secs(10)).await;
        speed.set(1);
        let before = time.now();
        assert!(before >= 10_000 && time.now() - before < 1_000_000, "time that has passed does not change its speed");
        let time = Time::new(Pace::EachCall(Duration::from_secs(2)));
        assert_eq!(time.now(), 0);
        time.asked();
        time.pass(5_000, Duration::from_secs(1)).await;
        assert_eq!(time.now(), 3_000);
    }
}
