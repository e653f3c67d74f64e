//! A world that counts: every call goes on to the simulated one, and what really changed something is
//! written down. So "made exactly once" is counted where it is made and not inferred from what is left.

use async_trait::async_trait;
use modelquay::base::{Cancel, Secret};
use modelquay::plan::{Failure, HostId};
use modelquay::ports::cluster::Created;
use modelquay::ports::host::Chunk;
use modelquay::ports::registry_admin::KeyInfo;
use modelquay::ports::{
    Access, Cluster, Credentials, Endpoint, FileSpec, Host, Kind, LinkState, Look, ObjectRef, ObjectStore, Objects,
    OperatorFiles, Output, Printed, Probe, RegistryAdmin, ScriptId, Seen, UnitSpec, World,
};
use modelquay::transport::operator_files::LocalFiles;
use modelquay::transport::simulated::Sim;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What was changed, over all the lives of a run.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Vec<String>>>);

impl Ledger {
    fn note(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// The entries, sorted: a run that was cut off does the same things, not always in the same order.
    pub fn sorted(&self) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort();
        all
    }
}

/// The world of one life of the program: the site outlives it, its own memory does not.
pub struct Watched {
    sim: Arc<Sim>,
    ledger: Ledger,
    files: Arc<dyn OperatorFiles>,
}

impl Watched {
    /// A new life on an old site.
    pub fn new(sim: &Arc<Sim>, ledger: &Ledger) -> Self {
        Self { sim: Arc::clone(sim), ledger: ledger.clone(), files: Arc::new(LocalFiles::new()) }
    }
}

#[async_trait]
impl World for Watched {
    async fn host(&self, host: HostId) -> Result<Arc<dyn Host>, Access> {
        let inner = self.sim.host(host).await?;
        Ok(Arc::new(WatchedHost { inner, sim: Arc::clone(&self.sim), ledger: self.ledger.clone() }))
    }

    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        let inner = self.sim.cluster().await?;
        Ok(Arc::new(WatchedCluster { inner, sim: Arc::clone(&self.sim), ledger: self.ledger.clone() }))
    }

    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        self.sim.store(at, with).await
    }

    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        self.sim.objects(at, with).await
    }

    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        let inner = self.sim.admin(at, with).await?;
        Ok(Arc::new(WatchedAdmin { inner, ledger: self.ledger.clone() }))
    }

    fn probe(&self) -> Arc<dyn Probe> {
        self.sim.probe()
    }

    fn files(&self) -> Arc<dyn OperatorFiles> {
        Arc::clone(&self.files)
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.sim.link()
    }
    fn under_lease(&self, generation: u64) {
        self.sim.under_lease(generation);
    }

    async fn restore(&self, at_most: Duration, cancel: &Cancel) -> Result<(), Failure> {
        self.sim.restore(at_most, cancel).await
    }

    fn pause(&self) -> Duration {
        self.sim.pause()
    }

    fn time(&self) -> Option<Duration> {
        self.sim.time()
    }
}

struct WatchedHost {
    inner: Arc<dyn Host>,
    sim: Arc<Sim>,
    ledger: Ledger,
}

#[async_trait]
impl Host for WatchedHost {
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        self.inner.look(at).await
    }

    async fn run(&self, script: ScriptId, args: &[&str], input: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure> {
        if script == ScriptId::StartCluster {
            let before = self.sim.machine().look(|s, now| s.rke2.service(now).active);
            if before == "inactive" || args == ["restart"] {
                self.ledger.note(format!("rke2 {}", args.join(" ")));
            }
        }
        self.inner.run(script, args, input).await
    }

    async fn write(&self, file: &FileSpec) -> Result<(), Failure> {
        self.inner.write(file).await
    }

    async fn remove(&self, path: &str) -> Result<(), Failure> {
        self.inner.remove(path).await
    }

    async fn start(&self, unit: &UnitSpec) -> Result<(), Failure> {
        if !self.sim.machine().look(|s, _| s.units.contains_key(&unit.name)) {
            self.ledger.note(format!("unit {} {}", unit.script.name(), unit.args.first().map_or("", String::as_str)));
        }
        self.inner.start(unit).await
    }

    async fn unit_output(&self, unit: &str, from: u64, max: u32) -> Result<Chunk, Failure> {
        self.inner.unit_output(unit, from, max).await
    }

    async fn stop(&self, unit: &str) -> Result<(), Failure> {
        self.ledger.note("a unit is stopped".into());
        self.inner.stop(unit).await
    }
}

