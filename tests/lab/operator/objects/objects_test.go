package objects

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"lab.invalid/operator/tenant"
)

func made() *tenant.Tenant {
	t := &tenant.Tenant{}
	t.Name, t.Namespace = "reg", "ns"
	t.Spec.Pools = []tenant.Pool{{Name: "pool-0", Servers: 2, VolumesPerServer: 2, VolumeClaimTemplate: &tenant.ClaimTemplate{}}}
	t.Default("cluster.local")
	return t
}

var around = Surroundings{SidecarImage: "side:1", Domain: "cluster.local"}

// What the fixture does not use must still arrive in the pod.
func TestPoolFieldsArrive(t *testing.T) {
	reg := made()
	p := &reg.Spec.Pools[0]
	no := false
	p.ContainerSecurityContext = &corev1.SecurityContext{AllowPrivilegeEscalation: &no}
	p.Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("900Gi")}
	p.NodeSelector = map[string]string{"disk": "fast"}
	p.Tolerations = []corev1.Toleration{{Key: "edge"}}
	p.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
	p.Labels = map[string]string{"mine": "1", tenant.LabelTenant: "stolen"}
	reg.Spec.ImagePullSecret = &corev1.LocalObjectReference{Name: "pull"}

	set := StatefulSet(reg, p, around)
	pod := set.Spec.Template.Spec
	if *set.Spec.Replicas != 2 || len(set.Spec.VolumeClaimTemplates) != 2 {
		t.Error("servers or volumes are lost")
	}
	memory := pod.Containers[0].Resources.Requests[corev1.ResourceMemory]
	if memory.String() != "900Gi" || pod.NodeSelector["disk"] != "fast" || len(pod.Tolerations) != 1 || pod.Affinity == nil {
		t.Error("resources or placement are lost")
	}
	for _, c := range append(pod.Containers, pod.InitContainers...) {
		if c.SecurityContext.AllowPrivilegeEscalation == nil || c.SecurityContext.RunAsUser != nil {
			t.Errorf("%s: the container's context is not the pool's", c.Name)
		}
	}
	if l := set.Spec.Template.Labels; l["mine"] != "1" || l[tenant.LabelTenant] != "reg" {
		t.Errorf("labels: %v", l)
	}
	if len(pod.ImagePullSecrets) != 1 || *pod.SecurityContext.FSGroup != 1000 {
		t.Error("pull secret or default security context is lost")
	}
}

func TestCertificatesLieBesideEachOther(t *testing.T) {
	reg := made()
	reg.Spec.ExternalCertSecret = []tenant.CertReference{{Name: "a", Type: "kubernetes.io/tls"}, {Name: "b"}}
	sources := certSources(reg)
	if len(sources) != 3 {
		t.Fatalf("%d sources", len(sources))
	}
	for i, want := range [][2]string{
		{"tls.crt", "public.crt"}, {"public.crt", "hostname-1/public.crt"}, {"public.crt", "hostname-2/public.crt"},
	} {
		if item := sources[i].Secret.Items[0]; item.Key != want[0] || item.Path != want[1] {
			t.Errorf("source %d: %s to %s", i, item.Key, item.Path)
		}
	}
	if sources[2].Secret.Name != "reg-tls" {
		t.Error("the operator's own certificate is not the last")
	}
}

func TestWithoutCertificateThereIsNoMount(t *testing.T) {
	reg := made()
	off := false
	reg.Spec.RequestAutoCert = &off
	pod := StatefulSet(reg, &reg.Spec.Pools[0], around).Spec.Template.Spec
	for _, m := range pod.Containers[0].VolumeMounts {
		if m.MountPath == certsDir {
			t.Error("certificates are mounted")
		}
	}
	if port := MinIOService(reg).Spec.Ports[0]; port.Port != 80 || port.Name != "http-minio" {
		t.Errorf("port %v", port)
	}
}

func TestOnlyTheOperatorsPartsOfATemplateCount(t *testing.T) {
	reg := made()
	want := StatefulSet(reg, &reg.Spec.Pools[0], around)
	have := want.DeepCopy()
	have.Spec.Template.Spec.DNSPolicy = corev1.DNSClusterFirst // a default of the API server
	if TemplateDiffers(have, want) {
		t.Error("a default counts")
	}
	have.Spec.Template.Spec.Containers[0].Image = "other"
	if !TemplateDiffers(have, want) {
		t.Error("an image does not count")
	}
}
