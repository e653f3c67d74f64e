//! What an install has to have come to, however it came there.

use crate::harness::Host;
use crate::product::{Product, key};

/// The registry answers, its keys are there, and the same command finds nothing to do.
pub fn good_end(host: &Host, product: &Product) {
    assert_eq!(product.health(host), "200");
    for name in ["root", "reader", "publisher", "triton"] {
        assert_eq!(key(&product.credentials(), name).1.len(), 40, "{name}");
    }
    product.install().expect(0).says("nothing was changed");
}

/// Everything that must be made once was made once, by the API server's audit log and the host's
/// counter of runs of the install script.
pub fn made_once(host: &Host) {
    assert_eq!(host.count("install-script"), 1, "runs of the install script");
    assert_eq!(host.created("tenants", "model-registry"), 1, "tenants");
    assert_eq!(host.created("helmcharts", "minio-operator"), 1, "charts");
    assert_eq!(host.created("secrets", "model-registry-configuration"), 1, "root keys");
    for key in ["reader", "publisher", "triton"] {
        assert_eq!(host.created("secrets", &format!("model-registry-key-{key}")), 1, "{key}");
    }
    assert_eq!(host.created("certificatesigningrequests", "modelquay-model-registry"), 1, "requests");
    // Whoever lost the lease had at most the one request on its way that can no longer be called back.
    let (leases, late) = host.late_writes();
    assert!(leases > 0, "no request names its lease");
    assert!(late <= 1, "{late} writes under a lease that was no longer held");
}

/// Both, and RKE2 was started once.
pub fn same_end(host: &Host, product: &Product) {
    assert_eq!(host.count("rke2-start"), 1, "starts of RKE2");
    made_once(host);
    good_end(host, product);
}
