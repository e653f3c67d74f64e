package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

type node struct {
	role   string
	config config
	data   string // data-dir
	bin    string
	name   string
	ip     string

	clusterCIDR, serviceCIDR, clusterDNS, clusterDomain string
	api                                                 *api
}

func newNode(role string, c config) *node {
	n := &node{role: role, config: c, data: c.get("data-dir", "/var/lib/rancher/rke2")}
	n.bin = n.data + "/bin"
	host := must(os.Hostname())
	n.name = strings.ToLower(c.get("node-name", host))
	if ips := c.list("node-ip"); len(ips) > 0 {
		n.ip = ips[0]
	} else {
		n.ip = defaultAddress()
	}
	if net.ParseIP(n.ip) == nil {
		fatal("invalid node-ip: %s", n.ip)
	}
	n.clusterCIDR = c.get("cluster-cidr", "10.42.0.0/16")
	n.serviceCIDR = c.get("service-cidr", "10.43.0.0/16")
	n.clusterDNS = c.get("cluster-dns", nth(n.serviceCIDR, 10))
	n.clusterDomain = c.get("cluster-domain", "cluster.local")
	return n
}

func (n *node) server(parts ...string) string {
	return filepath.Join(append([]string{n.data, "server"}, parts...)...)
}

func (n *node) agent(parts ...string) string {
	return filepath.Join(append([]string{n.data, "agent"}, parts...)...)
}

// nth is the nth address of a network, or the empty word where there is none.
func nth(cidr string, number byte) string {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil || network.IP.To4() == nil {
		fatal("invalid CIDR %q", cidr)
	}
	ip := network.IP.To4()
	return net.IPv4(ip[0], ip[1], ip[2], ip[3]+number).String()
}

// hasDefaultRoute reads what RKE2 reads: a line of either table whose
// destination and mask are zero, and which is up.
func hasDefaultRoute() bool {
	data, _ := os.ReadFile("/proc/net/route")
	for _, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 7 && fields[1] == "00000000" && fields[7] == "00000000" {
			return true
		}
	}
	data, _ = os.ReadFile("/proc/net/ipv6_route")
	for _, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 9 && strings.Trim(fields[0], "0") == "" && fields[1] == "00" && fields[9] != "lo" {
			return true
		}
	}
	return false
}

// defaultAddress is this host's address on its way out. Nothing is sent: a
// datagram socket only asks the routing table.
func defaultAddress() string {
	connection, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return ""
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

func sysctl(key, value string) {
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	if old, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(old)) != value {
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			warn("Failed to set sysctl %s: %v", key, err)
		}
	}
}

// notifyReady tells the unit that the start is over.
func notifyReady() {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if strings.HasPrefix(path, "@") {
		path = "\x00" + path[1:]
	}
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		fail("Failed to notify systemd: %v", err)
		return
	}
	defer connection.Close()
	connection.Write([]byte("READY=1\n"))
}

const containerdSocket = "/run/k3s/containerd/containerd.sock"

func (n *node) startContainerd() {
	for _, key := range []string{"net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.ipv4.conf.all.forwarding"} {
		sysctl(key, "1")
	}
	certs := n.agent("etc/containerd/certs.d")
	n.writeRegistries(certs)
	pause := n.config.get("pause-image", "docker.io/rancher/mirrored-pause:3.6")
	config := fmt.Sprintf(`version = 3
root = %q
state = "/run/k3s/containerd"

[grpc]
  address = %q

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = %q

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = %q

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  enable_selinux = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/opt/cni/bin"]
  conf_dir = "/etc/cni/net.d"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
  BinaryName = %q
`, n.agent("containerd"), containerdSocket, pause, certs, n.bin+"/runc")
	writeFile(n.agent("etc/containerd/config.toml"), []byte(config), 0o600)
	writeFile(n.agent("etc/crictl.yaml"), []byte("runtime-endpoint: unix://"+containerdSocket+"\n"), 0o644)
	os.MkdirAll("/run/k3s/containerd", 0o711)
	log := n.agent("containerd/containerd.log")
	info("Logging containerd to %s", log)
	env := []string{"PATH=" + n.bin + ":" + os.Getenv("PATH")}
	for _, entry := range os.Environ() {
		if name, found := strings.CutPrefix(entry, "CONTAINERD_"); found {
			env = append(env, name)
		}
	}
	(&child{name: "containerd", path: n.bin + "/containerd", vital: true, env: env, log: log,
		args: []string{"-c", n.agent("etc/containerd/config.toml")}}).keep()
	for waited := 0; ; waited++ {
		if exec.Command(n.bin+"/ctr", "-a", containerdSocket, "version").Run() == nil {
			break
		}
		if waited%50 == 49 {
			info("Waiting for containerd startup: rpc error: code = Unavailable")
		}
		time.Sleep(100 * time.Millisecond)
	}
	info("containerd is now running")
}

