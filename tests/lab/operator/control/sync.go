package control

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/objects"
	"lab.invalid/operator/settings"
	"lab.invalid/operator/tenant"
)

const soon = 5 * time.Second

// sync brings one tenant as far as it can go. The order of the steps is the
// order of the states, and what is not said in a state is not said at all: the
// product has to look at pods, claims and events by itself.
func (c *Controller) sync(ctx context.Context, ns, name string) (time.Duration, error) {
	t, err := kube.Get[tenant.Tenant](ctx, c.kube, kube.Tenants, ns, name)
	if gone(err) {
		return 0, nil
	} else if err != nil {
		log.Printf("tenant %s/%s cannot be read: %v", ns, name, err)
		return soon, nil
	}
	if t.DeletionTimestamp != nil {
		return 0, nil
	}
	if err := c.setStatus(ctx, t, func(s *tenant.Status) { s.SyncVersion = tenant.SyncVersion }); err != nil {
		return 0, err
	}
	user, password, err := c.credentials(ctx, t)
	if gone(err) {
		// The state stays empty: the event is all there is to see.
		c.warning(ctx, t, "NotFound", err.Error())
		return 0, err
	} else if err != nil {
		return 0, err
	}
	if user == "" || password == "" {
		c.warning(ctx, t, "MissingCreds", "Tenant is missing root credentials")
		return 0, c.state(ctx, t, tenant.StateNoCredentials, 0)
	}
	t.Default(c.options.Domain)
	if wrong := t.Validate(); wrong != "" {
		return 0, c.state(ctx, t, wrong, 0)
	}
	err = c.setStatus(ctx, t, func(s *tenant.Status) {
		auto := t.AutoCert()
		s.Certificates.AutoCertEnabled = &auto
	})
	if err != nil {
		return 0, err
	}
	if t.AutoCert() {
		if err := c.certificate(ctx, t); err != nil {
			log.Printf("tenant %s/%s: certificate: %v", ns, name, err)
			return soon, nil
		}
	}
	if err := c.services(ctx, t); err != nil {
		return 0, err
	}
	if taken, err := c.neighbour(ctx, t); err != nil || taken {
		return 0, err
	}
	if err := c.access(ctx, t); err != nil {
		return 0, err
	}
	replicas, stop, err := c.pools(ctx, t)
	if err != nil || stop {
		return 0, err
	}
	if t.Status.HealthStatus != tenant.Green {
		if err := c.state(ctx, t, tenant.StateWaitingHealthy, 0); err != nil {
			return 0, err
		}
		c.warning(ctx, t, "WaitingMinIOIsHealthy", "Waiting for MinIO to be ready")
		return soon, nil
	}
	if err := c.buckets(ctx, t, user, password); err != nil {
		c.warning(ctx, t, "BucketsCreatedFailed", fmt.Sprintf("Buckets creation failed: %v", err))
		return 0, err
	}
	return 0, c.state(ctx, t, tenant.StateInitialized, replicas)
}

// credentials reads the root keys out of the configuration Secret. An error
// that it is not there is returned as it came.
func (c *Controller) credentials(ctx context.Context, t *tenant.Tenant) (user, password string, err error) {
	if t.ConfigurationName() == "" {
		return "", "", nil
	}
	secret, err := kube.Get[corev1.Secret](ctx, c.kube, kube.Secrets, t.Namespace, t.ConfigurationName())
	if err != nil {
		return "", "", err
	}
	user, password = settings.Root(settings.Parse(string(secret.Data[settings.Key])))
	return user, password, nil
}

// services makes the three Services and puts back what somebody changed. This
// is why a NodePort patched into Service minio would not last.
func (c *Controller) services(ctx context.Context, t *tenant.Tenant) error {
	for _, s := range []struct {
		want                    *corev1.Service
		state, created, updated string
	}{
		{objects.MinIOService(t), tenant.StateProvisioningService, "MinIO Service Created", "MinIO Service Updated"},
		{objects.ConsoleService(t), tenant.StateProvisioningConsole, "Console Service Created", "Console Service Updated"},
		{objects.HeadlessService(t), tenant.StateProvisioningHL, "Headless Service created", "Headless Service Updated"},
	} {
		have, err := kube.Get[corev1.Service](ctx, c.kube, kube.Services, t.Namespace, s.want.Name)
		if gone(err) {
			if err := c.state(ctx, t, s.state, 0); err != nil {
				return err
			}
			if _, err := kube.Create(ctx, c.kube, kube.Services, t.Namespace, s.want); err != nil {
				return quoted(err, "service %s", s.want.Name)
			}
			c.normal(ctx, t, "SvcCreated", s.created)
			continue
		} else if err != nil {
			return err
		}
		if !objects.ServiceDiffers(have, s.want) {
			continue
		}
		objects.ServiceCorrect(t, have, s.want)
		if _, err := kube.Update(ctx, c.kube, kube.Services, t.Namespace, have); err != nil {
			return quoted(err, "service %s", s.want.Name)
		}
		c.normal(ctx, t, "Updated", s.updated)
	}
	return nil
}

