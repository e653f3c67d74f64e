//! The controllers of the simulated cluster: what follows by itself when an object appears, changes
//! or goes, and how long it takes.

use super::csr;
use super::objects::merge;
use super::tenant::{self, Stage};
use crate::base::clock::utc_text;
use crate::ports::cluster::{Kind, ObjectRef};
use crate::transport::simulated::bad_day::BadDay;
use crate::transport::simulated::machine::{Machine, NODE_IP, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Something that a controller will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A deployment's pod runs.
    Deployed(ObjectRef),
    /// A request is signed.
    Signed(ObjectRef),
    /// The helm-controller has made its job for a chart.
    ChartJob(ObjectRef),
    /// The job is through.
    ChartDone(ObjectRef),
    /// A tenant goes one stage on.
    Tenant(ObjectRef, Stage),
    /// A changed certificate has reached the registry's pod.
    Certificate(ObjectRef),
    /// A Secret is deleted by somebody.
    Vanishes(ObjectRef),
}

/// After how long the kubelet pulls an image again that it could not pull.
const AGAIN: u64 = 5_000;

/// An object of the core without anything but its name.
fn named(api: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

impl State {
    /// The node's name: as configured, or the host's own.
    pub fn node_name(&self) -> String {
        let config = self.files.text("/etc/rancher/rke2/config.yaml").unwrap_or_default();
        let said = config.lines().find_map(|l| l.strip_prefix("node-name:"));
        let said = said.map(|s| s.trim().trim_matches(['"', '\'']).to_owned()).filter(|s| !s.is_empty());
        said.unwrap_or_else(|| crate::transport::simulated::machine::HOSTNAME.to_owned())
    }

    /// Records an event about an object.
    pub fn event(&mut self, about: &ObjectRef, kind: &str, reason: &str, message: &str, now_ms: u64) {
        let name = format!("{}.{}", about.name, reason.to_ascii_lowercase());
        let namespace = if about.namespace.is_empty() { "default" } else { &about.namespace };
        let mut event = named("v1", "Event", namespace, &name);
        let count = self.objects.get(&ObjectRef::new(Kind::Event, namespace, &name)).and_then(|e| e["count"].as_u64());
        merge(
            &mut event,
            &json!({
                "involvedObject": {"kind": about.kind.api().2, "namespace": about.namespace, "name": about.name},
                "type": kind, "reason": reason, "message": message, "count": count.unwrap_or(0) + 1,
                "lastTimestamp": utc_text(now_ms),
            }),
        );
        self.objects.write(&event, now_ms);
    }
}

impl Machine {
    /// What a cluster holds when its API answers for the first time.
    pub fn first_objects(&self, s: &mut State, _now: u64) {
        let now_ms = self.clock.now_ms();
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let mut namespace = named("v1", "Namespace", "", name);
            namespace["status"] = json!({"phase": "Active"});
            s.objects.write(&namespace, now_ms);
        }
        s.objects.write(&crd("helmcharts.helm.cattle.io"), now_ms);
        let name = s.node_name();
        let mut node = named("v1", "Node", "", &name);
        merge(
            &mut node,
            &json!({
                "metadata": {"labels": {"kubernetes.io/hostname": name, "node-role.kubernetes.io/control-plane": "true"}},
                "status": {
                    "addresses": [
                        {"type": "InternalIP", "address": NODE_IP.to_string()},
                        {"type": "Hostname", "address": name},
                    ],
                    "nodeInfo": {"kubeletVersion": s.rke2.version, "osImage": "Ubuntu 24.04.3 LTS (simulated)"},
                    "allocatable": {"cpu": "8", "memory": "32617188Ki", "ephemeral-storage": "190Gi"},
                    "capacity": {"cpu": "8", "memory": "32617188Ki", "ephemeral-storage": "230Gi"},
                    "conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady",
                        "message": "container runtime network not ready: cni plugin not initialized"}],
                },
            }),
        );
        s.objects.write(&node, now_ms);
        if self.bad(BadDay::NodePortTaken) {
            s.objects.write(&named("v1", "Namespace", "", "shop"), now_ms);
            let mut other = named("v1", "Service", "shop", "web");
            other["spec"] = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30_900}]});
            s.objects.write(&other, now_ms);
        }
    }

    /// The node becomes Ready.
    pub fn node_ready(&self, s: &mut State, _now: u64) {
        let what = ObjectRef::global(Kind::Node, s.node_name());
        let Some(mut status) = s.objects.get(&what).map(|n| n["status"].clone()) else { return };
        status["conditions"] = json!([
            {"type": "MemoryPressure", "status": "False"}, {"type": "DiskPressure", "status": "False"},
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
        ]);
        s.objects.set(&what, "status", status);
    }

    /// Decides what follows from an object that was written by us.
    pub fn written(&self, s: &mut State, what: &ObjectRef, before: Option<&Value>, now: u64) {
        let first = before.is_none();
        match what.kind {
            Kind::Deployment if first => s.later(now + 7_000, Due::Deployed(what.clone())),
            Kind::HelmChart if first => s.later(now + 1_500, Due::ChartJob(what.clone())),
            Kind::Tenant if first => s.later(now + 1_500, Due::Tenant(what.clone(), Stage::FIRST)),
            Kind::Namespace if first => s.objects.set(what, "status", json!({"phase": "Active"})),
            Kind::Secret if !first => s.later(now + 20_000, Due::Certificate(what.clone())),
            _ => {}
        }
    }

    /// Approves a request. `false` where there is none.
    pub fn approve(&self, s: &mut State, what: &ObjectRef, reason: &str, now: u64) -> bool {
        let Some(csr) = s.objects.get(what).cloned() else { return false };
        if csr.pointer("/status/conditions").is_some() {
            return true;
        }
        let approved = json!({"type": "Approved", "status": "True", "reason": reason,
            "lastUpdateTime": utc_text(self.clock.now_ms())});
        s.objects.set(what, "status", json!({"conditions": [approved]}));
        if !self.bad(BadDay::SignerSilent) {
            s.later(now + 1_500, Due::Signed(what.clone()));
        }
        true
    }

    /// Does what is due.
    pub fn react(&self, s: &mut State, due: Due, now: u64) {
        let now_ms = self.clock.now_ms();
        match due {
            Due::Deployed(what) => {
                if !self.deployed(s, &what, now_ms) {
                    s.later(now + AGAIN, Due::Deployed(what));
                }
            }
            Due::Signed(what) => self.signed(s, &what, now_ms),
            Due::ChartJob(what) => {
                if !s.objects.has(&what) {
                    return;
                }
                let name = format!("helm-install-{}", what.name);
                let mut job = named("batch/v1", "Job", &what.namespace, &name);
                merge(
                    &mut job,
                    &json!({
                        "metadata": {"labels": {"helmcharts.helm.cattle.io/chart": what.name}},
                        "spec": {"completions": 1}, "status": {"active": 1, "startTime": utc_text(now_ms)},
                    }),
                );
                s.objects.write(&job, now_ms);
                s.objects.set(&what, "status", json!({"jobName": name}));
                s.later(now + 14_000, Due::ChartDone(what));
            }
            Due::ChartDone(what) => chart_done(s, &what, now, now_ms),
            Due::Tenant(what, stage) => tenant::step(self, s, &what, stage, now),
            Due::Certificate(what) => tenant::renew(self, s, &what),
            Due::Vanishes(what) => {
                s.objects.remove(&what);
            }
        }
    }

    /// A deployment has its pod; `false` where an image of it cannot be pulled.
    fn deployed(&self, s: &mut State, what: &ObjectRef, now_ms: u64) -> bool {
        // One that was deleted in the meantime has no pod.
        let Some(deployment) = s.objects.get(what).cloned() else { return true };
        let template = &deployment["spec"]["template"];
        let containers = template["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let images = containers.iter().map(|c| c["image"].as_str().unwrap_or_default());
        let why = images.clone().find_map(|image| Some((image.to_owned(), self.cannot_pull(s, image)?)));
        let statuses = containers.iter().zip(images).map(|(c, image)| match &why {
            Some((_, why)) => json!({"name": c["name"], "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": format!("Back-off pulling image {image:?}: ErrImagePull: {why}")}}}),
            None => json!({"name": c["name"], "ready": true, "restartCount": 0,
                "imageID": image_id(image), "state": {"running": {}}}),
        });
        let (phase, ready) = if why.is_some() { ("Pending", "False") } else { ("Running", "True") };
        let mut pod = named("v1", "Pod", &what.namespace, &format!("{}-5a1a7ed0-0", what.name));
        merge(
            &mut pod,
            &json!({
                "metadata": {"labels": template["metadata"]["labels"]},
                "spec": template["spec"],
                "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}],
                    "containerStatuses": statuses.collect::<Vec<Value>>()},
            }),
        );
        s.objects.write(&pod, now_ms);
        if let Some((image, why)) = why {
            let pod = ObjectRef::new(Kind::Pod, &what.namespace, format!("{}-5a1a7ed0-0", what.name));
            s.event(&pod, "Warning", "Failed", &format!("Failed to pull image {image:?}: {why}"), now_ms);
            return false;
        }
        let generation = deployment["metadata"]["generation"].clone();
        s.objects.set(
            what,
            "status",
            json!({
                "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                "availableReplicas": 1,
                "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}],
            }),
        );
        true
    }

    fn signed(&self, s: &mut State, what: &ObjectRef, now_ms: u64) {
        let Some(csr) = s.objects.get(what).cloned() else { return };
        let mut status = csr["status"].clone();
        match csr::sign(&self.ca, &csr, now_ms) {
            Ok(pem) => status["certificate"] = json!(STANDARD.encode(pem)),
            Err(why) => {
                if let Some(conditions) = status["conditions"].as_array_mut() {
                    conditions.push(json!({"type": "Failed", "status": "True",
                        "reason": "SignerValidationFailure", "message": why}));
                }
            }
        }
        s.objects.set(what, "status", status);
    }
}

