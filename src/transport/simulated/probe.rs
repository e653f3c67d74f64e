//! A real, verified look at the simulated registry.
//!
//! The registry's address is one that leads nowhere, so the look goes to the server's socket in this
//! process. The name that the certificate must carry stays the address.

use super::machine::{Machine, NODE_IP};
use crate::plan::Failure;
use crate::plan::change::hex;
use crate::ports::probe::Reached;
use crate::ports::world::Route;
use crate::ports::{Endpoint, Probe};
use crate::transport::https::{self, Roots};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The probe. It says `Direct`: in the world that is played the node's port is open to everyone.
pub struct SimProbe {
    /// The site.
    pub machine: Arc<Machine>,
}

#[async_trait]
impl Probe for SimProbe {
    async fn get(&self, at: &Endpoint, path: &str) -> Result<Reached, Failure> {
        let name = format!("{}:{}", at.ip, at.port);
        let answers = self.machine.ask(|s, _| at.ip == NODE_IP && super::cluster::tenant::reachable(s, at.port));
        if !answers {
            return Err(Failure::transient(format!("{name} refuses the connection")));
        }
        let roots = Roots::from_pem(&at.ca_pem)?;
        let url = format!("{}{path}", at.url());
        let url = url.parse().map_err(|_| Failure::permanent(format!("{url} is no address")))?;
        let route = https::Route::Unix(self.machine.socket.clone());
        let (status, certificate) = https::look(route, &roots, &url).await.map_err(|e| e.failure(&name))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
            .map_err(|e| Failure::permanent("the server's certificate cannot be read").because(e.to_string()))?;
        let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default();
        Ok(Reached {
            status: status.as_u16(),
            route: Route::Direct,
            certificate_sha256: hex(&Sha256::digest(&certificate)),
            not_after_ms: seconds.saturating_mul(1000),
        })
    }
}
