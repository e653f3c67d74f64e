# A running server: paths, configuration, signers, registries, charts, power
# cut, uninstall. Sourced by conform; uses the host of the parts before.

tls=/var/lib/rancher/rke2/server/tls

cluster_up() {
    in1 systemctl enable -q --now --no-block rke2-server
    soon 90 node_ready "$h" "$h"
    soon 30 in1 systemctl is-active rke2-server
}
# The unit is active also before the manager has begun with what it was asked for: another invocation is waited for.
restart() {
    local before
    before=$(invocation)
    in1 systemctl restart --no-block rke2-server
    soon 60 begun_since "$before"
    soon 60 in1 systemctl is-active rke2-server
}
invocation() { in1 systemctl show rke2-server -p InvocationID --value; }
begun_since() { [ "$(invocation)" != "$1" ]; }
cluster_journal() { # the stages, in their order
    local line last=0 at
    journal >"$work/journal"
    for line in 'Checking local image archives in' 'Extracting file bin/kubelet' 'Importing images from' 'Imported images from' \
        'Running kubelet' 'Failed to test etcd connection' 'etcd data store connection OK' \
        'Waiting for API server to become available' 'Wrote kubeconfig /etc/rancher/rke2/rke2.yaml' 'rke2 is up and running'; do
        at=$(grep -nF "$line" "$work/journal" | tail -1 | cut -d: -f1)
        [ -n "$at" ] || { echo "no line: $line"; return 1; }
    done
    grep -q '^time="[^"]*" level=info msg="' "$work/journal"
}
cluster_paths() {
    local path
    [ "$(in1 stat -c '%a %U' /etc/rancher/rke2/rke2.yaml)" = '600 root' ]
    in1 grep -q 'server: https://127.0.0.1:6443' /etc/rancher/rke2/rke2.yaml
    for path in bin/kubectl bin/ctr bin/containerd server/token server/node-token server/manifests agent/pod-manifests \
        agent/images agent/etc/crictl.yaml agent/etc/containerd/config.toml agent/etc/kubelet.conf.d \
        agent/containerd/containerd.log agent/logs/kubelet.log server/logs/audit.log; do
        in1 test -e "/var/lib/rancher/rke2/$path" || { echo "missing: $path"; return 1; }
    done
    for path in server-ca.crt server-ca.key server-ca.nochain.crt client-ca.crt client-ca.key; do
        in1 test -f "$tls/$path" || { echo "missing: $path"; return 1; }
    done
    in1 test -S /run/k3s/containerd/containerd.sock
    in1 cat /var/lib/rancher/rke2/server/node-token | grep -qE "^K10$(sh1 "sha256sum <$tls/server-ca.crt" | cut -d' ' -f1)::server:[0-9a-f]+$"
}
cluster_split_authorities() {
    not in1 cmp -s $tls/server-ca.crt $tls/client-ca.crt
    in1 cat $tls/server-ca.crt >"$work/ca.crt"
}
cluster_serving() { # by each name and address that tls-san and node-ip promise, verified, from outside
    local name
    for name in registry.lab.example "$h" localhost kubernetes.default.svc; do
        [ "$(curl -sS --cacert "$work/ca.crt" --resolve "$name:6443:$(meta "$h" ip)" -o /dev/null -w '%{http_code}' "https://$name:6443/readyz")" = 401 ]
    done
    [ "$(curl -sS --cacert "$work/ca.crt" -o /dev/null -w '%{http_code}' "https://$(meta "$h" ip):6443/readyz")" = 401 ]
    not curl -sS --cacert "$work/ca.crt" --resolve "other.lab.example:6443:$(meta "$h" ip)" -o /dev/null https://other.lab.example:6443/readyz
    [ "$(curl -sS --cacert "$work/ca.crt" "https://$(meta "$h" ip):9345/ping")" = pong ]
}
cluster_node() {
    [ "$(kube get node "$h" -o 'jsonpath={.status.nodeInfo.kubeletVersion}')" = "$rke2_version" ]
    [ "$(kube get node "$h" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')" = "$(meta "$h" ip)" ]
    kube get node "$h" --show-labels | grep -q node-role.kubernetes.io/control-plane=true
    # Taken off by a controller, a moment after the node is Ready.
    soon 20 untainted
    [ "$(kube get node "$h" -o 'jsonpath={.status.allocatable.ephemeral-storage}' | tr -dc 0-9)" -gt 1000000000 ]
}
untainted() { local taints; taints=$(kube get node "$h" -o 'jsonpath={.spec.taints}') && [ -z "$taints" ]; }
cluster_dns() {
    # A chart, which is installed while the node is Ready already.
    soon 40 kube -n kube-system get service -l k8s-app=kube-dns -o 'jsonpath={.items[0].spec.clusterIP}'
    soon 40 kube -n kube-system get deployment -l k8s-app=kube-dns -o 'jsonpath={.items[0].metadata.name}'
    [ "$(kube -n kube-system get service -l k8s-app=kube-dns -o 'jsonpath={.items[0].spec.clusterIP}')" = 10.43.0.10 ]
    kube -n kube-system rollout status deployment -l k8s-app=kube-dns --timeout=180s
}
csr() { # NAME SIGNER SUBJECT USAGES: made, approved, and the certificate written to $work/NAME.crt
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -subj "$3" -addext 'subjectAltName=DNS:probe.lab.example' 2>/dev/null >"$work/$1.csr"
    kube delete csr "$1" --ignore-not-found >/dev/null
    kube apply -f - >/dev/null <<CSR
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: $1}
spec: {signerName: $2, usages: [$4], request: $(base64 -w0 <"$work/$1.csr")}
CSR
    kube certificate approve "$1" >/dev/null
    issued() { [ -n "$(kube get csr "$1" -o 'jsonpath={.status.certificate}')" ]; }
    soon "${csr_patience:-10}" issued "$1" || return 1
    kube get csr "$1" -o 'jsonpath={.status.certificate}' | base64 -d >"$work/$1.crt"
}
serving_csr() { csr "$1" kubernetes.io/kubelet-serving '/O=system:nodes/CN=system:node:probe' '"digital signature", "server auth"'; }
signed_by() { in1 cat "$tls/$2" >"$work/by.crt"; openssl verify -CAfile "$work/by.crt" "$work/$1.crt"; }
signer_serving() { serving_csr probe-serving; signed_by probe-serving server-ca.crt; }
signer_client() { csr probe-client kubernetes.io/kube-apiserver-client /CN=probe '"digital signature", "client auth"'; signed_by probe-client client-ca.crt; }
signer_arguments() {
    journal | grep 'Running kube-controller-manager' | tail -1 >"$work/args"
    grep -q -- "--cluster-signing-kubelet-serving-cert-file=$tls/server-ca.nochain.crt" "$work/args"
    grep -q -- "--cluster-signing-legacy-unknown-key-file=$tls/server-ca.key" "$work/args"
    grep -q -- "--cluster-signing-kube-apiserver-client-cert-file=$tls/client-ca.nochain.crt" "$work/args"
    grep -q -- "--root-ca-file=$tls/server-ca.crt" "$work/args"
}
signer_tutorial() { # what an old tutorial adds is redundant and harmless
    config_d 50-args "kube-controller-manager-arg: [\"cluster-signing-legacy-unknown-cert-file=$tls/server-ca.crt\", \"cluster-signing-legacy-unknown-key-file=$tls/server-ca.key\"]"
    restart
    csr_patience=40 serving_csr probe-tutorial
    signed_by probe-tutorial server-ca.crt
}
signer_generic() { # the generic pair ends the controller manager; the API stays up
    config_d 50-args "kube-controller-manager-arg: [\"cluster-signing-cert-file=$tls/server-ca.crt\", \"cluster-signing-key-file=$tls/server-ca.key\"]"
    restart
    soon 30 says 'kube-controller-manager exited'
    in1 grep -q 'cannot specify --cluster-signing' /var/lib/rancher/rke2/agent/logs/kube-controller-manager.log
    kube get --raw /readyz
    csr_patience=2 not serving_csr probe-generic
    config_d 50-args ''
    restart
    csr_patience=60 serving_csr probe-again
}
config_order() { # the last file wins, a key with + adds, the mode is honoured
    config_d 60-mode 'write-kubeconfig-mode: "0644"
tls-san+: [added.lab.example]'
    restart
    [ "$(in1 stat -c %a /etc/rancher/rke2/rke2.yaml)" = 644 ]
    served() { [ "$(curl -sS --cacert "$work/ca.crt" --resolve "$1:6443:$(meta "$h" ip)" -o /dev/null -w '%{http_code}' "https://$1:6443/readyz")" = 401 ]; }
    # The API server reads a new certificate by itself, within a minute.
    soon 90 served added.lab.example
    served registry.lab.example
    config_d 60-mode ''
    restart
    [ "$(in1 stat -c %a /etc/rancher/rke2/rke2.yaml)" = 600 ]
}
stop_keeps_pods() { # KillMode=process: pods and control plane outlive the unit
    local before after
    before=$(in1 pgrep -x coredns; in1 pgrep -f bin/kube-apiserver)
    in1 systemctl stop rke2-server
    after=$(in1 pgrep -x coredns; in1 pgrep -f bin/kube-apiserver)
    in1 systemctl start rke2-server
    [ -n "$before" ] && [ "$before" = "$after" ]
}
registries_mirror() {
    in1 tee /etc/rancher/rke2/registries.yaml >/dev/null <<YAML
mirrors:
  docker.io: {endpoint: ["http://$gateway:$mirror_port"]}
  quay.io: {endpoint: ["http://$gateway:$mirror_port"]}
YAML
    not in1 test -e /var/lib/rancher/rke2/agent/etc/containerd/certs.d/docker.io/hosts.toml
    restart
    in1 grep -q "http://$gateway:$mirror_port" /var/lib/rancher/rke2/agent/etc/containerd/certs.d/docker.io/hosts.toml
}
pod() { # NAME: of the helper image, by digest
    kube delete pod "$1" --ignore-not-found --now >/dev/null 2>&1
    soon 30 kube get serviceaccount default
    kube run "$1" --image="$helper_ref@$(cat "$cache/digests/busybox")" --restart=Never --image-pull-policy=Always --command -- sleep 3600
}
running() { [ "$(kube get pod "$1" -o 'jsonpath={.status.phase}')" = Running ]; }
registries_refused() {
    depot_switch "$(meta $h ip)@/v2/library/busybox" "$1"
    local code=0
    pod probe-refused
    refused() { kube get pod probe-refused -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}' | grep -qE 'ErrImagePull|ImagePullBackOff'; }
    soon 40 refused || code=1
    depot_switch "$(meta $h ip)@" off
    kube delete pod probe-refused --now >/dev/null
    [ $code = 0 ]
    # By containerd's whole words: a bare number stands in times, ports and identifiers too, and of a 401 that names no
    # way to log in it repeats none.
    soon 10 in1 grep -qF "$2" /var/lib/rancher/rke2/agent/containerd/containerd.log
    not says "$2"
}
manifest=" 200 GET /v2/library/busybox/manifests/sha256:"
registries_pull() {
    local before
    before=$(asked | grep -c "$manifest") || true
    pod probe-pull
    soon 40 running probe-pull
    [ "$(asked | grep -c "$manifest")" -gt "$before" ]
    kube delete pod probe-pull --now >/dev/null
}
manifests_skip() {
    sh1 "cd /var/lib/rancher/rke2/server/manifests && touch skipped.yaml.skip &&
        printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: skipped, namespace: default}\n' >skipped.yaml &&
        printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, namespace: default}\n' >applied.yaml"
    soon 20 kube -n default get configmap applied
    not kube -n default get configmap skipped
}
audit_counts() { in1 grep -q '"verb":"create".*"resource":"certificatesigningrequests"' /var/lib/rancher/rke2/server/logs/audit.log; }

part_cluster() {
    [ -n "${h:-}" ] || { part_start; }
    check 'a server is Ready' cluster_up
    check '1.7 the journal names the stages' cluster_journal
    check '1.3 paths, modes, token' cluster_paths
    check '1.3 two authorities' cluster_split_authorities
    check '1.4 tls-san and node-ip are in the serving certificate' cluster_serving
    check '1.4 the node: version, address, role, no taint, storage' cluster_node
    check '1.4 the name service at cluster-dns' cluster_dns
    check '1.5 the signers are given as RKE2 gives them' signer_arguments
    check '1.5 kubelet-serving is signed by server-ca' signer_serving
    check '1.5 kube-apiserver-client is signed by client-ca' signer_client
    check '1.5 the old tutorial'\''s arguments are harmless' signer_tutorial
    check '1.5 the generic pair breaks the controller manager' signer_generic
    check '1.4 config.yaml.d: order, adding, mode' config_order
    check '1.2 a stop leaves pods and control plane running' stop_keeps_pods
    check '1.10 registries.yaml is read at a start only' registries_mirror
    check '1.10 a pull by digest through the mirror' registries_pull
    check '1.10 a refused pull: said in containerd.log only' registries_refused status=401 'authorization failed: no basic auth credentials'
    check '1.10 a rate-limited pull' registries_refused status=429 '429 Too Many Requests'
    check '1.3 manifests are applied, skipped ones are not' manifests_skip
    check 'the audit log counts what was made' audit_counts
}
