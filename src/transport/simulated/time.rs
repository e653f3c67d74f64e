//! The simulated world's own time: faster than ours, or moved by hand.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// How simulated time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many simulated seconds in each real one.
    Times(u32),
    /// It stands still, and each question asked of the world moves it on by this. Nothing waits, and
    /// the same questions always meet the same world: for tests.
    EachCall(Duration),
}

/// A clock of the simulated world, in milliseconds since the simulation began.
#[derive(Debug)]
pub struct Time {
    pace: Pace,
    begun: Instant,
    moved: Mutex<u64>,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Time {
    /// A clock that begins now.
    pub fn new(pace: Pace) -> Self {
        Self { pace, begun: Instant::now(), moved: Mutex::new(0) }
    }

    /// Milliseconds since the simulation began.
    pub fn now(&self) -> u64 {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        match self.pace {
            Pace::Times(factor) => {
                moved.saturating_add(millis(self.begun.elapsed()).saturating_mul(u64::from(factor.max(1))))
            }
            Pace::EachCall(_) => moved,
        }
    }

    /// A question was asked.
    pub fn asked(&self) {
        if let Pace::EachCall(step) = self.pace {
            self.advance(millis(step));
        }
    }

    /// Moves the clock on by so many milliseconds.
    pub fn advance(&self, ms: u64) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = moved.saturating_add(ms);
    }

    /// Waits until the clock shows `until`, at most so much of our own time. A clock that is moved
    /// by hand is moved there, as far as `at_most` goes.
    pub async fn pass(&self, until: u64, at_most: Duration) {
        let ahead = until.saturating_sub(self.now());
        match self.pace {
            Pace::Times(factor) => {
                let real = Duration::from_millis(ahead.div_ceil(u64::from(factor.max(1))));
                tokio::time::sleep(real.min(at_most)).await;
            }
            Pace::EachCall(_) => {
                self.advance(ahead.min(millis(at_most)));
                tokio::task::yield_now().await;
            }
        }
    }

    /// How long a client pauses between two looks: two simulated seconds, but not so short that it
    /// does nothing else.
    pub fn pause(&self) -> Duration {
        match self.pace {
            Pace::Times(factor) => Duration::from_millis((2000 / u64::from(factor.max(1))).max(10)),
            Pace::EachCall(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scaled_time_runs_ahead_and_moved_time_only_when_asked() {
        let time = Time::new(Pace::Times(6000));
        time.pass(60_000, Duration::from_secs(10)).await;
        assert!(time.now() >= 60_000, "{}", time.now());
        let time = Time::new(Pace::EachCall(Duration::from_secs(2)));
        assert_eq!(time.now(), 0);
        time.asked();
        time.pass(5_000, Duration::from_secs(1)).await;
        assert_eq!(time.now(), 3_000);
    }
}
