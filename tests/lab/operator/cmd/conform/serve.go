package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

// proxy plays Service minio: whatever name is asked for, the connection goes to
// the MinIO server of this run, or is refused while there is none. The API
// server is on loopback, which no client sends through a proxy.
func (c *checks) proxy() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	c.plane.server = "127.0.0.1:" + port
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, err := net.Dial("tcp", c.plane.server)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "connection refused", http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, from) }()
		_, _ = io.Copy(from, to)
	})}
	go func() { log.Print(server.Serve(l)) }()
	return "http://" + l.Addr().String(), nil
}

// served: the server is there, so the tenant becomes green, gets its bucket and
// is Initialized.
func (c *checks) served(ctx context.Context) error {
	const ns = "model-registry"
	environment, err := c.environment(ctx, ns)
	if err != nil {
		return err
	}
	secret, err := kube.Get[corev1.Secret](ctx, c.client, kube.Secrets, ns, "model-registry-tls")
	if err != nil {
		return err
	}
	certs := c.plane.file("certs")
	for _, dir := range []string{certs, certs + "/CAs", c.plane.file("export0"), c.plane.file("export1"), c.plane.file("export2"), c.plane.file("export3")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for name, content := range map[string][]byte{
		"certs/public.crt": secret.Data["public.crt"], "certs/private.key": secret.Data["private.key"],
		"certs/CAs/public.crt": secret.Data["public.crt"],
		// The drives lie elsewhere here; nothing else in the file is changed.
		"config.env": []byte(strings.ReplaceAll(environment, `"/export`, `"`+c.plane.file("export"))),
	} {
		if err := c.plane.write(name, content); err != nil {
			return err
		}
	}
	console, err := freePort()
	if err != nil {
		return err
	}
	began := time.Now()
	// MINIO_CI_CD allows drives that share the machine's own file system.
	if _, err := c.plane.start("minio", c.flags.minio,
		[]string{"MINIO_CI_CD=on", "MINIO_CONFIG_ENV_FILE=" + c.plane.file("config.env")},
		"server", "--certs-dir", certs, "--address", c.plane.server, "--console-address", "127.0.0.1:"+console); err != nil {
		return err
	}
	err = until(ctx, time.Minute, "MinIO", func(context.Context) error {
		connection, err := net.DialTimeout("tcp", c.plane.server, time.Second)
		if err == nil {
			connection.Close()
		}
		return err
	})
	if err != nil {
		return err
	}
	// What a kubelet would say; the operator looks at the health when a pod moves.
	pod, err := kube.Get[corev1.Pod](ctx, c.client, kube.Pods, ns, "model-registry-pool-0-0")
	if err != nil {
		return err
	}
	pod.Status.Phase = corev1.PodRunning
	if _, err := kube.Update(ctx, c.client, kube.Pods, ns, pod, "status"); err != nil {
		return err
	}
	err = c.reaches(ctx, ns, ns, tenant.StateInitialized, 3*time.Minute)
	c.check(err == nil, fmt.Sprintf("with a server it is Initialized after %.0f s more", time.Since(began).Seconds()), err)
	return c.statusAndBucket(ctx, ns)
}

// environment runs the sidecar's validation as the tenant's account and looks
// at what it wrote.
func (c *checks) environment(ctx context.Context, ns string) (string, error) {
	config, err := c.account(ctx, ns, "model-registry-sa")
	if err != nil {
		return "", err
	}
	file := c.plane.file("validated.env")
	cmd := exec.CommandContext(ctx, c.flags.sidecar, "validate", "--tenant", ns, "--file", file)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "POD_NAMESPACE="+ns)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("validate: %w: %s", err, out)
	}
	text, err := os.ReadFile(file)
	want := `export MINIO_ARGS="/export{0...3}"
export MINIO_ROOT_PASSWORD="conform-conform"
export MINIO_ROOT_USER="conform"
export MINIO_SERVER_URL="https://minio.model-registry.svc.cluster.local:443"
export MINIO_UPDATE="off"
`
	c.check(string(text) == want, "the sidecar writes the server's environment", string(text))
	if err != nil {
		return "", err
	}
	return string(text), c.follows(ctx, ns, config)
}

