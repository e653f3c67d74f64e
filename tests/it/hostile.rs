//! A host and a cluster that answer nearly rightly: what they say of an installed registry is changed at random
//! places, and each step looks at it, or begins its work on it. Whatever they say, a step ends with a result or waits,
//! and what comes of it can be shown.

use crate::fuzz::{self, Dice};
use crate::stage::{Life, Stage};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use modelquay::app::order;
use modelquay::base::{Cancel, Redactor, Secret};
use modelquay::display::preview;
use modelquay::engine::clean;
use modelquay::engine::preview::Previewed;
use modelquay::engine::step::{Brief, Check, Cx, Hook, Progress, Steps as _};
use modelquay::engine::tail::Output as Log;
use modelquay::plan::components::Components;
use modelquay::plan::facts::Facts;
use modelquay::plan::{Changes, Failure, HostId, StepId, StepKind, Target};
use modelquay::ports::cluster::Created;
use modelquay::ports::host::Chunk;
use modelquay::ports::probe::Reached;
use modelquay::ports::{
    Access, Cluster, Credentials, Endpoint, FileSpec, Host, Kind, LinkState, Look, ObjectRef, ObjectStore, Objects,
    OperatorFiles, Output, Probe, RegistryAdmin, Route, ScriptId, Seen, UnitSpec, World,
};
use modelquay::steps::Registry;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Everything that can be asked of an installed site, and the dice by which it is changed on its way out.
struct Hostile {
    objects: BTreeMap<ObjectRef, Value>,
    files: BTreeMap<String, Vec<u8>>,
    ca: String,
    dice: Mutex<Dice>,
    /// What a unit writes, as it is, where it is not left to the dice.
    unit: Mutex<Option<Vec<u8>>>,
    link: watch::Sender<LinkState>,
}

/// What RKE2's start says on its way, as `cluster-progress.sh` prints it.
const PROGRESS: &str = "service=activating start\nrestarts=2\nresult=success\nsince_us=12\nstatus=0\narchives=2\n\
    archives_done=1\nimages=14\npulling=docker.io/rancher/x:v1\netcd=yes\napi=answers\napi_says=etcd failed\n\
    cni=/etc/cni/net.d/10-canal.conflist\nnode=edge-07 NotReady\nnode_says=cni not ready\npods=1/9\n\
    containerd=level=error msg=\"pull failed: 429 Too Many Requests\"\n\
    log=time=\"2026-11-02T10:00:00Z\" level=fatal msg=\"starting kubernetes: \\\"x\\\"\"\ncursor=s=1;i=2\nend=1\n";

const UNIT: &str = "progress 10 100\nprogress 100 100\nsha256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa rke2.tar.gz\n";

