//! How often frames are drawn that no key asked for.

use std::time::Duration;
use tokio::time::Instant;

/// The least time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// What frames that no key asked for may cost on average, in bytes a second: a line of 9,600 baud
/// carries it, and a key that is pressed during a flood of output is seen at once.
const RATE: f64 = 700.0;
/// What they may cost at once after a quiet time: a screen of 80×24 that has changed in half.
const BURST: f64 = 2048.0;

/// How often frames are drawn that no key asked for: at most thirty times a second, and no more bytes on
/// average than a bad line carries.
#[derive(Debug)]
pub(super) struct Budget {
    tokens: f64,
    at: Instant,
    last: Instant,
}

impl Budget {
    pub fn new(now: Instant) -> Self {
        Self { tokens: BURST, at: now, last: now }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * RATE).min(BURST);
        self.at = now;
    }

    /// When the next frame may be drawn.
    pub fn next(&mut self, now: Instant) -> Instant {
        self.fill(now);
        let wait = if self.tokens > 0.0 { 0.0 } else { -self.tokens / RATE };
        (self.last + FRAME).max(now + Duration::from_secs_f64(wait))
    }

    pub fn drawn(&mut self, now: Instant, bytes: u64) {
        self.fill(now);
        // A debt of two seconds at most: longer and the screen would look dead.
        self.tokens = (self.tokens - u32::try_from(bytes).map_or(f64::MAX, f64::from)).max(-2.0 * RATE);
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames and bytes of so many seconds in which every frame costs the same and something has always
    /// changed.
    fn flood(seconds: u64, bytes_a_frame: u64) -> (u32, u64) {
        let begun = Instant::now();
        let mut budget = Budget::new(begun);
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
        let (frames, bytes) = flood(60, 900);
        assert!(bytes < 60 * 1024, "{bytes} bytes in {frames} frames");
        assert!(frames > 45, "{frames} frames look dead");
    }

    #[test]
    fn a_screen_that_changes_a_little_is_drawn_thirty_times_a_second_at_most() {
        let (frames, _) = flood(1, 10);
        assert!((25..=32).contains(&frames), "{frames}");
    }
}
