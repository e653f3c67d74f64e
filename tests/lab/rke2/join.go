package main

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// bundle is what a node gets from its server. RKE2's own exchange has other
// paths and several steps; an installer sees neither.
type bundle struct {
	ServerCA, ClientCA                                  string
	KubeletCert, KubeletKey, ServingCert, ServingKey    string
	ProxyCert, ProxyKey                                 string
	ClusterCIDR, ServiceCIDR, ClusterDNS, ClusterDomain string
}

func (a authorities) bundle(n *node, name, ip string) bundle {
	b := bundle{ServerCA: string(a.server.pem), ClientCA: string(a.client.pem),
		ClusterCIDR: n.clusterCIDR, ServiceCIDR: n.serviceCIDR, ClusterDNS: n.clusterDNS, ClusterDomain: n.clusterDomain}
	text := func(certificate, key []byte) (string, string) { return string(certificate), string(key) }
	b.KubeletCert, b.KubeletKey = text(a.client.issue("system:node:"+name, []string{"system:nodes"}, nil))
	b.ServingCert, b.ServingKey = text(a.server.issue(name, nil, []string{name, "127.0.0.1", "localhost", ip}))
	b.ProxyCert, b.ProxyKey = text(a.client.issue("system:kube-proxy", nil, nil))
	return b
}

func (n *node) writeAgentFiles(b bundle, server string) {
	os.MkdirAll(n.agent("images"), 0o755)
	os.Chmod(n.agent(), 0o755)
	writeFile(n.agent("server-ca.crt"), []byte(b.ServerCA), 0o644)
	writeFile(n.agent("client-ca.crt"), []byte(b.ClientCA), 0o644)
	writeFile(n.agent("client-kubelet.crt"), []byte(b.KubeletCert), 0o644)
	writeFile(n.agent("client-kubelet.key"), []byte(b.KubeletKey), 0o600)
	writeFile(n.agent("serving-kubelet.crt"), []byte(b.ServingCert), 0o644)
	writeFile(n.agent("serving-kubelet.key"), []byte(b.ServingKey), 0o600)
	writeFile(n.agent("client-kube-proxy.crt"), []byte(b.ProxyCert), 0o644)
	writeFile(n.agent("client-kube-proxy.key"), []byte(b.ProxyKey), 0o600)
	writeFile(n.agent("kubelet.kubeconfig"), kubeconfig(server, "user", []byte(b.ServerCA), []byte(b.KubeletCert), []byte(b.KubeletKey)), 0o600)
	writeFile(n.agent("kubeproxy.kubeconfig"), kubeconfig(server, "user", []byte(b.ServerCA), []byte(b.ProxyCert), []byte(b.ProxyKey)), 0o600)
}

// serveSupervisor answers on 9345: the authority's certificate to anybody, a
// node's own certificates to those who know the token.
func (n *node) serveSupervisor(a authorities) {
	password := []byte(tokenPassword(string(must(os.ReadFile(n.server("token"))))))
	routes := http.NewServeMux()
	routes.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "pong") })
	routes.HandleFunc("/cacerts", func(w http.ResponseWriter, _ *http.Request) { w.Write(a.server.pem) })
	guarded := func(handler http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, given, _ := r.BasicAuth()
			if subtle.ConstantTimeCompare([]byte(given), password) != 1 {
				http.Error(w, "401 Unauthorized", http.StatusUnauthorized)
				return
			}
			handler(w, r)
		}
	}
	routes.HandleFunc("/v1-rke2/readyz", guarded(func(w http.ResponseWriter, _ *http.Request) {
		if !n.api.ready() {
			http.Error(w, "runtime core not ready", http.StatusInternalServerError)
			return
		}
		io.WriteString(w, "ok")
	}))
	routes.HandleFunc("/v1-rke2/lab/node", guarded(func(w http.ResponseWriter, r *http.Request) {
		name, ip := r.FormValue("name"), r.FormValue("ip")
		if name == "" || name == n.name || net.ParseIP(ip) == nil {
			http.Error(w, "Node password rejected, duplicate hostname or contents of node password file", http.StatusForbidden)
			return
		}
		json.NewEncoder(w).Encode(a.bundle(n, name, ip))
	}))
	base := n.server("tls/serving-kube-apiserver")
	listener, err := net.Listen("tcp", ":9345")
	if err != nil {
		fatal("starting kubernetes: %v", err)
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	go server.ServeTLS(listener, base+".crt", base+".key")
}

func (n *node) runAgent() {
	info("Starting rke2 agent %s (%s)", version, commit)
	address, token := n.config.get("server", ""), n.config.get("token", "")
	if file := n.config.get("token-file", ""); token == "" && file != "" {
		token = strings.TrimSpace(string(must(os.ReadFile(file))))
	}
	if address == "" {
		fatal("--server is required")
	}
	if token == "" {
		fatal("--token is required")
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" {
		fatal("invalid server address %q", address)
	}
	n.extractRuntime()
	var b bundle
	for {
		if b, err = n.askServer(address, token); err == nil {
			break
		}
		fail("Failed to validate connection to cluster at %s: %v", address, err)
		time.Sleep(5 * time.Second)
	}
	n.clusterCIDR, n.serviceCIDR, n.clusterDNS, n.clusterDomain = b.ClusterCIDR, b.ServiceCIDR, b.ClusterDNS, b.ClusterDomain
	base := "https://" + parsed.Hostname() + ":6443"
	n.writeAgentFiles(b, base)
	// A kubelet's certificate may read its own node only; the routes need all.
	n.api = newAPI(base, n.agent("server-ca.crt"), n.agent("client-kube-proxy.crt"), n.agent("client-kube-proxy.key"))
	n.startContainerd()
	n.importImages()
	n.startKubelet()
	n.startProxy()
	n.startNetwork()
	info("rke2 agent is up and running")
	notifyReady()
}

// askServer trusts the authority only when the token's digest names it.
func (n *node) askServer(address, token string) (b bundle, err error) {
	pinned, isFull := strings.CutPrefix(token, "K10")
	pinned, _, _ = strings.Cut(pinned, "::")
	if !isFull {
		return b, fmt.Errorf("the lab's agent wants the full token, beginning with K10")
	}
	// The first question has nothing yet to verify the server by. What it
	// answers is only a certificate, which the token then proves or not.
	first := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
	}}}
	response, err := first.Get(address + "/cacerts")
	if err != nil {
		return b, err
	}
	ca, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	response.Body.Close()
	if err != nil {
		return b, err
	}
	if hexSum(ca) != pinned {
		return b, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", pinned, hexSum(ca))
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	query := url.Values{"name": {n.name}, "ip": {n.ip}}
	request, err := http.NewRequest("GET", address+"/v1-rke2/lab/node?"+query.Encode(), nil)
	if err != nil {
		return b, err
	}
	request.SetBasicAuth("node", tokenPassword(token))
	if response, err = client.Do(request); err != nil {
		return b, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		return b, fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	return b, json.NewDecoder(response.Body).Decode(&b)
}
