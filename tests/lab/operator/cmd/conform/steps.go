package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	certv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

// chart installs the chart with helm, as the lab's cluster does.
func (c *checks) chart(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.flags.helm, "install", "operator", c.flags.chart,
		"--namespace", "minio-operator", "--create-namespace", "--kubeconfig", c.admin,
		"--set", "operator.replicaCount=1",
		"--set", "operator.env[0].name=OPERATOR_STS_ENABLED", "--set-string", "operator.env[0].value=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm: %w: %s", err, out)
	}
	err := until(ctx, 20*time.Second, "the definition of Tenant", func(ctx context.Context) error {
		_, err := kube.List[struct{}](ctx, c.client, kube.Tenants, "", "")
		return err
	})
	if err != nil {
		return err
	}
	// The sidecar's image and digests are values too; without them it is the
	// operator that knows the image.
	cmd = exec.CommandContext(ctx, c.flags.helm, "template", "operator", c.flags.chart,
		"--set", "operator.image.digest=sha256:aa", "--set", "operator.sidecarImage.repository=r/s", "--set", "operator.sidecarImage.tag=t",
		"--set", "operator.imagePullSecrets[0].name=pull")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("helm: %w: %s", err, out)
	}
	text := string(out)
	c.check(strings.Contains(text, `image: "quay.io/minio/operator@sha256:aa"`) &&
		strings.Contains(text, `value: "r/s:t"`) && strings.Contains(text, "replicas: 2") && strings.Contains(text, "- name: pull"),
		"chart: images, digests, two replicas by default", text)
	return nil
}

// strictness: a field that the stand-in does not know is an error.
func (c *checks) strictness(ctx context.Context) error {
	if err := c.namespace(ctx, "strict"); err != nil {
		return err
	}
	for _, wrong := range []struct {
		name  string
		spoil func(spec, pool map[string]any)
	}{
		{"spec.pols", func(s, _ map[string]any) { s["pols"] = []any{} }},
		{"spec.users", func(s, _ map[string]any) { s["users"] = []any{map[string]any{"name": "u"}} }},
		{"spec.pools[].volumes", func(_, p map[string]any) { p["volumes"] = 4 }},
		{"spec.pools[].securityContext.runAsOwner", func(_, p map[string]any) {
			p["securityContext"].(map[string]any)["runAsOwner"] = 1
		}},
		{"no spec.pools[].servers", func(_, p map[string]any) { delete(p, "servers") }},
	} {
		o, err := c.tenant("strict", "strict")
		if err != nil {
			return err
		}
		spec := c.spec(o)
		wrong.spoil(spec, spec["pools"].([]any)[0].(map[string]any))
		err = c.apply(ctx, kube.Tenants, o)
		c.check(err != nil && !strings.Contains(err.Error(), "not find"), "refused: "+wrong.name, "it was accepted")
	}
	return nil
}

// withoutSigner: STS is on and nobody signs, so the operator approves its own
// request and looks at no tenant.
func (c *checks) withoutSigner(ctx context.Context) error {
	if err := c.namespace(ctx, "blocked"); err != nil {
		return err
	}
	operator, err := c.operator(ctx, "operator-sts", "OPERATOR_STS_ENABLED=on")
	if err != nil {
		return err
	}
	o, err := c.tenant("blocked", "blocked")
	if err != nil {
		return err
	}
	if err := c.apply(ctx, kube.Tenants, o); err != nil {
		return err
	}
	err = until(ctx, 30*time.Second, "csr", func(ctx context.Context) error {
		csr, err := kube.Get[certv1.CertificateSigningRequest](ctx, c.client, kube.Requests, "", "sts-minio-operator-csr")
		if err == nil && (len(csr.Status.Conditions) == 0 || csr.Status.Conditions[0].Reason != "MinIOOperatorAutoApproval") {
			err = fmt.Errorf("not approved")
		}
		return err
	})
	c.check(err == nil, "STS on: it asks for a certificate and approves that itself", err)
	// A tenant is first looked at after five seconds; ten without a word is a no.
	err = until(ctx, 10*time.Second, "a word about the tenant", func(ctx context.Context) error {
		t, err := kube.Get[tenant.Tenant](ctx, c.client, kube.Tenants, "blocked", "blocked")
		if err == nil && t.Status.SyncVersion == "" {
			err = fmt.Errorf("nothing yet")
		}
		return err
	})
	c.check(err != nil, "STS on and no signer: no tenant is looked at", "the tenant has a status")
	end(operator)
	return c.client.Delete(ctx, kube.Tenants, "blocked", "blocked")
}

