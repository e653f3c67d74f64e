//! The simulated cluster: an API server's behaviour over a map of objects, and controllers that are
//! played over simulated time.

pub mod csr;
pub mod objects;
pub mod port;
pub mod reactions;
pub mod tenant;
pub mod tenant_objects;

#[cfg(test)]
mod tests;

pub use port::SimCluster;
