//! The disk under a registry's data, as its host sees it: what the service itself tells nobody but its root.

use crate::plan::facts::Facts;
use crate::plan::{Failure, HostId};
use crate::ports::{ScriptId, World};
use async_trait::async_trait;
use std::sync::Arc;

/// A disk's size and what of it is free, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub size: u64,
    /// What is free.
    pub free: u64,
}

/// Whoever can look at the disk.
#[async_trait]
pub trait DiskOf: Send + Sync {
    /// Looks at it: one round trip to the host.
    async fn space(&self) -> Result<Space, Failure>;
}

/// By the connection to the host.
pub struct OfHost {
    /// The connection.
    pub world: Arc<dyn World>,
    /// The host.
    pub host: HostId,
    /// Where the data lies.
    pub data_dir: String,
}

#[async_trait]
impl DiskOf for OfHost {
    async fn space(&self) -> Result<Space, Failure> {
        let host = self.world.host(self.host).await.map_err(Failure::from)?;
        let output = host.run(ScriptId::Facts, &[&self.data_dir], None).await?;
        let facts = Facts::parse(&output.success("looking at the host")?.out);
        let disk = facts
            .disk(&self.data_dir)
            .ok_or_else(|| Failure::permanent(format!("the host says nothing of the disk under {}", self.data_dir)))?;
        Ok(Space { size: disk.size, free: disk.free })
    }
}
