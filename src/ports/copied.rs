//! How far something is that is copied to a host.

use std::time::{Duration, Instant};

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes that the host has.
    pub done: u64,
    /// Bytes in all.
    pub all: u64,
    /// How long the rest takes at the rate that was measured; nothing before there is one.
    pub left: Option<Duration>,
}

impl Copied {
    /// After so long, with so many bytes that the host had before.
    pub fn after(begun: Instant, first: u64, done: u64, all: u64) -> Self {
        let (sent, rest) = (done.saturating_sub(first), all.saturating_sub(done));
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let left = (sent > 0).then(|| Duration::from_millis(rest.saturating_mul(took) / sent.max(1)));
        Self { done, all, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_by_what_was_sent_and_not_by_what_was_there() {
        let begun = Instant::now().checked_sub(Duration::from_secs(10)).expect("the machine is up that long");
        let seen = Copied::after(begun, 500, 600, 1000);
        assert_eq!((seen.done, seen.all), (600, 1000));
        assert_eq!(seen.left.map(|left| left.as_secs()), Some(40));
        assert_eq!(Copied::after(begun, 500, 500, 1000).left, None);
    }
}
