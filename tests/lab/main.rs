//! The product against real hosts, a real cluster and a real registry: `tests/lab/run`.
//!
//! Each test has a host of its own. They run one after the other.

mod harness;
mod install;

mod link;
mod minio_contract;
