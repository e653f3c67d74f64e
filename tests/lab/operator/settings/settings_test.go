package settings

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"lab.invalid/operator/tenant"
)

func TestParseTakesExportedLinesOnly(t *testing.T) {
	have := Parse("# keys\nexport MINIO_ROOT_USER=\"a=b\"\n  export X='y'  \nMINIO_ROOT_PASSWORD=plain\nexport BROKEN\nexport E=\nexport Q=\"say \\\"hi\\\"\"\n")
	want := map[string]string{"MINIO_ROOT_USER": "a=b", "X": "y", "E": "", "Q": `say "hi"`}
	if !maps.Equal(have, want) {
		t.Fatalf("%q", have)
	}
	if user, password := Root(have); user != "a=b" || password != "" {
		t.Fatalf("a password without export counts: %q %q", user, password)
	}
	if user, password := Root(Parse("export MINIO_ACCESS_KEY=u\nexport MINIO_SECRET_KEY=p")); user != "u" || password != "p" {
		t.Fatal("the old names do not count")
	}
}

func fourDrives() *tenant.Tenant {
	t := &tenant.Tenant{}
	t.Name, t.Namespace = "reg", "ns"
	t.Spec.Pools = []tenant.Pool{{Name: "pool-0", Servers: 1, VolumesPerServer: 4, VolumeClaimTemplate: &tenant.ClaimTemplate{}}}
	t.Default("cluster.local")
	return t
}

func TestWhoWins(t *testing.T) {
	reg := fourDrives()
	reg.Spec.Env = []corev1.EnvVar{
		{Name: "MINIO_UPDATE", Value: "off"},
		{Name: "MINIO_ROOT_USER", Value: "from the tenant"},
		{Name: "FOUND", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}},
		{Name: "LOST", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{Key: "k"}}},
	}
	look := func(s *corev1.EnvVarSource) (string, bool) { return "v", s.SecretKeyRef != nil }
	all := Compile(reg, map[string]string{"MINIO_ROOT_USER": "from the secret"}, "cluster.local", look)
	want := map[string]string{
		"MINIO_ARGS": "/export{0...3}", "MINIO_SERVER_URL": "https://minio.ns.svc.cluster.local:443",
		"MINIO_UPDATE": "off", "MINIO_ROOT_USER": "from the secret", "FOUND": "v",
	}
	if !maps.Equal(all, want) {
		t.Fatalf("%q", all)
	}
}

func TestRenderReadsBack(t *testing.T) {
	if have := Render(map[string]string{"B": "2", "A": "1 x"}); have != "export A=\"1 x\"\nexport B=\"2\"\n" {
		t.Fatalf("%q", have)
	}
}
