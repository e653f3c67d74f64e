package objects

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"lab.invalid/operator/tenant"
)

// Surroundings is what a StatefulSet depends on besides its tenant.
type Surroundings struct {
	SidecarImage string
	Domain       string
}

const (
	volumeConfig        = "cfg-vol"
	volumeConfiguration = "configuration"
	certsDir            = "/tmp/certs"
)

// StatefulSet builds one pool. The tenant must have its defaults.
func StatefulSet(t *tenant.Tenant, p *tenant.Pool, s Surroundings) *appsv1.StatefulSet {
	servers := p.Servers
	labels := map[string]string{tenant.LabelTenant: t.Name, tenant.LabelPool: p.Name}
	return &appsv1.StatefulSet{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{
			Name: t.PoolSetName(p), Namespace: t.Namespace, Labels: labels, OwnerReferences: t.Owner(),
		},
		Spec: appsv1.StatefulSetSpec{
			Replicas:             &servers,
			ServiceName:          t.HeadlessServiceName(),
			PodManagementPolicy:  appsv1.PodManagementPolicyType(t.Spec.PodManagement),
			Selector:             &metav1.LabelSelector{MatchLabels: t.PodLabels(p)},
			Template:             podTemplate(t, p, s),
			VolumeClaimTemplates: claims(p),
		},
	}
}

func podTemplate(t *tenant.Tenant, p *tenant.Pool, s Surroundings) corev1.PodTemplateSpec {
	labels := t.PodLabels(p)
	for k, v := range p.Labels {
		if _, ours := labels[k]; !ours {
			labels[k] = v
		}
	}
	annotations := map[string]string{"min.io/revision": strconv.Itoa(int(t.Status.Revision))}
	for k, v := range p.Annotations {
		annotations[k] = v
	}
	spec := corev1.PodSpec{
		ServiceAccountName:        t.AccountName(),
		SecurityContext:           podSecurity(p),
		InitContainers:            []corev1.Container{validator(t, p, s)},
		Containers:                []corev1.Container{server(t, p), sidecar(t, p, s)},
		Volumes:                   volumes(t),
		Affinity:                  p.Affinity,
		NodeSelector:              p.NodeSelector,
		Tolerations:               p.Tolerations,
		TopologySpreadConstraints: p.TopologySpreadConstraints,
		RuntimeClassName:          p.RuntimeClassName,
		PriorityClassName:         t.Spec.PriorityClassName,
		RestartPolicy:             corev1.RestartPolicyAlways,
	}
	if ref := t.Spec.ImagePullSecret; ref != nil && ref.Name != "" {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{*ref}
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations},
		Spec:       spec,
	}
}

func server(t *tenant.Tenant, p *tenant.Pool) corev1.Container {
	console := int32(portConsole)
	if t.TLS() {
		console = portConsoleTLS
	}
	return corev1.Container{
		Name:            "minio",
		Image:           t.Spec.Image,
		ImagePullPolicy: t.Spec.ImagePullPolicy,
		Args:            []string{"server", "--certs-dir", certsDir, "--console-address", ":" + strconv.Itoa(int(console))},
		Env:             []corev1.EnvVar{{Name: "MINIO_CONFIG_ENV_FILE", Value: "/tmp/minio/config.env"}},
		Ports: []corev1.ContainerPort{
			{Name: "minio-port", ContainerPort: portServer},
			{Name: "console-port", ContainerPort: console},
		},
		Resources:       p.Resources,
		SecurityContext: containerSecurity(p),
		VolumeMounts:    serverMounts(t, p),
	}
}

func serverMounts(t *tenant.Tenant, p *tenant.Pool) []corev1.VolumeMount {
	mounts := []corev1.VolumeMount{{Name: volumeConfig, MountPath: "/tmp/minio/"}}
	for i := range p.VolumesPerServer {
		number := strconv.Itoa(int(i))
		path := t.Spec.MountPath + number
		if p.VolumesPerServer == 1 {
			path = t.Spec.MountPath
		}
		mounts = append(mounts, corev1.VolumeMount{Name: p.VolumeClaimTemplate.Metadata.Name + number, MountPath: path})
	}
	if len(certSources(t)) > 0 {
		mounts = append(mounts, corev1.VolumeMount{Name: t.TLSSecretName(), MountPath: certsDir})
	}
	return mounts
}