// follows: the running sidecar brings a changed Secret into the file.
func (c *checks) follows(ctx context.Context, ns, config string) error {
	const name = "model-registry-configuration"
	file := c.plane.file("followed.env")
	cmd, err := c.plane.start("operator-sidecar", c.flags.sidecar, []string{"KUBECONFIG=" + config, "POD_NAMESPACE=" + ns},
		"sidecar", "--tenant", ns, "--config-name", name, "--file", file)
	if err != nil {
		return err
	}
	defer end(cmd)
	holds := func(part string) error {
		return until(ctx, 30*time.Second, "the followed file", func(context.Context) error {
			text, err := os.ReadFile(file)
			if err == nil && !strings.Contains(string(text), part) {
				err = fmt.Errorf("no %q in %q", part, text)
			}
			return err
		})
	}
	if err := holds(`MINIO_ROOT_USER="conform"`); err != nil {
		return err
	}
	secret, err := kube.Get[corev1.Secret](ctx, c.client, kube.Secrets, ns, name)
	if err != nil {
		return err
	}
	before := secret.Data["config.env"]
	secret.Data["config.env"] = append(append([]byte{}, before...), []byte("export MINIO_REGION=\"elsewhere\"\n")...)
	if secret, err = kube.Update(ctx, c.client, kube.Secrets, ns, secret); err != nil {
		return err
	}
	err = holds(`MINIO_REGION="elsewhere"`)
	c.check(err == nil, "the sidecar follows the configuration Secret", err)
	secret.Data["config.env"] = before
	_, err = kube.Update(ctx, c.client, kube.Secrets, ns, secret)
	return err
}

// statusAndBucket holds the final status against the fixture's.
func (c *checks) statusAndBucket(ctx context.Context, ns string) error {
	docs, err := c.documents("tenant.yaml")
	if err != nil {
		return err
	}
	have, err := c.get(ctx, kube.Tenants, ns, ns)
	if err != nil {
		return err
	}
	found := differences("TenantStatus", docs[0]["status"], have.Object["status"])
	c.check(len(found) == 0, "status as in tenant.yaml", found)
	usage, _, err := unstructured.NestedMap(have.Object, "status", "usage")
	if err != nil {
		return err
	}
	raw, _ := usage["rawCapacity"].(int64)
	half, _ := usage["capacity"].(int64)
	c.check(raw > 0 && raw == 2*half, "usage: half of the raw capacity can be used", usage)

	err = c.event(ctx, ns, ns, "BucketsCreated", "Buckets created")
	c.check(err == nil, "event BucketsCreated: Buckets created", err)
	_, err = os.Stat(c.plane.file("export0/models"))
	c.check(err == nil, "bucket models is on the drives", err)
	return c.refusesStrangers(ctx)
}

// refusesStrangers makes sure that the server of this run is a real one: a
// bucket that anybody may list would show that nothing was compared.
func (c *checks) refusesStrangers(ctx context.Context) error {
	connection := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: c.plane.trust("minio.model-registry.svc.cluster.local"),
	}}
	ask := func(user, password string) (int, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+c.plane.server+"/models", nil)
		if err != nil {
			return 0, err
		}
		request.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		response, err := connection.Do(signer.SignV4(*request, user, password, "", "us-east-1"))
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		return response.StatusCode, nil
	}
	right, err := ask("conform", "conform-conform")
	if err != nil {
		return err
	}
	wrong, err := ask("conform", "another-password")
	if err != nil {
		return err
	}
	c.check(right == http.StatusOK && wrong == http.StatusForbidden,
		"the root keys open the bucket by its verified name, others do not", right, wrong)
	return nil
}
