//! When a request is tried again: a service that is busy gets a few tries, a link that is cut gets
//! as long as patience lasts, and whatever gets through renews both.

use super::limits::Limits;
use super::meter::{Meter, Waiting};
use crate::ports::objects::{ObjectError, Why};
use std::time::Duration;
use tokio::time::Instant;

/// The patience that one stream of requests has left.
#[derive(Debug)]
pub struct Patience {
    busy: u32,
    tries: u32,
    since: Instant,
}

impl Patience {
    /// Fresh patience.
    pub fn new() -> Self {
        Self { busy: 0, tries: 0, since: Instant::now() }
    }

    /// Something got through.
    pub fn renew(&mut self) {
        *self = Self::new();
    }

    /// How long to pause before the same is tried again; `None` where it is not.
    fn pause(&mut self, error: &ObjectError, limits: &Limits) -> Option<Duration> {
        match error.why {
            Why::Busy => {
                self.busy += 1;
                if self.busy >= limits.busy_tries || self.since.elapsed() >= limits.cut_patience {
                    return None;
                }
            }
            Why::Cut if self.since.elapsed() < limits.cut_patience => {}
            _ => return None,
        }
        let factor = 1u32.checked_shl(self.tries).unwrap_or(u32::MAX);
        self.tries += 1;
        Some(limits.first_pause.saturating_mul(factor).min(limits.longest_pause))
    }

    /// Waits before the next try, or gives the error back.
    pub async fn wait(&mut self, error: ObjectError, limits: &Limits, meter: &Meter) -> Result<(), ObjectError> {
        let Some(pause) = self.pause(&error, limits) else { return Err(error) };
        let _waiting = meter.waiting(if error.why == Why::Busy { Waiting::Busy } else { Waiting::Link });
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new()
    }
}

/// Repeats a request that changes nothing, or that may be carried out twice, until it is answered or
/// patience ends. A macro, because the compiler cannot see that futures of async closures may move
/// between threads.
macro_rules! patiently {
    ($limits:expr, $meter:expr, $ask:expr) => {{
        let mut patience = $crate::registry::transfer::patience::Patience::new();
        loop {
            match $ask.await {
                Ok(answer) => break Ok(answer),
                Err(error) => {
                    if let Err(error) = patience.wait(error, $limits, $meter).await {
                        break Err(error);
                    }
                }
            }
        }
    }};
}
pub(in crate::registry) use patiently;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Failure;

    fn error(why: Why) -> ObjectError {
        ObjectError { why, failure: Failure::transient("x") }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_link_is_waited_for_and_a_refusal_is_not() {
        let (limits, meter) = (Limits::default(), Meter::default());
        let began = Instant::now();
        let mut tries = 0;
        let answer = patiently!(&limits, &meter, async {
            tries += 1;
            if began.elapsed() < Duration::from_mins(10) { Err(error(Why::Cut)) } else { Ok(7) }
        });
        assert_eq!(answer, Ok(7));
        assert!(tries > 50, "every ten seconds: {tries}");
        let gave_up = patiently!(&limits, &meter, async { Err::<(), _>(error(Why::Cut)) });
        assert_eq!(gave_up.map_err(|e: ObjectError| e.why), Err(Why::Cut));
        let mut tries = 0;
        let busy = patiently!(&limits, &meter, async {
            tries += 1;
            Err::<(), _>(error(Why::Busy))
        });
        assert_eq!(busy.map_err(|e: ObjectError| e.why), Err(Why::Busy));
        assert_eq!(tries, limits.busy_tries);
        let denied = patiently!(&limits, &meter, async { Err::<(), _>(error(Why::Denied)) });
        assert_eq!(denied.map_err(|e: ObjectError| e.why), Err(Why::Denied));
    }
}
