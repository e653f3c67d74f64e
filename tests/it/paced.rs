//! A far world: everything that is asked of it costs round trips as it does on the wire. It only
//! answers questions, because a plan changes nothing.
//!
//! What costs what: a host answers one request at a time, and looks that are asked side by side are
//! one request (by the product's own gathering). A connection costs one round trip to be opened (TCP,
//! or the channel of a forward) and one for TLS 1.3, then carries one question at a time; Kubernetes
//! is asked over at most eight at once.

use crate::rounds::Rounds;
use async_trait::async_trait;
use bytes::Bytes;
use modelquay::base::{Cancel, Secret};
use modelquay::plan::{Failure, HostId};
use modelquay::ports::cluster::Created;
use modelquay::ports::host::Chunk;
use modelquay::ports::object_store::{Expiry, Page, Versioning};
use modelquay::ports::probe::Reached;
use modelquay::ports::registry_admin::KeyInfo;
use modelquay::ports::{
    Access, Cluster, Credentials, Endpoint, FileSpec, Host, Kind, LinkState, Look, ObjectRef, ObjectStore, Objects,
    OperatorFiles, Output, Printed, Probe, RegistryAdmin, ScriptId, Seen, UnitSpec, World,
};
use modelquay::transport::gather::{Asked, Gather};
use modelquay::transport::simulated::Sim;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, watch};

fn never<T>() -> Result<T, Failure> {
    Err(Failure::permanent("a plan changes nothing"))
}

/// Connections to one server.
struct Wire {
    rounds: Arc<Rounds>,
    turns: Semaphore,
    idle: AtomicUsize,
    name: &'static str,
}

impl Wire {
    fn new(rounds: &Arc<Rounds>, at_once: usize, name: &'static str) -> Arc<Self> {
        let (turns, idle) = (Semaphore::new(at_once), AtomicUsize::new(0));
        Arc::new(Self { rounds: Arc::clone(rounds), turns, idle, name })
    }

    async fn ask<T>(&self, what: String, answer: impl Future<Output = T>) -> T {
        let _turn = self.turns.acquire().await.expect("nobody closes it");
        if self.idle.fetch_update(SeqCst, SeqCst, |idle| idle.checked_sub(1)).is_err() {
            self.rounds.trip(format!("{}: opens a connection", self.name)).await;
            self.rounds.trip(format!("{}: TLS", self.name)).await;
        }
        self.rounds.trip(format!("{}: {what}", self.name)).await;
        let answer = self.rounds.here(answer).await;
        self.idle.fetch_add(1, SeqCst);
        answer
    }
}

/// The world.
pub struct Paced {
    sim: Arc<Sim>,
    rounds: Arc<Rounds>,
    host: Arc<FarHost>,
    cluster: Mutex<Option<Arc<FarCluster>>>,
    /// Whether the way to the registry is known.
    way: Mutex<bool>,
}

impl Paced {
    /// A finished or bare site, far away.
    pub fn new(sim: &Arc<Sim>, rounds: &Arc<Rounds>) -> Self {
        let (sim, rounds) = (Arc::clone(sim), Arc::clone(rounds));
        let (gather, turn) = (Gather::default(), Mutex::default());
        let host = Arc::new(FarHost { sim: Arc::clone(&sim), rounds: Arc::clone(&rounds), gather, turn });
        Self { sim, rounds, host, cluster: Mutex::default(), way: Mutex::default() }
    }

    /// The product tries the way once a connection, with a look of its own.
    async fn find_way(&self) {
        let mut known = self.way.lock().await;
        if !*known {
            look_at_registry(&self.rounds).await;
            *known = true;
        }
    }
}

async fn look_at_registry(rounds: &Rounds) {
    for what in ["opens a connection", "TLS", "is it live"] {
        rounds.trip(format!("probe: {what}")).await;
    }
}

