//! Puts a MinIO model registry on an RKE2 edge host, and stays useful afterwards.
//!
//! The layers and the arrows between them are described in `docs/ARCHITECTURE.md` and kept by
//! `tests/architecture.rs`.

pub mod app;
pub mod base;
pub mod cli;
pub mod display;
pub mod engine;
pub mod plan;
pub mod ports;
pub mod registry;
pub mod steps;
pub mod transport;
pub mod ui;
