//! MinIO's admin interface, as far as an install needs it.

use crate::base::Secret;
use crate::plan::Failure;
use async_trait::async_trait;
use serde_json::Value;

/// A key as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Names of the policies attached to it.
    pub policies: Vec<String>,
    /// Whether it may be used.
    pub enabled: bool,
}

/// Admin calls, signed by the root key. Each may be repeated.
#[async_trait]
pub trait RegistryAdmin: Send + Sync {
    /// A policy's text, or `None`.
    async fn policy(&self, name: &str) -> Result<Option<Value>, Failure>;
    /// Makes or replaces a policy.
    async fn set_policy(&self, name: &str, policy: &Value) -> Result<(), Failure>;
    /// A key, or `None`.
    async fn key(&self, access_key: &str) -> Result<Option<KeyInfo>, Failure>;
    /// Makes a key or gives an existing one this secret.
    async fn set_key(&self, access_key: &str, secret_key: &Secret<String>) -> Result<(), Failure>;
    /// Attaches exactly this policy to a key.
    async fn attach(&self, access_key: &str, policy: &str) -> Result<(), Failure>;
    /// The hard quota of a bucket in bytes; 0 where there is none. The server holds to it about, not
    /// exactly: it counts in the background.
    async fn quota(&self, bucket: &str) -> Result<u64, Failure>;
    /// Sets the hard quota of a bucket.
    async fn set_quota(&self, bucket: &str, bytes: u64) -> Result<(), Failure>;
    /// The server's own description: version, drives, usage.
    async fn info(&self) -> Result<Value, Failure>;
}
