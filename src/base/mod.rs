//! The ground floor: nothing here knows what the product does.
//!
//! It promises small, total building blocks (secrets that do not print, text that cannot move a
//! terminal's cursor, files of JSON lines that survive a torn end) and uses no other layer.

pub mod cancel;
pub mod chain;
pub mod clock;
#[cfg(test)]
pub mod fuzz;
pub mod guard;
pub mod jsonl;
pub mod own_disk;
mod pages;
pub mod random;
pub mod redact;
pub mod sanitise;
pub mod secret;

pub use cancel::Cancel;
pub use chain::Chain;
pub use clock::{Clock, SystemClock};
pub use redact::Redactor;
pub use secret::Secret;
