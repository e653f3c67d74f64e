// Package sidecar does what happens inside a tenant's pod besides MinIO itself.
package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/settings"
	"lab.invalid/operator/tenant"
)

// File is where the server looks for its environment.
const File = "/tmp/minio/config.env"

// Sidecar belongs to one tenant.
type Sidecar struct {
	client                                *kube.Client
	namespace, tenant, secret, domain, to string
}

// New prepares a sidecar; secret may be empty, then the tenant names it.
func New(c *kube.Client, name, secret, file string) *Sidecar {
	domain := os.Getenv("CLUSTER_DOMAIN")
	if domain == "" {
		domain = "cluster.local"
	}
	return &Sidecar{client: c, namespace: kube.Namespace(), tenant: name, secret: secret, domain: domain, to: file}
}

func (s *Sidecar) read(ctx context.Context) (*tenant.Tenant, error) {
	t, err := kube.Get[tenant.Tenant](ctx, s.client, kube.Tenants, s.namespace, s.tenant)
	if err != nil {
		return nil, err
	}
	t.Default(s.domain)
	return t, nil
}

// Write makes the file anew from the tenant and its Secret. Without root
// credentials MinIO must not start: it would come up with well-known ones.
func (s *Sidecar) Write(ctx context.Context) error {
	t, err := s.read(ctx)
	if err != nil {
		return err
	}
	name := t.ConfigurationName()
	secret, err := kube.Get[corev1.Secret](ctx, s.client, kube.Secrets, s.namespace, name)
	if err != nil {
		return fmt.Errorf("cannot find configurations secret %s: %w", name, err)
	}
	given := settings.Parse(string(secret.Data[settings.Key]))
	if user, password := settings.Root(given); user == "" || password == "" {
		return errors.New("Missing root credentials in the configuration. MinIO won't start")
	}
	text := settings.Render(settings.Compile(t, given, s.domain, s.lookup(ctx)))
	return replace(s.to, text)
}

// replace swaps the file whole: the server may be reading it at this moment.
func replace(path, text string) error {
	fresh := filepath.Join(filepath.Dir(path), ".config.env.new")
	if err := os.WriteFile(fresh, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// lookup follows references of spec.env. The pod's Role allows Secrets only, so
// a ConfigMap is never found; the real sidecar swallows that refusal too.
func (s *Sidecar) lookup(ctx context.Context) settings.Lookup {
	return func(source *corev1.EnvVarSource) (string, bool) {
		if ref := source.SecretKeyRef; ref != nil {
			o, err := kube.Get[corev1.Secret](ctx, s.client, kube.Secrets, s.namespace, ref.Name)
			if err == nil {
				v, ok := o.Data[ref.Key]
				return string(v), ok
			}
		}
		if ref := source.ConfigMapKeyRef; ref != nil {
			o, err := kube.Get[corev1.ConfigMap](ctx, s.client, kube.ConfigMaps, s.namespace, ref.Name)
			if err == nil {
				v, ok := o.Data[ref.Key]
				return v, ok
			}
		}
		return "", false
	}
}

// Run writes the file whenever the tenant or its Secret changes and answers the
// kubelet's question until the context ends. The server does not notice new
// credentials until its pod is replaced; that is so in the real one as well.
func (s *Sidecar) Run(ctx context.Context) error {
	t, err := s.read(ctx)
	if err != nil {
		return err
	}
	changed := make(chan struct{}, 1)
	wake := func(*unstructured.Unstructured) {
		select {
		case changed <- struct{}{}:
		default: // one pending turn covers any number of changes
		}
	}
	if err := s.client.Watch(ctx, kube.Tenants, s.namespace, "", func(u *unstructured.Unstructured) {
		if u.GetName() == s.tenant {
			wake(u)
		}
	}); err != nil {
		return err
	}
	if err := s.client.Watch(ctx, kube.Secrets, s.namespace, "", func(u *unstructured.Unstructured) {
		if u.GetName() == s.secret {
			wake(u)
		}
	}); err != nil {
		return err
	}
	ca, err := s.client.CA()
	if err != nil {
		return err
	}
	answer := NewReady(t, s.domain, ca)
	mux := http.NewServeMux()
	mux.Handle("GET /ready", answer)
	server := &http.Server{Addr: ":4444", Handler: mux, ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	for {
		select {
		case <-ctx.Done():
			return server.Close()
		case err := <-failed:
			return err
		case <-changed:
			if err := s.Write(ctx); err != nil {
				log.Printf("configuration not rewritten: %v", err)
			}
		}
	}
}