impl Hostile {
    fn dice(&self) -> std::sync::MutexGuard<'_, Dice> {
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
struct Site(Arc<Hostile>);

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

/// What an install has left in the world, and what its steps are told.
async fn installed() -> (Site, Brief) {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(modelquay::app::Exit::Done, _)), "{life:?}");
    let (mut objects, mut files) = stage.sim.machine().look(|s, _| {
        let files: BTreeMap<String, Vec<u8>> =
            s.files.all().map(|(path, e)| (path.to_owned(), e.bytes.clone())).collect();
        let objects: BTreeMap<ObjectRef, Value> =
            s.objects.all().map(|(at, object)| (at.clone(), object.clone())).collect();
        (objects, files)
    });
    // What real clusters hold beside it: a pod that waits, and what is said of it.
    for (name, reason, message) in
        [("a", "ImagePullBackOff", "429 Too Many Requests"), ("b", "CrashLoopBackOff", "back-off 10s")]
    {
        let waiting = json!({"waiting": {"reason": reason, "message": message}});
        let conditions = json!([{"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory"}]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "model-registry"},
            "spec": {"containers": [{"name": "minio", "image": "docker.io/pgsty/silo:R1"}]},
            "status": {"phase": "Pending", "conditions": conditions, "containerStatuses": [{"name": "minio", "ready": false, "state": waiting, "imageID": "docker.io/x@sha256:aa"}]},
        });
        objects.insert(ObjectRef::of(&pod).expect("it has a name"), pod);
    }
    for namespace in ["model-registry", "kube-system", "local-path-storage"] {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": namespace, "creationTimestamp": "2026-01-02T03:04:05Z"},
            "type": "Warning", "reason": "FailedScheduling", "message": "0/1 nodes: Insufficient cpu", "lastTimestamp": "2026-01-02T03:04:05Z",
        });
        objects.insert(ObjectRef::of(&event).expect("it has a name"), event);
    }
    let ordered =
        order::load(&stage.path("site.toml"), Some(&stage.credentials()), &stage.sites()).expect("right answers");
    let (site, site_dir) = (ordered.site, stage.sites().dir("edge-07".parse().expect("a label")));
    for path in ["lock.json", "ca.crt", "hand-over.txt"]
        .map(|name| site_dir.join(name))
        .into_iter()
        .chain([stage.credentials()])
    {
        files.insert(path.display().to_string(), std::fs::read(&path).expect("the install wrote it"));
    }
    let brief = Brief {
        facts: Facts::parse(include_bytes!("../fixtures/facts/ubuntu-24.04.txt")),
        components: Components::load(&site.supply.components, "amd64").expect("right tables"),
        credentials_file: Some(stage.credentials().display().to_string()),
        site_dir: site_dir.display().to_string(),
        site,
    };
    let ca = String::from_utf8(files[&format!("{}/ca.crt", brief.site_dir)].clone()).expect("PEM");
    let dice = Mutex::new(Dice::of(0, 0));
    let (unit, link) = (Mutex::default(), watch::Sender::new(LinkState::Local));
    (Site(Arc::new(Hostile { objects, files, ca, dice, unit, link })), brief)
}

/// Fails where something that is told acts on a terminal or is longer than anybody reads.
#[track_caller]
fn told(failure: &Failure) {
    fuzz::shown(&failure.line(), clean::CAUSES * (clean::TEXT + 2));
    failure.hint.iter().for_each(|hint| fuzz::shown(hint, clean::TEXT));
}

#[test]
fn any_host_and_any_cluster_let_a_step_end_or_wait() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (world, brief) = runtime.block_on(installed());
    let _within = runtime.enter();
    let redactor = Redactor::new();
    let (output, hook, cancel) = (Log::memory(redactor.clone()), Hook::default(), Cancel::new());
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen = 0;
    // A look at a site reads several objects, each of them changed: a tenth of the cases changes as many as elsewhere.
    fuzz::each(fuzz::CASES / 10, |dice| {
        *world.0.dice() = dice.clone();
        let kind = StepKind::ALL[dice.below(StepKind::ALL.len())];
        let id = StepId::of(kind, brief.site.name);
        let progress = watch::Sender::new(Progress::default());
        // Secrets that are read are learnt; what is learnt of bent ones is no secret of the next case.
        let redactor = Redactor::new();
        let cx = Cx {
            id,
            attempt: 1,
            run: "20261123-221631",
            brief: &brief,
            world: &world,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        assert!(matches!(id.target, Target::Host(_) | Target::Cluster | Target::Operator));
        let step = Registry.step(kind);
        if dice.once_in(2) {
            let check = step.check(&cx).now_or_never().expect("nothing of it waits");
            let way = match clean::check(&redactor, check) {
                Ok(check) => {
                    let way = match &check {
                        Check::Done { why } => {
                            fuzz::shown(why, clean::TEXT);
                            "done"
                        }
                        Check::NeedsWork { .. } => "work",
                        Check::Blocked { .. } => "blocked",
                        Check::Conflict(failure) => {
                            told(failure);
                            "conflict"
                        }
                    };
                    if dice.once_in(4) {
                        let changes =
                            if let Check::NeedsWork { changes } = &check { changes.clone() } else { Changes::new() };
                        let steps = [Previewed { id, check, changes }];
                        for line in preview::human("edge-07", &steps, false) {
                            fuzz::shown(&line, 2000);
                        }
                        for line in preview::json("edge-07", &steps, false) {
                            assert!(fuzz::harmless(&line), "{line}");
                            assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
                        }
                    }
                    way
                }
                Err(failure) => {
                    told(&failure);
                    "refused"
                }
            };
            *found.entry(way).or_default() += 1;
        } else {
            // As far as it comes without waiting; what it waits for is shown.
            let mut work = step.apply(&cx);
            match work.as_mut().now_or_never() {
                Some(Ok(())) => *found.entry("applied").or_default() += 1,
                Some(Err(failure)) => {
                    told(&clean::failure(&redactor, failure));
                    *found.entry("failed").or_default() += 1;
                }
                None => {
                    *found.entry("waits").or_default() += 1;
                    let now = progress.borrow().clone();
                    if let Some(waiting) = &now.waiting {
                        fuzz::shown(&waiting.observed, clean::TEXT);
                        waiting.guess.iter().for_each(|guess| fuzz::shown(guess, clean::TEXT));
                    }
                    for stage in &now.stages {
                        fuzz::shown(&stage.name, 200);
                        fuzz::shown(&stage.note, 200);
                    }
                }
            }
        }
        let (lines, next) = output.since(seen);
        seen = next;
        for line in lines {
            fuzz::shown(&line.text, 2048);
        }
    });
    // Each way of ending is met often, so that none is tried in name only.
    for word in ["done", "work", "conflict", "refused", "applied", "failed", "waits"] {
        assert!(found.get(word).is_some_and(|count| *count > 20), "{found:?}");
    }
}

