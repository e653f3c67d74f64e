//! What the simulated API server holds, and how it takes writes: versions, server-side apply by one
//! manager, creation that meets what is there, and the refusals that matter.

use crate::base::clock::utc_text;
use crate::plan::{Failure, FailureKind};
use crate::ports::cluster::{Kind, ObjectRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The objects.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    all: BTreeMap<ObjectRef, Value>,
    /// What our manager applied last, by object: a field that it no longer sends is taken away.
    applied: BTreeMap<ObjectRef, Value>,
    version: u64,
    made: u64,
}

/// A refusal by the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// The server's words.
    pub message: String,
}

impl Refusal {
    fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// As the product's own client would report it.
    pub fn failure(self, verb: &str, what: &ObjectRef) -> Failure {
        let kind = match self.code {
            404 | 409 => FailureKind::Transient,
            _ => FailureKind::Permanent,
        };
        Failure::new(kind, format!("to {verb} {what}: the API server says {}", self.code)).because(self.message)
    }
}

/// Merges `from` over `into`: maps field by field, all else as a whole.
pub fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => into.clone_from(from),
    }
}

/// Takes away what was applied before and is not applied any more.
fn prune(live: &mut Value, before: &Value, now: &Value) {
    let (Value::Object(live), Value::Object(before)) = (live, before) else { return };
    for (key, old) in before {
        match now.get(key) {
            None => {
                live.remove(key);
            }
            Some(new) => {
                if let Some(inner) = live.get_mut(key) {
                    prune(inner, old, new);
                }
            }
        }
    }
}

impl Objects {
    /// An object.
    pub fn get(&self, what: &ObjectRef) -> Option<&Value> {
        self.all.get(what)
    }

    /// Every object, by its reference.
    pub fn all(&self) -> impl Iterator<Item = (&ObjectRef, &Value)> {
        self.all.iter()
    }

    /// Whether it is there.
    pub fn has(&self, what: &ObjectRef) -> bool {
        self.all.contains_key(what)
    }

    /// Objects of a kind, in a namespace or everywhere, with all of these labels.
    pub fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Vec<Value> {
        let wanted: Vec<(&str, &str)> = labels.split(',').filter_map(|l| l.split_once('=')).collect();
        let fits = |object: &Value| {
            let has = object.pointer("/metadata/labels");
            wanted.iter().all(|(k, v)| has.and_then(|l| l.get(*k)).and_then(Value::as_str) == Some(*v))
        };
        let there =
            self.all.iter().filter(|(r, _)| r.kind == kind && (namespace.is_empty() || r.namespace == namespace));
        there.map(|(_, object)| object).filter(|o| fits(o)).cloned().collect()
    }

    /// Writes an object as a controller does: merged over what is there, made where it is not.
    pub fn write(&mut self, object: &Value, now_ms: u64) {
        let Some(what) = ObjectRef::of(object) else { return };
        let old = self.all.get(&what).cloned();
        let mut new = old.clone().unwrap_or_else(|| self.fresh(now_ms));
        merge(&mut new, object);
        self.store(what, old.as_ref(), new);
    }

    /// Replaces a part of an object by its JSON pointer's last field, as controllers write status.
    pub fn set(&mut self, what: &ObjectRef, field: &str, value: Value) {
        let Some(old) = self.all.get(what).cloned() else { return };
        let mut new = old.clone();
        if let Some(map) = new.as_object_mut() {
            map.insert(field.to_owned(), value);
        }
        self.store(what.clone(), Some(&old), new);
    }

    /// Removes an object, and with a namespace everything in it.
    pub fn remove(&mut self, what: &ObjectRef) -> Option<Value> {
        let gone = self.all.remove(what);
        self.applied.remove(what);
        if gone.is_some() {
            self.version += 1;
        }
        if what.kind == Kind::Namespace {
            self.all.retain(|r, _| r.namespace != what.name);
            self.applied.retain(|r, _| r.namespace != what.name);
        }
        gone
    }

    /// Server-side apply by our manager. Gives the object as it is then; `dry_run` changes nothing.
    pub fn apply(&mut self, object: &Value, dry_run: bool, now_ms: u64) -> Result<Value, Refusal> {
        let (what, object) = self.taken(object)?;
        let old = self.all.get(&what).cloned();
        let mut new = old.clone().unwrap_or_else(|| self.fresh(now_ms));
        if let Some(before) = self.applied.get(&what) {
            prune(&mut new, before, &object);
        }
        merge(&mut new, &object);
        self.validate(&what, &mut new)?;
        if dry_run {
            return Ok(new);
        }
        self.applied.insert(what.clone(), object);
        Ok(self.store(what, old.as_ref(), new))
    }

    /// Creates an object. `Err(Ok(_))` is the one that was there before.
    pub fn create(&mut self, object: &Value, now_ms: u64) -> Result<Value, Result<Value, Refusal>> {
        let (what, object) = self.taken(object).map_err(Err)?;
        if let Some(there) = self.all.get(&what) {
            return Err(Ok(there.clone()));
        }
        let mut new = self.fresh(now_ms);
        merge(&mut new, &object);
        self.validate(&what, &mut new).map_err(Err)?;
        Ok(self.store(what, None, new))
    }

