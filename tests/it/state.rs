//! What an install leaves behind, written out as lines, without what differs from one install to the
//! next for good reasons: random values, versions, times, paths of the test.

use crate::stage::Stage;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modelquay::base::{Clock as _, SystemClock};
use modelquay::plan::change::hex;
use modelquay::ports::{Kind, ObjectRef};
use modelquay::transport::simulated::cluster::objects::secret_text;
use modelquay::transport::simulated::machine::State;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Access key and secret key.
pub type Pair = (String, String);

/// The registry's namespace and tenant, as the defaults name them.
pub const REGISTRY: &str = "model-registry";

/// Replaces what is random or of the moment within an object.
fn settle(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["resourceVersion", "uid", "generation", "clusterIP", "clusterIPs"] {
                map.remove(key);
            }
            map.values_mut().for_each(settle);
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::String(text) => {
            let bytes = text.as_bytes();
            if bytes.len() == 20 && bytes.get(10) == Some(&b'T') && bytes.last() == Some(&b'Z') {
                "TIME".clone_into(text);
            }
        }
        _ => {}
    }
}

fn object(what: &ObjectRef, live: &Value) -> String {
    let mut live = live.clone();
    settle(&mut live);
    match what.kind {
        Kind::Secret => {
            if let Some(data) = live["data"].as_object_mut() {
                data.values_mut().for_each(|value| *value = json!("RANDOM"));
            }
        }
        Kind::CertificateSigningRequest => {
            live["spec"]["request"] = json!("RANDOM");
            if live["status"]["certificate"].is_string() {
                live["status"]["certificate"] = json!("RANDOM");
            }
        }
        _ => {}
    }
    live.to_string()
}

fn host(s: &State, lines: &mut Vec<String>) {
    for (path, e) in s.files.all() {
        // The CA and what holds it are random in every simulation.
        let random = path.ends_with("server-ca.crt");
        // What the host keeps of the run is compared with what the operator has of it.
        let of_run = path.contains("/runs/");
        let content = if e.dir || random || of_run {
            String::new()
        } else {
            let sum = hex(&Sha256::digest(&e.bytes));
            format!("{} {} {sum}", e.size, e.sha256.as_deref().unwrap_or("-"))
        };
        lines.push(format!("file {path} {:o} {}:{} {content}", e.mode, e.uid, e.gid));
    }
    lines.extend(s.kernel.iter().map(|(name, value)| format!("kernel {name}={value}")));
    lines.extend(s.programs.iter().map(|name| format!("program {name}")));
    lines.extend(s.units.keys().map(|name| format!("unit {name}")));
}

fn registry(stage: &Stage, lines: &mut Vec<String>) {
    stage.sim.machine().store.with(|s| {
        for (name, b) in &s.buckets {
            let objects: Vec<&String> = b.objects.keys().collect();
            let uploads = b.uploads.len();
            lines.push(format!("bucket {name} {:?} quota {} {:?}", b.keeps, b.quota, b.lifecycle));
            lines.push(format!("bucket {name} holds {objects:?}, {uploads} uploads"));
        }
        lines.extend(s.policies.iter().map(|(name, p)| format!("policy {name} {}", p.document)));
        let mut keys: Vec<String> =
            s.keys.values().map(|k| format!("key with {:?}, enabled {}", k.policies, k.enabled)).collect();
        keys.sort();
        lines.append(&mut keys);
        lines.push(format!("root's key is set: {}", s.root.is_some()));
    });
}

/// Files of the operator under a directory, with modes; contents of those that are not random.
fn operator(dir: &Path, shown: &str, lines: &mut Vec<String>) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let meta = entry.metadata().expect("it is there");
        let mode = meta.permissions().mode() & 0o7777;
        let shown = format!("{shown}/{name}");
        lines.push(format!("operator {shown} {mode:o}"));
        if meta.is_dir() {
            operator(&entry.path(), &shown, lines);
        } else if name == "lock.json" || name == "request.json" {
            lines.push(fs::read_to_string(entry.path()).expect("it is text"));
        } else if name == "hand-over.txt" {
            let text = fs::read_to_string(entry.path()).expect("it is text");
            // The CA is random, and so is its fingerprint.
            lines.extend(text.lines().filter(|l| !l.contains("SHA-256")).map(|l| format!("hand-over: {l}")));
        }
    }
}

