# The whole chain in one host, a second host, and the end. Sourced by conform.

chart_applied() { # the operator's chart by helm-controller, once
    local content
    content=$(base64 -w0 <"$depot_dir/charts/operator-7.1.1.tgz")
    kube apply -f - >/dev/null <<CHART
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: minio-operator, namespace: kube-system}
spec:
  targetNamespace: minio-operator
  createNamespace: true
  failurePolicy: abort
  backOffLimit: 3
  chartContent: $content
  valuesContent: |
    operator: {replicaCount: 1, env: [{name: OPERATOR_STS_ENABLED, value: "off"}]}
CHART
    complete() { [ "$(kube -n kube-system get job helm-install-minio-operator -o 'jsonpath={.status.succeeded}')" = 1 ]; }
    soon 60 complete
    [ "$(kube -n minio-operator get secret -l owner=helm,status=deployed -o name | wc -l)" = 1 ]
    kube -n minio-operator rollout status deployment minio-operator --timeout=180s
}
chart_once() { # helm-controller has nothing more to do: one revision stays the only one
    local pods
    pods=$(kube -n kube-system get pod -l job-name=helm-install-minio-operator -o name)
    not soon 3 second_revision
    [ "$(kube -n kube-system get pod -l job-name=helm-install-minio-operator -o name)" = "$pods" ]
}
second_revision() { [ "$(kube -n minio-operator get secret -l owner=helm -o name | wc -l)" -gt 1 ]; }
claims_served() {
    kube apply -f - <"$lab/checks/local-path.yaml"
    kube -n local-path-storage rollout status deployment local-path-provisioner --timeout=180s
}
tenant_green() { [ "$(kube -n model-registry get tenant model-registry -o 'jsonpath={.status.currentState}/{.status.healthStatus}')" = Initialized/green ]; }
tenant_up() {
    kube apply -f - <"$lab/checks/tenant.yaml"
    soon 150 tenant_green || { kube get pods,pvc -A; kube -n model-registry get events | tail -20; kube -n minio-operator logs deployment/minio-operator --tail=10; return 1; }
    [ "$(kube -n model-registry get pvc -o 'jsonpath={.items[*].status.phase}')" = 'Bound Bound Bound Bound' ]
}
tenant_served() { # from outside, verified, under the name that its certificate has
    in1 cat $tls/server-ca.crt >"$work/ca.crt"
    [ "$(curl -sS --cacert "$work/ca.crt" --resolve "minio.model-registry.svc.cluster.local:30900:$(meta "$h" ip)" -o /dev/null -w '%{http_code}' \
        https://minio.model-registry.svc.cluster.local:30900/minio/health/live)" = 200 ]
}
power_cut() {
    cut_power "$h"
    boot_host "$h"
    soon 90 node_ready "$h" "$h"
    soon 120 tenant_served
    soon 60 tenant_green
}
uninstall() {
    in1 /usr/local/bin/rke2-uninstall.sh
    not in1 test -e /var/lib/rancher
    not in1 test -e /etc/rancher
    not in1 test -e /var/lib/kubelet
    not in1 test -e /usr/local/bin/rke2
    not in1 test -e /usr/local/lib/systemd/system/rke2-server.service
    not in1 pgrep -f 'kube-apiserver|containerd|kubelet'
    not sh1 'iptables-save | grep -q KUBE-'
    # the volumes' data stays
    [ "$(sh1 'ls -d /opt/local-path-provisioner/pvc-* | wc -l')" = 4 ]
}
agent_ready() {
    join_host conform-b "$h"
    [ "$(kube get node conform-b -o 'jsonpath={.spec.podCIDR}')" = 10.42.1.0/24 ]
}
agent_pods() { # a pod there is reached from a pod's host here, by the route in place of an overlay
    kube run far --image="$helper_ref" --restart=Never --overrides='{"spec":{"nodeName":"conform-b"}}' \
        --command -- sh -c 'echo hello >/tmp/index.html; httpd -f -p 8000 -h /tmp'
    soon 60 running far
    reached() { in1 curl -fsS -m 2 "http://$(kube get pod far -o 'jsonpath={.status.podIP}'):8000/"; }
    soon 20 reached
    kube exec far -- true
}
agent_lost() { # a host without power becomes NotReady, and comes back
    cut_power conform-b
    not_ready() { not node_ready "$h" conform-b; }
    soon 90 not_ready
    boot_host conform-b
    soon 60 node_ready "$h" conform-b
}

need_cluster() {
    [ -n "${h:-}" ] && return
    h=conform-a
    host $h
    in1 mkdir -p /etc/rancher/rke2
    in1 tee /etc/rancher/rke2/registries.yaml >/dev/null <<YAML
mirrors:
  docker.io: {endpoint: ["http://$gateway:$mirror_port"]}
  quay.io: {endpoint: ["http://$gateway:$mirror_port"]}
YAML
    rke2_install $h >/dev/null
    rke2_wait $h
}
part_tenant() {
    need_cluster
    check '1.11 a chart is installed by helm-controller' chart_applied
    check '1.11 and only once' chart_once
    check '2 local-path serves claims, with v0.0.37'\''s probes' claims_served
    check '3 a tenant becomes Initialized and green' tenant_up
    check '3 it is served from outside, verified' tenant_served
    check 'after a power cut everything is green again' power_cut
}
part_join() {
    need_cluster
    host conform-b
    in_host conform-b mkdir -p /etc/rancher/rke2
    in1 cat /etc/rancher/rke2/registries.yaml | in_host conform-b tee /etc/rancher/rke2/registries.yaml >/dev/null
    check 'a second host joins as agent' agent_ready
    check 'its pods are reached' agent_pods
    check 'it is lost and found again' agent_lost
    check '1.9 uninstall removes all but the volumes' uninstall
}
