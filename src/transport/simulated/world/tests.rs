//! The whole simulated world, walked through by hand as an install walks through it.

use super::{Sim, SimOptions};
use crate::base::{Clock, Secret, SystemClock};
use crate::plan::{FailureKind, HostId};
use crate::ports::cluster::{Kind, ObjectRef};
use crate::ports::object_store::Versioning;
use crate::ports::world::Route;
use crate::ports::{
    Cluster, Credentials, Endpoint, FileSpec, Host, LinkState, Look, ScriptId, Seen, UnitSpec, UnitState, World,
};
use crate::transport::contract::{Place, hold_to};
use crate::transport::operator_files::LocalFiles;
use crate::transport::simulated::bad_day::BadDay;
use crate::transport::simulated::machine::NODE_IP;
use crate::transport::simulated::time::Pace;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SCRIPT: &str = "/var/lib/modelquay/files/install.sh";
const ROOT: (&str, &str) = ("root-of-the-registry", "a-secret-of-the-rehearsal");

/// A simulated world for tests, in which time moves by two seconds a question.
pub(crate) struct Bench {
    /// The world.
    pub sim: Sim,
    key: KeyPair,
    _directory: tempfile::TempDir,
}

impl Bench {
    /// A fresh one with these bad days.
    pub(crate) fn new(bad: &[BadDay]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let options = SimOptions {
            pace: Pace::EachCall(Duration::from_secs(2)),
            bad_days: bad.iter().copied().collect(),
            clock: Arc::new(SystemClock),
            files: Arc::new(LocalFiles::new()),
            directory: directory.path().to_owned(),
        };
        let sim = Sim::new(options).expect("a world");
        Self { sim, key: KeyPair::generate().expect("a key"), _directory: directory }
    }

    /// The host.
    pub(crate) async fn host(&self) -> Arc<dyn Host> {
        let host: HostId = "edge-07".parse().expect("a label");
        self.sim.host(host).await.expect("it is there")
    }

    /// Runs a unit to its end: its status and its log.
    pub(crate) async fn unit(&self, name: &str, script: ScriptId, args: &[&str]) -> (u8, String) {
        let host = self.host().await;
        let args = args.iter().map(|a| (*a).to_owned()).collect();
        host.start(&UnitSpec { name: name.into(), script, args }).await.expect("started");
        for _ in 0..1000 {
            let seen = host.look(&[Look::Unit { name: name.into() }]).await.expect("looked");
            if let Some(Seen::Unit(UnitState::Finished { status })) = seen.first() {
                let log = host.unit_output(name, 0, u32::MAX).await.expect("read");
                return (*status, String::from_utf8(log.bytes).expect("text"));
            }
        }
        panic!("unit {name} does not end");
    }

    /// Fetches, installs and starts RKE2, until its node is Ready.
    pub(crate) async fn install_rke2(&self) {
        let host = self.host().await;
        let files = ["0700", "root:root", "/var/lib/modelquay/files", "0755", "root:root", "/etc/rancher/rke2"];
        assert_eq!(host.run(ScriptId::MakeDirs, &files, None).await.expect("ran").status, 0);
        for (n, (name, to)) in [
            ("install.sh", SCRIPT),
            ("sha256sum-amd64.txt", "/var/lib/modelquay/files/sha256sum-amd64.txt"),
            ("rke2.linux-amd64.tar.gz", "/var/lib/modelquay/files/rke2.linux-amd64.tar.gz"),
            ("rke2-images-core.linux-amd64.tar.zst", "/var/lib/rancher/rke2/agent/images/core.tar.zst"),
        ]
        .into_iter()
        .enumerate()
        {
            let url = format!("https://depot.invalid/{name}");
            let (status, log) =
                self.unit(&format!("fetch-{n}"), ScriptId::Fetch, &[to, "-", &url, "-", "-", "-"]).await;
            assert_eq!(status, 0, "{log}");
        }
        let seen = host.look(&[Look::Sha256 { path: SCRIPT.into() }]).await.expect("looked");
        let Some(Seen::Sha256(sum)) = seen.first() else { panic!("no checksum: {seen:?}") };
        let args = [SCRIPT, sum.as_str(), "v1.36.5+rke2r1", "/var/lib/modelquay/files"];
        let (status, log) = self.unit("installer", ScriptId::RunInstaller, &args).await;
        assert_eq!((status, log.contains("[INFO]  verifying tarball")), (0, true), "{log}");
        self.write("/etc/rancher/rke2/config.yaml", "# Written by modelquay\nnode-name: edge-07\ncni: canal\n").await;
        assert_eq!(host.run(ScriptId::StartCluster, &["start"], None).await.expect("ran").status, 0);
        for _ in 0..500 {
            let said = host.run(ScriptId::ClusterProgress, &["-"], None).await;
            if said.is_ok_and(|said| said.text().contains("node=edge-07 Ready")) {
                return;
            }
        }
        panic!("the node does not become Ready");
    }

