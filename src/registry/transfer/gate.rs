//! Pausing and slowing down: what every transfer passes before it takes bytes.

use crate::ports::objects::Pacer;
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Bytes a second for all transfers together: a bucket of tokens that may run into debt, so that a
/// piece of any size passes and the ones after it pay for it.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<PaceState>,
}

#[derive(Debug)]
struct PaceState {
    rate: Option<u64>,
    /// Until when what has passed is paid for.
    paid: Instant,
}

/// What may pass at once after a quiet time.
const BURST: Duration = Duration::from_millis(100);

/// So many pieces a second a body is sent in, where it is sent with a limit: few enough to be cheap, and enough that
/// any second looks like the other.
const PIECES: u64 = 16;

/// The smallest and the largest piece.
const SMALLEST: u64 = 512;
const LARGEST: u64 = 64 << 10;

impl Pace {
    /// A limit in bytes a second, or none.
    pub fn new(rate: Option<u64>) -> Self {
        Self { state: Mutex::new(PaceState { rate: rate.filter(|r| *r > 0), paid: Instant::now() }) }
    }

    /// Changes the limit.
    pub fn set(&self, rate: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rate = rate.filter(|r| *r > 0);
        state.paid = Instant::now();
    }

    /// Waits until so many bytes may pass.
    pub async fn take(&self, bytes: u64) {
        let until = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(rate) = state.rate else { return };
            let now = Instant::now();
            let earliest = now.checked_sub(BURST).unwrap_or(now);
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
            let costs = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            let begin = state.paid.max(earliest);
            state.paid = begin.checked_add(costs).unwrap_or(begin);
            begin
        };
        tokio::time::sleep_until(until).await;
    }
}

#[async_trait]
impl Pacer for Pace {
    async fn grant(&self, most: usize) -> usize {
        let rate = self.state.lock().unwrap_or_else(PoisonError::into_inner).rate;
        let Some(rate) = rate else { return most };
        let piece = usize::try_from((rate / PIECES).clamp(SMALLEST, LARGEST)).unwrap_or(most).min(most);
        self.take(piece as u64).await;
        piece
    }
}

/// Whether a transfer may go on now.
#[derive(Clone, Debug)]
pub struct Gate(watch::Receiver<bool>);

/// Whoever holds it pauses and resumes.
#[derive(Debug)]
pub struct GateKeeper(watch::Sender<bool>);

impl GateKeeper {
    /// A gate that is open, and its keeper.
    pub fn new() -> (Self, Gate) {
        let (sender, receiver) = watch::channel(true);
        (Self(sender), Gate(receiver))
    }

    /// Opens or closes it.
    pub fn open(&self, open: bool) {
        self.0.send_replace(open);
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        *self.0.borrow()
    }
}

impl Gate {
    /// A gate that nobody closes.
    pub fn always() -> Self {
        Self(watch::channel(true).1)
    }

    /// Waits until it is open.
    pub async fn pass(&self) {
        let mut receiver = self.0.clone();
        // Without a keeper nobody can open it again, so it counts as open.
        let _ = receiver.wait_for(|open| *open).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pace_is_kept_on_average_and_large_pieces_pass() {
        let pace = Pace::new(Some(1_000));
        let began = Instant::now();
        for bytes in [500, 10_000, 1, 1, 498, 1] {
            pace.take(bytes).await;
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(10_700) && took <= Duration::from_millis(11_100), "{took:?}");
        pace.set(None);
        pace.take(u64::MAX).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_holds_and_an_abandoned_one_does_not() {
        let (keeper, gate) = GateKeeper::new();
        keeper.open(false);
        assert!(tokio::time::timeout(Duration::from_secs(5), gate.pass()).await.is_err());
        keeper.open(true);
        gate.pass().await;
        keeper.open(false);
        drop(keeper);
        gate.pass().await;
    }
}
