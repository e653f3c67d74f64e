//! Looking at the registry from this computer as any client would.

use super::world::{Endpoint, Route};
use crate::plan::Failure;
use async_trait::async_trait;

/// What a verified look at an endpoint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// HTTP status.
    pub status: u16,
    /// How it was reached.
    pub route: Route,
    /// SHA-256 of the server's certificate in lower-case hex.
    pub certificate_sha256: String,
    /// When the certificate ends, in milliseconds since 1970.
    pub not_after_ms: u64,
}

/// Asks an endpoint over TLS verified by nothing but the endpoint's own CA.
#[async_trait]
pub trait Probe: Send + Sync {
    /// GET of a path. Directly where that works, else through the host's connection.
    async fn get(&self, endpoint: &Endpoint, path: &str) -> Result<Reached, Failure>;
}