    /// Writes a file on the host.
    pub(crate) async fn write(&self, path: &str, text: &str) {
        let content = Secret::new(text.as_bytes().to_vec());
        let file = FileSpec { path: path.into(), mode: 0o600, owner: "root:root".into(), content };
        self.host().await.write(&file).await.expect("written");
    }

    /// Looks at an object until it is as wanted.
    pub(crate) async fn until(
        &self,
        cluster: &dyn Cluster,
        what: &ObjectRef,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Value {
        let mut known: Option<String> = None;
        for _ in 0..500 {
            if let Some(object) = cluster.get(what).await.expect("read") {
                if wanted(&object) {
                    return object;
                }
                known = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
            }
            cluster.changed(what, known.as_deref(), Duration::from_secs(30)).await.expect("waited");
        }
        panic!("{what} does not become as wanted");
    }

    /// A request for the node's own names.
    pub(crate) fn request(&self, name: &str, organisation: &str) -> Value {
        let names = vec!["edge-07".to_owned(), "localhost".to_owned(), NODE_IP.to_string()];
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, "system:node:edge-07");
        let pem = params.serialize_request(&self.key).expect("a request").pem().expect("PEM");
        json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
            "spec": {"signerName": "kubernetes.io/kubelet-serving", "request": STANDARD.encode(pem),
                "expirationSeconds": 600, "usages": ["digital signature", "key encipherment", "server auth"]}})
    }

    /// The tenant.
    pub(crate) fn tenant() -> Value {
        json!({"apiVersion": "minio.min.io/v2", "kind": "Tenant",
            "metadata": {"name": "model-registry", "namespace": "model-registry"},
            "spec": {"image": "docker.io/pgsty/silo:x", "requestAutoCert": false,
                "configuration": {"name": "model-registry-configuration"},
                "externalCertSecret": [{"name": "model-registry-certificate", "type": "kubernetes.io/tls"}],
                "pools": [{"name": "pool-0", "servers": 1, "volumesPerServer": 4,
                    "volumeClaimTemplate": {"metadata": {"name": "data"}, "spec": {
                        "storageClassName": "local-path", "resources": {"requests": {"storage": "5Gi"}}}}}]}})
    }

    /// Everything that a tenant stands on: operator, class, namespace, keys and certificate.
    pub(crate) async fn before_tenant(&self, cluster: &dyn Cluster) {
        let apply = |object: Value| async move { cluster.apply(&object, false).await.expect("applied") };
        apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "model-registry"}})).await;
        apply(json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local-path"}}))
            .await;
        apply(json!({"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart",
            "metadata": {"name": "minio-operator", "namespace": "kube-system"},
            "spec": {"targetNamespace": "minio-operator", "chartContent": "", "failurePolicy": "abort"}}))
        .await;
        let operator = ObjectRef::new(Kind::Deployment, "minio-operator", "minio-operator");
        self.until(cluster, &operator, |o| o["status"]["availableReplicas"] == 1).await;

        let secret = |name: &str, kind: &str, data: Value| {
            json!({"apiVersion": "v1", "kind": "Secret", "type": kind,
                "metadata": {"name": name, "namespace": "model-registry"}, "stringData": data})
        };
        let config = format!("export MINIO_ROOT_USER=\"{}\"\nexport MINIO_ROOT_PASSWORD=\"{}\"\n", ROOT.0, ROOT.1);
        cluster
            .create(&secret("model-registry-configuration", "Opaque", json!({"config.env": config})))
            .await
            .expect("made");
        cluster.create(&self.request("serving", "system:nodes")).await.expect("made");
        cluster.approve("serving", "Test").await.expect("approved");
        let csr = ObjectRef::global(Kind::CertificateSigningRequest, "serving");
        let signed = self.until(cluster, &csr, |o| o.pointer("/status/certificate").is_some()).await;
        let chain = STANDARD.decode(signed["status"]["certificate"].as_str().expect("text")).expect("base64");
        let chain = String::from_utf8(chain).expect("PEM");
        let data = json!({"tls.crt": chain, "tls.key": self.key.serialize_pem()});
        cluster.create(&secret("model-registry-certificate", "kubernetes.io/tls", data)).await.expect("made");
    }
}