// fixture: the Tenant that the real operator was given, and what it made.
func (c *checks) fixture(ctx context.Context) error {
	if err := c.plane.controllers(c.admin); err != nil {
		return err
	}
	proxy, err := c.proxy()
	if err != nil {
		return err
	}
	if _, err := c.operator(ctx, "operator", "OPERATOR_STS_ENABLED=off", "HTTPS_PROXY="+proxy, "https_proxy="+proxy); err != nil {
		return err
	}
	if err := c.compare(ctx, "operator-deployment.yaml"); err != nil {
		return err
	}
	const ns = "model-registry"
	if err := c.namespace(ctx, ns); err != nil {
		return err
	}
	seen, err := c.record(ctx, ns, ns)
	if err != nil {
		return err
	}
	o, err := c.tenant(ns, ns)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := c.apply(ctx, kube.Tenants, o); err != nil {
		return err
	}
	err = c.reaches(ctx, ns, ns, tenant.StateWaitingHealthy, 2*time.Minute)
	c.check(err == nil, fmt.Sprintf("waits for health after %.0f s", time.Since(began).Seconds()), err)
	want := []string{"", tenant.StateWaitingCertificate, tenant.StateProvisioningService, tenant.StateProvisioningConsole,
		tenant.StateProvisioningHL, tenant.StateProvisioningSet, tenant.StateWaitingHealthy}
	c.check(slices.Equal(seen.all(), want), "states in order", strings.Join(seen.all(), " > "))
	if err := c.compare(ctx, "tenant-objects.yaml"); err != nil {
		return err
	}
	if err := c.compareSpec(ctx, ns); err != nil {
		return err
	}
	hl, err := kube.Get[corev1.Service](ctx, c.client, kube.Services, ns, "model-registry-hl")
	c.check(err == nil && hl.Spec.ClusterIP == corev1.ClusterIPNone, "the headless Service has no address", err)
	secret, err := kube.Get[corev1.Secret](ctx, c.client, kube.Secrets, ns, "model-registry-tls")
	c.check(err == nil && secret.Type == corev1.SecretTypeOpaque && len(secret.Data) == 2 &&
		len(secret.Data["public.crt"]) > 0 && len(secret.Data["private.key"]) > 0, "Secret model-registry-tls", err)
	for _, e := range [][2]string{
		{"CSRCreated", "MinIO CSR Created"}, {"SvcCreated", "MinIO Service Created"},
		{"SvcCreated", "Console Service Created"}, {"SvcCreated", "Headless Service created"},
		{"PoolCreated", "Tenant pool pool-0 created"}, {"Updated", "Headless Service Updated"},
		{"WaitingMinIOIsHealthy", "Waiting for MinIO to be ready"},
	} {
		err := c.event(ctx, ns, ns, e[0], e[1])
		c.check(err == nil, "event "+e[0]+": "+e[1], err)
	}
	return c.touched(ctx, ns)
}

// compareSpec: the operator does not write its defaults into the Tenant.
func (c *checks) compareSpec(ctx context.Context, ns string) error {
	docs, err := c.documents("tenant.yaml")
	if err != nil {
		return err
	}
	have, err := c.get(ctx, kube.Tenants, ns, ns)
	if err != nil {
		return err
	}
	found := differences("Tenant", docs[0]["spec"], have.Object["spec"])
	c.check(len(found) == 0, "the Tenant's spec is as it was", found)
	return nil
}

