//! A report over a real host: what is in it, and that none of the site's secrets is.

use crate::harness::{Host, sh};
use crate::product::{Product, key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modelquay::base::redact::disguises;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// The files of an archive by their names.
fn unpacked(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let plain = modelquay::transport::archive::unzipped(&fs::read(path).expect("it was written"), 1 << 30);
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(plain.as_slice()).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("it has one").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("it is whole");
        files.insert(name.split_once('/').map_or(name.clone(), |(_, rest)| rest.to_owned()), content);
    }
    files
}

/// Whether a text tells nothing: certificates are public, and short words are everywhere.
fn public(value: &str) -> bool {
    value.trim().len() < 12 || value.starts_with("-----BEGIN CERTIFICATE-----")
}

/// Every secret of the site: its keys, the data of all Secrets in our namespaces, the cluster's token.
fn secrets(host: &Host, product: &Product) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["root", "reader", "publisher", "triton"] {
        let (access, secret) = key(&product.credentials(), name);
        found.extend([access, secret]);
    }
    found.push(host.sh("cat /var/lib/rancher/rke2/server/token").trim().to_owned());
    for namespace in ["model-registry", "minio-operator"] {
        let list = host.kubectl(&format!("get secrets -n {namespace} -o json"));
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let items = list["items"].as_array().expect("a list");
        for data in items.iter().filter_map(|item| item["data"].as_object()) {
            for value in data.values().filter_map(serde_json::Value::as_str) {
                let text = STANDARD.decode(value).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                if !public(&text) {
                    found.extend([value.to_owned(), text]);
                }
            }
        }
    }
    // A private key and an environment are known by each of their lines.
    let lines = |text: &String| {
        text.lines().filter(|line| !public(line) && !line.starts_with('-')).map(str::to_owned).collect::<Vec<_>>()
    };
    found.iter().flat_map(lines).collect()
}

/// The lines of the files in which one of the patterns is, by grep: there are thousands of them.
fn hits(product: &Product, files: &BTreeMap<String, Vec<u8>>, patterns: &[u8]) -> String {
    let (dir, list) = (product.path("private/unpacked"), product.path("private/patterns"));
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("the home is writable");
        fs::write(path, bytes).expect("the home is writable");
    }
    fs::write(&list, patterns).expect("the home is writable");
    let found = sh(&format!("grep -raF -f {} {} || true", list.display(), dir.display()));
    fs::remove_dir_all(dir).and_then(|()| fs::remove_file(list)).expect("they are ours");
    found
}

/// A report of a finished host holds what is needed, and none of its secrets.
pub fn a_report_holds_everything_but_secrets(host: &Host, product: &Product) {
    let path = product.path("report.tar.gz");
    let to = path.display().to_string();
    let began = std::time::Instant::now();
    product
        .run(&["report", &host.name, "--yes", "--password-fd", "3", "--to", &to])
        .expect(0)
        .says("it was sent nowhere");
    let took = began.elapsed();
    let files = unpacked(&path);
    let text = |ending: &str| {
        let found = files.iter().find(|(name, _)| name.ends_with(ending));
        let (_, bytes) = found.unwrap_or_else(|| panic!("{ending} is not among {:?}", files.keys()));
        String::from_utf8_lossy(bytes).into_owned()
    };
    for (ending, words) in [
        ("host/rke2-server.log", "rke2"),
        ("host/services.txt", "rke2-server.service"),
        ("host/facts.txt", "hostname="),
        ("cluster/model-registry/pods.yaml", "kind: \"Pod\""),
        ("cluster/model-registry/secrets.txt", "model-registry-key-reader; Type Opaque"),
        ("cluster/model-registry/secrets.txt", "secret_key"),
        ("cluster/minio-operator/deployments.yaml", "minio-operator"),
        ("cluster/nodes.yaml", "kind: \"Node\""),
    ] {
        assert!(text(ending).contains(words), "{words:?} is not in {ending}:\n{}", text(ending));
    }
    assert!(files.keys().any(|name| name.starts_with("cluster/model-registry/logs/")), "{:?}", files.keys());
    let secrets = secrets(host, product);
    assert!(secrets.len() > 20, "only {} secrets are looked for", secrets.len());
    let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| disguises(secret.as_bytes())).collect();
    assert_eq!(hits(product, &files, &forms.join(&b'\n')), "");
    // The control: one of them in one file would be found.
    let mut planted = files.clone();
    planted.insert("planted".into(), [b"x", forms[0].as_slice()].concat());
    assert!(hits(product, &planted, &forms.join(&b'\n')).contains("planted"));
    let size = fs::metadata(&path).expect("it is there").len();
    println!("report: {} files, {size} bytes in {took:?}; {} secrets looked for, 0 found", files.len(), secrets.len());
}

/// A report of a host whose RKE2 has been killed holds what the host has, and says why the cluster is not in it.
pub fn a_report_says_that_the_cluster_is_down(host: &Host, product: &Product) {
    host.sh("/usr/local/bin/rke2-killall.sh >/dev/null 2>&1; ! pgrep -x kube-apiserver");
    let path = product.path("report-down.tar.gz");
    let to = path.display().to_string();
    let began = std::time::Instant::now();
    product
        .run(&["report", &host.name, "--yes", "--password-fd", "3", "--to", &to])
        .expect(0)
        .says("the cluster does not answer");
    let files = unpacked(&path);
    for ending in ["host/rke2-server.log", "host/services.txt", "host/facts.txt"] {
        assert!(files.keys().any(|name| name.ends_with(ending)), "{ending} is not among {:?}", files.keys());
    }
    let asked = files.keys().filter(|name| name.contains("cluster/")).collect::<Vec<_>>();
    assert!(asked.is_empty(), "the cluster is down, and this was had from it: {asked:?}");
    println!("report of a host whose cluster is down: {} files in {:?}", files.len(), began.elapsed());
}