#[async_trait]
impl World for Paced {
    async fn host(&self, _: HostId) -> Result<Arc<dyn Host>, Access> {
        Ok(Arc::clone(&self.host) as _)
    }
    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        if let Some(cluster) = &*self.cluster.lock().await {
            return Ok(Arc::clone(cluster) as _);
        }
        // The kubeconfig, and whether the service runs.
        self.host.look(&[Look::stat("/etc/rancher/rke2/rke2.yaml")]).await.map_err(Access::Failed)?;
        let inner = self.sim.cluster().await?;
        let mut known = self.cluster.lock().await;
        if let Some(cluster) = &*known {
            return Ok(Arc::clone(cluster) as _);
        }
        let cluster = Arc::new(FarCluster { inner, wire: Wire::new(&self.rounds, 8, "kubernetes") });
        *known = Some(Arc::clone(&cluster));
        Ok(cluster)
    }
    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        self.find_way().await;
        let inner = self.sim.store(at, with).await?;
        Ok(Arc::new(FarStore { inner, wire: Wire::new(&self.rounds, 64, "s3") }))
    }
    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        self.sim.objects(at, with).await
    }
    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        self.find_way().await;
        let inner = self.sim.admin(at, with).await?;
        Ok(Arc::new(FarAdmin { inner, wire: Wire::new(&self.rounds, 64, "admin") }))
    }
    fn probe(&self) -> Arc<dyn Probe> {
        Arc::new(FarProbe { inner: self.sim.probe(), rounds: Arc::clone(&self.rounds) })
    }
    fn files(&self) -> Arc<dyn OperatorFiles> {
        Arc::new(NearFiles { inner: self.sim.files(), rounds: Arc::clone(&self.rounds) })
    }
    fn link(&self) -> watch::Receiver<LinkState> {
        self.sim.link()
    }
    fn under_lease(&self, generation: u64) {
        self.sim.under_lease(generation);
    }
    async fn restore(&self, _: Duration, _: &Cancel) -> Result<(), Failure> {
        Err(Failure::permanent("the link is never lost here"))
    }
}

struct FarHost {
    sim: Arc<Sim>,
    rounds: Arc<Rounds>,
    gather: Gather,
    turn: Mutex<()>,
}

impl FarHost {
    async fn inner(&self) -> Result<Arc<dyn Host>, Failure> {
        Ok(self.sim.host("edge-07".parse().expect("a label")).await?)
    }
}

#[async_trait]
impl Asked for FarHost {
    async fn ask(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        let _turn = self.turn.lock().await;
        self.rounds.trip(format!("host: {} looks", at.len())).await;
        self.inner().await?.look(at).await
    }
}

#[async_trait]
impl Host for FarHost {
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        self.gather.look(at, self).await
    }
    async fn run(&self, script: ScriptId, args: &[&str], input: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure> {
        if !matches!(script, ScriptId::Facts | ScriptId::DiskSync | ScriptId::AskSources) {
            return never();
        }
        let _turn = self.turn.lock().await;
        self.rounds.trip(format!("host: {}", script.name())).await;
        self.inner().await?.run(script, args, input).await
    }
    async fn write(&self, _: &FileSpec) -> Result<(), Failure> {
        never()
    }
    async fn remove(&self, _: &str) -> Result<(), Failure> {
        never()
    }
    async fn start(&self, _: &UnitSpec) -> Result<(), Failure> {
        never()
    }
    async fn unit_output(&self, _: &str, _: u64, _: u32) -> Result<Chunk, Failure> {
        never()
    }
    async fn stop(&self, _: &str) -> Result<(), Failure> {
        never()
    }
}

struct FarCluster {
    inner: Arc<dyn Cluster>,
    wire: Arc<Wire>,
}

#[async_trait]
impl Cluster for FarCluster {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        self.wire.ask(what.to_string(), self.inner.get(what)).await
    }
    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        self.wire.ask(format!("every {kind:?}"), self.inner.list(kind, namespace, labels)).await
    }
    async fn printed(&self, _: Kind, _: &str) -> Result<Vec<Printed>, Failure> {
        never()
    }
    async fn apply(&self, _: &Value, _: bool) -> Result<Value, Failure> {
        never()
    }
    async fn create(&self, _: &Value) -> Result<Created, Failure> {
        never()
    }
    async fn approve(&self, _: &str, _: &str) -> Result<(), Failure> {
        never()
    }
    async fn delete(&self, _: &ObjectRef) -> Result<(), Failure> {
        never()
    }
    async fn changed(&self, _: &ObjectRef, _: Option<&str>, _: Duration) -> Result<(), Failure> {
        Err(Failure::permanent("a plan waits for nothing"))
    }
    async fn raw(&self, path: &str) -> Result<(u16, String), Failure> {
        self.wire.ask(path.into(), self.inner.raw(path)).await
    }
    /// It came with the kubeconfig.
    async fn server_ca(&self) -> Result<String, Failure> {
        self.inner.server_ca().await
    }
}

