//! The product as a whole, without a host: one binary, a module for each side of it.

mod bad_days;
mod canary;
mod crash;
mod ledger;
mod program;
mod rehearsal;
mod stage;
mod state;
