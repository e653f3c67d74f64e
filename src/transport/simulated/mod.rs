//! A world that is played: the same ports as the real one, no machine behind them.
//!
//! Everything in here is simulated, and everything outside of it does not know. `rehearse` runs the
//! same plan, steps and engine against it; only the registry's clients meet something real, a
//! server in this process.

pub mod bad_day;
pub mod ca;
pub mod cluster;
pub mod depot;
pub mod facts;
pub mod files;
pub mod host;
pub mod images;
pub mod lease;
pub mod machine;
pub mod probe;
pub mod report;
pub mod rke2;
pub mod s3;
pub mod samples;
pub mod time;
pub mod units;
pub mod world;

pub use bad_day::BadDay;
pub use depot::components;
pub use time::{Pace, Speed};
pub use world::{Sim, SimOptions};