/// A definition of further kinds, established.
fn crd(name: &str) -> Value {
    let mut crd = named("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name);
    crd["status"] = json!({"conditions": [
        {"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]});
    crd
}

/// An image as a container runtime names it: by the digest under which it was pulled.
pub fn image_id(image: &str) -> String {
    if image.contains('@') {
        return image.to_owned();
    }
    let name = image.rsplit_once(':').map_or(image, |(name, _)| name);
    format!("{name}@sha256:{}", crate::plan::change::hex(&Sha256::digest(image)))
}

/// The chart's objects: of the one chart that this product installs.
fn chart_done(s: &mut State, what: &ObjectRef, now: u64, now_ms: u64) {
    let Some(chart) = s.objects.get(what).cloned() else { return };
    let job = ObjectRef::new(Kind::Job, &what.namespace, format!("helm-install-{}", what.name));
    s.objects.set(
        &job,
        "status",
        json!({
            "succeeded": 1, "completionTime": utc_text(now_ms),
            "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}],
        }),
    );
    let namespace = chart["spec"]["targetNamespace"].as_str().unwrap_or("default").to_owned();
    let mut made = named("v1", "Namespace", "", &namespace);
    made["status"] = json!({"phase": "Active"});
    s.objects.write(&made, now_ms);
    for crd_name in ["tenants.minio.min.io", "policybindings.sts.min.io"] {
        s.objects.write(&crd(crd_name), now_ms);
    }
    let labels = json!({"app.kubernetes.io/instance": what.name, "app.kubernetes.io/name": "operator"});
    let mut deployment = named("apps/v1", "Deployment", &namespace, "minio-operator");
    merge(
        &mut deployment,
        &json!({
            "metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/version": "v7.1.1"},
                "annotations": {"meta.helm.sh/release-name": what.name, "meta.helm.sh/release-namespace": namespace}},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "operator", "image": "quay.io/minio/operator:v7.1.1",
                    "args": ["controller"], "env": [{"name": "OPERATOR_STS_ENABLED", "value": "off"}]}]},
            }},
        }),
    );
    s.objects.write(&deployment, now_ms);
    s.later(now + 9_000, Due::Deployed(ObjectRef::new(Kind::Deployment, namespace, "minio-operator")));
}
