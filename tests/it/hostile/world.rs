//! A world that answers nearly rightly: what an installed site would say, changed at random places on its way out.

use crate::fuzz::{self, Dice};
use async_trait::async_trait;
use modelquay::base::{Cancel, Secret};
use modelquay::plan::{Failure, HostId, StepKind};
use modelquay::ports::cluster::Created;
use modelquay::ports::host::Chunk;
use modelquay::ports::probe::Reached;
use modelquay::ports::{
    Access, Cluster, Credentials, Endpoint, FileSpec, Host, Kind, LinkState, Look, ObjectRef, ObjectStore, Objects,
    OperatorFiles, Output, Probe, RegistryAdmin, Route, ScriptId, Seen, UnitSpec, World,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Everything that can be asked of an installed site, and the dice by which it is changed on its way out.
pub(super) struct Hostile {
    pub(super) objects: BTreeMap<ObjectRef, Value>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) ca: String,
    pub(super) dice: Mutex<Dice>,
    /// What a unit writes, as it is, where it is not left to the dice.
    pub(super) unit: Mutex<Option<Vec<u8>>>,
    pub(super) link: watch::Sender<LinkState>,
}

/// What RKE2's start says on its way, as `cluster-progress.sh` prints it.
pub(super) const PROGRESS: &str = "service=activating start\nrestarts=2\nresult=success\nsince_us=12\nstatus=0\narchives=2\n\
    archives_done=1\nimages=14\npulling=docker.io/rancher/x:v1\netcd=yes\napi=answers\napi_says=etcd failed\n\
    cni=/etc/cni/net.d/10-canal.conflist\nnode=edge-07 NotReady\nnode_says=cni not ready\npods=1/9\n\
    containerd=level=error msg=\"pull failed: 429 Too Many Requests\"\n\
    log=time=\"2026-11-02T10:00:00Z\" level=fatal msg=\"starting kubernetes: \\\"x\\\"\"\ncursor=s=1;i=2\nend=1\n";

pub(super) const UNIT: &str = "progress 10 100\nprogress 100 100\nsha256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa rke2.tar.gz\n";

impl Hostile {
    pub(super) fn dice(&self) -> std::sync::MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let mut dice = self.dice();
        // One of two stays as it is: a step that has several to read gets to the later ones.
        if dice.once_in(2) {
            fuzz::bend_json(&mut dice, &mut object);
        }
        object
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let mut dice = self.dice();
        if dice.once_in(2) {
            fuzz::bend(&mut dice, &mut bytes);
        }
        bytes
    }

    fn refused<T>(&self) -> Option<Result<T, Failure>> {
        let mut dice = self.dice();
        dice.once_in(40).then(|| Err(Failure::transient(fuzz::bend_text(&mut dice, "the API server says 503"))))
    }
}

#[async_trait]
impl Cluster for Hostile {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        if let Some(refused) = self.refused() {
            return refused;
        }
        Ok(self.objects.get(what).filter(|_| !self.dice().once_in(20)).map(|object| self.object(object)))
    }
    async fn list(&self, kind: Kind, namespace: &str, _: &str) -> Result<Vec<Value>, Failure> {
        if let Some(refused) = self.refused() {
            return refused;
        }
        let here = |at: &ObjectRef| at.kind == kind && (namespace.is_empty() || at.namespace == namespace);
        Ok(self.objects.iter().filter(|(at, _)| here(at)).map(|(_, object)| self.object(object)).collect())
    }
    async fn printed(&self, _: Kind, _: &str) -> Result<Vec<modelquay::ports::Printed>, Failure> {
        Ok(Vec::new())
    }
    async fn apply(&self, object: &Value, _: bool) -> Result<Value, Failure> {
        self.refused().unwrap_or_else(|| Ok(self.object(object)))
    }
    async fn create(&self, object: &Value) -> Result<Created, Failure> {
        self.refused().unwrap_or_else(|| Ok(Created::Existed(self.object(object))))
    }
    async fn approve(&self, _: &str, _: &str) -> Result<(), Failure> {
        Ok(())
    }
    async fn delete(&self, _: &ObjectRef) -> Result<(), Failure> {
        Ok(())
    }
    async fn changed(&self, _: &ObjectRef, _: Option<&str>, _: Duration) -> Result<(), Failure> {
        std::future::pending().await
    }
    async fn raw(&self, _: &str) -> Result<(u16, String), Failure> {
        Ok((200, String::from_utf8_lossy(&self.bytes(b"ok")).into_owned()))
    }
    async fn server_ca(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.bytes(self.ca.as_bytes())).into_owned())
    }
}

