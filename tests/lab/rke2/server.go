package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func (n *node) runServer() {
	info("Starting rke2 %s (%s)", version, commit)
	switch cni := n.config.get("cni", "canal"); cni {
	case "canal", "calico", "cilium", "flannel", "none":
	default:
		fatal("invalid value for --cni: %q", cni)
	}
	n.extractRuntime()
	authorities := n.prepareServer()
	if badDay("crash-loop") != "" {
		fatal("starting kubernetes: preparing server: init cluster datastore and https: failed to bootstrap cluster (the lab's crash-loop)")
	}
	info("Managed etcd cluster initializing")
	n.startContainerd()
	n.importImages()
	n.api = newAPI("https://127.0.0.1:6443", n.server("tls/server-ca.crt"), n.server("tls/client-admin.crt"), n.server("tls/client-admin.key"))
	n.startKubelet()
	n.slowStart()
	n.startEtcd()
	n.startAPIServer()
	n.serveSupervisor(authorities)
	info("Waiting for API server to become available")
	began := time.Now()
	for waited := 0; !n.api.ready(); waited++ {
		if waited%10 == 9 {
			info("Waiting for API server to become available")
		}
		time.Sleep(500 * time.Millisecond)
	}
	info("Kube API server is now running (%s)", time.Since(began).Round(time.Second))
	n.startControllers()
	n.writeKubeconfig()
	n.startProxy()
	n.startNetwork()
	n.startHelmController()
	go n.labelNode()
	go n.deployManifests()
	info("rke2 is up and running")
	notifyReady()
}

// slowStart and the missing AppArmor parser hold the start where etcd would
// come up, with the noise that RKE2 makes there. Both can be taken back.
func (n *node) slowStart() {
	noise := func() {
		info("Failed to test etcd connection: failed to get etcd status: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused\"")
		info("Waiting to retrieve kube-proxy configuration; server is not ready: https://127.0.0.1:9345/v1-rke2/readyz: 500 Internal Server Error")
		time.Sleep(5 * time.Second)
	}
	for began := time.Now(); time.Since(began) < time.Duration(badDayNumber("slow-start"))*time.Second; {
		noise()
	}
	for badDay("apparmor") == "missing" && !onPath("apparmor_parser") {
		log, err := os.OpenFile(n.agent("containerd/containerd.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintf(log, "time=%q level=error msg=\"CreateContainer within sandbox for &ContainerMetadata{Name:etcd,Attempt:0,} failed\" error=\"failed to create containerd container: get apparmor_parser version: exec: \\\"apparmor_parser\\\": executable file not found in $PATH\"\n", time.Now().UTC().Format(time.RFC3339Nano))
			log.Close()
		}
		noise()
	}
}

func onPath(program string) bool {
	for _, folder := range []string{"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err == nil {
			return true
		}
	}
	return false
}

type authorities struct{ server, client *authority }

