//! When a failed step is tried again: data, not code in steps.

use crate::plan::{Failure, FailureKind};
use std::time::Duration;

/// How often and after what pauses. Only transient failures are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, first_pause: Duration::from_secs(5), longest: Duration::from_mins(1) }
    }
}

impl Retry {
    /// The pause before the attempt after `attempt`, or `None` where it is not tried again.
    pub fn pause(&self, attempt: u32, failure: &Failure) -> Option<Duration> {
        if failure.kind != FailureKind::Transient || attempt >= self.attempts {
            return None;
        }
        let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first_pause.saturating_mul(factor).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transient_failures_are_tried_again_and_not_for_ever() {
        let retry = Retry::default();
        let transient = Failure::transient("busy");
        assert_eq!(retry.pause(1, &transient), Some(Duration::from_secs(5)));
        assert_eq!(retry.pause(3, &transient), Some(Duration::from_secs(20)));
        assert_eq!(retry.pause(4, &transient), None);
        assert_eq!(retry.pause(1, &Failure::permanent("no")), None);
        assert_eq!(retry.pause(1, &Failure::unknown("link")), None);
    }
}
