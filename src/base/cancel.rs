//! Asking a run to end: first politely, then at once.

use tokio_util::sync::CancellationToken;

/// Two requests that anyone holding a clone can make and wait for.
///
/// *Stop* means: finish what cannot be left in the middle, then end. *Leave* means: end now; what
/// goes on elsewhere goes on. Leaving includes stopping.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    stop: CancellationToken,
    leave: CancellationToken,
}

impl Cancel {
    /// A request that nobody has made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for one level more: the first call asks to stop, the second to leave.
    pub fn escalate(&self) {
        if self.stop.is_cancelled() {
            self.leave.cancel();
        }
        self.stop.cancel();
    }

    /// Asks to leave at once.
    pub fn leave_now(&self) {
        self.stop.cancel();
        self.leave.cancel();
    }

    /// Whether a stop was asked for.
    pub fn stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether leaving at once was asked for.
    pub fn leaving(&self) -> bool {
        self.leave.is_cancelled()
    }

    /// Waits until a stop is asked for.
    pub async fn stop_asked(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until leaving at once is asked for.
    pub async fn leave_asked(&self) {
        self.leave.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_asks_to_stop_then_to_leave() {
        let cancel = Cancel::new();
        cancel.escalate();
        assert!(cancel.stopping() && !cancel.leaving());
        cancel.escalate();
        assert!(cancel.leaving());
    }
}
