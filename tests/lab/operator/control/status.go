package control

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

// setStatus changes the status in the cluster and in t. A change that changes
// nothing is not written: writing wakes the operator itself.
func (c *Controller) setStatus(ctx context.Context, t *tenant.Tenant, change func(*tenant.Status)) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		fresh, err := kube.Get[tenant.Tenant](ctx, c.kube, kube.Tenants, t.Namespace, t.Name)
		if err != nil {
			return err
		}
		before := *fresh.Status.DeepCopy()
		change(&fresh.Status)
		if fresh.Status.Pools == nil {
			fresh.Status.Pools = []tenant.PoolStatus{}
		}
		if equality.Semantic.DeepEqual(before, fresh.Status) {
			t.Status = fresh.Status
			return nil
		}
		done, err := kube.Update(ctx, c.kube, kube.Tenants, t.Namespace, fresh, "status")
		if err != nil {
			return err
		}
		t.Status, t.ResourceVersion = done.Status, done.ResourceVersion
		return nil
	})
}

// state says where the tenant is.
func (c *Controller) state(ctx context.Context, t *tenant.Tenant, text string, replicas int32) error {
	return c.setStatus(ctx, t, func(s *tenant.Status) {
		s.CurrentState, s.AvailableReplicas = text, replicas
	})
}

func gone(err error) bool { return apierrors.IsNotFound(err) }
