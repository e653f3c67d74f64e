use super::*;
use std::collections::BTreeSet;

/// For each failure a line that it is known by, and one that looks like it and is something else. The lines
/// are those of the programs themselves, as users have reported them or as the lab has seen them.
const LINES_OF: &[(&str, &str, &str)] = &[
    (
        "no-default-route",
        "level=fatal msg=\"no default routes found in \\\"/proc/net/route\\\" or \\\"/proc/net/ipv6_route\\\"\"",
        "level=info msg=\"default route is by eth0\"",
    ),
    (
        "apparmor-parser",
        "get apparmor_parser version: exec: \"apparmor_parser\": executable file not found in $PATH",
        "exec: \"nft\": executable file not found in $PATH",
    ),
    (
        "disk-full",
        "write /var/lib/rancher/rke2/agent/containerd/tmpmounts/x: no space left on device",
        "error: cannot write the list",
    ),
    (
        "signing-arguments",
        "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time",
        "Running kube-controller-manager --cluster-signing-kubelet-serving-cert-file=/x",
    ),
    (
        "inotify",
        "failed to create fsnotify watcher: too many open files",
        "accept4: too many open files in the etcd client",
    ),
    (
        "wrong-checksum",
        "error: wrong checksum of rke2-images-core.linux-amd64.tar.zst: expected sha256 11d9, got 22ab",
        "expects sha256 11d9aa7e9bb559e997059f81b2095f8f6f881fecd135e5730752a4a43b77f6da",
    ),
    (
        "source-certificate",
        "error: the certificate of the source of https://depot.example/x cannot be verified (curl 60)",
        "fetch.sh ended with status 7",
    ),
    (
        "source-refuses",
        "error: https://depot.example/x is refused with HTTP status 403",
        "fetches the list of checksums https://depot.example/sha256sum-amd64.txt",
    ),
    (
        "rate-limit",
        "unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit",
        "line 429 of the manifest",
    ),
    (
        "sidecar-tag",
        "Back-off pulling image \"quay.io/minio/operator-sidecar:v7.1.1\"",
        "Container image \"quay.io/minio/operator-sidecar:v7.0.1\" already present on machine",
    ),
    (
        "minio-images-closed",
        "Failed to pull image \"quay.io/minio/operator:v7.1.1\": unexpected status from HEAD request: 401 Unauthorized",
        "Pulling image \"quay.io/minio/operator:v7.1.1\"",
    ),
    (
        "image-refused",
        "Failed to pull image \"registry.example/silo:1\": unexpected status: 403 Forbidden",
        "GET /healthz: 403 Forbidden",
    ),
    (
        "image-absent",
        "Failed to pull image \"docker.io/pgsty/silo:NOPE\": failed to pull and unpack image: docker.io/pgsty/silo:NOPE: not found",
        "release \"minio-operator\" not found, installing it now",
    ),
    (
        "registry-unreachable",
        "failed to resolve image: failed to do request: Head \"https://registry-1.docker.io/v2/x\": dial tcp: lookup registry-1.docker.io: no such host",
        "Failed to test etcd connection: dial tcp 127.0.0.1:2379: connect: connection refused",
    ),
    (
        "firewall",
        "Get \"https://10.43.0.1:443/version?timeout=32s\": dial tcp 10.43.0.1:443: i/o timeout",
        "Service kubernetes is at 10.43.0.1:443",
    ),
    (
        "leftovers",
        "Get \"https://127.0.0.1:6443/api/v1/nodes\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "Get \"https://127.0.0.1:6443/readyz\": dial tcp 127.0.0.1:6443: connect: connection refused",
    ),
    (
        "api-late",
        "Failed to get request handlers from apiserver: timed out waiting for the condition, failed to get apiserver /healthz status",
        "Waiting for API server to become available",
    ),
    (
        "kernel-xmark",
        "exit status 2: ip6tables-restore v1.8.9 (nf_tables): unknown option \"--xor-mark\"",
        "ip6tables v1.8.5 (nf_tables): unknown option \"--random-fully\"",
    ),
    (
        "busybox-profile",
        "E0128 14:56:27.331343 1 server.go:556] \"Error running ProxyServer\" err=\"iptables is not available on this host\"",
        "Using iptables Proxier",
    ),
    (
        "helper-pod-denied",
        "pods \"helper-pod-create-pvc-1\" is forbidden: violates PodSecurity \"restricted:latest\": hostPath volumes",
        "create the helper pod helper-pod-create-pvc-1 into local-path-storage",
    ),
    (
        "pod-security",
        "pods \"model-registry-pool-0-0\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false",
        "would set PodSecurity labels",
    ),
    ("volume-script", "/script/setup: line 3: VOL_DIR: parameter not set", "VOL_DIR=/opt/local-path-provisioner/pvc-1"),
    (
        "volume-denied",
        "mkdir: can't create directory '/opt/local-path-provisioner/pvc-1': Permission denied",
        "mkdir -m 0777 -p /opt/local-path-provisioner/pvc-1",
    ),
    (
        "volume-timeout",
        "failed to provision volume with StorageClass \"local-path\": failed to create volume pvc-1: create process timeout after 120 seconds",
        "waiting for a volume to be created, either by external provisioner \"rancher.io/local-path\" or manually",
    ),
    (
        "storage-class",
        "storageclass.storage.k8s.io \"nowhere\" not found",
        "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims",
    ),
    (
        "certificate-unsigned",
        "waited 65 s for the certificate to be signed and saw last: Approved ",
        "waited 65 s for the certificate to be signed and saw last: Denied",
    ),
    (
        "sts-certificate",
        "Waiting for the sts certificates CSR: certificatesigningrequests \"sts-minio-operator-csr\" not found",
        "MinIO CSR Created",
    ),
    (
        "second-operator",
        "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. preemption: 0/1 nodes are available",
        "0/1 nodes are available: 1 node(s) had untolerated taint(s)",
    ),
    (
        "tenant-credentials",
        "NotFound: secrets \"model-registry-configuration\" not found",
        "Secret model-registry-configuration read",
    ),
    (
        "mounted-secret",
        "MountVolume.SetUp failed for volume \"badsig-tls\" : secret \"absent-tls\" not found",
        "MountVolume.SetUp succeeded for volume \"data0\"",
    ),
    (
        "no-room",
        "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s)",
        "memory pressure has ended",
    ),
    (
        "tenants-gone",
        "customresourcedefinitions.apiextensions.k8s.io \"tenants.minio.min.io\" not found",
        "customresourcedefinition.apiextensions.k8s.io/tenants.minio.min.io created",
    ),
    (
        "chart-failed",
        "Job failed: Job has reached configured number of retries without succeeding",
        "Applying HelmChart using Job kube-system/helm-install-minio-operator",
    ),
    ("image-swap", "Updating MinIO Version", "MinIO Service Updated"),
    (
        "malformed-name",
        "tls: failed to parse certificate from server: x509: SAN dNSName is malformed",
        "SAN of 6 names",
    ),
    (
        "unknown-ca",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "tls: handshake failure",
    ),
    (
        "port-taken",
        "The Service \"x\" is invalid: spec.ports[0].nodePort: Invalid value: 30900: provided port is already allocated",
        "listens on 0.0.0.0:30900",
    ),
    (
        "packages-locked",
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)",
        "Reading package lists...",
    ),
    (
        "host-changed",
        "the host has changed since the plan was agreed to; this was not part of it",
        "the plan was agreed to",
    ),
];

