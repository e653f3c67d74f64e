//! How fast bytes may be sent.

use async_trait::async_trait;

/// Whoever says how fast bytes may be sent.
#[async_trait]
pub trait Pacer: Send + Sync + std::fmt::Debug {
    /// Waits until some bytes may go, and says how many: at least one, at most `most`.
    async fn grant(&self, most: usize) -> usize;
}
