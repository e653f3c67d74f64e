package sidecar

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"lab.invalid/operator/tenant"
)

func asked(url string, ca []byte) int {
	t := &tenant.Tenant{}
	t.Name, t.Namespace = "reg", "ns"
	r := NewReady(t, "cluster.local", ca)
	r.url = url
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ready", nil))
	return w.Code
}

func TestReadyMeansThatSomethingAnswers(t *testing.T) {
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer broken.Close()
	if code := asked(broken.URL, nil); code != http.StatusOK {
		t.Errorf("a server that answers 503 is %d", code)
	}
	foreign := httptest.NewTLSServer(http.NotFoundHandler())
	defer foreign.Close()
	if code := asked(foreign.URL, nil); code != http.StatusOK {
		t.Errorf("a server with a foreign certificate is %d", code)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if code := asked("http://"+l.Addr().String(), nil); code != http.StatusInternalServerError {
		t.Errorf("nobody there is %d", code)
	}
}

func TestReplaceLeavesOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.env")
	for _, text := range []string{"a", "b"} {
		if err := replace(path, text); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != "b" {
		t.Fatalf("%q %v", have, err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
}