    /// The object that a write means, as the server holds it.
    fn taken(&self, object: &Value) -> Result<(ObjectRef, Value), Refusal> {
        let what = ObjectRef::of(object);
        let what = what.ok_or_else(|| Refusal::new(404, "the server could not find the requested resource"))?;
        let crd = match what.kind {
            Kind::Tenant => Some("tenants.minio.min.io"),
            Kind::HelmChart => Some("helmcharts.helm.cattle.io"),
            _ => None,
        };
        if crd.is_some_and(|name| !self.has(&ObjectRef::global(Kind::CustomResourceDefinition, name))) {
            return Err(Refusal::new(404, "the server could not find the requested resource"));
        }
        let namespaced = what.kind.api().4;
        if namespaced && !self.has(&ObjectRef::global(Kind::Namespace, &what.namespace)) {
            return Err(Refusal::new(404, format!("namespaces {:?} not found", what.namespace)));
        }
        let mut object = object.clone();
        // A Secret's plain texts are kept as base64.
        let texts = object.as_object_mut().and_then(|o| o.remove("stringData"));
        if let (Kind::Secret, Some(Value::Object(texts))) = (what.kind, texts) {
            let mut data = object.get("data").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
            for (key, text) in texts {
                data.insert(key, json!(STANDARD.encode(text.as_str().unwrap_or_default())));
            }
            object["data"] = Value::Object(data);
        }
        Ok((what, object))
    }

    /// Refuses what the real server refuses, and fills in what it fills in.
    fn validate(&mut self, what: &ObjectRef, object: &mut Value) -> Result<(), Refusal> {
        match what.kind {
            Kind::Service => self.validate_service(what, object),
            Kind::Secret
                if self.all.get(what).is_some_and(|s| s["immutable"] == true && s["data"] != object["data"]) =>
            {
                let why = format!(
                    "Secret {:?} is invalid: data: Forbidden: field is immutable when `immutable` is set",
                    what.name
                );
                Err(Refusal::new(422, why))
            }
            Kind::CertificateSigningRequest => {
                let spec = &mut object["spec"];
                if spec.get("username").is_none() {
                    spec["username"] = json!("system:admin");
                    spec["groups"] = json!(["system:masters", "system:authenticated"]);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn validate_service(&mut self, what: &ObjectRef, object: &mut Value) -> Result<(), Refusal> {
        let taken: Vec<(ObjectRef, Vec<u64>)> = self
            .all
            .iter()
            .filter(|(r, _)| r.kind == Kind::Service && *r != what)
            .map(|(r, o)| (r.clone(), node_ports(o)))
            .collect();
        for (at, port) in node_ports(object).into_iter().enumerate() {
            let refuse = |why: &str| {
                let name = &what.name;
                let path = format!("spec.ports[{at}].nodePort: Invalid value: {port}: {why}");
                Err(Refusal::new(422, format!("Service {name:?} is invalid: {path}")))
            };
            if !(30_000..=32_767).contains(&port) {
                return refuse("provided port is not in the valid range. The range of valid ports is 30000-32767");
            }
            if taken.iter().any(|(_, ports)| ports.contains(&port)) {
                return refuse("provided port is already allocated");
            }
        }
        if object["spec"].get("clusterIP").is_none() {
            self.made += 1;
            let ip = format!("10.43.{}.{}", self.made / 250 % 250 + 1, self.made % 250 + 1);
            object["spec"]["clusterIPs"] = json!([ip]);
            object["spec"]["clusterIP"] = json!(ip);
        }
        Ok(())
    }

    /// The metadata that the server gives a new object.
    fn fresh(&mut self, now_ms: u64) -> Value {
        self.made += 1;
        json!({"metadata": {
            "uid": format!("5a1a7ed0-0000-4000-8000-{:012x}", self.made),
            "creationTimestamp": utc_text(now_ms),
        }})
    }

    /// Keeps an object under a new version, unless nothing of it changed.
    fn store(&mut self, what: ObjectRef, old: Option<&Value>, mut new: Value) -> Value {
        if old == Some(&new) {
            return new;
        }
        self.version += 1;
        let spec_changed = old.map(|o| &o["spec"]) != Some(&new["spec"]);
        let generation = old.and_then(|o| o["metadata"]["generation"].as_u64()).unwrap_or(0);
        new["metadata"]["resourceVersion"] = json!(self.version.to_string());
        new["metadata"]["generation"] = json!(generation + u64::from(spec_changed));
        self.all.insert(what, new.clone());
        new
    }
}

/// The node ports of a service.
pub fn node_ports(service: &Value) -> Vec<u64> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports.filter_map(|p| p["nodePort"].as_u64()).collect()
}

/// A value of a Secret as text.
pub fn secret_text(secret: &Value, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(secret["data"].get(key)?.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}
