package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

type checks struct {
	plane          *plane
	client         *kube.Client
	flags          flags
	admin          string
	passed, failed int
}

// check reports one check by name; detail is shown when it failed.
func (c *checks) check(ok bool, name string, detail ...any) {
	if ok {
		c.passed++
		log.Printf("ok      %s", name)
		return
	}
	c.failed++
	log.Printf("FAILED  %s", name)
	for _, d := range detail {
		log.Printf("        %v", d)
	}
}

var kinds = map[string]kube.Kind{
	"StatefulSet": kube.StatefulSets, "Service": kube.Services, "ServiceAccount": kube.Accounts,
	"Role": kube.Roles, "RoleBinding": kube.RoleBindings, "CertificateSigningRequest": kube.Requests,
	"PersistentVolumeClaim": {Version: "v1", Resource: "persistentvolumeclaims"},
	"Deployment":            {Group: "apps", Version: "v1", Resource: "deployments"},
}

var namespaces = kube.Kind{Version: "v1", Resource: "namespaces"}

func (c *checks) documents(name string) ([]map[string]any, error) {
	text, err := os.ReadFile(filepath.Join(c.flags.fixtures, name))
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		var o map[string]any
		if err := yaml.Unmarshal(doc, &o); err != nil {
			return nil, err
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

// compare holds every object of a fixture against the cluster.
func (c *checks) compare(ctx context.Context, name string) error {
	docs, err := c.documents(name)
	if err != nil {
		return err
	}
	for _, want := range docs {
		u := unstructured.Unstructured{Object: want}
		label := fmt.Sprintf("%s: %s %s", name, u.GetKind(), u.GetName())
		// What others make out of it (claims, defaults) may come a moment later.
		var found []string
		err := until(ctx, 20*time.Second, label, func(ctx context.Context) error {
			have, err := c.get(ctx, kinds[u.GetKind()], u.GetNamespace(), u.GetName())
			if err != nil {
				found = []string{err.Error()}
				return err
			}
			if found = differences(u.GetKind(), want, have.Object); len(found) > 0 {
				return errors.New("differs")
			}
			return nil
		})
		details := make([]any, len(found))
		for i := range found {
			details[i] = found[i]
		}
		c.check(err == nil, label, details...)
	}
	return nil
}

func (c *checks) get(ctx context.Context, k kube.Kind, ns, name string) (*unstructured.Unstructured, error) {
	if ns == "" {
		return c.client.Dynamic.Resource(k).Get(ctx, name, metav1.GetOptions{})
	}
	return c.client.Dynamic.Resource(k).Namespace(ns).Get(ctx, name, metav1.GetOptions{})
}

// apply is what the product does: server-side, unknown fields refused.
func (c *checks) apply(ctx context.Context, k kube.Kind, o map[string]any) error {
	u := unstructured.Unstructured{Object: o}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: "conform", FieldValidation: "Strict", Force: &force}
	if u.GetNamespace() == "" {
		_, err = c.client.Dynamic.Resource(k).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
	} else {
		_, err = c.client.Dynamic.Resource(k).Namespace(u.GetNamespace()).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
	}
	return err
}

// tenant is the fixture's Tenant under another name and without its status.
func (c *checks) tenant(ns, name string) (map[string]any, error) {
	docs, err := c.documents("tenant.yaml")
	if err != nil || len(docs) != 1 {
		return nil, fmt.Errorf("tenant.yaml holds %d documents: %w", len(docs), err)
	}
	o := docs[0]
	delete(o, "status")
	o["metadata"] = map[string]any{"name": name, "namespace": ns}
	return o, nil
}

// namespace makes one with root credentials in it.
func (c *checks) namespace(ctx context.Context, ns string) error {
	err := c.apply(ctx, namespaces, map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns},
	})
	if err != nil {
		return err
	}
	return c.apply(ctx, kube.Secrets, map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   map[string]any{"name": "model-registry-configuration", "namespace": ns},
		"stringData": map[string]any{"config.env": "export MINIO_ROOT_USER=\"conform\"\nexport MINIO_ROOT_PASSWORD=\"conform-conform\"\n"},
	})
}

func (c *checks) spec(o map[string]any) map[string]any { return o["spec"].(map[string]any) }

// states records, from now on, every text that a tenant's state takes.
type states struct {
	mu   sync.Mutex
	seen []string
}

func (c *checks) record(ctx context.Context, ns, name string) (*states, error) {
	s := &states{}
	return s, c.client.Watch(ctx, kube.Tenants, ns, "", func(u *unstructured.Unstructured) {
		if u.GetName() != name {
			return
		}
		text, _, _ := unstructured.NestedString(u.Object, "status", "currentState")
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.seen) == 0 || s.seen[len(s.seen)-1] != text {
			s.seen = append(s.seen, text)
		}
	})
}

func (s *states) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// reaches waits until a tenant's state is text.
func (c *checks) reaches(ctx context.Context, ns, name, text string, limit time.Duration) error {
	return until(ctx, limit, ns+"/"+name, func(ctx context.Context) error {
		t, err := kube.Get[tenant.Tenant](ctx, c.client, kube.Tenants, ns, name)
		if err == nil && t.Status.CurrentState != text {
			err = fmt.Errorf("state is %q, not %q", t.Status.CurrentState, text)
		}
		return err
	})
}

// event waits for an event about a tenant.
func (c *checks) event(ctx context.Context, ns, name, reason, message string) error {
	return until(ctx, 40*time.Second, "event "+reason, func(ctx context.Context) error {
		all, err := kube.List[corev1.Event](ctx, c.client, kube.Events, ns, "")
		if err != nil {
			return err
		}
		var there []string
		for _, e := range all {
			if e.InvolvedObject.Kind == "Tenant" && e.InvolvedObject.Name == name {
				if e.Reason == reason && e.Message == message {
					return nil
				}
				there = append(there, e.Reason+": "+e.Message)
			}
		}
		return fmt.Errorf("only %s", strings.Join(there, "; "))
	})
}

// account writes a kubeconfig that speaks as a service account.
func (c *checks) account(ctx context.Context, ns, name string) (string, error) {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{},
	}}
	u, err := c.client.Dynamic.Resource(kube.Accounts).Namespace(ns).Create(ctx, u, metav1.CreateOptions{}, "token")
	if err != nil {
		return "", fmt.Errorf("token of %s: %w", name, err)
	}
	token, _, err := unstructured.NestedString(u.Object, "status", "token")
	if err != nil {
		return "", err
	}
	return c.plane.kubeconfig(name+".kubeconfig", token)
}

// operator starts the program as the chart's own service account, so that its
// rights are tried as well.
func (c *checks) operator(ctx context.Context, name string, env ...string) (*exec.Cmd, error) {
	config, err := c.account(ctx, "minio-operator", "minio-operator")
	if err != nil {
		return nil, err
	}
	return c.plane.start(name, c.flags.operator,
		append([]string{"KUBECONFIG=" + config, "POD_NAMESPACE=minio-operator"}, env...), "controller")
}
