//! How far a transfer is: counters that anyone may read at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// What a transfer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The link, or a service that does not answer.
    Link,
    /// A service that says it cannot now.
    Busy,
}

/// Counters of a transfer, or of many: what is added here is added to the one above too.
#[derive(Debug, Default)]
pub struct Meter {
    above: Option<Arc<Meter>>,
    size: AtomicU64,
    done: AtomicU64,
    wire: AtomicU64,
    kept: AtomicU64,
    link: AtomicU32,
    busy: AtomicU32,
}

impl Meter {
    /// One that adds to another as well.
    pub fn under(above: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { above: Some(above.clone()), ..Self::default() })
    }

    fn each(&self, change: impl Fn(&Self)) {
        change(self);
        let mut next = self.above.as_deref();
        while let Some(meter) = next {
            change(meter);
            next = meter.above.as_deref();
        }
    }

    /// The size of what is to be carried is this much more.
    pub fn expect(&self, bytes: u64) {
        self.each(|meter| {
            meter.size.fetch_add(bytes, Relaxed);
        });
    }

    /// It is this much less after all.
    pub fn expect_less(&self, bytes: u64) {
        self.each(|meter| {
            meter.size.fetch_sub(bytes, Relaxed);
        });
    }

    /// So many bytes more have been carried.
    pub fn carried(&self, bytes: u64) {
        self.each(|meter| {
            meter.done.fetch_add(bytes, Relaxed);
            meter.wire.fetch_add(bytes, Relaxed);
        });
    }

    /// So many bytes more were there already.
    pub fn kept(&self, bytes: u64) {
        self.each(|meter| {
            meter.done.fetch_add(bytes, Relaxed);
            meter.kept.fetch_add(bytes, Relaxed);
        });
    }

    /// So many bytes that were carried are of no use.
    pub fn lost(&self, bytes: u64) {
        self.each(|meter| {
            meter.done.fetch_sub(bytes, Relaxed);
        });
    }

    /// The size of what is to be carried, as far as it is known.
    pub fn size(&self) -> u64 {
        self.size.load(Relaxed)
    }

    /// Bytes of it that are where they should be.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// Bytes that went over the wire, also those that were of no use.
    pub fn wire(&self) -> u64 {
        self.wire.load(Relaxed)
    }

    /// Bytes that an earlier try had left.
    pub fn found(&self) -> u64 {
        self.kept.load(Relaxed)
    }

    /// What any part of it waits for now; the link first.
    pub fn waits(&self) -> Option<Waiting> {
        if self.link.load(Relaxed) > 0 {
            Some(Waiting::Link)
        } else if self.busy.load(Relaxed) > 0 {
            Some(Waiting::Busy)
        } else {
            None
        }
    }

    fn waiters(&self, what: Waiting) -> &AtomicU32 {
        if what == Waiting::Link { &self.link } else { &self.busy }
    }

    /// Says that something waits, until the guard is dropped.
    pub fn waiting(&self, what: Waiting) -> WaitGuard<'_> {
        self.each(|meter| {
            meter.waiters(what).fetch_add(1, Relaxed);
        });
        WaitGuard { meter: self, what }
    }
}

/// As long as it lives, something waits.
#[derive(Debug)]
pub struct WaitGuard<'a> {
    meter: &'a Meter,
    what: Waiting,
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.meter.each(|meter| {
            meter.waiters(self.what).fetch_sub(1, Relaxed);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_counted_above_too() {
        let total = Arc::new(Meter::default());
        let (a, b) = (Meter::under(&total), Meter::under(&total));
        a.expect(10);
        b.expect(5);
        a.carried(4);
        b.kept(5);
        a.lost(1);
        assert_eq!((total.size(), total.done(), total.wire(), total.found()), (15, 8, 4, 5));
        let waiting = a.waiting(Waiting::Busy);
        assert_eq!((total.waits(), b.waits()), (Some(Waiting::Busy), None));
        drop(waiting);
        assert_eq!(total.waits(), None);
    }
}