/// The end state, a line for each thing.
pub fn of(stage: &Stage) -> Vec<String> {
    let mut lines = Vec::new();
    stage.sim.machine().look(|s, _| {
        host(s, &mut lines);
        lines.extend(s.objects.all().map(|(what, live)| format!("object {what} {}", object(what, live))));
        let kept =
            s.files.all().find(|(path, _)| path.ends_with("/journal.jsonl")).map(|(_, entry)| entry.bytes.clone());
        let ours = stage.run().and_then(|run| fs::read(run.journal()).ok());
        lines.push(format!("the host keeps the whole journal: {}", kept == ours));
        lines.push(format!("somebody has the host: {}", s.lease.held_now(SystemClock.now_ms())));
    });
    registry(stage, &mut lines);
    operator(stage.directory(), "", &mut lines);
    let run = stage.run().map(|run| run.id).unwrap_or_default();
    let here = stage.directory().display().to_string();
    let lower = run.to_ascii_lowercase();
    let clean = |l: String| l.replace(&here, "DIR").replace(&run, "RUN").replace(&lower, "RUN");
    let mut lines: Vec<String> = lines.into_iter().map(clean).collect();
    lines.sort();
    lines
}

/// Lines that only one of two states has.
pub fn difference(one: &[String], two: &[String]) -> Vec<String> {
    let missing = one.iter().filter(|l| !two.contains(l)).map(|l| format!("- {l}"));
    missing.chain(two.iter().filter(|l| !one.contains(l)).map(|l| format!("+ {l}"))).collect()
}

fn secret(s: &State, name: &str) -> Option<Value> {
    s.objects.get(&ObjectRef::new(Kind::Secret, REGISTRY, name)).cloned()
}

/// The keys as the cluster's Secrets hold them, by name.
pub fn keys_in_secrets(stage: &Stage) -> BTreeMap<String, Pair> {
    stage.sim.machine().look(|s, _| {
        let mut keys = BTreeMap::new();
        if let Some(root) = secret(s, &format!("{REGISTRY}-configuration")) {
            let text = secret_text(&root, "config.env").expect("it is text");
            let value = |name: &str| {
                let line = text.lines().find_map(|l| l.strip_prefix(&format!("export {name}="))).expect("it is there");
                line.trim_matches('"').to_owned()
            };
            keys.insert("root".to_owned(), (value("MINIO_ROOT_USER"), value("MINIO_ROOT_PASSWORD")));
        }
        for name in ["reader", "publisher", "triton"] {
            if let Some(secret) = secret(s, &format!("{REGISTRY}-key-{name}")) {
                let value = |field: &str| secret_text(&secret, field).expect("it is text");
                keys.insert(name.to_owned(), (value("access_key"), value("secret_key")));
            }
        }
        keys
    })
}

/// The keys as the registry knows them, by name: root's, and others by the policy attached to them.
pub fn keys_in_registry(stage: &Stage) -> BTreeMap<String, Pair> {
    stage.sim.machine().store.with(|s| {
        let mut keys: BTreeMap<String, Pair> = BTreeMap::new();
        if let Some((access, secret)) = &s.root {
            keys.insert("root".to_owned(), (access.clone(), secret.expose().clone()));
        }
        for (at, (access, entry)) in s.keys.iter().enumerate() {
            let policy = entry.policies.first().map_or_else(|| format!("{at} without a policy"), Clone::clone);
            let name = policy.strip_prefix(&format!("{REGISTRY}-")).unwrap_or(&policy).to_owned();
            // A second key with the same rights is kept under another name, so that it shows.
            let name = if keys.contains_key(&name) { format!("{name}, once more ({at})") } else { name };
            keys.insert(name, (access.clone(), entry.secret.expose().clone()));
        }
        keys
    })
}

/// The keys in the operator's file.
pub fn keys_in_file(stage: &Stage) -> BTreeMap<String, Pair> {
    keys_in(&stage.credentials())
}

/// The keys in a file; none where there is no file.
pub fn keys_in(credentials: &Path) -> BTreeMap<String, Pair> {
    let text = fs::read_to_string(credentials).unwrap_or_default();
    let table: toml::Table = text.parse().expect("the file is TOML");
    let pairs = table.iter().filter_map(|(name, value)| {
        let value = value.as_table()?;
        let field = |f: &str| value.get(f)?.as_str().map(str::to_owned);
        Some((name.clone(), (field("access_key")?, field("secret_key")?)))
    });
    pairs.collect()
}

/// The registry's private key, as both Secrets hold it.
pub fn tls_keys(stage: &Stage) -> (Option<String>, Option<String>) {
    stage.sim.machine().look(|s, _| {
        let text = |name: &str| secret(s, name).and_then(|secret| secret_text(&secret, "tls.key"));
        (text(&format!("{REGISTRY}-cert-key")), text(&format!("{REGISTRY}-cert")))
    })
}

/// Names and uids of Secrets, with a digest of their data: by these a Secret that was made twice shows.
pub fn secrets(stage: &Stage) -> BTreeMap<String, String> {
    stage.sim.machine().look(|s, _| {
        let secrets = s.objects.all().filter(|(what, _)| what.kind == Kind::Secret);
        let mark =
            |o: &Value| format!("{} {}", o["metadata"]["uid"], STANDARD.encode(Sha256::digest(o["data"].to_string())));
        secrets.map(|(what, o)| (what.to_string(), mark(o))).collect()
    })
}
