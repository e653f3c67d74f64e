//! What the simulated operator makes for a tenant: Services, `StatefulSet`, claims, volumes, pod and,
//! where asked, a certificate, with the names and owners that the real one (v7.1.1) gives them.

use super::objects::merge;
use super::reactions::image_id;
use crate::ports::cluster::{Kind, ObjectRef};
use crate::transport::simulated::bad_day::BadDay;
use crate::transport::simulated::machine::{Machine, State};
use serde_json::{Value, json};

/// The image that the operator puts beside each server, as the chart's values name it.
const SIDECAR: &str = "quay.io/minio/operator-sidecar:v7.0.1";

/// What the stages need to know of a tenant.
pub struct About<'a> {
    /// The tenant itself.
    pub what: &'a ObjectRef,
    /// Its `spec`.
    pub spec: &'a Value,
}

impl About<'_> {
    /// An object of its namespace.
    pub fn reference(&self, kind: Kind, name: impl Into<String>) -> ObjectRef {
        ObjectRef::new(kind, self.what.namespace.clone(), name)
    }

    /// The Secret that its server's certificate is mounted from.
    pub fn certificate(&self) -> ObjectRef {
        let external = self.spec["externalCertSecret"][0]["name"].as_str();
        let name = external.map_or_else(|| format!("{}-tls", self.what.name), str::to_owned);
        self.reference(Kind::Secret, name)
    }

    fn pool(&self) -> &Value {
        &self.spec["pools"][0]
    }

    /// How many volumes it has.
    pub fn volumes(&self) -> u64 {
        self.pool()["volumesPerServer"].as_u64().unwrap_or(4)
    }

    /// Its `StatefulSet`'s name.
    pub fn set(&self) -> String {
        format!("{}-{}", self.what.name, self.pool()["name"].as_str().unwrap_or("pool-0"))
    }

    /// Its one pod.
    pub fn pod(&self) -> ObjectRef {
        self.reference(Kind::Pod, format!("{}-0", self.set()))
    }

    fn labels(&self) -> Value {
        json!({"v1.min.io/tenant": self.what.name, "v1.min.io/pool": "pool-0",
            "v1.min.io/console": format!("{}-console", self.what.name)})
    }

    /// An object that belongs to the tenant.
    fn owned(&self, api: &str, kind: &str, name: &str, more: &Value) -> Value {
        let owner = json!({"apiVersion": "minio.min.io/v2", "kind": "Tenant", "name": self.what.name,
            "controller": true, "blockOwnerDeletion": true});
        let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {
            "name": name, "namespace": self.what.namespace, "labels": self.labels(), "ownerReferences": [owner]}});
        merge(&mut object, more);
        object
    }
}

/// Merges this into the tenant's status.
pub fn status(s: &mut State, about: &About<'_>, more: &Value) {
    let Some(mut status) = s.objects.get(about.what).map(|t| t["status"].clone()) else { return };
    merge(&mut status, more);
    s.objects.set(about.what, "status", status);
}

/// The Services and the account that it runs as.
pub fn services(s: &mut State, about: &About<'_>, now_ms: u64) {
    let selector = json!({"v1.min.io/tenant": about.what.name});
    let console = format!("{}-console", about.what.name);
    let headless = format!("{}-hl", about.what.name);
    for (name, port, target, ip) in [
        ("minio", 443, 9000, "10.43.190.167"),
        (console.as_str(), 9443, 9443, "10.43.64.20"),
        (headless.as_str(), 9000, 9000, "None"),
    ] {
        let port = json!({"name": if target == 9000 { "https-minio" } else { "https-console" }, "port": port,
            "protocol": "TCP", "targetPort": target});
        let spec = json!({"type": "ClusterIP", "clusterIP": ip, "selector": selector, "ports": [port]});
        s.objects.write(&about.owned("v1", "Service", name, &json!({"spec": spec})), now_ms);
        s.event(about.what, "Normal", "SvcCreated", &format!("Service {name} created"), now_ms);
    }
    let account = format!("{}-sa", about.what.name);
    s.objects.write(&about.owned("v1", "ServiceAccount", &account, &json!({})), now_ms);
}

