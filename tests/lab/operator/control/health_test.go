package control

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lab.invalid/operator/tenant"
)

func TestJudge(t *testing.T) {
	well := health{well: true, writeQuorum: 3}
	four := &drives{online: 4}
	for name, c := range map[string]struct {
		answer  health
		running bool
		drives  *drives
		want    string
	}{
		"all well":           {well, true, four, tenant.Green},
		"drives unknown":     {well, true, nil, tenant.Green},
		"a pod not running":  {well, false, nil, tenant.Yellow},
		"a drive away":       {well, true, &drives{online: 3, offline: 1}, tenant.Yellow},
		"healing":            {health{well: true, writeQuorum: 3, healing: 1}, true, four, tenant.Yellow},
		"quorum lost":        {well, true, &drives{online: 2, offline: 2}, tenant.Red},
		"says it is unwell":  {health{writeQuorum: 3}, true, four, tenant.Red},
		"unwell and no pods": {health{}, false, nil, tenant.Red},
	} {
		var s tenant.Status
		judge(&s, c.answer, c.running, c.drives)
		if s.HealthStatus != c.want {
			t.Errorf("%s: %s", name, s.HealthStatus)
		}
	}
}

func TestSumDrives(t *testing.T) {
	d, err := sumDrives(strings.NewReader(`{"Disks":[{"state":"ok","totalspace":100,"usedspace":10},{"state":"offline","totalspace":100,"usedspace":10}],
		"Backend":{"StandardSCData":[1],"DrivesPerSet":[2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if *d != (drives{online: 1, offline: 1, raw: 200, rawUsed: 20, usable: 100, inUse: 10}) {
		t.Fatalf("%+v", *d)
	}
	if _, err := sumDrives(strings.NewReader("<html>")); err == nil {
		t.Fatal("nonsense is accepted")
	}
}

// A tenant with a certificate from elsewhere must stay without health.
func TestOnlyTheClustersAuthorityIsTrusted(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/minio/health/cluster" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Minio-Write-Quorum", "3")
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	answer, err := cluster(ctx, trusting(pool), server.URL)
	if err != nil || answer != (health{well: true, writeQuorum: 3}) {
		t.Fatalf("%+v %v", answer, err)
	}
	if _, err := cluster(ctx, trusting(x509.NewCertPool()), server.URL); err == nil {
		t.Fatal("an unknown authority is trusted")
	}
}

func TestOtherAnswersAreNoHealth(t *testing.T) {
	code := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	defer server.Close()
	answer, err := cluster(context.Background(), http.DefaultClient, server.URL)
	if err != nil || answer.well {
		t.Fatalf("%+v %v", answer, err)
	}
	code = http.StatusNotFound
	if _, err := cluster(context.Background(), http.DefaultClient, server.URL); err == nil {
		t.Fatal("404 is taken for an answer")
	}
}

// The delays are part of what the stand-in stands for.
func TestBackOff(t *testing.T) {
	l := limiter()
	for i, want := range []time.Duration{5, 10, 20, 40, 60, 60} {
		if have := l.When("x"); have != want*time.Second {
			t.Fatalf("delay %d is %s", i, have)
		}
	}
	l.Forget("x")
	if have := l.When("x"); have != 5*time.Second {
		t.Fatalf("after success the delay is %s", have)
	}
}