// touched: somebody makes a NodePort out of Service minio; it does not last.
func (c *checks) touched(ctx context.Context, ns string) error {
	if err := c.client.Patch(ctx, kube.Services, ns, "minio", `{"spec":{"ports":[{"name":"mine","port":443,"targetPort":9001}]}}`); err != nil {
		return err
	}
	err := until(ctx, 30*time.Second, "service", func(ctx context.Context) error {
		s, err := kube.Get[corev1.Service](ctx, c.client, kube.Services, ns, "minio")
		if err == nil && (s.Spec.Ports[0].Name != "https-minio" || s.Spec.Ports[0].TargetPort.IntValue() != 9000) {
			err = fmt.Errorf("still %v", s.Spec.Ports)
		}
		return err
	})
	c.check(err == nil, "a changed Service minio is put back", err)
	err = c.event(ctx, ns, ns, "Updated", "MinIO Service Updated")
	c.check(err == nil, "event Updated: MinIO Service Updated", err)
	return nil
}

// failures: what can be seen of them without a kubelet, next to nothing.
func (c *checks) failures(ctx context.Context) error {
	apply := func(ns, name string, change func(spec map[string]any)) error {
		if err := c.namespace(ctx, ns); err != nil {
			return err
		}
		o, err := c.tenant(ns, name)
		if err != nil {
			return err
		}
		change(c.spec(o))
		return c.apply(ctx, kube.Tenants, o)
	}
	if err := apply("badsecret", "badsecret", func(s map[string]any) {
		s["configuration"] = map[string]any{"name": "absent"}
	}); err != nil {
		return err
	}
	if err := apply("badsig", "badsig", func(s map[string]any) {
		s["requestAutoCert"] = false
		s["externalCertSecret"] = []any{map[string]any{"name": "absent-tls", "type": "kubernetes.io/tls"}}
	}); err != nil {
		return err
	}
	if err := apply("model-registry", "second", func(map[string]any) {}); err != nil {
		return err
	}
	err := c.event(ctx, "badsecret", "badsecret", "NotFound", `secrets "absent" not found`)
	c.check(err == nil, "missing Secret: an event", err)
	t, err := kube.Get[tenant.Tenant](ctx, c.client, kube.Tenants, "badsecret", "badsecret")
	c.check(err == nil && t.Status.CurrentState == "", "missing Secret: no state", err)

	err = c.reaches(ctx, "badsig", "badsig", tenant.StateWaitingHealthy, time.Minute)
	c.check(err == nil, "missing certificate: only waits for health", err)
	set, err := c.get(ctx, kube.StatefulSets, "badsig", "badsig-pool-0")
	if err != nil {
		return err
	}
	volumes, _, err := unstructured.NestedSlice(set.Object, "spec", "template", "spec", "volumes")
	if err != nil {
		return err
	}
	want := map[string]any{"name": "badsig-tls", "projected": map[string]any{"defaultMode": int64(420), "sources": []any{
		map[string]any{"secret": map[string]any{"name": "absent-tls", "items": []any{
			map[string]any{"key": "tls.crt", "path": "public.crt"},
			map[string]any{"key": "tls.key", "path": "private.key"},
			map[string]any{"key": "tls.crt", "path": "CAs/public.crt"},
		}}},
	}}}
	found := differences("Volume", want, volumes[1])
	c.check(len(found) == 0, "an external certificate is projected", found)

	// The first is Initialized by now, so it is the newcomer that is told.
	err = c.reaches(ctx, "model-registry", "second", tenant.StateAlreadyExists, time.Minute)
	c.check(err == nil, "a second tenant in the namespace: "+tenant.StateAlreadyExists, err)
	return nil
}