#[test]
fn a_unit_that_writes_without_end_is_followed_soon_and_shows_no_half_of_a_secret() {
    const SECRET: &str = "correct-horse-battery-staple";
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (world, brief) = runtime.block_on(installed());
    let _within = runtime.enter();
    let redactor = Redactor::new();
    redactor.learn(SECRET);
    // Nothing was fetched before, so that the step begins with a unit.
    let bare = Site(Arc::new(Hostile {
        objects: BTreeMap::new(),
        files: BTreeMap::new(),
        ca: String::new(),
        dice: Mutex::new(Dice::of(0, 3)),
        unit: Mutex::default(),
        link: watch::Sender::new(LinkState::Local),
    }));
    drop(world);
    let piece = 64 << 10;
    let across = |at: usize| format!("{}{SECRET}{}\nnext\n", "x".repeat(at), "y".repeat(3 * piece));
    let floods = [
        ("empty lines", "\n".repeat(fuzz::LARGE / 20)),
        ("short lines", "a\n".repeat(fuzz::LARGE / 20)),
        ("one line", fuzz::large("x")),
        ("a secret at the first cut", across(piece - 10)),
        ("a secret at the second cut", across(2 * piece - 10)),
        ("a secret where a line is shortened", across(2048 - 10)),
    ];
    for (what, text) in floods {
        *bare.0.unit.lock().expect("nobody panics with it") = Some(text.into_bytes());
        let output = Log::memory(redactor.clone());
        let (progress, hook, cancel) = (watch::Sender::new(Progress::default()), Hook::default(), Cancel::new());
        let id = StepId::of(StepKind::ClusterImages, brief.site.name);
        let cx = Cx {
            id,
            attempt: 1,
            run: "20261123-221631",
            brief: &brief,
            world: &bare,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        let ended = fuzz::soon(what, || Registry.step(id.kind).apply(&cx).now_or_never());
        let (lines, _) = output.since(0);
        assert!(!lines.is_empty(), "{what}: nothing was followed: {ended:?}");
        for line in &lines {
            fuzz::shown(&line.text, 2048);
            for half in [&SECRET[..8], &SECRET[10..18], &SECRET[20..]] {
                assert!(!line.text.contains(half), "{what}: {half} is in {:?}", &line.text[..80.min(line.text.len())]);
            }
        }
        if what.starts_with("a secret") {
            assert_eq!(lines.last().map(|line| line.text.as_str()), Some("next"), "{what}");
        }
    }
}
