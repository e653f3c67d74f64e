//! The simulated `MinIO` Operator: a Tenant walks through the states that the real one (v7.1.1) was
//! seen to go through, and is as mute about what is wrong.

use super::objects::{node_ports, secret_text};
use super::reactions::Due;
use super::tenant_objects::{About, auto_certificate, bound, pod_status, services, stateful_set, status};
use crate::ports::cluster::{Kind, ObjectRef};
use crate::transport::simulated::bad_day::BadDay;
use crate::transport::simulated::machine::{Machine, State};
use crate::transport::simulated::s3::Server;
use serde_json::{Value, json};

/// How far a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its configuration is read.
    Configured,
    /// Its Services are there.
    Services,
    /// Its `StatefulSet` is there, its pod waits.
    Waiting,
    /// Its volumes are bound.
    Bound,
    /// Its server runs, its sidecar is not ready yet.
    Running,
    /// Its pod is ready: the Service lets clients in.
    Ready,
    /// It says that it is green.
    Green,
    /// It says that it is initialised.
    Initialized,
    /// Its buckets are made.
    Buckets,
}

impl Stage {
    /// The first.
    pub const FIRST: Self = Self::Configured;

    /// The next one and after how many milliseconds.
    const fn next(self) -> Option<(u64, Self)> {
        Some(match self {
            Self::Configured => (1_000, Self::Services),
            Self::Services => (3_000, Self::Waiting),
            Self::Waiting => (4_000, Self::Bound),
            Self::Bound => (7_000, Self::Running),
            Self::Running => (7_000, Self::Ready),
            Self::Ready => (3_000, Self::Green),
            Self::Green => (2_500, Self::Initialized),
            Self::Initialized => (2_000, Self::Buckets),
            Self::Buckets => return None,
        })
    }
}

/// After how long the operator looks again at what holds a stage up.
const AGAIN: u64 = 5_000;

/// Takes a tenant one stage on, or looks again later where something holds it up.
pub fn step(machine: &Machine, s: &mut State, what: &ObjectRef, stage: Stage, now: u64) {
    // A tenant that was deleted in the meantime walks no further.
    let Some(tenant) = s.objects.get(what).cloned() else { return };
    let about = About { what, spec: &tenant["spec"] };
    if stage == Stage::FIRST && machine.bad(BadDay::SecretDeleted) {
        let name = about.spec["configuration"]["name"].as_str().unwrap_or_default();
        s.objects.remove(&about.reference(Kind::Secret, name));
    }
    let at = |stage: Stage, wait: u64| (now + wait, Due::Tenant(what.clone(), stage));
    let next = if enter(machine, s, &about, stage) {
        stage.next().map(|(wait, next)| at(next, wait))
    } else {
        Some(at(stage, AGAIN))
    };
    if let Some((at, due)) = next {
        s.later(at, due);
    }
}

/// Enters a stage; `false` where something holds it up.
fn enter(machine: &Machine, s: &mut State, about: &About<'_>, stage: Stage) -> bool {
    let now_ms = machine.clock.now_ms();
    match stage {
        Stage::Configured => {
            let name = about.spec["configuration"]["name"].as_str().unwrap_or_default();
            if s.objects.has(&about.reference(Kind::Secret, name)) {
                return true;
            }
            // The real operator's status stays empty; only the event says why.
            s.event(about.what, "Warning", "NotFound", &format!("secrets {name:?} not found"), now_ms);
            false
        }
        Stage::Services => {
            services(s, about, now_ms);
            status(s, about, &json!({"currentState": "Provisioning MinIO Headless Service", "syncVersion": "v6.0.0"}));
            true
        }
        Stage::Waiting => {
            stateful_set(machine, s, about, now_ms);
            status(
                s,
                about,
                &json!({"currentState": "Waiting for Tenant to be healthy", "pools": [
                {"ssName": about.set(), "state": "PoolCreated", "legacySecurityContext": false}]}),
            );
            true
        }
        Stage::Bound => bound(s, about, now_ms),
        Stage::Running => running(machine, s, about, now_ms),
        Stage::Ready => ready(machine, s, about, now_ms),
        Stage::Green => {
            let volumes = about.volumes();
            status(
                s,
                about,
                &json!({"availableReplicas": 1, "drivesOnline": volumes, "healthStatus": "green",
                "writeQuorum": volumes / 2 + 1}),
            );
            true
        }
        Stage::Initialized => {
            status(
                s,
                about,
                &json!({"currentState": "Initialized", "revision": 0, "pools": [
                {"ssName": about.set(), "state": "PoolInitialized", "legacySecurityContext": false}]}),
            );
            true
        }
        Stage::Buckets => {
            let names = about.spec["buckets"].as_array().into_iter().flatten();
            for name in names.filter_map(|b| b["name"].as_str()) {
                // One that is there already stays as it is.
                let _ = machine.store.with(|store| store.make_bucket(name, now_ms));
            }
            status(s, about, &json!({"provisionedBuckets": true}));
            true
        }
    }
}

