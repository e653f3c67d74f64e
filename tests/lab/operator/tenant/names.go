package tenant

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels that tie pods to a tenant, a pool and the console Service.
const (
	LabelTenant  = "v1.min.io/tenant"
	LabelPool    = "v1.min.io/pool"
	LabelConsole = "v1.min.io/console"
)

// What the real operator runs when spec.image is empty. The registry no longer
// serves it, which is exactly what a forgotten image should lead to.
const defaultImage = "minio/minio:RELEASE.2025-04-08T15-41-24Z"

// Default fills in what the real operator assumes for an unset field. The
// result is never written back to the cluster.
func (t *Tenant) Default(domain string) {
	s := &t.Spec
	if s.Image == "" {
		s.Image = defaultImage
	}
	if s.ImagePullPolicy == "" {
		s.ImagePullPolicy = corev1.PullIfNotPresent
	}
	if s.MountPath == "" {
		s.MountPath = "/export"
	}
	if s.PodManagement == "" {
		s.PodManagement = "Parallel"
	}
	for i := range s.Pools {
		p := &s.Pools[i]
		if p.Name == "" {
			p.Name = "pool-" + strconv.Itoa(i)
		}
		if p.VolumeClaimTemplate != nil && p.VolumeClaimTemplate.Metadata.Name == "" {
			p.VolumeClaimTemplate.Metadata.Name = "data"
		}
	}
	if s.CertConfig == nil {
		s.CertConfig = &CertConfig{}
	}
	c := s.CertConfig
	if c.CommonName == "" {
		c.CommonName = t.commonName(domain)
	}
	if len(c.DNSNames) == 0 {
		c.DNSNames = t.podHosts(domain)
	}
	if len(c.OrganizationName) == 0 {
		c.OrganizationName = []string{"system:nodes"}
	}
}

// Validate says in one sentence what makes a tenant impossible, or "".
func (t *Tenant) Validate() string {
	if len(t.Spec.Pools) == 0 {
		return "pools must be configured"
	}
	for i, p := range t.Spec.Pools {
		if p.Servers <= 0 {
			return fmt.Sprintf("pool #%d cannot have 0 servers", i)
		}
		if p.VolumesPerServer <= 0 {
			return fmt.Sprintf("pool #%d cannot have 0 volumes", i)
		}
		if p.VolumeClaimTemplate == nil {
			return fmt.Sprintf("pool #%d: a volume claim template must be specified", i)
		}
	}
	return ""
}

// AutoCert is on unless it is switched off.
func (t *Tenant) AutoCert() bool { return t.Spec.RequestAutoCert == nil || *t.Spec.RequestAutoCert }

// TLS is on with a certificate from anywhere.
func (t *Tenant) TLS() bool { return t.AutoCert() || len(t.Spec.ExternalCertSecret) > 0 }

// ConfigurationName is the Secret with the root credentials, or "".
func (t *Tenant) ConfigurationName() string {
	if t.Spec.Configuration == nil {
		return ""
	}
	return t.Spec.Configuration.Name
}

func (t *Tenant) ConsoleServiceName() string  { return t.Name + "-console" }
func (t *Tenant) HeadlessServiceName() string { return t.Name + "-hl" }
func (t *Tenant) PoolSetName(p *Pool) string  { return t.Name + "-" + p.Name }
func (t *Tenant) TLSSecretName() string       { return t.Name + "-tls" }
func (t *Tenant) CSRName() string             { return t.Name + "-" + t.Namespace + "-csr" }
func (t *Tenant) AccountName() string         { return t.Name + "-sa" }
func (t *Tenant) RoleName() string            { return t.Name + "-role" }
func (t *Tenant) BindingName() string         { return t.Name + "-binding" }

// Selector matches every pod of the tenant.
func (t *Tenant) Selector() map[string]string { return map[string]string{LabelTenant: t.Name} }

// PodLabels are those of one pool's pods.
func (t *Tenant) PodLabels(p *Pool) map[string]string {
	return map[string]string{
		LabelTenant:  t.Name,
		LabelPool:    p.Name,
		LabelConsole: t.ConsoleServiceName(),
	}
}

// Owner is the reference that makes an object go away with its tenant.
func (t *Tenant) Owner() []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{
		APIVersion: "minio.min.io/v2", Kind: "Tenant", Name: t.Name, UID: t.UID,
		Controller: &yes, BlockOwnerDeletion: &yes,
	}}
}

// ServiceHost is the name by which clients inside the cluster call the tenant.
func (t *Tenant) ServiceHost(domain string) string { return "minio." + t.Namespace + ".svc." + domain }

// ServerURL is the address that goes into MINIO_SERVER_URL and that the health check asks.
func (t *Tenant) ServerURL(domain string) string {
	if t.TLS() {
		return "https://" + t.ServiceHost(domain) + ":443"
	}
	return "http://" + t.ServiceHost(domain) + ":80"
}

func (t *Tenant) headlessHost(domain string) string {
	return t.HeadlessServiceName() + "." + t.Namespace + ".svc." + domain
}

func (t *Tenant) podHosts(domain string) []string {
	var hosts []string
	for i := range t.Spec.Pools {
		p := &t.Spec.Pools[i]
		for n := int32(0); n < p.Servers; n++ {
			hosts = append(hosts, fmt.Sprintf("%s-%d.%s", t.PoolSetName(p), n, t.headlessHost(domain)))
		}
	}
	return hosts
}

func (t *Tenant) commonName(domain string) string {
	if len(t.Spec.Pools) > 0 && t.Spec.Pools[0].Servers == 1 {
		return t.podHosts(domain)[0]
	}
	return "*." + t.headlessHost(domain)
}

// CertNames are the DNS names of the operator's own certificate. There is no IP
// address among them, which is why a client that connects by address cannot
// verify it. With one server the wildcard of the headless Service degenerates
// to "*.": that is how the real one does it, and some parsers refuse it.
func (t *Tenant) CertNames(domain string) []string {
	names := append([]string{}, t.Spec.CertConfig.DNSNames...)
	wildcard := "*."
	if len(t.Spec.Pools) > 0 && t.Spec.Pools[0].Servers != 1 {
		wildcard += t.headlessHost(domain)
	}
	return append(names,
		t.ServiceHost(domain), "minio."+t.Namespace, "minio."+t.Namespace+".svc",
		wildcard, "*."+t.Namespace+".svc."+domain)
}

// VolumePaths is where the drives of one pool are mounted, in MinIO's notation.
func (t *Tenant) VolumePaths(p *Pool) string {
	if p.VolumesPerServer == 1 {
		return t.Spec.MountPath
	}
	return fmt.Sprintf("%s{0...%d}", t.Spec.MountPath, p.VolumesPerServer-1)
}

// ServerArgs is the value of MINIO_ARGS: plain paths for a single server, one
// address with an ellipsis for each pool otherwise.
func (t *Tenant) ServerArgs(domain string) []string {
	pools := t.Spec.Pools
	if len(pools) == 1 && pools[0].Servers == 1 {
		return []string{t.VolumePaths(&pools[0])}
	}
	scheme := "http"
	if t.TLS() {
		scheme = "https"
	}
	var args []string
	for i := range pools {
		p := &pools[i]
		args = append(args, fmt.Sprintf("%s://%s-{0...%d}.%s%s",
			scheme, t.PoolSetName(p), p.Servers-1, t.headlessHost(domain), t.VolumePaths(p)))
	}
	return args
}
