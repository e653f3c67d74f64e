//! What the product's clients believe of a host, a cluster and a registry, asked of the real ones.

use crate::harness::{Host, TECH_PASSWORD, TECH2_PASSWORD, cache, labctl, program, sh};
use crate::{kube_contract, link_contract, minio_contract, refused};
use modelquay::base::Secret;
use modelquay::plan::site::SshReach;
use modelquay::transport::https::Route;
use std::path::PathBuf;

fn runtime() -> tokio::runtime::Runtime {
    // The product's main does this; here nobody else has.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// A key file that ssh accepts, beside a configuration that knows the host.
fn reach(host: &Host, user: &str, home: &std::path::Path) -> SshReach {
    let key = home.join("key");
    sh(&format!("install -m 600 {} {}", cache().join("keys/id_ed25519").display(), key.display()));
    SshReach {
        destination: format!("{user}@{}", host.ip),
        identity: Some(key.display().to_string()),
        fingerprint: Some(host.fingerprint()),
        ..SshReach::default()
    }
}

#[test]
fn the_registry_is_what_its_clients_believe() {
    let found = runtime().block_on(minio_contract::minio_contract(&program("minio")));
    let found = found.expect("every belief holds");
    assert!(found.holds.len() > 40, "{} beliefs", found.holds.len());
}

#[test]
fn a_link_survives_a_cut_and_stops_at_a_changed_key() {
    let host = Host::fresh("link1");
    let home = tempfile::tempdir().expect("a temporary directory");
    let askpass = PathBuf::from(env!("CARGO_BIN_EXE_modelquay"));
    runtime().block_on(async {
        for (user, secrets) in [("tech", vec![TECH_PASSWORD]), ("tech2", vec![TECH2_PASSWORD, TECH2_PASSWORD])] {
            let mut to = reach(&host, user, home.path());
            if user == "tech2" {
                to.identity = None;
            }
            let link = link_contract::link(to, &secrets, askpass.clone()).await.expect("it connects");
            let cut = async || {
                host.sh("pkill -f '^sshd: tech' || true");
            };
            link_contract::survives(&link, user, cut).await.expect("it survives");
            if user == "tech2" {
                let change = async || {
                    host.sh(
                        "rm /etc/ssh/ssh_host_*; ssh-keygen -qA; systemctl restart ssh; pkill -f '^sshd: tech' || true",
                    );
                };
                link_contract::stops_at_a_changed_key(&link, change).await.expect("it stops");
            }
        }
    });
}

#[test]
fn the_cluster_is_what_its_client_believes() {
    let host = Host::fresh("kube1");
    labctl(&["rke2-install", &host.name]);
    labctl(&["rke2-wait", &host.name]);
    let kubeconfig = host.sh("cat /etc/rancher/rke2/rke2.yaml");
    let home = tempfile::tempdir().expect("a temporary directory");
    let socket = home.path().join("api");
    let key = home.path().join("key");
    sh(&format!("install -m 600 {} {}", cache().join("keys/id_ed25519").display(), key.display()));
    let known = home.path().join("known");
    std::fs::write(&known, labctl(&["host-key", &host.name])).expect("the home is writable");
    let mut forward = std::process::Command::new("ssh")
        .args(["-N", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "StrictHostKeyChecking=yes"])
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .arg("-i")
        .arg(&key)
        .arg("-L")
        .arg(format!("{}:127.0.0.1:6443", socket.display()))
        .arg(format!("root@{}", host.ip))
        .spawn()
        .expect("ssh is there");
    crate::harness::wait_until("the forward", std::time::Duration::from_mins(1), || socket.exists());
    let csr = sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null \
                  -subj '/O=system:nodes/CN=system:node:contract' -addext 'subjectAltName=DNS:contract.invalid' 2>/dev/null");
    let kubeconfig = Secret::new(kubeconfig.into_bytes());
    let asked = kube_contract::kube_contract(&kubeconfig, Route::Unix(socket), "contract-1", &csr);
    let holds = runtime().block_on(asked);
    let _ = forward.kill();
    let _ = forward.wait();
    assert!(holds.expect("every belief holds").len() > 20);
    // It is also a cluster that somebody else has made.
    refused::a_foreign_rke2_is_refused(&host);
}
