//! The world of a real site: its host over SSH or this computer, its cluster and registry behind it.

use super::dial::{Dial, Route as Wire};
use super::fenced::{Fence, Fenced};
use super::kube::KubeCluster;
use super::link::Link;
use super::objects::S3Objects;
use super::operator_files::LocalFiles;
use super::probe::{Prober, Tunnel};
use super::{admin::MinioAdmin, s3::S3Store};
use crate::base::{Cancel, Secret};
use crate::plan::{Failure, HostId, StepKind};
use crate::ports::objects::Service;
use crate::ports::{
    Access, Cluster, Credentials, Endpoint, Host, LinkState, Look, ObjectStore, Objects, OperatorFiles, Probe,
    RegistryAdmin, Seen, Stream, World,
};
use async_trait::async_trait;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Where RKE2 leaves the administrator's kubeconfig (rke2-docs `reference/server_config.md`).
const KUBECONFIG: &str = "/etc/rancher/rke2/rke2.yaml";

/// The API server as seen from the host itself; its certificate names this address.
const API: (&str, u16) = ("127.0.0.1", 6443);

/// A real site with one host.
pub struct Live {
    name: HostId,
    link: Arc<Link>,
    files: Arc<LocalFiles>,
    prober: Arc<Prober>,
    // Each is made once, however many steps ask for it at the same time, and neither waits for the other.
    cluster: Mutex<OfConnection<Arc<Fenced<dyn Cluster>>>>,
    /// The way to the registry.
    registry: Mutex<OfConnection<(Ipv4Addr, u16, Wire)>>,
}

/// What was found over one connection: with the next it is looked for anew.
struct OfConnection<T> {
    generation: u64,
    found: Option<T>,
}

impl<T> Default for OfConnection<T> {
    fn default() -> Self {
        Self { generation: 0, found: None }
    }
}

impl<T> OfConnection<T> {
    fn over(&mut self, generation: u64) -> &mut Option<T> {
        if self.generation != generation {
            *self = Self { generation, found: None };
        }
        &mut self.found
    }
}

struct Through(Arc<Link>);

#[async_trait]
impl Tunnel for Through {
    async fn socket(&self, ip: Ipv4Addr, port: u16) -> Result<PathBuf, Failure> {
        self.0.forward(&ip.to_string(), port).await
    }
}

impl Live {
    /// The site behind this link. `files` knows which paths this run has reserved.
    pub fn new(name: HostId, link: Arc<Link>, files: LocalFiles) -> Self {
        // On this computer there is no way round: what is not reached directly is not reached.
        let tunnel: Option<Arc<dyn Tunnel>> = (!link.local()).then(|| Arc::new(Through(link.clone())) as _);
        let prober = Arc::new(Prober::new(tunnel));
        let (cluster, registry) = (Mutex::default(), Mutex::default());
        Self { name, link, files: Arc::new(files), prober, cluster, registry }
    }

    /// The link.
    pub fn link_handle(&self) -> &Arc<Link> {
        &self.link
    }

    async fn wire(&self, at: &Endpoint) -> Result<Wire, Failure> {
        let mut kept = self.registry.lock().await;
        let known = kept.over(self.link.generation());
        if let Some((ip, port, wire)) = known
            && (*ip, *port) == (at.ip, at.port)
        {
            return Ok(wire.clone());
        }
        let wire = self.prober.route(at).await?;
        *known = Some((at.ip, at.port, wire.clone()));
        Ok(wire)
    }
}

#[async_trait]
impl World for Live {
    async fn host(&self, host: HostId) -> Result<Arc<dyn Host>, Access> {
        if host != self.name {
            return Err(Access::Failed(Failure::permanent(format!("{host} is no host of the site {}", self.name))));
        }
        self.link.host().await.map_err(Access::Failed)
    }

    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        let generation = self.link.generation();
        if let Some(cluster) = self.cluster.lock().await.over(generation) {
            return Ok(cluster.clone());
        }
        // Not under the lock: while there is no cluster yet, all who ask at once share one look.
        let host = self.link.host().await.map_err(Access::Failed)?;
        let looks = [Look::file(KUBECONFIG), Look::Service { name: "rke2-server.service".into() }];
        let seen = host.look(&looks).await.map_err(Access::Failed)?;
        let runs = matches!(seen.get(1), Some(Seen::Service(s)) if s.active == "active" || s.active == "activating");
        let Some(Seen::File(file)) = seen.into_iter().next().filter(|_| runs) else {
            return Err(Access::NotYet { because: StepKind::ClusterStart });
        };
        let mut kept = self.cluster.lock().await;
        let known = kept.over(self.link.generation());
        if let Some(cluster) = known {
            return Ok(cluster.clone());
        }
        let kubeconfig = Secret::new(file.bytes);
        let wire = if self.link.local() {
            Wire::Direct
        } else {
            Wire::Unix(self.link.forward(API.0, API.1).await.map_err(Access::Failed)?)
        };
        let under = self.link.under().clone();
        let cluster = KubeCluster::new(&kubeconfig, wire, under).await.map_err(Access::Failed)?;
        let cluster: Arc<dyn Cluster> = Arc::new(cluster);
        let cluster = Arc::new(Fenced::new(cluster, Fence::of(&self.link)));
        *known = Some(cluster.clone());
        Ok(cluster)
    }

    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        let wire = self.wire(at).await.map_err(Access::Failed)?;
        let store: Arc<dyn ObjectStore> = Arc::new(S3Store::new(at, with, wire).map_err(Access::Failed)?);
        Ok(Arc::new(Fenced::new(store, Fence::of(&self.link))))
    }

    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        let wire = self.wire(at).await.map_err(Access::Failed)?;
        let service = Service::of_site(at, with);
        Ok(Arc::new(S3Objects::new(&service, wire).map_err(Access::Failed)?))
    }

    fn found_closed(&self, at: &Endpoint, why: &Failure) {
        self.prober.found_closed(at, why);
    }

    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        let wire = self.wire(at).await.map_err(Access::Failed)?;
        let admin: Arc<dyn RegistryAdmin> = Arc::new(MinioAdmin::new(at, with, wire).map_err(Access::Failed)?);
        Ok(Arc::new(Fenced::new(admin, Fence::of(&self.link))))
    }

    async fn dial(&self, ip: Ipv4Addr, port: u16) -> Result<Box<dyn Stream>, Access> {
        let wire = if self.link.local() {
            Wire::Direct
        } else {
            Wire::Unix(self.link.forward(&ip.to_string(), port).await.map_err(Access::Failed)?)
        };
        let name = format!("{ip}:{port}");
        // Nothing was asked yet, so that trying again does no harm. A console may have nothing to say for as
        // long as it likes: whether a quiet connection is kept is for its two ends.
        let bad = |trouble: super::trouble::Trouble| Access::Failed(trouble.failure(&name, true));
        let uri = format!("https://{name}")
            .parse()
            .map_err(|_| Access::Failed(Failure::permanent(format!("{name} is no address"))))?;
        let stream = Dial::new(wire, None).open(&uri).await.map_err(bad)?;
        Ok(Box::new(stream))
    }

    fn probe(&self) -> Arc<dyn Probe> {
        self.prober.clone()
    }

    fn files(&self) -> Arc<dyn OperatorFiles> {
        self.files.clone()
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.link.watch()
    }

    fn under_lease(&self, generation: u64) {
        self.link.under().set(generation);
    }

    async fn restore(&self, at_most: Duration, cancel: &Cancel) -> Result<(), Failure> {
        self.link.restore(at_most, cancel).await
    }
}
