//! The simulated registry: a real S3 server over a store in memory.
//!
//! It promises that the product's own clients meet real HTTP, real TLS, real signatures and real
//! policies. What it leaves out: erasure coding, expiry by itself, replication, locking, encryption
//! at rest, and everything else that an install and the bucket browser never ask for.

pub mod admin;
pub mod api;
pub mod auth;
pub mod body;
pub mod convert;
pub mod copies;
pub mod faults;
pub mod listing;
pub mod listings;
pub mod multipart;
pub mod policy;
pub mod server;
pub mod store;
pub mod tls;
pub mod versions;

#[cfg(test)]
mod tests;

pub use faults::{Fault, Faults, Harm};
pub use server::Server;
pub use store::Store;
