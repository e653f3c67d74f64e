// Package kube is the little of a Kubernetes client that the stand-in needs:
// typed reads and writes over the dynamic client, events, and watches that feed
// a queue. The generated client set would add tens of megabytes to both
// programs for the eleven kinds used here.
package kube

import (
	"context"
	"fmt"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Kind is a resource as it stands in a URL.
type Kind = schema.GroupVersionResource

// The kinds in use.
var (
	Tenants      = Kind{Group: "minio.min.io", Version: "v2", Resource: "tenants"}
	Services     = Kind{Version: "v1", Resource: "services"}
	Secrets      = Kind{Version: "v1", Resource: "secrets"}
	ConfigMaps   = Kind{Version: "v1", Resource: "configmaps"}
	Pods         = Kind{Version: "v1", Resource: "pods"}
	Accounts     = Kind{Version: "v1", Resource: "serviceaccounts"}
	Events       = Kind{Version: "v1", Resource: "events"}
	Roles        = Kind{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"}
	RoleBindings = Kind{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"}
	StatefulSets = Kind{Group: "apps", Version: "v1", Resource: "statefulsets"}
	Requests     = Kind{Group: "certificates.k8s.io", Version: "v1", Resource: "certificatesigningrequests"}
)

// Client talks to one cluster.
type Client struct {
	Dynamic dynamic.Interface
	Config  *rest.Config
}

const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount/"

// Connect uses KUBECONFIG if it is set (the conformity test does so) and the
// pod's service account otherwise.
func Connect() (*Client, error) {
	var config *rest.Config
	var err error
	if path := os.Getenv("KUBECONFIG"); path != "" {
		config, err = clientcmd.BuildConfigFromFlags("", path)
	} else {
		config, err = rest.InClusterConfig()
	}
	if err != nil {
		return nil, fmt.Errorf("no way to the API server: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	d, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Client{Dynamic: d, Config: config}, nil
}

// Namespace is the pod's own; POD_NAMESPACE stands in for it outside a pod.
func Namespace() string {
	if b, err := os.ReadFile(accountDir + "namespace"); err == nil {
		return strings.TrimSpace(string(b))
	}
	return os.Getenv("POD_NAMESPACE")
}

// CA is the authority that signed the API server's certificate, and with it
// every certificate of the kubelet-serving signer.
func (c *Client) CA() ([]byte, error) {
	if len(c.Config.CAData) > 0 {
		return c.Config.CAData, nil
	}
	return os.ReadFile(c.Config.CAFile)
}

func (c *Client) at(k Kind, ns string) dynamic.ResourceInterface {
	if ns == "" {
		return c.Dynamic.Resource(k)
	}
	return c.Dynamic.Resource(k).Namespace(ns)
}

// Get reads one object.
func Get[T any](ctx context.Context, c *Client, k Kind, ns, name string) (*T, error) {
	u, err := c.at(k, ns).Get(ctx, name, metav1.GetOptions{})
	return decode[T](u, err)
}

// List reads all objects, of one namespace or of all of them with "".
func List[T any](ctx context.Context, c *Client, k Kind, ns, labels string) ([]T, error) {
	l, err := c.at(k, ns).List(ctx, metav1.ListOptions{LabelSelector: labels})
	if err != nil {
		return nil, err
	}
	var all []T
	for i := range l.Items {
		o, err := decode[T](&l.Items[i], nil)
		if err != nil {
			return nil, err
		}
		all = append(all, *o)
	}
	return all, nil
}

// Create makes one object; a name that is taken is an error.
func Create[T any](ctx context.Context, c *Client, k Kind, ns string, o *T) (*T, error) {
	u, err := encode(o)
	if err != nil {
		return nil, err
	}
	u, err = c.at(k, ns).Create(ctx, u, metav1.CreateOptions{})
	return decode[T](u, err)
}

// Update replaces one object, or with a subresource only that part of it.
func Update[T any](ctx context.Context, c *Client, k Kind, ns string, o *T, subresource ...string) (*T, error) {
	u, err := encode(o)
	if err != nil {
		return nil, err
	}
	u, err = c.at(k, ns).Update(ctx, u, metav1.UpdateOptions{}, subresource...)
	return decode[T](u, err)
}

// Patch merges a JSON fragment into an object.
func (c *Client) Patch(ctx context.Context, k Kind, ns, name, fragment string) error {
	_, err := c.at(k, ns).Patch(ctx, name, types.MergePatchType, []byte(fragment), metav1.PatchOptions{})
	return err
}

// Delete removes an object.
func (c *Client) Delete(ctx context.Context, k Kind, ns, name string) error {
	return c.at(k, ns).Delete(ctx, name, metav1.DeleteOptions{})
}

func encode(o any) (*unstructured.Unstructured, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	return &unstructured.Unstructured{Object: m}, err
}

func decode[T any](u *unstructured.Unstructured, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	o := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, o); err != nil {
		return nil, fmt.Errorf("%s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return o, nil
}
