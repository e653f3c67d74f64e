package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// labelNode gives the server its roles, which a kubelet may not give itself.
func (n *node) labelNode() {
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]string{
		"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true",
	}}})
	for {
		if _, err := n.api.ask("PATCH", "/api/v1/nodes/"+n.name, "application/merge-patch+json", patch); err == nil {
			info("Labels and annotations have been set successfully on node: %s", n.name)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// deployManifests applies what lies in the manifests directory, and again what
// has changed there. RKE2's own charts are written there first.
func (n *node) deployManifests() {
	folder := n.server("manifests")
	os.MkdirAll(folder, 0o700)
	if !slices.Contains(n.config.list("disable"), "rke2-coredns") {
		writeFile(folder+"/rke2-coredns.yaml", []byte(coredns(n)), 0o600)
	}
	applied := map[string]string{}
	for ; ; time.Sleep(2 * time.Second) {
		files, _ := filepath.Glob(folder + "/*")
		for _, file := range files {
			switch filepath.Ext(file) {
			case ".yaml", ".yml", ".json":
			default:
				continue
			}
			if _, err := os.Stat(file + ".skip"); err == nil {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil || applied[file] == hexSum(data) {
				continue
			}
			info("Applying manifest at %q", file)
			output, err := exec.Command(n.bin+"/kubectl", "--kubeconfig", n.server("cred/supervisor.kubeconfig"),
				"apply", "--server-side", "--force-conflicts", "--field-manager=deploy@"+n.name, "-f", file).CombinedOutput()
			if err != nil {
				fail("Failed to process config: failed to process %s: %s", file, strings.TrimSpace(string(output)))
				continue
			}
			applied[file] = hexSum(data)
			info("Applied manifest at %q", file)
		}
	}
}

func coredns(n *node) string {
	return fmt.Sprintf(`apiVersion: v1
kind: ServiceAccount
metadata: {name: coredns, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: rke2-coredns-rke2-coredns}
rules:
- {apiGroups: [""], resources: [endpoints, services, pods, namespaces], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: rke2-coredns-rke2-coredns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: rke2-coredns-rke2-coredns}
subjects: [{kind: ServiceAccount, name: coredns, namespace: kube-system}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: rke2-coredns-rke2-coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        errors
        health
        ready
        kubernetes %s in-addr.arpa ip6.arpa {
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
        }
        cache 30
        loop
        reload
    }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: rke2-coredns-rke2-coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  replicas: 1
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec:
      serviceAccountName: coredns
      priorityClassName: system-cluster-critical
      dnsPolicy: Default
      tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}, {key: CriticalAddonsOnly, operator: Exists}]
      containers:
      - name: coredns
        image: %s
        imagePullPolicy: IfNotPresent
        args: [-conf, /etc/coredns/Corefile]
        ports: [{containerPort: 53, name: udp-53, protocol: UDP}, {containerPort: 53, name: tcp-53, protocol: TCP}]
        readinessProbe: {httpGet: {path: /ready, port: 8181}, periodSeconds: 2}
        resources: {requests: {cpu: 10m, memory: 32Mi}}
        volumeMounts: [{name: config, mountPath: /etc/coredns}]
      volumes: [{name: config, configMap: {name: rke2-coredns-rke2-coredns}}]
---
apiVersion: v1
kind: Service
metadata: {name: rke2-coredns-rke2-coredns, namespace: kube-system, labels: {k8s-app: kube-dns, kubernetes.io/cluster-service: "true", kubernetes.io/name: CoreDNS}}
spec:
  clusterIP: %s
  selector: {k8s-app: kube-dns}
  ports: [{name: udp-53, port: 53, protocol: UDP}, {name: tcp-53, port: 53, protocol: TCP}]
`, n.clusterDomain, n.imageOf("rancher/hardened-coredns:v1.14.7-lab"), n.clusterDNS)
}