fn running(machine: &Machine, s: &mut State, about: &About<'_>, now_ms: u64) -> bool {
    let waits = "Waiting for MinIO to be ready";
    if about.spec["requestAutoCert"] == true && !s.objects.has(&about.certificate()) {
        auto_certificate(machine, s, about, now_ms);
    }
    let secret = about.certificate();
    if !s.objects.has(&secret) {
        let text = format!(
            "MountVolume.SetUp failed for volume \"{}-tls\" : secret {:?} not found",
            about.what.name, secret.name
        );
        s.event(&about.pod(), "Warning", "FailedMount", &text, now_ms);
        s.event(about.what, "Warning", "WaitingMinIOIsHealthy", waits, now_ms);
        return false;
    }
    if machine.bad(BadDay::ImageMissing) {
        let image = about.spec["image"].as_str().unwrap_or_default();
        let why =
            json!({"waiting": {"reason": "ImagePullBackOff", "message": format!("Back-off pulling image {image:?}")}});
        pod_status(s, about, "Pending", &why, true);
        s.event(about.what, "Warning", "WaitingMinIOIsHealthy", waits, now_ms);
        return false;
    }
    pod_status(s, about, "Running", &json!({"running": {}}), false);
    true
}

/// Chain and key of a certificate's Secret, in either of the two spellings.
fn certificate(secret: &Value) -> Option<(String, String)> {
    let either = |a: &str, b: &str| secret_text(secret, a).or_else(|| secret_text(secret, b));
    Some((either("tls.crt", "public.crt")?, either("tls.key", "private.key")?))
}

/// Root's keys out of `config.env`.
fn root_keys(config: &str) -> Option<(String, String)> {
    let value = |name: &str| {
        let mut lines = config.lines().map(|l| l.trim().trim_start_matches("export "));
        let found = lines.find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
        Some(found.trim().trim_matches(['"', '\'']).to_owned())
    };
    Some((value("MINIO_ROOT_USER")?, value("MINIO_ROOT_PASSWORD")?))
}

fn ready(machine: &Machine, s: &mut State, about: &About<'_>, now_ms: u64) -> bool {
    let name = about.spec["configuration"]["name"].as_str().unwrap_or_default();
    let config = s.objects.get(&about.reference(Kind::Secret, name)).and_then(|c| secret_text(c, "config.env"));
    let keys = config.as_deref().and_then(root_keys);
    let certificate = s.objects.get(&about.certificate()).and_then(certificate);
    let (Some((access, secret)), Some((chain, key))) = (keys, certificate) else {
        s.event(
            &about.pod(),
            "Warning",
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
            now_ms,
        );
        return false;
    };
    machine.store.set_root(&access, &secret);
    match Server::start(&machine.store, &machine.faults, &chain, &key, Some(&machine.socket)) {
        Ok(server) => s.server = Some(server),
        Err(why) => {
            s.event(&about.pod(), "Warning", "BackOff", &why.line(), now_ms);
            return false;
        }
    }
    pod_status(s, about, "Running", &json!({"running": {}}), true);
    let set = about.reference(Kind::StatefulSet, about.set());
    s.objects.set(&set, "status", json!({"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}));
    true
}

/// Gives a running server the certificate of a Secret that was changed.
pub fn renew(_machine: &Machine, s: &mut State, what: &ObjectRef) {
    let tenants = s.objects.list(Kind::Tenant, &what.namespace, "");
    let names = |t: &Value| {
        let own = t["spec"]["externalCertSecret"][0]["name"].as_str();
        own == Some(&what.name)
    };
    if !tenants.iter().any(names) {
        return;
    }
    if let (Some(server), Some((chain, key))) = (&s.server, s.objects.get(what).and_then(certificate)) {
        // A pair that does not fit is not taken, as the real server goes on with the old one.
        let _ = server.set_certificate(&chain, &key);
    }
}

/// What goes with a tenant that is deleted: everything but its claims.
pub fn deleted(s: &mut State, what: &ObjectRef) {
    s.server = None;
    for kind in [Kind::StatefulSet, Kind::Service, Kind::ServiceAccount, Kind::Pod] {
        for object in s.objects.list(kind, &what.namespace, &format!("v1.min.io/tenant={}", what.name)) {
            let owned = object["metadata"]["ownerReferences"][0]["name"] == what.name.as_str();
            if let Some(reference) = ObjectRef::of(&object).filter(|_| owned) {
                s.objects.remove(&reference);
            }
        }
    }
}

/// Whether a node port leads to the registry of a tenant that answers.
pub fn reachable(s: &State, port: u16) -> bool {
    let leads = |service: &Value| {
        let ours = service["spec"]["selector"].get("v1.min.io/tenant").is_some();
        ours && service["spec"]["type"] == "NodePort" && node_ports(service).contains(&u64::from(port))
    };
    s.server.is_some() && s.objects.list(Kind::Service, "", "").iter().any(leads)
}