struct WatchedCluster {
    inner: Arc<dyn Cluster>,
    sim: Arc<Sim>,
    ledger: Ledger,
}

impl WatchedCluster {
    fn version(&self, object: &Value) -> Option<String> {
        let what = ObjectRef::of(object)?;
        let version = |s: &mut modelquay::transport::simulated::machine::State, _| {
            s.objects.get(&what).map(|o| o["metadata"]["resourceVersion"].to_string())
        };
        self.sim.machine().look(version)
    }
}

fn name(object: &Value) -> String {
    ObjectRef::of(object).map_or_else(|| "something without a name".into(), |what| what.to_string())
}

#[async_trait]
impl Cluster for WatchedCluster {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        self.inner.get(what).await
    }

    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        self.inner.list(kind, namespace, labels).await
    }

    async fn printed(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure> {
        self.inner.printed(kind, namespace).await
    }

    async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Failure> {
        let before = self.version(object);
        let applied = self.inner.apply(object, dry_run).await?;
        if !dry_run && before.as_deref() != Some(&applied["metadata"]["resourceVersion"].to_string()) {
            self.ledger.note(format!("apply {}", name(object)));
        }
        Ok(applied)
    }

    async fn create(&self, object: &Value) -> Result<Created, Failure> {
        let created = self.inner.create(object).await?;
        if matches!(created, Created::New(_)) {
            self.ledger.note(format!("create {}", name(object)));
        }
        Ok(created)
    }

    async fn approve(&self, csr: &str, reason: &str) -> Result<(), Failure> {
        self.ledger.note(format!("approve {csr}"));
        self.inner.approve(csr, reason).await
    }

    async fn delete(&self, what: &ObjectRef) -> Result<(), Failure> {
        if self.sim.machine().look(|s, _| s.objects.has(what)) {
            self.ledger.note(format!("delete {what}"));
        }
        self.inner.delete(what).await
    }

    async fn changed(&self, what: &ObjectRef, known: Option<&str>, at_most: Duration) -> Result<(), Failure> {
        self.inner.changed(what, known, at_most).await
    }

    async fn raw(&self, path: &str) -> Result<(u16, String), Failure> {
        self.inner.raw(path).await
    }

    async fn server_ca(&self) -> Result<String, Failure> {
        self.inner.server_ca().await
    }
}

struct WatchedAdmin {
    inner: Arc<dyn RegistryAdmin>,
    ledger: Ledger,
}

#[async_trait]
impl RegistryAdmin for WatchedAdmin {
    async fn policy(&self, name: &str) -> Result<Option<Value>, Failure> {
        self.inner.policy(name).await
    }

    async fn set_policy(&self, name: &str, policy: &Value) -> Result<(), Failure> {
        self.inner.set_policy(name, policy).await
    }

    async fn key(&self, access_key: &str) -> Result<Option<KeyInfo>, Failure> {
        self.inner.key(access_key).await
    }

    async fn set_key(&self, access_key: &str, secret_key: &Secret<String>) -> Result<(), Failure> {
        // Which key it is the attachment says; here only that one more was told to the registry.
        self.ledger.note("key told to the registry".into());
        self.inner.set_key(access_key, secret_key).await
    }

    async fn attach(&self, access_key: &str, policy: &str) -> Result<(), Failure> {
        self.ledger.note(format!("attach {policy}"));
        self.inner.attach(access_key, policy).await
    }

    async fn quota(&self, bucket: &str) -> Result<u64, Failure> {
        self.inner.quota(bucket).await
    }

    async fn set_quota(&self, bucket: &str, bytes: u64) -> Result<(), Failure> {
        self.ledger.note(format!("quota of {bucket}"));
        self.inner.set_quota(bucket, bytes).await
    }

    async fn info(&self) -> Result<Value, Failure> {
        self.inner.info().await
    }
}
