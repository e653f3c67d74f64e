// Conform holds the operator's stand-in against what the real operator made.
// See the script of the same name, which builds and calls it.
//
// There is no kubelet, so no pod runs. A real MinIO server is started in the
// place of the pod's, with the environment that the sidecar wrote and the
// certificate that the operator got, and the operator finds it through a proxy
// that plays Service minio. How the pod itself becomes 0/2, 1/2 and 2/2 belongs
// to the lab's own tests.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"lab.invalid/operator/kube"
)

type flags struct {
	etcd, hyperkube, helm, minio, operator, sidecar, chart, fixtures, work string
}

// Children are ended with the thread that started them, which must therefore be
// the one that lives longest.
func init() { runtime.LockOSThread() }

func main() {
	log.SetFlags(0)
	var f flags
	flag.StringVar(&f.etcd, "etcd", "", "the etcd program")
	flag.StringVar(&f.hyperkube, "hyperkube", "", "the program that holds all of Kubernetes")
	flag.StringVar(&f.helm, "helm", "", "the helm program")
	flag.StringVar(&f.minio, "minio", "", "the MinIO server")
	flag.StringVar(&f.sidecar, "sidecar", "", "the sidecar to be looked at")
	flag.StringVar(&f.operator, "operator", "", "the program to be looked at")
	flag.StringVar(&f.chart, "chart", "", "its chart")
	flag.StringVar(&f.fixtures, "fixtures", "fixtures", "what the real operator made")
	flag.StringVar(&f.work, "work", "", "a directory of its own, for logs and data")
	flag.Parse()
	for name, path := range map[string]string{
		"etcd": f.etcd, "hyperkube": f.hyperkube, "helm": f.helm, "minio": f.minio,
		"operator": f.operator, "sidecar": f.sidecar, "chart": f.chart,
	} {
		if _, err := os.Stat(path); err != nil {
			log.Fatalf("not run: -%s: %v", name, err)
		}
	}
	if f.work == "" {
		log.Fatal("not run: -work is missing")
	}
	if err := os.MkdirAll(f.work, 0o700); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	failed, err := run(ctx, f)
	stop()
	if err != nil {
		tail(f.work)
		log.Fatalf("not finished: %v", err)
	}
	if failed > 0 {
		log.Fatalf("%d checks failed", failed)
	}
	log.Print("the stand-in conforms")
}

// tail shows the end of every log: the directory is gone afterwards.
func tail(dir string) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return
	}
	for _, path := range logs {
		if b, err := os.ReadFile(path); err == nil {
			fmt.Fprintf(os.Stderr, "--- %s\n%s\n", filepath.Base(path), b[max(0, len(b)-2000):])
		}
	}
}

// run returns how many checks failed, or why it could not come to the end.
func run(ctx context.Context, f flags) (int, error) {
	p := &plane{dir: f.work, programs: map[string]string{"etcd": f.etcd, "hyperkube": f.hyperkube}}
	defer p.stop()
	// Watches end before the API server does, else they complain.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	if err := p.up(); err != nil {
		return 0, err
	}
	admin, err := p.kubeconfig("admin.kubeconfig", p.token)
	if err != nil {
		return 0, err
	}
	if err := os.Setenv("KUBECONFIG", admin); err != nil {
		return 0, err
	}
	client, err := kube.Connect()
	if err != nil {
		return 0, err
	}
	err = until(ctx, 2*time.Minute, "the API server", func(ctx context.Context) error {
		_, err := kube.List[struct{}](ctx, client, kube.Secrets, "default", "")
		return err
	})
	if err != nil {
		return 0, err
	}
	log.Printf("control plane up after %.1f s", time.Since(began).Seconds())
	c := &checks{plane: p, client: client, flags: f, admin: admin}
	for _, step := range []func(context.Context) error{
		c.chart, c.strictness, c.withoutSigner, c.fixture, c.served, c.failures,
	} {
		if err := step(ctx); err != nil {
			return c.failed, err
		}
	}
	log.Printf("%d checks in %.1f s", c.passed+c.failed, time.Since(began).Seconds())
	return c.failed, nil
}