#[tokio::test]
async fn an_install_by_hand_ends_at_a_registry_that_real_clients_use() {
    let bench = Bench::new(&[]);
    bench.install_rke2().await;
    let cluster = bench.sim.cluster().await.expect("its API answers");
    bench.before_tenant(&*cluster).await;
    cluster.apply(&Bench::tenant(), false).await.expect("applied");
    let endpoint = Endpoint { ip: NODE_IP, port: 30_900, ca_pem: cluster.server_ca().await.expect("a CA") };
    let probe = bench.sim.probe();
    let closed = probe.get(&endpoint, "/minio/health/live").await.expect_err("nothing leads there yet");
    assert_eq!(closed.kind, FailureKind::Transient);

    let tenant = ObjectRef::new(Kind::Tenant, "model-registry", "model-registry");
    bench.until(&*cluster, &tenant, |o| o["status"]["healthStatus"] == "green").await;
    let node_port = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "registry", "namespace": "model-registry"},
        "spec": {"type": "NodePort", "selector": {"v1.min.io/tenant": "model-registry"},
            "ports": [{"port": 9000, "nodePort": 30_900}]}});
    cluster.apply(&node_port, false).await.expect("applied");
    let seen = probe.get(&endpoint, "/minio/health/live").await.expect("it answers");
    assert_eq!((seen.status, seen.route), (200, Route::Direct));
    assert!(seen.not_after_ms > SystemClock.now_ms());

    let root = Credentials { access_key: ROOT.0.into(), secret_key: Secret::from(ROOT.1) };
    let store = bench.sim.store(&endpoint, &root).await.expect("reached");
    store.create_bucket("models").await.expect("made");
    store.set_versioning("models", true).await.expect("set");
    assert_eq!(store.versioning("models").await, Ok(Versioning::On));
    let admin = bench.sim.admin(&endpoint, &root).await.expect("reached");
    admin.set_quota("models", 1 << 30).await.expect("set");
    assert_eq!(admin.quota("models").await, Ok(1 << 30));
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": ["arn:aws:s3:::models"]}]});
    admin.set_policy("mine", &policy).await.expect("set");
    assert_eq!(admin.policy("mine").await, Ok(Some(policy)));
    let secret = Secret::from("0123456789abcdef");
    assert_eq!(admin.key("reader").await, Ok(None));
    admin.set_key("reader", &secret).await.expect("made");
    admin.attach("reader", "mine").await.expect("attached");
    assert_eq!(admin.key("reader").await.expect("read").map(|k| k.policies), Some(vec!["mine".to_owned()]));
    admin.info().await.expect("described");
    let reader = Credentials { access_key: "reader".into(), secret_key: secret };
    let reader = bench.sim.store(&endpoint, &reader).await.expect("reached");
    assert_eq!(reader.list_buckets().await, Ok(vec!["models".to_owned()]));
    let refused = reader.put("models", "k", bytes::Bytes::from_static(b"x")).await.expect_err("not allowed");
    assert!(crate::ports::object_store::refused(&refused), "{refused}");

    // Whoever looks into it finds models there, once.
    let objects = bench.sim.objects(&endpoint, &root).await.expect("reached");
    let at = crate::ports::objects::At::new("models", "README.md");
    objects.head(&at).await.expect("a sample is there");
    let query = crate::ports::objects::ListQuery { bucket: "models".into(), ..Default::default() };
    for row in objects.list(&query).await.expect("listed").objects {
        objects.delete(&crate::ports::objects::At::new("models", row.key)).await.expect("deleted");
    }
    let again = bench.sim.objects(&endpoint, &root).await.expect("reached");
    assert!(again.list(&query).await.expect("listed").objects.is_empty(), "what was deleted came back");
}

#[tokio::test]
async fn a_wrong_checksum_ends_the_fetch_and_leaves_nothing() {
    let bench = Bench::new(&[BadDay::WrongChecksum]);
    let sum = "ab".repeat(32);
    let args = ["/tmp/x.tgz", &sum, "https://depot.invalid/x.tgz", "-", "-", "-"];
    let (status, log) = bench.unit("fetch", ScriptId::Fetch, &args).await;
    assert_eq!((status, log.contains("wrong checksum")), (65, true), "{log}");
    assert_eq!(bench.host().await.look(&[Look::stat("/tmp/x.tgz")]).await, Ok(vec![Seen::Absent]));
    let good = Bench::new(&[]);
    assert_eq!(good.unit("fetch", ScriptId::Fetch, &args).await.0, 0);
    let seen = good.host().await.look(&[Look::Sha256 { path: "/tmp/x.tgz".into() }]).await;
    assert_eq!(seen, Ok(vec![Seen::Sha256(sum.clone())]));
}

