//! A world that is played: the same ports as the real one, no machine behind them.
//!
//! Everything in here is simulated, and everything outside of it does not know. `rehearse` runs the
//! same plan, steps and engine against it; only the registry's clients meet something real, a
//! server in this process.

pub mod ca;
pub mod s3;
