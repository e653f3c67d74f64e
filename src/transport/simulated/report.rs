//! What the simulated site says about itself for a report: `report.sh`, pods' logs, lists as they are printed.

use super::machine::{HOSTNAME, State};
use crate::ports::UnitState;
use crate::ports::cluster::{Kind, ObjectRef, Printed};
use serde_json::Value;

/// Files that are pieces as they lie there.
const FILES: &[(&str, &str)] = &[
    ("containerd.log", "/var/lib/rancher/rke2/agent/containerd/containerd.log"),
    ("kubelet.log", "/var/lib/rancher/rke2/agent/logs/kubelet.log"),
    ("config/config.yaml", "/etc/rancher/rke2/config.yaml"),
    ("config/registries.yaml", "/etc/rancher/rke2/registries.yaml"),
    ("lock.json", "/var/lib/modelquay/lock.json"),
];

/// What `report.sh` prints, uncompressed.
pub fn answer(s: &State, bytes: usize, units: usize, now: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut piece = |name: &str, content: &[u8]| {
        let start = content.len().saturating_sub(bytes);
        let end = content.get(start..).unwrap_or_default();
        out.extend_from_slice(format!("piece {name} {} {}\n", u8::from(start > 0), end.len()).as_bytes());
        out.extend_from_slice(end);
        out.push(b'\n');
    };
    piece("system.txt", format!("$ uname -a\nLinux {HOSTNAME} simulated\n\n").as_bytes());
    let service = s.rke2.service(now);
    let services = format!("$ systemctl status rke2-server.service\nActive: {} ({})\n\n", service.active, service.sub);
    piece("services.txt", services.as_bytes());
    piece("rke2-server.log", s.rke2.journal_text(now).as_bytes());
    for (name, path) in FILES {
        if let Some(entry) = s.files.get(path).filter(|entry| !entry.dir) {
            piece(name, &entry.bytes);
        }
    }
    // The names have the time of their run in front, so that the newest are the last.
    let newest: Vec<_> = s.units.iter().rev().take(units).collect();
    let ended = newest.iter().map(|(name, unit)| match unit.state(now) {
        UnitState::Finished { status } => format!("{name} ended with: {status}\n"),
        _ => format!("{name} ended with: none\n"),
    });
    piece("units.txt", ended.collect::<String>().as_bytes());
    for (name, unit) in newest {
        piece(&format!("units/{name}.log"), &unit.log(now));
    }
    out.extend_from_slice(b"end\n");
    out
}

/// The log of a pod that is there; what stands in `/var/log/pods/NAMESPACE/POD.log` of the host, where somebody has
/// put something there.
pub fn pod_log(s: &State, path: &str) -> Option<String> {
    let (namespace, rest) = path.strip_prefix("/api/v1/namespaces/")?.split_once("/pods/")?;
    let name = rest.strip_suffix("/log")?;
    s.objects.get(&ObjectRef::new(Kind::Pod, namespace, name))?;
    let own = s.files.text(&format!("/var/log/pods/{namespace}/{name}.log"));
    Some(own.map_or_else(|| format!("{name} runs (simulated)\n"), str::to_owned))
}

/// An object as a list for people shows it.
pub fn printed(object: &Value) -> Printed {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let keys = object.get("data").and_then(Value::as_object).into_iter().flat_map(|data| data.keys().cloned());
    let (name, keys): (_, Vec<String>) = (text("/metadata/name"), keys.collect());
    let cells = [("Name", name.clone()), ("Type", text("/type")), ("Data", keys.len().to_string())];
    Printed { name, cells: cells.map(|(column, cell)| (column.to_owned(), cell)).to_vec(), keys }
}