#[tokio::test]
async fn a_unit_is_started_once_and_a_killed_one_is_lost() {
    let bench = Bench::new(&[]);
    let host = bench.host().await;
    let args: Vec<String> = ["/tmp/core.tar.zst", "-", "https://depot.invalid/rke2-images-core.tar.zst", "-", "-", "-"]
        .map(str::to_owned)
        .into();
    let spec = UnitSpec { name: "u".into(), script: ScriptId::Fetch, args };
    host.start(&spec).await.expect("started");
    host.start(&spec).await.expect("left alone");
    assert_eq!(host.look(&[Look::Unit { name: "u".into() }]).await, Ok(vec![Seen::Unit(UnitState::Running)]));
    host.stop("u").await.expect("stopped");
    assert_eq!(host.look(&[Look::Unit { name: "u".into() }]).await, Ok(vec![Seen::Unit(UnitState::Lost)]));
    host.start(&spec).await.expect("left as it is");
    assert_eq!(host.look(&[Look::Unit { name: "u".into() }]).await, Ok(vec![Seen::Unit(UnitState::Lost)]));
}

#[tokio::test]
async fn an_unknown_key_of_the_configuration_is_a_fatal_start() {
    let bench = Bench::new(&[]);
    bench.install_rke2().await;
    bench.write("/etc/rancher/rke2/config.yaml", "nonsense: true\n").await;
    let host = bench.host().await;
    host.run(ScriptId::StartCluster, &["restart"], None).await.expect("ran");
    let said = host.run(ScriptId::ClusterProgress, &["-"], None).await.expect("ran");
    let said = said.text();
    assert!(said.contains("service=activating auto-restart") && said.contains("-nonsense"), "{said}");
}

#[tokio::test]
async fn a_lost_link_is_unknown_and_comes_back() {
    let bench = Bench::new(&[BadDay::LinkLost]);
    bench.install_rke2().await;
    let watch = bench.sim.link();
    assert!(matches!(*watch.borrow(), LinkState::Up { .. }));

    // The same again, looked at closely.
    let bench = Bench::new(&[BadDay::LinkLost]);
    bench.sim.link.rke2_starts(bench.sim.machine.time.now());
    bench.sim.machine.time.advance(6_000);
    let host: HostId = "edge-07".parse().expect("a label");
    assert!(bench.sim.host(host).await.is_err());
    let cancel = crate::base::Cancel::new();
    assert!(bench.sim.restore(Duration::from_secs(9), &cancel).await.is_err(), "it is not back so soon");
    let lost = bench.sim.link().borrow().clone();
    assert!(matches!(lost, LinkState::Lost { attempts: 3, .. }), "after 4, 8 and 9 s: {lost:?}");
    bench.sim.restore(Duration::from_mins(1), &cancel).await.expect("it is back");
    assert!(bench.sim.host(host).await.is_ok());
}

#[tokio::test]
async fn the_same_questions_meet_the_same_world() {
    let one = walk().await;
    assert!(one.len() > 40, "the walk is too short to show anything");
    assert_eq!(one, walk().await);
}

/// Everything that a fixed walk sees, without what is random on purpose: keys and certificates.
async fn walk() -> Vec<String> {
    let bench = Bench::new(&[BadDay::SlowStart]);
    let mut seen = Vec::new();
    bench.install_rke2().await;
    let host = bench.host().await;
    let said = host.run(ScriptId::ClusterProgress, &["-"], None).await.expect("ran");
    seen.extend(said.text().lines().map(str::to_owned));
    let cluster = bench.sim.cluster().await.expect("there");
    bench.before_tenant(&*cluster).await;
    cluster.apply(&Bench::tenant(), false).await.expect("applied");
    let what = ObjectRef::new(Kind::Tenant, "model-registry", "model-registry");
    for _ in 0..40 {
        let tenant = cluster.get(&what).await.expect("read").expect("there");
        let (status, version) = (&tenant["status"], &tenant["metadata"]["resourceVersion"]);
        seen.push(format!("{} {version} {status}", bench.sim.machine.time.now()));
    }
    seen
}

#[tokio::test]
async fn the_host_keeps_the_contract_of_all_hosts() {
    let bench = Bench::new(&[]);
    let place = Place { dir: "/srv/contract".into(), owner: (1000, 1000), run: "test".into() };
    assert_eq!(hold_to(&*bench.host().await, &place).await, Ok(()));
}