func (n *node) startKubelet() {
	drop := n.agent("etc/kubelet.conf.d")
	config := fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %q}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
clusterDNS: [%q]
clusterDomain: %q
containerRuntimeEndpoint: "unix://%s"
enforceNodeAllocatable: []
evictionHard: {imagefs.available: 5%%, nodefs.available: 5%%}
evictionMinimumReclaim: {imagefs.available: 10%%, nodefs.available: 10%%}
failCgroupV1: false
failSwapOn: false
featureGates: {KubeletInUserNamespace: true}
oomScoreAdj: 0
readOnlyPort: 0
resolvConf: %q
serializeImagePulls: false
staticPodPath: %q
tlsCertFile: %q
tlsPrivateKeyFile: %q
`, n.agent("client-ca.crt"), n.clusterDNS, n.clusterDomain, containerdSocket,
		n.config.get("resolv-conf", "/etc/resolv.conf"), n.agent("pod-manifests"),
		n.agent("serving-kubelet.crt"), n.agent("serving-kubelet.key"))
	writeFile(drop+"/00-rke2-defaults.conf", []byte(config), 0o600)
	os.MkdirAll(n.agent("pod-manifests"), 0o700)
	args := []string{
		"--config-dir=" + drop, "--hostname-override=" + n.name, "--kubeconfig=" + n.agent("kubelet.kubeconfig"),
		"--node-ip=" + n.ip, "--v=1",
	}
	if labels := n.config.list("node-label"); len(labels) > 0 {
		args = append(args, "--node-labels="+strings.Join(labels, ","))
	}
	if taints := n.config.list("node-taint"); len(taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(taints, ","))
	}
	(&child{name: "kubelet", path: n.bin + "/kubelet", log: n.agent("logs/kubelet.log"),
		env:  []string{"PATH=" + n.bin + ":" + os.Getenv("PATH")},
		args: merge(args, n.config["kubelet-arg"])}).keep()
}

func (n *node) startProxy() {
	(&child{name: "kube-proxy", path: n.bin + "/kube-proxy", outlives: true, log: n.agent("logs/kube-proxy.log"),
		args: merge([]string{
			"--cluster-cidr=" + n.clusterCIDR, "--conntrack-max-per-core=0",
			"--conntrack-tcp-timeout-close-wait=0s", "--conntrack-tcp-timeout-established=0s",
			"--healthz-bind-address=127.0.0.1", "--hostname-override=" + n.name,
			"--kubeconfig=" + n.agent("kubeproxy.kubeconfig"), "--proxy-mode=iptables",
		}, n.config["kube-proxy-arg"])}).keep()
}

// startNetwork stands for canal: it writes a bridge's configuration once this
// node has its range, and lays a route to each other node's range.
func (n *node) startNetwork() {
	if n.config.get("cni", "canal") == "none" {
		return
	}
	os.MkdirAll("/opt/cni/bin", 0o755)
	for _, plugin := range []string{"bridge", "host-local", "loopback", "portmap"} {
		data := must(os.ReadFile(n.bin + "/cni/" + plugin))
		writeFile("/opt/cni/bin/"+plugin, data, 0o755)
	}
	os.Chmod("/opt/cni/bin", 0o755)
	os.Chmod("/opt/cni", 0o755)
	go func() {
		routes := map[string]string{}
		for written := ""; ; time.Sleep(time.Second) {
			for _, other := range n.api.nodes() {
				if other.Spec.PodCIDR == "" {
					continue
				}
				if other.Metadata.Name == n.name {
					if written != other.Spec.PodCIDR {
						written = other.Spec.PodCIDR
						writeFile("/etc/cni/net.d/10-canal.conflist", []byte(cniConfig(written)), 0o644)
						os.Chmod("/etc/cni/net.d", 0o755)
						info("Node %s has the pod range %s", n.name, written)
					}
				} else if address := other.internalIP(); address != "" && routes[other.Spec.PodCIDR] != address {
					if exec.Command("ip", "route", "replace", other.Spec.PodCIDR, "via", address).Run() == nil {
						routes[other.Spec.PodCIDR] = address
					}
				}
			}
		}
	}()
}

func cniConfig(podCIDR string) string {
	return fmt.Sprintf(`{
  "name": "k8s-pod-network",
  "cniVersion": "0.3.1",
  "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, podCIDR)
}
