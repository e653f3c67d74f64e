package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// The keys that RKE2 knows. A key that is not here ends the start: the real
// program turns every key into a command-line flag, and an unknown flag is
// fatal.
const (
	agentKeys = `config debug data-dir token token-file server node-name with-node-id node-label
		node-taint node-ip node-external-ip node-internal-dns node-external-dns bind-address
		image-credential-provider-bin-dir image-credential-provider-config container-runtime-endpoint
		default-runtime disable-default-registry-endpoint snapshotter private-registry
		system-default-registry resolv-conf kubelet-arg kube-proxy-arg protect-kernel-defaults
		selinux lb-server-port enable-pprof kubelet-path cloud-provider-name cloud-provider-config
		profile audit-policy-file pod-security-admission-config-file control-plane-resource-requests
		control-plane-resource-limits control-plane-probe-configuration kube-proxy-extra-mount
		kube-proxy-extra-env runtime-image pause-image nonroot-devices vpn-auth vpn-auth-file
		node-name-from-cloud-provider-metadata`
	serverOnlyKeys = `advertise-address tls-san tls-san-security cluster-cidr service-cidr
		service-node-port-range cluster-dns cluster-domain egress-selector-mode servicelb-namespace
		write-kubeconfig write-kubeconfig-mode write-kubeconfig-group helm-job-image agent-token
		agent-token-file cluster-reset cluster-reset-restore-path kube-apiserver-arg etcd-arg
		kube-controller-manager-arg kube-scheduler-arg kube-cloud-controller-manager-arg
		helm-controller-arg datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile
		etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-name etcd-snapshot-schedule-cron
		etcd-snapshot-retention etcd-snapshot-reconcile-interval etcd-snapshot-dir
		etcd-snapshot-compress etcd-s3 etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-skip-ssl-verify
		etcd-s3-access-key etcd-s3-secret-key etcd-s3-session-token etcd-s3-bucket etcd-s3-region
		etcd-s3-folder etcd-s3-proxy etcd-s3-config-secret etcd-s3-insecure etcd-s3-timeout
		etcd-s3-retention disable disable-scheduler disable-cloud-controller disable-kube-proxy
		disable-apiserver disable-controller-manager disable-etcd secrets-encryption
		secrets-encryption-provider embedded-registry supervisor-metrics enable-servicelb cni
		ingress-controller etcd-image kube-apiserver-image kube-controller-manager-image
		kube-scheduler-image kube-proxy-image cloud-controller-manager-image
		kube-apiserver-extra-mount kube-scheduler-extra-mount kube-controller-manager-extra-mount
		etcd-extra-mount kube-apiserver-extra-env kube-scheduler-extra-env
		kube-controller-manager-extra-env etcd-extra-env`
)

type config map[string][]string

func (c config) get(key, fallback string) string {
	if values := c[key]; len(values) > 0 {
		return values[len(values)-1]
	}
	return fallback
}

func (c config) list(key string) []string {
	var all []string
	for _, value := range c[key] {
		for _, one := range strings.Split(value, ",") {
			if one = strings.TrimSpace(one); one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// loadConfig reads config.yaml, then config.yaml.d in order of the alphabet,
// then the command line. A later value replaces an earlier one; `key+` adds.
func loadConfig(role string, args []string) config {
	known := map[string]bool{}
	for _, key := range strings.Fields(agentKeys) {
		known[key] = true
	}
	if role == "server" {
		for _, key := range strings.Fields(serverOnlyKeys) {
			known[key] = true
		}
	}
	flags := config{}
	for i := 0; i < len(args); i++ {
		key, value, joined := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !strings.HasPrefix(args[i], "-") || key == "" {
			fatal("unexpected argument %q", args[i])
		}
		if !joined && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		} else if !joined {
			value = "true"
		}
		refuseUnknown(known, role, key)
		flags[key] = append(flags[key], value)
	}
	path := flags.get("config", os.Getenv("RKE2_CONFIG_FILE"))
	if path == "" {
		path = "/etc/rancher/rke2/config.yaml"
	}
	files := []string{path}
	parts, _ := filepath.Glob(path + ".d/*")
	sort.Strings(parts)
	for _, part := range parts {
		if strings.HasSuffix(part, ".yaml") || strings.HasSuffix(part, ".yml") {
			files = append(files, part)
		}
	}
	merged := config{}
	for _, file := range files {
		mergeFile(merged, file, role, known)
	}
	for key, values := range flags {
		merged[key] = values
	}
	for _, key := range []string{"token", "server"} {
		if value := os.Getenv("RKE2_" + map[string]string{"token": "TOKEN", "server": "URL"}[key]); value != "" && len(merged[key]) == 0 {
			merged[key] = []string{value}
		}
	}
	return merged
}

func refuseUnknown(known map[string]bool, role, key string) {
	if known[key] {
		return
	}
	fmt.Printf("Incorrect Usage: flag provided but not defined: -%s\n\nNAME:\n   rke2 %s\n\nUSAGE:\n   rke2 %s [OPTIONS]\n", key, role, role)
	fatal("flag provided but not defined: -%s", key)
}

func mergeFile(into config, path, role string, known map[string]bool) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		fatal("%v", err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(data, &values); err != nil {
		fatal("%v", err)
	}
	for key, value := range values {
		name, adds := strings.CutSuffix(key, "+")
		refuseUnknown(known, role, name)
		var list []string
		switch typed := value.(type) {
		case nil:
		case []any:
			for _, one := range typed {
				list = append(list, fmt.Sprint(one))
			}
		default:
			list = []string{fmt.Sprint(typed)}
		}
		if adds {
			into[name] = append(into[name], list...)
		} else {
			into[name] = list
		}
	}
}
