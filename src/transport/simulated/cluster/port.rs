//! The cluster's port over the simulated API server.

use super::tenant;
use crate::plan::Failure;
use crate::ports::Cluster;
use crate::ports::cluster::{Created, Kind, ObjectRef, Printed};
use crate::transport::simulated::machine::{Machine, State};
use crate::transport::simulated::report;
use crate::transport::simulated::world::Link;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The cluster.
pub struct SimCluster {
    /// The site.
    pub machine: Arc<Machine>,
    /// The link, which may be lost.
    pub link: Arc<Link>,
}

fn own(object: &Value) -> Result<ObjectRef, Failure> {
    ObjectRef::of(object)
        .ok_or_else(|| Failure::permanent("the object has no name or is of a kind that this program does not write"))
}

impl SimCluster {
    fn ask<T>(&self, work: impl FnOnce(&mut State, u64) -> T) -> Result<T, Failure> {
        self.link.pass()?;
        Ok(self.machine.ask(work))
    }

    fn version(&self, what: &ObjectRef) -> Option<String> {
        let version =
            |s: &mut State, _| s.objects.get(what)?["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        self.machine.look(version)
    }
}

#[async_trait]
impl Cluster for SimCluster {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        self.ask(|s, _| s.objects.get(what).cloned())
    }

    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        self.ask(|s, _| s.objects.list(kind, namespace, labels))
    }

    async fn printed(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure> {
        self.ask(|s, _| s.objects.list(kind, namespace, "").iter().map(report::printed).collect())
    }

    async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Failure> {
        let what = own(object)?;
        let now_ms = self.machine.clock.now_ms();
        self.ask(|s, now| {
            let before = s.objects.get(&what).cloned();
            let applied = s.objects.apply(object, dry_run, now_ms).map_err(|r| r.failure("apply", &what))?;
            if !dry_run && before.as_ref() != Some(&applied) {
                self.machine.written(s, &what, before.as_ref(), now);
            }
            Ok(applied)
        })?
    }

    async fn create(&self, object: &Value) -> Result<Created, Failure> {
        let what = own(object)?;
        let now_ms = self.machine.clock.now_ms();
        self.ask(|s, now| match s.objects.create(object, now_ms) {
            Ok(made) => {
                self.machine.written(s, &what, None, now);
                Ok(Created::New(made))
            }
            Err(Ok(there)) => Ok(Created::Existed(there)),
            Err(Err(refusal)) => Err(refusal.failure("create", &what)),
        })?
    }

    async fn approve(&self, csr: &str, reason: &str) -> Result<(), Failure> {
        let what = ObjectRef::global(Kind::CertificateSigningRequest, csr);
        let approved = self.ask(|s, now| self.machine.approve(s, &what, reason, now))?;
        if approved { Ok(()) } else { Err(Failure::permanent(format!("{what} is not there to be approved"))) }
    }

    async fn delete(&self, what: &ObjectRef) -> Result<(), Failure> {
        self.ask(|s, _| {
            let gone = s.objects.remove(what).is_some();
            if gone && what.kind == Kind::Tenant {
                tenant::deleted(s, what);
            }
        })
    }

    async fn changed(&self, what: &ObjectRef, known: Option<&str>, at_most: Duration) -> Result<(), Failure> {
        self.link.pass()?;
        let begun = Instant::now();
        let time = &self.machine.time;
        let last = time.now().saturating_add(u64::try_from(at_most.as_millis()).unwrap_or(u64::MAX));
        loop {
            if self.version(what).as_deref() != known {
                return Ok(());
            }
            let left = at_most.saturating_sub(begun.elapsed());
            if left.is_zero() || self.machine.moved_by_hand() && time.now() >= last {
                return Ok(());
            }
            let next = self.machine.next_due().unwrap_or(u64::MAX);
            // Something always falls due again or nothing ever will: then the rest of the wait is one.
            let next = if self.machine.moved_by_hand() { next.min(last) } else { next.max(time.now() + 1) };
            time.pass(next, left).await;
        }
    }

    async fn raw(&self, path: &str) -> Result<(u16, String), Failure> {
        self.ask(|s, now| match path.split('?').next().unwrap_or_default() {
            "/readyz" | "/livez" | "/healthz" if s.rke2.is_up(now) => (200, "ok".to_owned()),
            "/version" => (200, format!("{{\"gitVersion\": \"{}\"}}", s.rke2.version)),
            path => report::pod_log(s, path).map_or((404, "404 page not found".to_owned()), |log| (200, log)),
        })
    }

    async fn server_ca(&self) -> Result<String, Failure> {
        self.link.pass()?;
        Ok(self.machine.ca.pem().to_owned())
    }
}
