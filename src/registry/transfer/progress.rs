//! How far transfers are, as values for a screen or a line.

use super::meter::Waiting;
use super::queue::OrderId;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Bytes flow.
    Running,
    /// It waits for this.
    Waiting(Waiting),
    /// Somebody holds it.
    Paused,
    /// Everything is where it should be.
    Done,
    /// Something is not.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl State {
    /// Whether nothing more will happen.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// An item that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// Its key.
    pub key: String,
    /// Bytes of it that are where they should be.
    pub bytes: u64,
    /// Its size, as far as it is known.
    pub size: u64,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Which.
    pub id: OrderId,
    /// What it was called.
    pub title: String,
    /// How it stands.
    pub state: State,
    /// Its items.
    pub items: u64,
    /// Items that are done.
    pub done: u64,
    /// Items that failed.
    pub failed: u64,
    /// Bytes that are where they should be.
    pub bytes: u64,
    /// All bytes, as far as they are known.
    pub size: u64,
    /// Bytes of these that were there already.
    pub found: u64,
    /// Bytes a second over the last seconds.
    pub rate: Option<u64>,
    /// What is left at this rate.
    pub eta: Option<Duration>,
    /// A few of the items that are under way.
    pub active: Vec<Active>,
}

/// How far all orders are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// In the order in which they were given.
    pub orders: Vec<OrderView>,
}

/// Over how long a rate is taken: a stall shows, and parts that come in bursts do not.
const OVER: Duration = Duration::from_secs(8);

/// Bytes a second over the last seconds.
#[derive(Debug)]
pub(super) struct Speed {
    marks: VecDeque<(Instant, u64)>,
}

impl Speed {
    pub(super) fn new(now: Instant) -> Self {
        Self { marks: VecDeque::from([(now, 0)]) }
    }

    pub(super) fn look(&mut self, bytes: u64, now: Instant) -> Option<u64> {
        self.marks.push_back((now, bytes));
        // Looks come four times a second, so that few marks are kept.
        while self.marks.len() > 2 && self.marks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= OVER) {
            self.marks.pop_front();
        }
        let (since, before) = self.marks.front()?;
        let millis = now.duration_since(*since).as_millis();
        let rate = u128::from(bytes.saturating_sub(*before)) * 1_000 / millis.max(1);
        (millis >= 500).then_some(u64::try_from(rate).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_follows_the_last_seconds() {
        let begin = Instant::now();
        let mut speed = Speed::new(begin);
        let at = |ms: u64| begin + Duration::from_millis(ms);
        assert_eq!(speed.look(100, at(250)), None);
        for n in 2..=80 {
            speed.look(n * 1_000, at(n * 250));
        }
        assert_eq!(speed.look(81_000, at(20_250)), Some(4_000));
        let mut still = None;
        for n in 82..=120 {
            still = speed.look(81_000, at(n * 250));
        }
        assert_eq!(still, Some(0), "a stall shows");
    }
}
