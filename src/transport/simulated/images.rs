//! Which images the simulated node can pull, and what its container runtime says of the others.

use super::bad_day::BadDay;
use super::machine::{Machine, State};
use crate::plan::components::ImageRef;
use serde_json::Value;
use std::collections::BTreeSet;

/// Where RKE2 reads its mirrors, once at its start.
const REGISTRIES: &str = "/etc/rancher/rke2/registries.yaml";

/// The registry that is dead on its bad day.
const DEAD: &str = "quay.io";

impl State {
    /// The registries that have a mirror by what is configured now. One that does not answer is not
    /// simulated: every mirror has everything.
    pub fn configured_mirrors(&self) -> BTreeSet<String> {
        let text = self.files.text(REGISTRIES).unwrap_or_default();
        // What cannot be read mends nothing.
        let read: Value = serde_saphyr::from_str(text).unwrap_or_default();
        let mirrors = read["mirrors"].as_object().into_iter().flatten();
        mirrors.map(|(registry, _)| registry.clone()).collect()
    }
}

impl Machine {
    /// Why an image cannot be pulled, in the runtime's words, where it cannot.
    pub fn cannot_pull(&self, s: &State, image: &str) -> Option<String> {
        let parts = ImageRef::parse(image)?;
        let dead = self.bad(BadDay::RegistryDead) && parts.registry == DEAD && !s.rke2.mirrors.contains(DEAD);
        dead.then(|| {
            format!(
                "failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: failed to do \
                 request: Head \"https://{DEAD}/v2/{}/manifests/{}\": dial tcp 203.0.113.7:443: connect: \
                 connection refused",
                parts.repository,
                parts.reference()
            )
        })
    }
}
