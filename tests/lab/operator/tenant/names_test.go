package tenant

import (
	"slices"
	"testing"
)

func made(pools ...Pool) *Tenant {
	t := &Tenant{}
	t.Name, t.Namespace = "model-registry", "model-registry"
	for i := range pools {
		pools[i].VolumeClaimTemplate = &ClaimTemplate{}
	}
	t.Spec.Pools = pools
	t.Default("cluster.local")
	return t
}

func TestCertificateNames(t *testing.T) {
	const suffix = "model-registry.svc.cluster.local"
	one := made(Pool{Name: "pool-0", Servers: 1, VolumesPerServer: 4})
	want := []string{
		"model-registry-pool-0-0.model-registry-hl." + suffix,
		"minio." + suffix, "minio.model-registry", "minio.model-registry.svc",
		"*.", "*." + suffix,
	}
	if have := one.CertNames("cluster.local"); !slices.Equal(have, want) {
		t.Fatalf("one server: %q", have)
	}
	two := made(Pool{Name: "pool-0", Servers: 2, VolumesPerServer: 2})
	have := two.CertNames("cluster.local")
	if slices.Contains(have, "*.") || !slices.Contains(have, "*.model-registry-hl."+suffix) {
		t.Fatalf("two servers: %q", have)
	}
	if !slices.Contains(have, "model-registry-pool-0-1.model-registry-hl."+suffix) {
		t.Fatalf("the second server has no name: %q", have)
	}
	if o := two.Spec.CertConfig.OrganizationName; !slices.Equal(o, []string{"system:nodes"}) {
		t.Fatalf("the signer would refuse %q", o)
	}
}

func TestServerArguments(t *testing.T) {
	const hosts = ".model-registry-hl.model-registry.svc.cluster.local/export"
	for name, c := range map[string]struct {
		tenant *Tenant
		want   []string
	}{
		"one drive":   {made(Pool{Name: "p", Servers: 1, VolumesPerServer: 1}), []string{"/export"}},
		"four drives": {made(Pool{Name: "p", Servers: 1, VolumesPerServer: 4}), []string{"/export{0...3}"}},
		"two servers": {made(Pool{Name: "p", Servers: 2, VolumesPerServer: 2}), []string{"https://model-registry-p-{0...1}" + hosts + "{0...1}"}},
		"two pools": {made(Pool{Name: "a", Servers: 1, VolumesPerServer: 4}, Pool{Name: "b", Servers: 4, VolumesPerServer: 1}), []string{
			"https://model-registry-a-{0...0}" + hosts + "{0...3}", "https://model-registry-b-{0...3}" + hosts}},
	} {
		if have := c.tenant.ServerArgs("cluster.local"); !slices.Equal(have, c.want) {
			t.Errorf("%s: %q", name, have)
		}
	}
}

func TestValidate(t *testing.T) {
	if wrong := made(Pool{Name: "p", Servers: 1, VolumesPerServer: 4}).Validate(); wrong != "" {
		t.Fatal(wrong)
	}
	for _, bad := range []*Tenant{made(), made(Pool{Servers: 0, VolumesPerServer: 4}), made(Pool{Servers: 1})} {
		if bad.Validate() == "" {
			t.Errorf("accepted: %+v", bad.Spec.Pools)
		}
	}
}

func TestTLSWithoutOwnCertificate(t *testing.T) {
	reg := made(Pool{Name: "p", Servers: 1, VolumesPerServer: 4})
	off := false
	reg.Spec.RequestAutoCert = &off
	if reg.TLS() || reg.ServerURL("cluster.local") != "http://minio.model-registry.svc.cluster.local:80" {
		t.Fatal("no certificate at all, yet TLS")
	}
	reg.Spec.ExternalCertSecret = []CertReference{{Name: "x"}}
	if !reg.TLS() || reg.ServerURL("cluster.local") != "https://minio.model-registry.svc.cluster.local:443" {
		t.Fatal("an external certificate, yet no TLS")
	}
}
