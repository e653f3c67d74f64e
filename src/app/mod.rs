//! The use cases: each sub-command and each face only calls these.

pub mod ending;
pub mod exit;
pub mod inspect;
pub mod sites;

pub use exit::Exit;