/// Its `StatefulSet`, its claims and its pod, which waits.
pub fn stateful_set(machine: &Machine, s: &mut State, about: &About<'_>, now_ms: u64) {
    let set = about.owned(
        "apps/v1",
        "StatefulSet",
        &about.set(),
        &json!({
            "spec": {"replicas": 1, "serviceName": format!("{}-hl", about.what.name)},
            "status": {"replicas": 1, "readyReplicas": 0},
        }),
    );
    s.objects.write(&set, now_ms);
    for n in 0..about.volumes() {
        let name = format!("data{n}-{}-0", about.set());
        let mut claim = about.owned(
            "v1",
            "PersistentVolumeClaim",
            &name,
            &json!({
            "spec": about.pool()["volumeClaimTemplate"]["spec"], "status": {"phase": "Pending"}}),
        );
        // Claims outlive their tenant.
        if let Some(meta) = claim["metadata"].as_object_mut() {
            meta.remove("ownerReferences");
        }
        if !s.objects.has(&about.reference(Kind::PersistentVolumeClaim, &name)) {
            s.objects.write(&claim, now_ms);
        }
    }
    let image = about.spec["image"].as_str().unwrap_or_default();
    let pod = about.owned(
        "v1",
        "Pod",
        &about.pod().name,
        &json!({
            "spec": {"nodeName": s.node_name(), "containers": [
                {"name": "minio", "image": image}, {"name": "sidecar", "image": SIDECAR}]},
            "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]},
        }),
    );
    s.objects.write(&pod, now_ms);
    s.event(about.what, "Normal", "PoolCreated", "Tenant pool pool-0 created", now_ms);
    if machine.bad(BadDay::ImageMissing) {
        let text = format!("Failed to pull image {image:?}: not found");
        s.event(&about.pod(), "Warning", "Failed", &text, now_ms);
    }
}

/// Binds its claims to volumes; `false` where the storage class does not exist.
pub fn bound(s: &mut State, about: &About<'_>, now_ms: u64) -> bool {
    let template = &about.pool()["volumeClaimTemplate"]["spec"];
    let class = template["storageClassName"].as_str().unwrap_or_default();
    if !s.objects.has(&ObjectRef::global(Kind::StorageClass, class)) {
        let claim = about.reference(Kind::PersistentVolumeClaim, format!("data0-{}-0", about.set()));
        let text = format!("storageclass.storage.k8s.io {class:?} not found");
        s.event(&claim, "Warning", "ProvisioningFailed", &text, now_ms);
        let text = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
        s.event(&about.pod(), "Warning", "FailedScheduling", text, now_ms);
        return false;
    }
    let size = template["resources"]["requests"]["storage"].clone();
    for n in 0..about.volumes() {
        let claim = format!("data{n}-{}-0", about.set());
        let volume = format!("pvc-5a1a7ed0-0000-4000-8000-{n:012}");
        s.objects.write(
            &json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume},
                "spec": {"capacity": {"storage": size}, "storageClassName": class,
                    "persistentVolumeReclaimPolicy": "Retain",
                    "claimRef": {"namespace": about.what.namespace, "name": claim}},
                "status": {"phase": "Bound"},
            }),
            now_ms,
        );
        s.objects.write(
            &json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim, "namespace": about.what.namespace},
                "spec": {"volumeName": volume}, "status": {"phase": "Bound", "capacity": {"storage": size}},
            }),
            now_ms,
        );
    }
    true
}

/// Writes how its pod and the two containers stand.
pub fn pod_status(s: &mut State, about: &About<'_>, phase: &str, minio: &Value, sidecar_ready: bool) {
    let all = sidecar_ready && minio.get("running").is_some();
    let image = image_id(about.spec["image"].as_str().unwrap_or_default());
    s.objects.set(
        &about.pod(),
        "status",
        json!({
            "phase": phase,
            "conditions": [{"type": "Ready", "status": if all { "True" } else { "False" }}],
            "containerStatuses": [
                {"name": "minio", "ready": minio.get("running").is_some(), "restartCount": 0, "state": minio,
                    "imageID": image},
                {"name": "sidecar", "ready": sidecar_ready, "restartCount": 0, "state": {"running": {}},
                    "imageID": image_id(SIDECAR)},
            ],
        }),
    );
}

/// The certificate that the operator makes itself: names only, no address.
pub fn auto_certificate(machine: &Machine, s: &mut State, about: &About<'_>, now_ms: u64) {
    let namespace = &about.what.namespace;
    let names = [format!("minio.{namespace}.svc.cluster.local"), format!("minio.{namespace}.svc")];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Ok((chain, key)) = machine.ca.issue(&names, now_ms, 365 * 86_400) else { return };
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": format!("{}-tls", about.what.name), "namespace": namespace},
        "stringData": {"public.crt": chain, "private.key": key}});
    // It cannot exist, and its namespace does: the tenant is in it.
    let _ = s.objects.create(&secret, now_ms);
}
