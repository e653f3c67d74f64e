package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
	corev1 "k8s.io/api/core/v1"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

// checkHealth asks a tenant whether it is well and writes down the answer. It
// runs beside sync, so the status may turn green a few seconds before the state
// becomes Initialized. An unanswered question is asked again with back-off.
func (c *Controller) checkHealth(ctx context.Context, ns, name string) (time.Duration, error) {
	t, err := kube.Get[tenant.Tenant](ctx, c.kube, kube.Tenants, ns, name)
	if gone(err) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	t.Default(c.options.Domain)
	ready := false
	for _, p := range t.Status.Pools {
		ready = ready || p.State == tenant.PoolInitialized
	}
	if !ready {
		log.Printf("'%s/%s' no pool is initialized", ns, name)
		return 0, nil
	}
	user, password, err := c.credentials(ctx, t)
	if err != nil {
		return 0, err
	}
	client, err := c.client(ctx)
	if err != nil {
		return 0, err
	}
	answer, err := cluster(ctx, client, t.ServerURL(c.options.Domain))
	if err != nil {
		return 0, quoted(err, "'%s/%s' Failed to get cluster health", ns, name)
	}
	pods, err := kube.List[corev1.Pod](ctx, c.kube, kube.Pods, ns, tenant.LabelTenant+"="+name)
	if err != nil {
		return 0, err
	}
	running := true
	for i := range pods {
		running = running && pods[i].Status.Phase == corev1.PodRunning
	}
	// The drives are asked separately, and their answer may be missing: the
	// colour does not wait for it.
	drives, err := storage(ctx, client, t.ServerURL(c.options.Domain), user, password)
	if err != nil {
		log.Printf("'%s/%s' Failed to get storage info: %v", ns, name, err)
	}
	return 0, c.setStatus(ctx, t, func(s *tenant.Status) { judge(s, answer, running, drives) })
}

// health is what /minio/health/cluster says.
type health struct {
	well        bool
	writeQuorum int32
	healing     int32
}

// drives is what the storage information says, summed up.
type drives struct {
	online, offline             int32
	raw, rawUsed, usable, inUse int64
}

// judge turns the answers into a colour.
func judge(s *tenant.Status, h health, running bool, d *drives) {
	s.WriteQuorum, s.DrivesHealing = h.writeQuorum, h.healing
	s.HealthStatus, s.HealthMessage = tenant.Green, ""
	if !running {
		s.HealthStatus = tenant.Yellow
	}
	if d != nil {
		s.DrivesOnline, s.DrivesOffline = d.online, d.offline
		s.Usage = tenant.Usage{Capacity: d.usable, RawCapacity: d.raw, RawUsage: d.rawUsed, Usage: d.inUse}
		if d.offline > 0 {
			s.HealthStatus, s.HealthMessage = tenant.Yellow, "Reduced Availability"
		}
		if d.online < h.writeQuorum {
			h.well = false
		}
	}
	if h.healing > 0 {
		s.HealthStatus, s.HealthMessage = tenant.Yellow, "Healing"
	}
	if !h.well {
		s.HealthStatus, s.HealthMessage = tenant.Red, "Service Unavailable"
	}
}

// authorities of further tenants: Secrets in the operator's namespace whose
// names begin like this are trusted besides the cluster's own authority.
const extraAuthorities = "operator-ca-tls"

// client verifies against the cluster's authority and nothing from the system,
// so a tenant with a foreign certificate never becomes green, as in life.
func (c *Controller) client(ctx context.Context) (*http.Client, error) {
	pool := x509.NewCertPool()
	ca, err := c.kube.CA()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("the cluster's authority holds no certificate")
	}
	extra, err := kube.List[corev1.Secret](ctx, c.kube, kube.Secrets, c.options.Namespace, "")
	if err != nil {
		return nil, err
	}
	for _, s := range extra {
		if strings.HasPrefix(s.Name, extraAuthorities) {
			for _, key := range []string{"public.crt", "tls.crt", "ca.crt"} {
				pool.AppendCertsFromPEM(s.Data[key])
			}
		}
	}
	return trusting(pool), nil
}

// trusting is a client without kept connections: it lives for one question. It
// follows the proxy of the environment, as the real one does; a cluster has none.
func trusting(pool *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true,
		},
	}
}

// cluster asks for the health of the whole tenant, through Service minio.
func cluster(ctx context.Context, client *http.Client, server string) (health, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/minio/health/cluster", nil)
	if err != nil {
		return health{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return health{}, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK, http.StatusServiceUnavailable, http.StatusPreconditionFailed:
	default:
		return health{}, fmt.Errorf("unexpected answer %s", response.Status)
	}
	number := func(header string) int32 {
		n, err := strconv.ParseInt(response.Header.Get(header), 10, 32)
		if err != nil {
			return 0
		}
		return int32(n)
	}
	return health{
		well:        response.StatusCode == http.StatusOK,
		writeQuorum: number("X-Minio-Write-Quorum"),
		healing:     number("X-Minio-Healing-Drives"),
	}, nil
}

// The answer for a thousand drives is well below this.
const maxStorageAnswer = 4 << 20

// storage asks MinIO's admin interface about its drives.
func storage(ctx context.Context, client *http.Client, server, user, password string) (*drives, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/minio/admin/v3/storageinfo", nil)
	if err != nil {
		return nil, err
	}
	// The checksum of an empty body is part of what is signed.
	request.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	response, err := client.Do(signer.SignV4(*request, user, password, "", ""))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("unexpected answer %s", response.Status)
	}
	return sumDrives(io.LimitReader(response.Body, maxStorageAnswer))
}

// sumDrives adds up as the real operator does: a file system that carries four
// volumes counts four times.
func sumDrives(body io.Reader) (*drives, error) {
	var answer struct {
		Disks []struct {
			State string `json:"state"`
			Total int64  `json:"totalspace"`
			Used  int64  `json:"usedspace"`
		}
		Backend struct {
			StandardSCData []int64
			DrivesPerSet   []int64
		}
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, err
	}
	d := &drives{}
	for _, disk := range answer.Disks {
		if disk.State == "ok" {
			d.online++
		} else {
			d.offline++
		}
		d.raw += disk.Total
		d.rawUsed += disk.Used
	}
	d.usable, d.inUse = d.raw, d.rawUsed
	b := answer.Backend
	if len(b.StandardSCData) > 0 && len(b.DrivesPerSet) > 0 && b.DrivesPerSet[0] > 0 {
		d.usable = d.raw / b.DrivesPerSet[0] * b.StandardSCData[0]
		d.inUse = d.rawUsed / b.DrivesPerSet[0] * b.StandardSCData[0]
	}
	return d, nil
}
