package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// A siteProxy plays a company's proxy that opens TLS: whatever name a client
// asks to be connected to, it answers with a certificate of its own CA. The
// names behind it are known to nobody else: downloads.lab.example, and every
// other one is an image registry.
type siteProxy struct {
	ca        *x509.Certificate
	key       *ecdsa.PrivateKey
	downloads http.Handler
	images    http.Handler
	mutex     sync.Mutex
	made      map[string]*tls.Certificate
}

const downloadsName = "downloads.lab.example"

type throughProxy struct{}

func viaProxy(r *http.Request) bool { return r.Context().Value(throughProxy{}) != nil }

func newSiteProxy(caPath string, downloads, images http.Handler) (*siteProxy, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "the lab's site proxy"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(caPath, text, 0o644); err != nil {
		return nil, err
	}
	return &siteProxy{ca: ca, key: key, downloads: downloads, images: images, made: map[string]*tls.Certificate{}}, nil
}

func (p *siteProxy) certificate(name string) (*tls.Certificate, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if found, ok := p.made[name]; ok {
		return found, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.ca, key.Public(), p.key)
	if err != nil {
		return nil, err
	}
	p.made[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return p.made[name], nil
}

func (p *siteProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		p.behind(r.URL.Hostname()).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), throughProxy{}, true)))
		return
	}
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, "no port", http.StatusBadRequest)
		return
	}
	held, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	io.WriteString(held, "HTTP/1.1 200 Connection established\r\n\r\n")
	opened := tls.Server(held, &tls.Config{
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.certificate(name) },
	})
	server := &http.Server{
		Handler: p.behind(name),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, throughProxy{}, true)
		},
	}
	server.Serve(&one{conn: opened, done: make(chan struct{})})
}

func (p *siteProxy) behind(name string) http.Handler {
	if strings.EqualFold(name, downloadsName) {
		return p.downloads
	}
	return p.images
}

// one is a listener of one connection, and is over when that is.
type one struct {
	conn  net.Conn
	given bool
	done  chan struct{}
	once  sync.Once
}

func (l *one) Accept() (net.Conn, error) {
	if l.given {
		<-l.done
		return nil, net.ErrClosed
	}
	l.given = true
	return &ending{l.conn, l}, nil
}
func (l *one) Close() error   { return nil }
func (l *one) Addr() net.Addr { return l.conn.LocalAddr() }

type ending struct {
	net.Conn
	listener *one
}

func (c *ending) Close() error {
	c.listener.once.Do(func() { close(c.listener.done) })
	return c.Conn.Close()
}
