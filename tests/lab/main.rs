//! The product against real hosts, a real cluster and a real registry: `tests/lab/run`.
//!
//! Each test has a host of its own. They run one after the other.

#![expect(clippy::print_stdout, reason = "figures, for whoever reads a test's output")]

mod canary;
mod contracts;
mod far;
mod harness;
mod install;
mod interrupted;
mod kube_contract;
mod link_contract;
mod link_proxy;
mod minio_contract;
mod refused;
mod round_trips;
mod syncs;
mod trace;
