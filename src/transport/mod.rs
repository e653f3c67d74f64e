//! What makes the ports real: OpenSSH, this machine, Kubernetes, S3, and a simulated world.
//!
//! It promises that every failure that leaves it is a [`crate::plan::Failure`] whose kind says what
//! can be done, that TLS is always verified, and that no proxy of this computer is used for traffic
//! to a site.

pub mod admin;
pub mod age;
pub mod answers;
pub mod archive;
pub mod askpass;
mod certificate;
pub mod connection;
#[doc(hidden)]
pub mod contract;
pub mod dial;
pub mod disk;
mod disk_open;
pub mod doorway;
pub mod explain;
mod fenced;
pub mod frames;
#[cfg(test)]
mod fuzz_tests;
pub mod gather;
pub mod https;
pub mod kube;
mod kube_answers;
mod kube_config;
mod kube_table;
pub mod link;
pub mod live;
pub mod local;
pub mod looks;
pub mod madmin_crypto;
pub mod master;
pub mod objects;
pub mod operator_files;
pub mod options;
mod paced;
pub mod private_dir;
pub mod probe;
pub mod questions;
mod rooms;
pub mod root;
pub mod runner;
pub mod runner_host;
#[cfg(test)]
mod runner_tests;
pub mod s3;
mod s3_client;
mod s3_errors;
pub mod simulated;
#[cfg(test)]
mod sudo_tests;
#[cfg(test)]
mod testing;
pub mod trouble;
pub mod trust;
mod writeback;