fn id_of(failure: &Failure, log: &[&str]) -> Option<&'static str> {
    recognise(failure, log.iter().copied()).map(|known| known.id.as_str())
}

#[test]
fn the_table_is_sound_and_whole_in_every_language() {
    let file: File = toml::from_str(TABLE).unwrap_or_else(|error| panic!("assets/failures.toml: {error}"));
    let ids: BTreeSet<&str> = file.failure.iter().map(|known| known.id.as_str()).collect();
    assert_eq!(ids.len(), file.failure.len(), "an id stands twice");
    assert!(ids.len() >= 20, "{} failures", ids.len());
    for known in &file.failure {
        for text in [&known.cause.en, &known.cause.zh_hans, &known.fix.en, &known.fix.zh_hans, &known.source] {
            assert!(text.chars().count() > 5, "{} lacks a text", known.id);
        }
        for words in [&known.cause, &known.fix] {
            let chinese = words.zh_hans.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(chinese && words.en.is_ascii(), "{}: {words:?}", known.id);
        }
        assert!(!known.any.is_empty() && known.any.iter().all(|words| !words.is_empty()), "{} fits all", known.id);
    }
}

#[test]
fn each_is_known_by_a_real_line_and_not_by_one_that_looks_like_it() {
    let told: Vec<&str> = LINES_OF.iter().map(|(id, ..)| *id).collect();
    let known: Vec<&str> = all().iter().map(|known| known.id.as_str()).collect();
    assert_eq!(told, known, "each failure has its lines here, in the order of the table");
    let nothing = Failure::permanent("it did not work");
    for (id, line, other) in LINES_OF {
        assert_eq!(id_of(&nothing, &[line]), Some(*id), "by its log: {line}");
        assert_eq!(id_of(&Failure::permanent("it did not work").because(*line), &[]), Some(*id), "by a cause: {line}");
        assert_ne!(id_of(&nothing, &[other]), Some(*id), "{id} takes {other}");
    }
}

#[test]
fn a_failures_own_words_count_before_the_noise_in_its_log() {
    let own = Failure::permanent("an image cannot be pulled").because("manifest unknown");
    let noise = ["429 Too Many Requests", "connect: connection refused"];
    assert_eq!(id_of(&own, &noise), Some("image-absent"));
    assert_eq!(id_of(&Failure::permanent("gave up"), &noise), Some("rate-limit"));
    assert_eq!(id_of(&Failure::permanent("gave up"), &["Failed to test etcd connection: connection refused"]), None);
}
