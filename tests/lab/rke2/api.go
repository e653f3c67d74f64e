package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// api asks the Kubernetes API, verified, with a client certificate. Plain HTTP
// and two types: a client library would be thirty times this program.
type api struct {
	base   string
	client *http.Client
}

func newAPI(base, caFile, certFile, keyFile string) *api {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(caFile)))
	pair := must(tls.LoadX509KeyPair(certFile, keyFile))
	return &api{base, &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}},
	}}
}

func (a *api) ask(method, path, kind string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d", method, path, response.StatusCode)
	}
	return data, err
}

type nodeObject struct {
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses []struct{ Type, Address string } `json:"addresses"`
	} `json:"status"`
}

func (o nodeObject) internalIP() string {
	for _, address := range o.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

func (a *api) nodes() []nodeObject {
	var list struct{ Items []nodeObject }
	data, err := a.ask("GET", "/api/v1/nodes", "", nil)
	if err != nil || json.Unmarshal(data, &list) != nil {
		return nil
	}
	return list.Items
}

func (a *api) ready() bool {
	_, err := a.ask("GET", "/readyz", "", nil)
	return err == nil
}

// kubeconfig is the file by which one program reaches the API.
func kubeconfig(server, user string, ca, cert, key []byte) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: default
contexts:
- context:
    cluster: default
    user: %s
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: %s
  user:
    client-certificate-data: %s
    client-key-data: %s
`, base64Of(ca), server, user, user, base64Of(cert), base64Of(key))
}
