// Package control is the operator's loop: it looks at a tenant, does the next
// thing that is missing, says where it is, and comes back.
package control

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/objects"
	"lab.invalid/operator/tenant"
)

// Options come from the environment that the chart sets.
type Options struct {
	Namespace    string // the operator's own
	Domain       string // CLUSTER_DOMAIN
	SidecarImage string // OPERATOR_SIDECAR_IMAGE
	Signer       string // MINIO_OPERATOR_CSR_SIGNER_NAME
	Watched      string // WATCHED_NAMESPACE, all of them if empty
	STS          bool   // OPERATOR_STS_ENABLED, on unless it is set to something else
	Monitoring   time.Duration
}

// FromEnvironment reads the options with the real operator's defaults.
func FromEnvironment() Options {
	or := func(name, fallback string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return fallback
	}
	sts, set := os.LookupEnv("OPERATOR_STS_ENABLED")
	minutes, err := strconv.Atoi(or("MONITORING_INTERVAL", "5"))
	if err != nil || minutes < 1 {
		minutes = 5
	}
	return Options{
		Namespace:    kube.Namespace(),
		Domain:       or("CLUSTER_DOMAIN", "cluster.local"),
		SidecarImage: or("OPERATOR_SIDECAR_IMAGE", "quay.io/minio/operator-sidecar:v7.0.1"),
		Signer:       or("MINIO_OPERATOR_CSR_SIGNER_NAME", "kubernetes.io/kubelet-serving"),
		Watched:      os.Getenv("WATCHED_NAMESPACE"),
		STS:          !set || sts == "on",
		Monitoring:   time.Duration(minutes) * time.Minute,
	}
}

// Controller holds the two queues: one of tenants to be brought forward, one of
// tenants whose health is to be asked.
type Controller struct {
	kube    *kube.Client
	events  *kube.Recorder
	options Options
	tenants workqueue.TypedRateLimitingInterface[string]
	health  workqueue.TypedRateLimitingInterface[string]
	// certificateWait is how often the signer is looked at, and for how long.
	certificateWait, certificateLimit time.Duration
}

// limiter is slow on purpose. The first look at a new tenant comes after five
// seconds, and every change of the tenant, the operator's own writes included,
// doubles the next delay until a pass ends well. So a healthy tenant takes half
// a minute and an unlucky one two, and the product has to be patient.
func limiter() workqueue.TypedRateLimiter[string] {
	return workqueue.NewTypedMaxOfRateLimiter[string](
		workqueue.NewTypedItemExponentialFailureRateLimiter[string](5*time.Second, time.Minute),
		&workqueue.TypedBucketRateLimiter[string]{Limiter: rate.NewLimiter(10, 100)},
	)
}

// New prepares a controller that has not begun.
func New(c *kube.Client, o Options) *Controller {
	return &Controller{
		kube: c, events: kube.NewRecorder(c, "minio-operator"), options: o,
		tenants:         workqueue.NewTypedRateLimitingQueue(limiter()),
		health:          workqueue.NewTypedRateLimitingQueue(limiter()),
		certificateWait: 5 * time.Second, certificateLimit: 20 * time.Minute,
	}
}

// Run works until the context ends.
func (c *Controller) Run(ctx context.Context) error {
	if c.options.STS {
		// The real operator also serves an STS interface once it has this
		// certificate. The stand-in has only the waiting.
		if err := c.waitForSTS(ctx); err != nil {
			return err
		}
	}
	ns := c.options.Watched
	key := func(ns, name string) string { return ns + "/" + name }
	err := c.kube.Watch(ctx, kube.Tenants, ns, "", func(u *unstructured.Unstructured) {
		c.tenants.AddRateLimited(key(u.GetNamespace(), u.GetName()))
	})
	if err != nil {
		return err
	}
	err = c.kube.Watch(ctx, kube.StatefulSets, ns, tenant.LabelTenant, func(u *unstructured.Unstructured) {
		for _, owner := range u.GetOwnerReferences() {
			if owner.Kind == "Tenant" && owner.Controller != nil && *owner.Controller {
				c.tenants.AddRateLimited(key(u.GetNamespace(), owner.Name))
			}
		}
	})
	if err != nil {
		return err
	}
	err = c.kube.Watch(ctx, kube.Pods, ns, tenant.LabelTenant, func(u *unstructured.Unstructured) {
		c.health.AddAfter(key(u.GetNamespace(), u.GetLabels()[tenant.LabelTenant]), time.Second)
	})
	if err != nil {
		return err
	}
	// Two workers: a tenant that waits for its certificate occupies one of them.
	for range 2 {
		go work(ctx, c.tenants, c.sync)
	}
	go work(ctx, c.health, c.checkHealth)
	go c.monitor(ctx)
	<-ctx.Done()
	c.tenants.ShutDown()
	c.health.ShutDown()
	return nil
}

// work takes keys from a queue. A step that fails is backed off; a step that
// asks to come back is forgiven its failures.
func work(ctx context.Context, queue workqueue.TypedRateLimitingInterface[string], step func(context.Context, string, string) (time.Duration, error)) {
	for {
		key, shutdown := queue.Get()
		if shutdown {
			return
		}
		ns, name, _ := strings.Cut(key, "/")
		again, err := step(ctx, ns, name)
		switch {
		case err != nil:
			log.Printf("error syncing '%s': %v", key, err)
			queue.AddRateLimited(key)
		case again > 0:
			queue.Forget(key)
			queue.AddAfter(key, again)
		default:
			queue.Forget(key)
		}
		queue.Done(key)
	}
}

// monitor asks every tenant's health now and then, also when no pod moves.
func (c *Controller) monitor(ctx context.Context) {
	ticker := time.NewTicker(c.options.Monitoring)
	defer ticker.Stop()
	for {
		all, err := kube.List[tenant.Tenant](ctx, c.kube, kube.Tenants, c.options.Watched, "")
		if err != nil {
			log.Printf("tenants cannot be listed: %v", err)
		}
		for _, t := range all {
			c.health.Add(t.Namespace + "/" + t.Name)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Controller) surroundings() objects.Surroundings {
	return objects.Surroundings{SidecarImage: c.options.SidecarImage, Domain: c.options.Domain}
}

func (c *Controller) normal(ctx context.Context, t *tenant.Tenant, reason, message string) {
	c.events.Event(ctx, reference(t), corev1.EventTypeNormal, reason, message)
}

func (c *Controller) warning(ctx context.Context, t *tenant.Tenant, reason, message string) {
	c.events.Event(ctx, reference(t), corev1.EventTypeWarning, reason, message)
}

func reference(t *tenant.Tenant) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: "minio.min.io/v2", Kind: "Tenant", Namespace: t.Namespace, Name: t.Name,
		UID: t.UID, ResourceVersion: t.ResourceVersion,
	}
}

func poolStatus(t *tenant.Tenant, name string) *tenant.PoolStatus {
	for i := range t.Status.Pools {
		if t.Status.Pools[i].SSName == name {
			return &t.Status.Pools[i]
		}
	}
	return nil
}

func quoted(err error, format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
