//! Bad days of the simulated registry, switched on by tests and by `rehearse --bad-day`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It is answered with this status and S3 error code, and not served.
    Refuse {
        /// HTTP status.
        status: u16,
        /// S3's code, as in `SlowDown`.
        code: &'static str,
    },
    /// It is served, and its answer breaks off after so many bytes of the body.
    Tear {
        /// Bytes that still arrive.
        after: u64,
    },
    /// It is served, and its answer comes so much later.
    Stall(Duration),
    /// It is served, and the connection ends without an answer.
    Swallow,
}

/// Which requests are meant: those with this method and a path that begins so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The method; empty for each.
    pub method: &'static str,
    /// The path's beginning; empty for each.
    pub path: String,
    /// What happens to them.
    pub harm: Harm,
    /// To how many of them.
    pub times: u32,
}

/// The faults that are switched on. The first that fits a request is used up by it.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Switches a fault on.
    pub fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many requests are still to be harmed.
    pub fn left(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().fold(0, |all, f| all.saturating_add(f.times))
    }

    /// What happens to this request.
    pub fn take(&self, method: &str, path: &str) -> Option<Harm> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |f: &&mut Fault| (f.method.is_empty() || f.method == method) && path.starts_with(&f.path);
        let fault = all.iter_mut().find(fits)?;
        let harm = fault.harm;
        fault.times = fault.times.saturating_sub(1);
        all.retain(|f| f.times > 0);
        Some(harm)
    }
}