struct FarStore {
    inner: Arc<dyn ObjectStore>,
    wire: Arc<Wire>,
}

#[async_trait]
impl ObjectStore for FarStore {
    async fn list_buckets(&self) -> Result<Vec<String>, Failure> {
        self.wire.ask("buckets".into(), self.inner.list_buckets()).await
    }
    async fn bucket_exists(&self, bucket: &str) -> Result<bool, Failure> {
        self.wire.ask(format!("bucket {bucket}"), self.inner.bucket_exists(bucket)).await
    }
    async fn create_bucket(&self, _: &str) -> Result<(), Failure> {
        never()
    }
    async fn versioning(&self, bucket: &str) -> Result<Versioning, Failure> {
        self.wire.ask("versioning".into(), self.inner.versioning(bucket)).await
    }
    async fn set_versioning(&self, _: &str, _: bool) -> Result<(), Failure> {
        never()
    }
    async fn expiry(&self, bucket: &str) -> Result<Option<Expiry>, Failure> {
        self.wire.ask("expiry".into(), self.inner.expiry(bucket)).await
    }
    async fn set_expiry(&self, _: &str, _: Expiry) -> Result<(), Failure> {
        never()
    }
    async fn list(&self, bucket: &str, prefix: &str, from: Option<&str>) -> Result<Page, Failure> {
        self.wire.ask("objects".into(), self.inner.list(bucket, prefix, from)).await
    }
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<u64>, Failure> {
        self.wire.ask(format!("size of {key}"), self.inner.head(bucket, key)).await
    }
    async fn get(&self, bucket: &str, key: &str, max: u64) -> Result<Option<Bytes>, Failure> {
        self.wire.ask(key.into(), self.inner.get(bucket, key, max)).await
    }
    async fn put(&self, _: &str, _: &str, _: Bytes) -> Result<Option<String>, Failure> {
        never()
    }
    async fn delete(&self, _: &str, _: &str, _: Option<&str>) -> Result<(), Failure> {
        never()
    }
}

struct FarAdmin {
    inner: Arc<dyn RegistryAdmin>,
    wire: Arc<Wire>,
}

#[async_trait]
impl RegistryAdmin for FarAdmin {
    async fn policy(&self, name: &str) -> Result<Option<Value>, Failure> {
        self.wire.ask(format!("policy {name}"), self.inner.policy(name)).await
    }
    async fn set_policy(&self, _: &str, _: &Value) -> Result<(), Failure> {
        never()
    }
    async fn key(&self, access_key: &str) -> Result<Option<KeyInfo>, Failure> {
        self.wire.ask("a key".into(), self.inner.key(access_key)).await
    }
    async fn set_key(&self, _: &str, _: &Secret<String>) -> Result<(), Failure> {
        never()
    }
    async fn attach(&self, _: &str, _: &str) -> Result<(), Failure> {
        never()
    }
    async fn quota(&self, bucket: &str) -> Result<u64, Failure> {
        self.wire.ask("quota".into(), self.inner.quota(bucket)).await
    }
    async fn set_quota(&self, _: &str, _: u64) -> Result<(), Failure> {
        never()
    }
    async fn info(&self) -> Result<Value, Failure> {
        self.wire.ask("info".into(), self.inner.info()).await
    }
}

struct FarProbe {
    inner: Arc<dyn Probe>,
    rounds: Arc<Rounds>,
}

#[async_trait]
impl Probe for FarProbe {
    async fn get(&self, endpoint: &Endpoint, path: &str) -> Result<Reached, Failure> {
        look_at_registry(&self.rounds).await;
        self.rounds.here(self.inner.get(endpoint, path)).await
    }
}

struct NearFiles {
    inner: Arc<dyn OperatorFiles>,
    rounds: Arc<Rounds>,
}

#[async_trait]
impl OperatorFiles for NearFiles {
    async fn reserve(&self, _: &str) -> Result<(), Failure> {
        never()
    }
    async fn read_private(&self, path: &str) -> Result<Option<Secret<Vec<u8>>>, Failure> {
        self.rounds.here(self.inner.read_private(path)).await
    }
    async fn write_private(&self, _: &str, _: &Secret<Vec<u8>>) -> Result<(), Failure> {
        never()
    }
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.rounds.here(self.inner.read(path)).await
    }
    async fn write(&self, _: &str, _: &[u8]) -> Result<(), Failure> {
        never()
    }
}
