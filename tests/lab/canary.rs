//! Where the keys are after an install, and where they are not.

use crate::canaries;
use crate::harness::{Host, TECH_PASSWORD, wait_until};
use crate::product::{Product, Ran, Running, key};
use modelquay::base::redact::disguises;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Places on the host where the keys must be, and why. Everything else is searched.
const KNOWN: [(&str, &str); 4] = [
    ("/var/lib/rancher/rke2/server/db/", "etcd keeps the Secrets"),
    ("/var/lib/kubelet/pods/", "the kubelet mounts the tenant's Secret for its pod"),
    ("/var/lib/modelquay-data/", "MinIO keeps its users' keys among its own data"),
    ("/run/k3s/containerd/", "the mounts of the pods as containerd sees them"),
];

/// Every secret of an install: the keys that it made, and the password that it was given.
pub fn secrets(product: &Product) -> Vec<String> {
    let mut all: Vec<String> =
        ["root", "reader", "publisher", "triton"].iter().map(|k| key(&product.credentials(), k).1).collect();
    all.push(TECH_PASSWORD.to_owned());
    all
}

/// Every form of every secret, one a line of a pattern file for grep.
pub fn patterns(secrets: &[String]) -> Vec<u8> {
    let mut lines = Vec::new();
    for secret in secrets {
        for form in disguises(secret.as_bytes()) {
            lines.extend(form);
            lines.push(b'\n');
        }
    }
    lines
}

/// Files under the host's root that hold a secret in any form, less the known places.
fn hits(host: &Host, patterns: &[u8]) -> Vec<String> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(patterns);
    // The patterns themselves lie in memory only, outside of what is searched.
    let found = host.sh(&format!(
        "mkdir -p /dev/shm/canary && echo {text} | base64 -d > /dev/shm/canary/patterns; \
         grep -rlaF -f /dev/shm/canary/patterns / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev 2>/dev/null; \
         for p in /proc/[0-9]*; do \
           [ $p = /proc/$$ ] && continue; \
           for f in cmdline environ; do \
             if tr '\\0' '\\n' < $p/$f 2>/dev/null | grep -qaF -f /dev/shm/canary/patterns; then echo $p/$f $(tr '\\0' ' ' < $p/cmdline | cut -c1-80); fi; \
           done; \
         done; rm -r /dev/shm/canary"
    ));
    // The lab's own users database holds no clear text; what is left are real hits.
    found.lines().filter(|l| !KNOWN.iter().any(|(place, _)| l.starts_with(place))).map(str::to_owned).collect()
}

fn local_hits(dir: &Path, patterns: &[u8], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            let name = path.display().to_string();
            let hit = patterns
                .split(|b| *b == b'\n')
                .filter(|p| !p.is_empty())
                .any(|p| bytes.windows(p.len()).any(|w| w == p));
            if hit && !allowed.iter().any(|a| name.ends_with(a)) {
                found.push(name);
            }
        }
    }
    found
}

/// Waits for an install to end and looks meanwhile at this computer's processes, for the one secret
/// that is known beforehand.
pub fn watch(mut install: Running<'_>) -> Ran {
    let mut looks = 0;
    wait_until("the install", Duration::from_mins(7), || {
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            for file in ["cmdline", "environ"] {
                let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
                let found = String::from_utf8_lossy(&bytes).contains(TECH_PASSWORD);
                assert!(!found, "{} holds the sudo password", entry.path().join(file).display());
            }
        }
        canaries::closed(&install);
        looks += 1;
        install.ended()
    });
    assert!(looks > 20, "{looks} looks");
    install.end(Duration::from_secs(5))
}

/// No secret is anywhere but where it must be, on the host and here; and the search finds what is
/// planted.
pub fn search(host: &Host, product: &Product) {
    let patterns = patterns(&secrets(product));
    assert_eq!(hits(host, &patterns), Vec::<String>::new(), "on the host");
    let home = product.path("");
    assert_eq!(local_hits(&home, &patterns, &["private/keys.toml", "private/passwords"]), Vec::<String>::new(), "here");

    // On disk in base64, in a process's arguments.
    let leak = secrets(product)[1].clone();
    host.sh(&format!(
        "printf %s x{leak} | base64 -w0 > /etc/leak.conf; setsid sh -c 'sleep 300; :' --key={leak} >/dev/null 2>&1 & echo $! > /run/leak"
    ));
    let found = hits(host, &patterns);
    host.sh("rm /etc/leak.conf; kill $(cat /run/leak); rm /run/leak");
    assert!(found.iter().any(|f| f == "/etc/leak.conf"), "{found:?}");
    assert!(found.iter().any(|f| f.contains("cmdline")), "{found:?}");
}
