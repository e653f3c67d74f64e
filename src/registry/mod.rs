//! The bucket browser's own world: what is in a bucket, how it gets there and back, and what Triton would make
//! of it.
//!
//! It is pure but for what it asks of `ports`: it has no client of its own, and shows nothing.

pub mod address;
pub mod again;
pub mod change;
pub mod facts;
pub mod features;
pub mod inspect;
pub mod listing;
pub mod models;
pub mod paged;
pub mod pbtxt;
pub mod places;
pub mod preview;
pub mod publish;
#[cfg(test)]
pub(crate) mod testing;
pub mod transfer;
pub mod triton;
pub mod usage;