// prepareServer lays out certificates, kubeconfigs and the token.
func (n *node) prepareServer() authorities {
	tls := n.server("tls")
	os.MkdirAll(n.server(), 0o755)
	os.MkdirAll(tls, 0o700)
	a := authorities{loadAuthority(tls+"/server-ca", "server"), loadAuthority(tls+"/client-ca", "client")}
	headers := loadAuthority(tls+"/request-header-ca", "request-header")
	peers := loadAuthority(tls+"/etcd/peer-ca", "etcd-peer")
	store := loadAuthority(tls+"/etcd/server-ca", "etcd-server")
	writeFile(tls+"/server-ca.nochain.crt", a.server.pem, 0o644)
	writeFile(tls+"/client-ca.nochain.crt", a.client.pem, 0o644)

	sans := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + n.clusterDomain, "localhost", n.name, "127.0.0.1", "::1", n.ip, nth(n.serviceCIDR, 1)}
	if host, err := os.Hostname(); err == nil {
		sans = append(sans, host)
	}
	sans = append(sans, n.config.list("node-external-ip")...)
	sans = append(sans, n.config.list("tls-san")...)
	a.server.ensure(tls+"/serving-kube-apiserver", "kube-apiserver", nil, sans)
	masters := []string{"system:masters"}
	a.client.ensure(tls+"/client-admin", "system:admin", masters, nil)
	a.client.ensure(tls+"/client-supervisor", "system:rke2-supervisor", masters, nil)
	a.client.ensure(tls+"/client-controller", "system:kube-controller-manager", nil, nil)
	a.client.ensure(tls+"/client-scheduler", "system:kube-scheduler", nil, nil)
	a.client.ensure(tls+"/client-kube-apiserver", "kube-apiserver", masters, nil)
	a.client.ensure(tls+"/client-kube-proxy", "system:kube-proxy", nil, nil)
	headers.ensure(tls+"/client-auth-proxy", "system:auth-proxy", nil, nil)
	store.ensureBoth(tls+"/etcd/server-client", "etcd-server", []string{"127.0.0.1", n.ip})
	store.ensureBoth(tls+"/etcd/client", "etcd-client", []string{"127.0.0.1"})
	peers.ensureBoth(tls+"/etcd/peer-server-client", "etcd-peer", []string{"127.0.0.1", n.ip})
	if _, err := os.Stat(tls + "/service.key"); err != nil {
		_, key := newKey()
		writeFile(tls+"/service.key", key, 0o600)
		writeFile(tls+"/service.current.key", key, 0o600)
	}
	for file, certificate := range map[string]string{"admin": "client-admin", "supervisor": "client-supervisor",
		"controller": "client-controller", "scheduler": "client-scheduler"} {
		writeFile(n.server("cred", file+".kubeconfig"), n.kubeconfigOf("https://127.0.0.1:6443", file, tls+"/"+certificate), 0o600)
	}
	n.writeToken(a.server)
	n.writeAgentFiles(a.bundle(n, n.name, n.ip), "https://127.0.0.1:6443")
	writeFile(n.server("etc/audit-policy.yaml"), []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: Metadata\n"), 0o600)
	return a
}

func (n *node) kubeconfigOf(server, user, base string) []byte {
	return kubeconfig(server, user, must(os.ReadFile(n.server("tls/server-ca.crt"))), must(os.ReadFile(base+".crt")), must(os.ReadFile(base+".key")))
}

// The token names the authority by its digest, so that a joining node can tell
// whether it speaks with the right server before it says the password.
func (n *node) writeToken(server *authority) {
	path := n.server("token")
	password := n.config.get("token", "")
	if file := n.config.get("token-file", ""); password == "" && file != "" {
		password = strings.TrimSpace(string(must(os.ReadFile(file))))
	}
	if old, err := os.ReadFile(path); err == nil && password == "" {
		password = tokenPassword(string(old))
	}
	if password == "" {
		random := make([]byte, 16)
		rand.Read(random)
		password = hex.EncodeToString(random)
	}
	password = tokenPassword(password)
	full := "K10" + hexSum(server.pem) + "::server:" + password + "\n"
	writeFile(path, []byte(full), 0o600)
	writeFile(n.server("agent-token"), []byte(full), 0o600)
	if _, err := os.Lstat(n.server("node-token")); err != nil {
		os.Symlink(path, n.server("node-token"))
	}
	info("Server node token is available at %s", path)
	info("To join server node to cluster: rke2 server -s https://%s:9345 -t ${SERVER_NODE_TOKEN}", n.ip)
	info("To join agent node to cluster: rke2 agent -s https://%s:9345 -t ${AGENT_NODE_TOKEN}", n.ip)
}

func tokenPassword(token string) string {
	token = strings.TrimSpace(token)
	if at := strings.LastIndex(token, ":"); strings.HasPrefix(token, "K10") && at >= 0 {
		return token[at+1:]
	}
	return token
}