#[async_trait]
impl Host for Hostile {
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        let see = |look: &Look| match look {
            Look::File { path, .. } => self.files.get(path).map_or(Seen::Absent, |bytes| {
                let (bytes, odd) = (self.bytes(bytes), self.dice().once_in(8));
                let size = if odd { u64::MAX } else { bytes.len() as u64 };
                let mode = if odd { u32::MAX } else { 0o600 };
                Seen::File(modelquay::ports::host::FileSeen { is_dir: odd, mode, uid: 0, gid: 0, size, bytes })
            }),
            Look::Sha256 { .. } => Seen::Sha256("a".repeat(64)),
            Look::Unit { .. } => {
                use modelquay::ports::UnitState::{Absent, Finished, Lost, Running};
                let states =
                    [Running, Absent, Lost, Finished { status: 0 }, Finished { status: 0 }, Finished { status: 65 }];
                Seen::Unit(states[self.dice().below(states.len())])
            }
            Look::Service { .. } => Seen::Service(modelquay::ports::host::ServiceState {
                active: String::from_utf8_lossy(&self.bytes(b"active")).into_owned(),
                enabled: "enabled".into(),
                restarts: u32::MAX,
                since_us: u64::MAX,
                ..Default::default()
            }),
            Look::Kernel { .. } | Look::Program { .. } => {
                Seen::Text(String::from_utf8_lossy(&self.bytes(b"8192")).into_owned())
            }
        };
        let mut seen: Vec<Seen> = at.iter().map(see).collect();
        let mut dice = self.dice();
        match dice.below(60) {
            0 => seen.truncate(dice.below(at.len())),
            1 => seen.reverse(),
            _ => {}
        }
        Ok(seen)
    }
    async fn run(&self, script: ScriptId, _: &[&str], _: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure> {
        let out = if script == ScriptId::ClusterProgress { self.bytes(PROGRESS.as_bytes()) } else { Vec::new() };
        // Where a unit is what is looked at, nothing keeps the step from it.
        let steady = self.unit.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let status = u8::from(!steady && self.dice().once_in(10));
        Ok(Output { status, out, err: self.bytes(b"it did not work\n") })
    }
    async fn write(&self, _: &FileSpec) -> Result<(), Failure> {
        Ok(())
    }
    async fn remove(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }
    async fn start(&self, _: &UnitSpec) -> Result<(), Failure> {
        Ok(())
    }
    async fn unit_output(&self, _: &str, from: u64, max: u32) -> Result<Chunk, Failure> {
        if let Some(unit) = &*self.unit.lock().unwrap_or_else(PoisonError::into_inner) {
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(unit.len());
            let to = unit.len().min(from.saturating_add(usize::try_from(max).unwrap_or(usize::MAX)));
            return Ok(Chunk { bytes: unit[from..to].to_vec(), size: unit.len() as u64 });
        }
        if from > 0 {
            return Ok(Chunk { bytes: Vec::new(), size: from });
        }
        let (bytes, size) = (self.bytes(UNIT.as_bytes()), self.dice().draw());
        Ok(Chunk { bytes, size })
    }
    async fn stop(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Probe for Hostile {
    async fn get(&self, _: &Endpoint, _: &str) -> Result<Reached, Failure> {
        let sha = String::from_utf8_lossy(&self.bytes(&[b'a'; 64])).into_owned();
        Ok(Reached { status: 200, route: Route::Tunnel, certificate_sha256: sha, not_after_ms: u64::MAX })
    }
}

#[async_trait]
impl OperatorFiles for Hostile {
    async fn reserve(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }
    async fn read_private(&self, path: &str) -> Result<Option<Secret<Vec<u8>>>, Failure> {
        Ok(self.files.get(path).map(|bytes| Secret::new(self.bytes(bytes))))
    }
    async fn write_private(&self, _: &str, _: &Secret<Vec<u8>>) -> Result<(), Failure> {
        Ok(())
    }
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.files.get(path).map(|bytes| self.bytes(bytes)))
    }
    async fn write(&self, _: &str, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }
}

/// The site as a step sees it. It owns nothing, so that each handle is another view of the same.
#[derive(Clone)]
pub(super) struct Site(pub(super) Arc<Hostile>);

fn not_yet() -> Access {
    Access::NotYet { because: StepKind::Tenant }
}

#[async_trait]
impl World for Site {
    async fn host(&self, _: HostId) -> Result<Arc<dyn Host>, Access> {
        Ok(self.0.clone())
    }
    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        Ok(self.0.clone())
    }
    // What the registry answers is held to the same by the tests of its clients.
    async fn store(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        Err(not_yet())
    }
    async fn objects(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        Err(not_yet())
    }
    async fn admin(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        Err(not_yet())
    }
    fn probe(&self) -> Arc<dyn Probe> {
        self.0.clone()
    }
    fn files(&self) -> Arc<dyn OperatorFiles> {
        self.0.clone()
    }
    fn link(&self) -> watch::Receiver<LinkState> {
        self.0.link.subscribe()
    }
    async fn restore(&self, _: Duration, _: &Cancel) -> Result<(), Failure> {
        Ok(())
    }
    fn under_lease(&self, _: u64) {}
}
