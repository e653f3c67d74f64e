//! Disks of hosts that stopped in a known state, made by the product's own run and kept in the cache
//! by the bytes of the product and of what it was given to install.

use crate::harness::{Host, cache, labctl, sh};
use crate::product::Product;

/// The host that every saved image of a finished install is of: a cluster's certificates hold its name.
pub const FINISHED: &str = "fresh1";

fn image(name: &str) -> String {
    let program = env!("CARGO_BIN_EXE_modelquay");
    let table = cache().join("components.toml");
    let sum = sh(&format!("cat {program} {} | sha256sum", table.display()));
    format!("{name}-{}", &sum[..12])
}

/// Keeps the disk of a host that has been stopped; older ones of this name go.
pub fn keep(host: &Host, name: &str) {
    let saved = cache().join("saved");
    sh(&format!("rm -f {}/{name}-*", saved.display()));
    labctl(&["host-save", &host.name, &image(name)]);
}

/// A finished host, booted anew. The test of the whole install leaves one; without it one is made.
pub fn finished() -> Host {
    let image = image("installed");
    if cache().join("saved").join(format!("{image}.img")).exists() {
        return Host::with(FINISHED, &["--from", &image]);
    }
    let host = Host::fresh(FINISHED);
    let product = Product::new();
    product.answers(&host, "");
    product.install().expect(0);
    labctl(&["host-stop", &host.name]);
    keep(&host, "installed");
    labctl(&["host-boot", &host.name]);
    host
}
