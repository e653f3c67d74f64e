package sidecar

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"lab.invalid/operator/tenant"
)

// Ready answers whether the MinIO server of this pod is running.
type Ready struct {
	client *http.Client
	url    string
}

// NewReady asks the server on this pod's own port 9000, by the name that the
// certificate should carry.
func NewReady(t *tenant.Tenant, domain string, ca []byte) *Ready {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	scheme := "http"
	if t.TLS() {
		scheme = "https"
	}
	return &Ready{
		url: scheme + "://localhost:9000/minio/health/live",
		client: &http.Client{
			Timeout: 500 * time.Millisecond,
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: t.ServiceHost(domain), MinVersion: tls.VersionTLS12},
			},
		},
	}
}

// ServeHTTP says yes as soon as anything answers, whatever it answers. A
// certificate that does not verify is an answer too: the real sidecar does not
// look at it, so a pod with a bad certificate is 2/2 and its tenant never green.
func (r *Ready) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	request, err := http.NewRequest(http.MethodHead, r.url, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	response, err := r.client.Do(request)
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		fmt.Fprintln(w, "the server answers with a certificate that does not verify")
		return
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("HTTP request failed: %v", err), http.StatusInternalServerError)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	fmt.Fprintln(w, "the server answers with status", response.StatusCode)
}