func (n *node) writeKubeconfig() {
	path := n.config.get("write-kubeconfig", "/etc/rancher/rke2/rke2.yaml")
	mode, err := strconv.ParseUint(n.config.get("write-kubeconfig-mode", "0600"), 8, 32)
	if err != nil {
		fatal("invalid write-kubeconfig-mode: %v", err)
	}
	os.MkdirAll(filepath.Dir(path), 0o755)
	writeFile(path, n.kubeconfigOf("https://127.0.0.1:6443", "default", n.server("tls/client-admin")), os.FileMode(mode))
	if group := n.config.get("write-kubeconfig-group", ""); group != "" {
		if found, err := user.LookupGroup(group); err == nil {
			gid, _ := strconv.Atoi(found.Gid)
			os.Chown(path, 0, gid)
		}
	}
	info("Wrote kubeconfig %s", path)
	info("Run: rke2 kubectl")
}

func (n *node) startEtcd() {
	db := n.server("db/etcd")
	os.MkdirAll(db, 0o700)
	tls := n.server("tls/etcd")
	(&child{name: "etcd", path: n.bin + "/etcd", outlives: true, log: n.agent("logs/etcd.log"), args: merge([]string{
		"--name=" + n.name, "--data-dir=" + db,
		"--listen-client-urls=https://127.0.0.1:2379,https://" + n.ip + ":2379",
		"--advertise-client-urls=https://" + n.ip + ":2379",
		"--listen-peer-urls=https://127.0.0.1:2380,https://" + n.ip + ":2380",
		"--initial-advertise-peer-urls=https://" + n.ip + ":2380",
		"--initial-cluster=" + n.name + "=https://" + n.ip + ":2380",
		"--listen-metrics-urls=http://127.0.0.1:2381",
		"--cert-file=" + tls + "/server-client.crt", "--key-file=" + tls + "/server-client.key",
		"--client-cert-auth", "--trusted-ca-file=" + tls + "/server-ca.crt",
		"--peer-cert-file=" + tls + "/peer-server-client.crt", "--peer-key-file=" + tls + "/peer-server-client.key",
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + tls + "/peer-ca.crt",
		"--logger=zap", "--unsafe-no-fsync",
	}, n.config["etcd-arg"])}).keep()
	for {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:2379", time.Second)
		if err == nil {
			connection.Close()
			break
		}
		info("Failed to test etcd connection: failed to get etcd status: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: %v\"", err)
		time.Sleep(time.Second)
	}
	info("etcd data store connection OK")
}

func (n *node) startAPIServer() {
	tls := n.server("tls")
	ports := n.config.get("service-node-port-range", "30000-32767")
	issuer := "https://kubernetes.default.svc." + n.clusterDomain
	logs := n.server("logs")
	os.MkdirAll(logs, 0o700)
	audit := []string{"--audit-policy-file=" + n.config.get("audit-policy-file", n.server("etc/audit-policy.yaml")),
		"--audit-log-path=" + logs + "/audit.log", "--audit-log-maxage=30", "--audit-log-maxbackup=10", "--audit-log-maxsize=100"}
	(&child{name: "kube-apiserver", path: n.bin + "/kube-apiserver", outlives: true, log: n.agent("logs/kube-apiserver.log"), args: merge(append(audit,
		"--advertise-address="+n.config.get("advertise-address", n.ip), "--allow-privileged=true", "--anonymous-auth=false",
		"--api-audiences="+issuer+",rke2", "--authorization-mode=Node,RBAC",
		"--bind-address="+n.config.get("bind-address", "0.0.0.0"), "--client-ca-file="+tls+"/client-ca.crt",
		"--enable-admission-plugins=NodeRestriction", "--enable-bootstrap-token-auth=true",
		"--etcd-cafile="+tls+"/etcd/server-ca.crt", "--etcd-certfile="+tls+"/etcd/client.crt",
		"--etcd-keyfile="+tls+"/etcd/client.key", "--etcd-servers=https://127.0.0.1:2379",
		"--kubelet-certificate-authority="+tls+"/server-ca.crt",
		"--kubelet-client-certificate="+tls+"/client-kube-apiserver.crt", "--kubelet-client-key="+tls+"/client-kube-apiserver.key",
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname", "--profiling=false",
		"--proxy-client-cert-file="+tls+"/client-auth-proxy.crt", "--proxy-client-key-file="+tls+"/client-auth-proxy.key",
		"--requestheader-allowed-names=system:auth-proxy", "--requestheader-client-ca-file="+tls+"/request-header-ca.crt",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User", "--secure-port=6443",
		"--service-account-issuer="+issuer, "--service-account-key-file="+tls+"/service.key",
		"--service-account-signing-key-file="+tls+"/service.current.key",
		"--service-cluster-ip-range="+n.serviceCIDR, "--service-node-port-range="+ports,
		"--tls-cert-file="+tls+"/serving-kube-apiserver.crt", "--tls-private-key-file="+tls+"/serving-kube-apiserver.key",
	), n.config["kube-apiserver-arg"])}).keep()
}

