//! The operator's own disk, which fills up at the beginning and in the middle of an install.

use crate::end_state::same_end;
use crate::harness::{Host, sh};
use crate::product::Product;
use std::path::PathBuf;
use std::time::Duration;

/// A small file system of its own; it goes with the test.
struct Mounted(PathBuf);

impl Mounted {
    fn on(path: PathBuf, size: &str) -> Self {
        sh(&format!("mkdir -p {0} && mount -t tmpfs -o size={size},mode=700 tmpfs {0}", path.display()));
        Self(path)
    }

    fn so(&self, options: &str) {
        sh(&format!("mount -o remount,{options} {}", self.0.display()));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_state_directory_that_fills_up_stops_the_run_and_loses_nothing() {
    let host = Host::fresh("own1");
    let product = Product::new();
    product.answers(&host, "");
    let state = Mounted::on(product.path("state/modelquay"), "24k");
    product.install().expect(1).says("this computer's disk is full").says("make room");
    let held = product.journal(&host.name);
    state.so("size=16m");

    let mut again = product.start_resume(&host);
    again.until_applying(&host.name, "cluster-start", Duration::from_mins(5));
    assert!(product.journal(&host.name).len() > held.len());
    let filler = state.0.join("filler").display().to_string();
    sh(&format!("dd if=/dev/zero of={filler} bs=1k 2>/dev/null; test -s {filler}"));
    again.end(Duration::from_mins(5)).expect(1).says("this computer's disk is full");
    sh(&format!("rm {filler}"));
    product.resume(&host).expect(0);
    same_end(&host, &product);
}