// neighbour refuses a second tenant in a namespace, after its Services were
// made: the newcomer has taken Service minio over by then, until the first
// tenant is looked at again. This is no nicer in the real operator.
func (c *Controller) neighbour(ctx context.Context, t *tenant.Tenant) (bool, error) {
	all, err := kube.List[tenant.Tenant](ctx, c.kube, kube.Tenants, t.Namespace, "")
	if err != nil || len(all) < 2 {
		return false, err
	}
	for i := range all {
		if all[i].Status.CurrentState != tenant.StateInitialized {
			return true, c.state(ctx, &all[i], tenant.StateAlreadyExists, 0)
		}
	}
	return false, nil
}

// access makes what the pods need in order to read their own configuration.
func (c *Controller) access(ctx context.Context, t *tenant.Tenant) error {
	if err := ensure[corev1.ServiceAccount](ctx, c, kube.Accounts, t, objects.Account(t)); err != nil {
		return err
	}
	if err := ensure[rbacv1.Role](ctx, c, kube.Roles, t, objects.Role(t)); err != nil {
		return err
	}
	return ensure[rbacv1.RoleBinding](ctx, c, kube.RoleBindings, t, objects.Binding(t))
}

// ensure creates an object and is content if one of that name is there.
func ensure[T any](ctx context.Context, c *Controller, k kube.Kind, t *tenant.Tenant, want *T) error {
	_, err := kube.Create(ctx, c.kube, k, t.Namespace, want)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return quoted(err, "%s", k.Resource)
	}
	return nil
}

// pools makes and rolls the StatefulSets. It returns the ready servers, and
// whether nothing more should happen until somebody changes something.
func (c *Controller) pools(ctx context.Context, t *tenant.Tenant) (replicas int32, stop bool, err error) {
	var images []string
	for i := range t.Spec.Pools {
		p := &t.Spec.Pools[i]
		set, stop, err := c.pool(ctx, t, p)
		if err != nil || stop {
			return 0, stop, err
		}
		replicas += set.Status.AvailableReplicas
		images = append(images, set.Spec.Template.Spec.Containers[0].Image)
	}
	if slices.ContainsFunc(images, func(image string) bool { return image != images[0] }) {
		if err := c.state(ctx, t, tenant.StateDifferentVersions, replicas); err != nil {
			return 0, false, err
		}
		return 0, false, errors.New("the pools run different images")
	}
	return replicas, false, nil
}

func (c *Controller) pool(ctx context.Context, t *tenant.Tenant, p *tenant.Pool) (*appsv1.StatefulSet, bool, error) {
	name := t.PoolSetName(p)
	if err := c.poolState(ctx, t, name, tenant.PoolNotCreated); err != nil {
		return nil, false, err
	}
	want := objects.StatefulSet(t, p, c.surroundings())
	have, err := kube.Get[appsv1.StatefulSet](ctx, c.kube, kube.StatefulSets, t.Namespace, name)
	if gone(err) {
		if err := c.state(ctx, t, tenant.StateProvisioningSet, 0); err != nil {
			return nil, false, err
		}
		have, err = kube.Create(ctx, c.kube, kube.StatefulSets, t.Namespace, want)
		if err != nil {
			return nil, false, quoted(err, "statefulset %s", name)
		}
		c.normal(ctx, t, "PoolCreated", fmt.Sprintf("Tenant pool %s created", p.Name))
		if err := c.poolState(ctx, t, name, tenant.PoolCreated); err != nil {
			return nil, false, err
		}
	} else if err != nil {
		return nil, false, err
	}
	if !metav1.IsControlledBy(have, t) {
		c.warning(ctx, t, "ErrResourceExists", fmt.Sprintf("Resource %q already exists and is not managed by MinIO Operator", name))
		return nil, true, c.state(ctx, t, tenant.StateNotOwned, have.Status.Replicas)
	}
	if objects.TemplateDiffers(have, want) {
		have.Spec.Template, have.Spec.UpdateStrategy = want.Spec.Template, want.Spec.UpdateStrategy
		if have, err = kube.Update(ctx, c.kube, kube.StatefulSets, t.Namespace, have); err != nil {
			return nil, false, quoted(err, "statefulset %s", name)
		}
	}
	// "Initialized" is a large word for it: nothing has been started yet.
	return have, false, c.poolState(ctx, t, name, tenant.PoolInitialized)
}

// poolState moves a pool forward, never back.
func (c *Controller) poolState(ctx context.Context, t *tenant.Tenant, name, state string) error {
	order := []string{"", tenant.PoolNotCreated, tenant.PoolCreated, tenant.PoolInitialized}
	if p := poolStatus(t, name); p != nil && slices.Index(order, p.State) >= slices.Index(order, state) {
		return nil
	}
	return c.setStatus(ctx, t, func(s *tenant.Status) {
		for i := range s.Pools {
			if s.Pools[i].SSName == name {
				s.Pools[i].State = state
				return
			}
		}
		s.Pools = append(s.Pools, tenant.PoolStatus{SSName: name, State: state})
	})
}
