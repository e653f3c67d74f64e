//! How often frames are drawn that no key asked for.

use std::time::Duration;
use tokio::time::Instant;

/// What frames that no key asked for may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// The least time between two of them.
    frame: Duration,
    /// Bytes a second on average.
    rate: f64,
    /// Bytes at once after a quiet time.
    burst: f64,
    /// The longest that one waits for what was drawn before: longer and the screen would look dead.
    debt: f64,
}

/// A line of 9,600 baud carries it, and a key that is pressed during a flood of output is seen at once. After a quiet
/// time a screen of 80×24 may change in half.
pub(super) const USUAL: Pace = Pace { frame: Duration::from_millis(33), rate: 700.0, burst: 2048.0, debt: 2.0 };

/// For a line of 1,200 baud, or one that is paid for by the byte.
pub(super) const FRUGAL: Pace = Pace { frame: Duration::from_millis(500), rate: 100.0, burst: 1024.0, debt: 5.0 };

/// How often frames are drawn that no key asked for: so many times a second at most, and no more bytes on
/// average than a bad line carries.
#[derive(Debug)]
pub(super) struct Budget {
    pace: Pace,
    tokens: f64,
    at: Instant,
    last: Instant,
}

impl Budget {
    pub fn new(now: Instant, pace: Pace) -> Self {
        Self { pace, tokens: pace.burst, at: now, last: now }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.pace.rate).min(self.pace.burst);
        self.at = now;
    }

    /// When the next frame may be drawn.
    pub fn next(&mut self, now: Instant) -> Instant {
        self.fill(now);
        let wait = if self.tokens > 0.0 { 0.0 } else { -self.tokens / self.pace.rate };
        (self.last + self.pace.frame).max(now + Duration::from_secs_f64(wait))
    }

    pub fn drawn(&mut self, now: Instant, bytes: u64) {
        self.fill(now);
        let debt = self.pace.debt * self.pace.rate;
        self.tokens = (self.tokens - u32::try_from(bytes).map_or(f64::MAX, f64::from)).max(-debt);
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames and bytes of so many seconds in which every frame costs the same and something has always
    /// changed.
    fn flood(pace: Pace, seconds: u64, bytes_a_frame: u64) -> (u32, u64) {
        let begun = Instant::now();
        let mut budget = Budget::new(begun, pace);
        let (mut now, mut frames, mut bytes) = (begun, 0, 0);
        while now < begun + Duration::from_secs(seconds) {
            now = budget.next(now).max(now);
            budget.drawn(now, bytes_a_frame);
            frames += 1;
            bytes += bytes_a_frame;
        }
        (frames, bytes)
    }

    #[test]
    fn a_flood_is_drawn_as_often_as_a_bad_line_carries_it() {
        let (frames, bytes) = flood(USUAL, 60, 900);
        assert!(bytes < 60 * 1024, "{bytes} bytes in {frames} frames");
        assert!(frames > 45, "{frames} frames look dead");
    }

    #[test]
    fn a_screen_that_changes_a_little_is_drawn_thirty_times_a_second_at_most() {
        let (frames, _) = flood(USUAL, 1, 10);
        assert!((25..=32).contains(&frames), "{frames}");
    }

    #[test]
    fn a_bad_line_is_sent_a_third_of_it_and_two_frames_a_second_at_most() {
        let (frames, bytes) = flood(FRUGAL, 60, 900);
        assert!(bytes < flood(USUAL, 60, 900).1 / 3, "{bytes} bytes");
        assert!(frames >= 12, "{frames} frames look dead");
        let (frames, _) = flood(FRUGAL, 60, 10);
        assert!(frames <= 121, "{frames}");
    }
}
