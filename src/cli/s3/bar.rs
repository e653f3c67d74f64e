//! How far a transfer is, on standard error: a bar on a terminal, else a line now and then.

use super::super::output;
use super::out::size;
use crate::registry::transfer::meter::Waiting;
use crate::registry::transfer::{Meter, Queue, State};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A terminal is told so often; a slow line carries that.
const DRAWN: Duration = Duration::from_millis(500);

/// A log is told so often.
const SAID: Duration = Duration::from_secs(15);

/// Cells of the bar.
const CELLS: u64 = 24;

/// Says how far something is until it is dropped.
pub struct Bar {
    task: JoinHandle<()>,
    terminal: bool,
}

struct Stand {
    bytes: u64,
    size: u64,
    items: Option<(u64, u64)>,
    waits: Option<Waiting>,
}

impl Bar {
    /// Of one object.
    pub fn of_one(title: String, meter: Arc<Meter>) -> Self {
        Self::begin(title, move || Stand { bytes: meter.done(), size: meter.size(), items: None, waits: meter.waits() })
    }

    /// Of the first order of a queue.
    pub fn of_queue(title: String, queue: &Queue) -> Self {
        let watch = queue.watch();
        Self::begin(title, move || {
            let snapshot = watch.borrow();
            let Some(order) = snapshot.orders.first() else {
                return Stand { bytes: 0, size: 0, items: None, waits: None };
            };
            let waits = if let State::Waiting(what) = order.state { Some(what) } else { None };
            Stand { bytes: order.bytes, size: order.size, items: Some((order.done, order.items)), waits }
        })
    }

    fn begin(title: String, stand: impl Fn() -> Stand + Send + 'static) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let task = tokio::spawn(async move {
            let (begun, from) = (Instant::now(), stand().bytes);
            loop {
                tokio::time::sleep(if terminal { DRAWN } else { SAID }).await;
                let now = stand();
                let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
                let rate = now.bytes.saturating_sub(from).saturating_mul(1000) / millis;
                let line = line(&now, rate);
                if terminal {
                    // That it cannot be said changes nothing.
                    let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
                } else {
                    output::talk(&format!("{title}: {line}"));
                }
            }
        });
        Self { task, terminal }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.task.abort();
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(stand: &Stand, rate: u64) -> String {
    let Stand { bytes, size: all, items, waits } = stand;
    let (bytes, all) = (*bytes, (*all).max(*bytes));
    let share = |of: u64| u64::try_from(u128::from(bytes) * u128::from(of) / u128::from(all.max(1))).unwrap_or(0);
    let filled = usize::try_from(share(CELLS)).unwrap_or(0);
    let cells = usize::try_from(CELLS).unwrap_or(0);
    let mut line = format!("[{:<cells$}] {:>3}% {} of {}", "#".repeat(filled), share(100), size(bytes), size(all));
    if let Some((done, items)) = items {
        let _ = write!(line, ", {done} of {items}");
    }
    match waits {
        Some(Waiting::Link) => line.push_str(", waiting for the link"),
        Some(Waiting::Busy) => line.push_str(", waiting for the service"),
        None if rate > 0 => {
            let _ = write!(line, ", {}/s, {} left", size(rate), time(all.saturating_sub(bytes) / rate));
        }
        None => {}
    }
    line
}

fn time(seconds: u64) -> String {
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_what_it_waits_for() {
        let stand = Stand { bytes: 512, size: 2048, items: Some((3, 10)), waits: None };
        assert_eq!(line(&stand, 256), "[######                  ]  25% 512 B of 2.0 KiB, 3 of 10, 256 B/s, 6 s left");
        let stand = Stand { waits: Some(Waiting::Link), items: None, ..stand };
        assert!(line(&stand, 0).ends_with("2.0 KiB, waiting for the link"));
        let empty = Stand { bytes: 0, size: 0, items: None, waits: None };
        assert!(line(&empty, 0).contains("  0% 0 B of 0 B"));
        assert_eq!([time(5), time(100), time(7_000)], ["5 s", "2 min", "2 h"]);
    }
}
