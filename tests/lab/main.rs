//! The product against real hosts, a real cluster and a real registry: `tests/lab/run`.
//!
//! Each test has hosts of its own, and what it switches at the depot it switches for them alone: two tests
//! run side by side.

#![expect(clippy::print_stdout, reason = "figures, for whoever reads a test's output")]

mod bad_days;
mod browser;
mod canaries;
mod canary;
mod client;
mod console;
mod contracts;
mod end_state;
mod far;
mod finished;
mod hand_over;
mod harness;
mod install;
mod interrupted;
mod kube_contract;
mod link_contract;
mod link_proxy;
mod minio_contract;
mod odd;
mod own_disk;
mod product;
#[expect(dead_code, reason = "the tests without a host use all of it")]
#[path = "../it/pty.rs"]
mod pty;
mod refused;
#[expect(dead_code, reason = "no key is copied in a lab")]
#[path = "../it/replay.rs"]
mod replay;
mod reports;
mod round_trips;
mod saved;
mod screens;
mod servers;
mod soaks;
mod syncs;
mod trace;
mod tunnel;
mod walk;
mod ways;