// startControllers waits for the API: both programs end when they do not find
// it, and a second start costs more than the waiting.
func (n *node) startControllers() {
	tls := n.server("tls")
	// The signers as RKE2 passes them. Kubernetes itself refuses the generic
	// pair beside them: the program exits, the API stays, nothing reconciles.
	(&child{name: "kube-controller-manager", path: n.bin + "/kube-controller-manager", outlives: true, log: n.agent("logs/kube-controller-manager.log"), args: merge([]string{
		"--allocate-node-cidrs=true", "--authentication-kubeconfig=" + n.server("cred/controller.kubeconfig"),
		"--authorization-kubeconfig=" + n.server("cred/controller.kubeconfig"), "--bind-address=127.0.0.1",
		"--cluster-cidr=" + n.clusterCIDR,
		"--cluster-signing-kube-apiserver-client-cert-file=" + tls + "/client-ca.nochain.crt",
		"--cluster-signing-kube-apiserver-client-key-file=" + tls + "/client-ca.key",
		"--cluster-signing-kubelet-client-cert-file=" + tls + "/client-ca.nochain.crt",
		"--cluster-signing-kubelet-client-key-file=" + tls + "/client-ca.key",
		"--cluster-signing-kubelet-serving-cert-file=" + tls + "/server-ca.nochain.crt",
		"--cluster-signing-kubelet-serving-key-file=" + tls + "/server-ca.key",
		"--cluster-signing-legacy-unknown-cert-file=" + tls + "/server-ca.nochain.crt",
		"--cluster-signing-legacy-unknown-key-file=" + tls + "/server-ca.key",
		"--controllers=*,tokencleaner", "--kubeconfig=" + n.server("cred/controller.kubeconfig"),
		"--profiling=false", "--root-ca-file=" + tls + "/server-ca.crt", "--secure-port=10257",
		"--service-account-private-key-file=" + tls + "/service.current.key",
		"--service-cluster-ip-range=" + n.serviceCIDR, "--use-service-account-credentials=true",
	}, n.config["kube-controller-manager-arg"])}).keep()
	(&child{name: "kube-scheduler", path: n.bin + "/kube-scheduler", outlives: true, log: n.agent("logs/kube-scheduler.log"), args: merge([]string{
		"--authentication-kubeconfig=" + n.server("cred/scheduler.kubeconfig"),
		"--authorization-kubeconfig=" + n.server("cred/scheduler.kubeconfig"), "--bind-address=127.0.0.1",
		"--kubeconfig=" + n.server("cred/scheduler.kubeconfig"), "--profiling=false", "--secure-port=10259",
	}, n.config["kube-scheduler-arg"])}).keep()
}

func (n *node) startHelmController() {
	(&child{name: "helm-controller", path: n.bin + "/helm-controller", log: n.agent("logs/helm-controller.log"), args: merge([]string{
		"--kubeconfig=" + n.server("cred/supervisor.kubeconfig"), "--node-name=" + n.name,
		"--default-job-image=" + n.config.get("helm-job-image", n.imageOf("rancher/klipper-helm:v0.13.3-lab")),
	}, n.config["helm-controller-arg"])}).keep()
}
