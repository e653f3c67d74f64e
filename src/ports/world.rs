//! Everything a step can reach. It appears in pieces: when a plan is made there may be no cluster and
//! no registry yet, and each handle dies with the link.

use super::{Cluster, Host, LinkState, ObjectStore, Objects, OperatorFiles, Probe, RegistryAdmin};
use crate::base::{Cancel, Secret};
use crate::plan::{Failure, HostId, StepKind};
use async_trait::async_trait;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// Why a piece of the world cannot be had now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// It does not exist until this step has been done.
    NotYet {
        /// The step that makes it.
        because: StepKind,
    },
    /// It should be there and is not; kind `Unknown` where the link is lost.
    Failed(Failure),
}

impl From<Access> for Failure {
    fn from(access: Access) -> Self {
        match access {
            Access::NotYet { because } => {
                Failure::transient(format!("it is not there before the step {:?} is done", because.title()))
            }
            Access::Failed(failure) => failure,
        }
    }
}

/// How the registry is reached from this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By the node's address.
    Direct,
    /// Through the connection to the host.
    Tunnel,
}

/// The registry's address, with the only CA that may vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The node's address.
    pub ip: Ipv4Addr,
    /// The node port.
    pub port: u16,
    /// The CA in PEM.
    pub ca_pem: String,
}

impl Endpoint {
    /// `https://10.77.0.2:30900`.
    pub fn url(&self) -> String {
        format!("https://{}:{}", self.ip, self.port)
    }
}

/// A pair of S3 keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Not secret, but kept with it.
    pub access_key: String,
    /// The secret.
    pub secret_key: Secret<String>,
}

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The world of one site. Reconnecting happens behind these calls: a handle that is asked for after
/// a loss belongs to the new connection.
#[async_trait]
pub trait World: Send + Sync {
    /// A host as root.
    async fn host(&self, host: HostId) -> Result<Arc<dyn Host>, Access>;

    /// The cluster, through any live server.
    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access>;

    /// The registry with these credentials.
    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access>;

    /// The registry as the bucket browser uses it, with these credentials.
    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access>;

    /// The direct way to an endpoint was found closed a moment ago: it need not be waited for again.
    fn found_closed(&self, at: &Endpoint, why: &Failure) {
        let _ = (at, why);
    }

    /// The registry's admin interface with these credentials.
    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access>;

    /// A connection to a TCP port as the site's host reaches it. The bytes are carried as they are: who is at
    /// the other end is for the two ends to verify. Kind `Unknown` where the link is lost. Through a tunnel a
    /// port that refuses shows as a stream that ends without a byte.
    async fn dial(&self, ip: Ipv4Addr, port: u16) -> Result<Box<dyn Stream>, Access> {
        Err(Access::Failed(Failure::permanent(format!("there is no way to {ip}:{port} in this world"))))
    }

    /// Verified looks from this computer.
    fn probe(&self) -> Arc<dyn Probe>;

    /// Files of the operator.
    fn files(&self) -> Arc<dyn OperatorFiles>;

    /// The state of the link, to be watched.
    fn link(&self) -> watch::Receiver<LinkState>;

    /// From now on whatever changes the host, its cluster or its registry does so under this generation of the lease, and
    /// is refused where somebody else has taken it; 0 for no lease.
    fn under_lease(&self, generation: u64);

    /// Waits until the link is back after a result of kind `Unknown`, at most so long. Ends with a
    /// failure where it will not come back by itself, and early when a stop is asked for.
    async fn restore(&self, at_most: Duration, cancel: &Cancel) -> Result<(), Failure>;

    /// How long to pause between two looks at something that is waited for. On a link of 600 ms a
    /// look costs as much again, so shorter pauses gain little; a world whose time runs faster than
    /// ours says so here.
    fn pause(&self) -> Duration {
        Duration::from_secs(2)
    }

    /// The world's own time since some moment of its own, where it is not ours: waits are measured
    /// by it.
    fn time(&self) -> Option<Duration> {
        None
    }
}
