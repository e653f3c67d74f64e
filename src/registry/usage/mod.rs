//! Where the space goes: what is current, what old versions hold, delete markers, and the parts of uploads
//! that were never finished, by what follows a prefix.
//!
//! The fold is pure and is whole after each page, so that it can be shown while it is counted.

mod count;
mod fold;

pub use count::count;
pub use fold::{Line, Sum, Usage};

#[cfg(test)]
mod tests;
