package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// plane is a control plane on loopback: etcd, the API server and, once it is
// asked for, the controller manager. No kubelet, no network.
type plane struct {
	dir, url, token string
	server          string // where the MinIO server of this run listens
	programs        map[string]string
	running         []*exec.Cmd
	ca              authority
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// start runs a program with its output in a file; stop ends it.
func (p *plane) start(name, path string, env []string, args ...string) (*exec.Cmd, error) {
	out, err := os.Create(filepath.Join(p.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Args[0] = name // one binary holds all of Kubernetes and goes by this
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	// If this program is killed, so is everything that it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.running = append(p.running, cmd)
	return cmd, nil
}

func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// stop ends everything, the last started first.
func (p *plane) stop() {
	for i := len(p.running) - 1; i >= 0; i-- {
		end(p.running[i])
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// trust verifies against this cluster's authority, for one name.
func (p *plane) trust(name string) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(p.ca.cert)
	return &tls.Config{RootCAs: pool, ServerName: name, MinVersion: tls.VersionTLS12}
}

func (p *plane) file(name string) string { return filepath.Join(p.dir, name) }

func (p *plane) write(name string, content []byte) error {
	return os.WriteFile(p.file(name), content, 0o600)
}

func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "conformity"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, err
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}

// credentials writes the authority, the API server's pair and the token file.
func (p *plane) credentials() error {
	var err error
	if p.ca, err = newAuthority(); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: p.ca.cert.NotBefore, NotAfter: p.ca.cert.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, p.ca.cert, &key.PublicKey, p.ca.key)
	if err != nil {
		return err
	}
	caKey, err := keyPEM(p.ca.key)
	if err != nil {
		return err
	}
	serverKey, err := keyPEM(key)
	if err != nil {
		return err
	}
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	p.token = hex.EncodeToString(random)
	for name, content := range map[string][]byte{
		"ca.crt": p.ca.pem, "ca.key": caKey, "server.key": serverKey,
		"server.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"tokens.csv": []byte(p.token + ",admin,admin,system:masters\n"),
	} {
		if err := p.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig writes one for a token and returns its path.
func (p *plane) kubeconfig(name, token string) (string, error) {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: c, user: {token: %q}}]
contexts: [{name: c, context: {cluster: c, user: c}}]
`, p.url, p.file("ca.crt"), token)
	return p.file(name), p.write(name, []byte(text))
}

// up starts etcd and the API server.
func (p *plane) up() error {
	if err := p.credentials(); err != nil {
		return err
	}
	var ports [3]string
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	client, peer := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	if _, err := p.start("etcd", p.programs["etcd"], nil,
		"--data-dir="+p.file("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer,
	); err != nil {
		return err
	}
	p.url = "https://127.0.0.1:" + ports[2]
	_, err := p.start("kube-apiserver", p.programs["hyperkube"], nil,
		"--etcd-servers="+client, "--bind-address=127.0.0.1", "--secure-port="+ports[2],
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.43.0.0/16",
		"--tls-cert-file="+p.file("server.crt"), "--tls-private-key-file="+p.file("server.key"),
		"--client-ca-file="+p.file("ca.crt"), "--token-auth-file="+p.file("tokens.csv"),
		"--authorization-mode=RBAC", "--service-account-issuer=https://conformity",
		"--service-account-key-file="+p.file("ca.key"), "--service-account-signing-key-file="+p.file("ca.key"),
	)
	return err
}

// controllers starts the controller manager with those controllers that the
// comparison needs; the signer is among them.
func (p *plane) controllers(kubeconfig string) error {
	_, err := p.start("kube-controller-manager", p.programs["hyperkube"], nil,
		"--kubeconfig="+kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0",
		"--controllers=statefulset-controller,deployment-controller,certificatesigningrequest-signing-controller,garbage-collector-controller",
		"--cluster-signing-cert-file="+p.file("ca.crt"), "--cluster-signing-key-file="+p.file("ca.key"),
	)
	return err
}

// until repeats a question that has no notification until it is answered with
// nil or the time is over; the last answer is the error.
func until(ctx context.Context, limit time.Duration, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, limit, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
