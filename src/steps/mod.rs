//! What each step knows of RKE2, Helm charts, MinIO and systemd. One file a step: intent, check,
//! apply. They ask the world through `ports` and say nothing to anyone but through their results.

mod access;
mod bucket;
mod certificate;
mod common;
mod config;
mod console;
mod credentials;
mod doctor;
mod fetch;
#[cfg(test)]
mod fuzz_tests;
mod hand_over;
mod images;
mod keys;
mod lock;
mod namespace;
mod node_port;
mod objects;
mod operator;
mod package;
mod plan;
mod prepare;
mod pulled;
mod reach;
mod registries;
mod secrets;
mod signer;
mod start;
mod storage;
mod tenant;
mod undo;

pub use common::{HOME, node_ip, node_name, sans};
pub use console::{ConsoleAddress, find as find_console};
pub use credentials::{
    read as read_keys, reserve as reserve_keys_file, text as credentials_text, write as write_keys_file,
};
pub use hand_over::{ca_file, ca_path, fingerprint, next as next_commands, read as hand_over_of, sheet_path};
pub use operator::{NAMESPACE as OPERATOR_NAMESPACE, chart_ref};
pub use plan::plan_for;
pub use secrets::{KeyName, read_all as read_credentials};
pub use storage::NAMESPACE as LOCAL_PATH_NAMESPACE;

use crate::engine::step::{Step, Steps};
use crate::plan::StepKind;

/// The steps of an install.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registry;

impl Steps for Registry {
    fn step(&self, kind: StepKind) -> &dyn Step {
        match kind {
            StepKind::CredentialsReady => &credentials::Ready,
            StepKind::PrepareHost => &prepare::PrepareHost,
            StepKind::Registries => &registries::Registries,
            StepKind::ClusterConfig => &config::ClusterConfig,
            StepKind::ClusterImages => &images::ClusterImages,
            StepKind::ClusterPackage => &package::ClusterPackage,
            StepKind::ClusterStart => &start::ClusterStart,
            StepKind::ClusterAccess => &access::ClusterAccess,
            StepKind::SignerProbe => &signer::SignerProbe,
            StepKind::Storage => &storage::StorageClass,
            StepKind::Operator => &operator::Operator,
            StepKind::Namespace => &namespace::Namespace,
            StepKind::Certificate => &certificate::Certificate,
            StepKind::Tenant => &tenant::Tenant,
            StepKind::TenantHealthy => &tenant::TenantHealthy,
            StepKind::NodePort => &node_port::NodePort,
            StepKind::Reach => &reach::Reach,
            StepKind::Bucket => &bucket::Buckets,
            StepKind::Keys => &keys::Keys,
            StepKind::CredentialsFile => &credentials::File,
            StepKind::HandOver => &hand_over::HandOver,
        }
    }
}
