// Package tenant holds the Tenant resource as far as the lab's operator knows it.
//
// The custom resource definition in the chart is generated from these types
// (package schema), so a field that is accepted is also acted upon, and a field
// that is not written here is refused by the API server. The real definition
// knows many more (users, KES, log search, side containers, ...); a manifest
// that needs one of those fails here, which is the safe direction to be wrong in.
package tenant

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Tenant is one MinIO installation in one namespace.
type Tenant struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec   `json:"spec"`
	Status            Status `json:"status,omitempty"`
}

// Spec is what a user asks for.
type Spec struct {
	Buckets            []Bucket                     `json:"buckets,omitempty"`
	CertConfig         *CertConfig                  `json:"certConfig,omitempty"`
	Configuration      *corev1.LocalObjectReference `json:"configuration,omitempty"`
	Env                []corev1.EnvVar              `json:"env,omitempty"`
	ExposeServices     *ExposeServices              `json:"exposeServices,omitempty"`
	ExternalCertSecret []CertReference              `json:"externalCertSecret,omitempty"`
	Image              string                       `json:"image,omitempty"`
	ImagePullPolicy    corev1.PullPolicy            `json:"imagePullPolicy,omitempty"`
	ImagePullSecret    *corev1.LocalObjectReference `json:"imagePullSecret,omitempty"`
	MountPath          string                       `json:"mountPath,omitempty"`
	PodManagement      string                       `json:"podManagementPolicy,omitempty"`
	Pools              []Pool                       `json:"pools"`
	PriorityClassName  string                       `json:"priorityClassName,omitempty"`
	RequestAutoCert    *bool                        `json:"requestAutoCert,omitempty"`
}

// Bucket is made once the tenant is healthy.
type Bucket struct {
	Name       string `json:"name,omitempty"`
	ObjectLock bool   `json:"objectLock,omitempty"`
	Region     string `json:"region,omitempty"`
}

// CertConfig overrides the names in the certificate that the operator asks for.
type CertConfig struct {
	CommonName       string   `json:"commonName,omitempty"`
	DNSNames         []string `json:"dnsNames,omitempty"`
	OrganizationName []string `json:"organizationName,omitempty"`
}

// CertReference names a Secret with a key pair; Type tells what its keys are called.
type CertReference struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
}

// ExposeServices turns the two Services into LoadBalancers. No field makes a NodePort.
type ExposeServices struct {
	Console bool `json:"console,omitempty"`
	MinIO   bool `json:"minio,omitempty"`
}

// Pool is one StatefulSet of equal servers.
type Pool struct {
	Affinity                  *corev1.Affinity                  `json:"affinity,omitempty"`
	Annotations               map[string]string                 `json:"annotations,omitempty"`
	ContainerSecurityContext  *corev1.SecurityContext           `json:"containerSecurityContext,omitempty"`
	Labels                    map[string]string                 `json:"labels,omitempty"`
	Name                      string                            `json:"name"`
	NodeSelector              map[string]string                 `json:"nodeSelector,omitempty"`
	Resources                 corev1.ResourceRequirements       `json:"resources,omitempty"`
	RuntimeClassName          *string                           `json:"runtimeClassName,omitempty"`
	SecurityContext           *corev1.PodSecurityContext        `json:"securityContext,omitempty"`
	Servers                   int32                             `json:"servers"`
	Tolerations               []corev1.Toleration               `json:"tolerations,omitempty"`
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
	VolumeClaimTemplate       *ClaimTemplate                    `json:"volumeClaimTemplate"`
	VolumesPerServer          int32                             `json:"volumesPerServer"`
}

// ClaimTemplate is a PersistentVolumeClaim without its status.
type ClaimTemplate struct {
	Metadata ClaimMeta                        `json:"metadata,omitempty"`
	Spec     corev1.PersistentVolumeClaimSpec `json:"spec,omitempty"`
}

// ClaimMeta is the part of object metadata that a claim template may carry.
type ClaimMeta struct {
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Name        string            `json:"name,omitempty"`
}

// Status is what the operator says about a tenant. It says little: see States.
type Status struct {
	AvailableReplicas  int32        `json:"availableReplicas"`
	Certificates       Certificates `json:"certificates"`
	CurrentState       string       `json:"currentState"`
	DrivesHealing      int32        `json:"drivesHealing,omitempty"`
	DrivesOffline      int32        `json:"drivesOffline,omitempty"`
	DrivesOnline       int32        `json:"drivesOnline,omitempty"`
	HealthMessage      string       `json:"healthMessage,omitempty"`
	HealthStatus       string       `json:"healthStatus,omitempty"`
	Pools              []PoolStatus `json:"pools"`
	ProvisionedBuckets bool         `json:"provisionedBuckets,omitempty"`
	ProvisionedUsers   bool         `json:"provisionedUsers,omitempty"`
	Revision           int32        `json:"revision"`
	SyncVersion        string       `json:"syncVersion"`
	Usage              Usage        `json:"usage,omitempty"`
	WriteQuorum        int32        `json:"writeQuorum,omitempty"`
}

// Certificates tells whether the operator's own certificate is in use.
type Certificates struct {
	AutoCertEnabled    *bool              `json:"autoCertEnabled,omitempty"`
	CustomCertificates CustomCertificates `json:"customCertificates"`
}

// CustomCertificates stays empty here: the real operator lists names and expiry
// of external certificates in it, which nothing in the project reads.
type CustomCertificates struct{}

// PoolStatus is the state of one StatefulSet.
type PoolStatus struct {
	LegacySecurityContext bool   `json:"legacySecurityContext"`
	SSName                string `json:"ssName"`
	State                 string `json:"state"`
}

// Usage counts bytes; a disk that carries several volumes is counted once for each.
type Usage struct {
	Capacity    int64 `json:"capacity,omitempty"`
	RawCapacity int64 `json:"rawCapacity,omitempty"`
	RawUsage    int64 `json:"rawUsage,omitempty"`
	Usage       int64 `json:"usage,omitempty"`
}

// DeepCopy copies the parts that are shared by reference.
func (s *Status) DeepCopy() *Status {
	out := *s
	out.Pools = append([]PoolStatus(nil), s.Pools...)
	if s.Certificates.AutoCertEnabled != nil {
		on := *s.Certificates.AutoCertEnabled
		out.Certificates.AutoCertEnabled = &on
	}
	return &out
}