// helper is what validator and sidecar have in common: the sidecar image, and
// the directory in which they leave the server's configuration.
func helper(t *tenant.Tenant, p *tenant.Pool, s Surroundings, name string, args ...string) corev1.Container {
	return corev1.Container{
		Name:            name,
		Image:           s.SidecarImage,
		ImagePullPolicy: t.Spec.ImagePullPolicy,
		Args:            args,
		Env:             []corev1.EnvVar{{Name: "CLUSTER_DOMAIN", Value: s.Domain}},
		SecurityContext: containerSecurity(p),
		VolumeMounts: []corev1.VolumeMount{
			{Name: volumeConfig, MountPath: "/tmp/minio/"},
			{Name: volumeConfiguration, MountPath: "/tmp/minio-config"},
		},
	}
}

func validator(t *tenant.Tenant, p *tenant.Pool, s Surroundings) corev1.Container {
	return helper(t, p, s, "validate-arguments", "validate", "--tenant", t.Name)
}

func sidecar(t *tenant.Tenant, p *tenant.Pool, s Surroundings) corev1.Container {
	c := helper(t, p, s, "sidecar", "sidecar", "--tenant", t.Name, "--config-name", t.ConfigurationName())
	c.ReadinessProbe = &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/ready", Port: intstr.FromInt32(4444), Scheme: corev1.URISchemeHTTP,
		}},
		InitialDelaySeconds: 5, PeriodSeconds: 1, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 1,
	}
	return c
}

func volumes(t *tenant.Tenant) []corev1.Volume {
	all := []corev1.Volume{{
		Name:         volumeConfig,
		VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
	}}
	if sources := certSources(t); len(sources) > 0 {
		all = append(all, corev1.Volume{
			Name:         t.TLSSecretName(),
			VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: sources}},
		})
	}
	return append(all, corev1.Volume{
		Name: volumeConfiguration,
		VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: t.ConfigurationName()},
			}}},
		}},
	})
}

func claims(p *tenant.Pool) []corev1.PersistentVolumeClaim {
	var all []corev1.PersistentVolumeClaim
	for i := range p.VolumesPerServer {
		m := p.VolumeClaimTemplate.Metadata
		all = append(all, corev1.PersistentVolumeClaim{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
			ObjectMeta: metav1.ObjectMeta{
				Name: m.Name + strconv.Itoa(int(i)), Labels: m.Labels, Annotations: m.Annotations,
			},
			Spec: p.VolumeClaimTemplate.Spec,
		})
	}
	return all
}

// podSecurity takes the pool's own context whole; only the policy that spares
// big volumes a recursive chown at each start is added.
func podSecurity(p *tenant.Pool) *corev1.PodSecurityContext {
	yes, id := true, int64(1000)
	c := &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &id, RunAsGroup: &id, FSGroup: &id}
	if p.SecurityContext != nil {
		c = p.SecurityContext.DeepCopy()
	}
	if c.FSGroupChangePolicy == nil {
		policy := corev1.FSGroupChangeOnRootMismatch
		c.FSGroupChangePolicy = &policy
	}
	return c
}

// containerSecurity follows the pool's container context, else the user and
// group of its pod context, else nothing.
func containerSecurity(p *tenant.Pool) *corev1.SecurityContext {
	if p.ContainerSecurityContext != nil {
		return p.ContainerSecurityContext.DeepCopy()
	}
	pod := p.SecurityContext
	if pod == nil || (pod.RunAsNonRoot == nil && pod.RunAsUser == nil && pod.RunAsGroup == nil) {
		return &corev1.SecurityContext{}
	}
	yes, user, group := true, int64(1000), int64(1000)
	if pod.RunAsNonRoot != nil {
		yes = *pod.RunAsNonRoot
	}
	if pod.RunAsUser != nil {
		user = *pod.RunAsUser
	}
	if pod.RunAsGroup != nil {
		group = *pod.RunAsGroup
	}
	return &corev1.SecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &group}
}

// TemplateDiffers says whether a pool must be rolled. Fields that only the API
// server fills in do not count.
func TemplateDiffers(have, want *appsv1.StatefulSet) bool {
	return !equality.Semantic.DeepDerivative(want.Spec.Template, have.Spec.Template) ||
		!equality.Semantic.DeepDerivative(want.Spec.UpdateStrategy, have.Spec.UpdateStrategy)
}
