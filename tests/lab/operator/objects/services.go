// Package objects builds everything the operator makes for a tenant. Each
// function is pure: the same tenant gives the same object, so the fixture from
// the real operator can be compared field by field.
package objects

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"lab.invalid/operator/tenant"
)

// Ports inside the pods.
const (
	portServer     = 9000
	portConsole    = 9090
	portConsoleTLS = 9443
)

func service(t *tenant.Tenant, name string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: t.Namespace, OwnerReferences: t.Owner()},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Selector: t.Selector()},
	}
}

// MinIOService is the address of the S3 interface. Its name is not the
// tenant's, so there can be only one in a namespace.
func MinIOService(t *tenant.Tenant) *corev1.Service {
	s := service(t, "minio")
	port := corev1.ServicePort{Name: "http-minio", Port: 80, TargetPort: intstr.FromInt32(portServer)}
	if t.TLS() {
		port.Name, port.Port = "https-minio", 443
	}
	s.Spec.Ports = []corev1.ServicePort{port}
	if e := t.Spec.ExposeServices; e != nil && e.MinIO {
		s.Spec.Type = corev1.ServiceTypeLoadBalancer
	}
	return s
}

// ConsoleService is the address of the web console.
func ConsoleService(t *tenant.Tenant) *corev1.Service {
	s := service(t, t.ConsoleServiceName())
	name, number := "http-console", int32(portConsole)
	if t.TLS() {
		name, number = "https-console", portConsoleTLS
	}
	s.Spec.Ports = []corev1.ServicePort{{Name: name, Port: number, TargetPort: intstr.FromInt32(number)}}
	if e := t.Spec.ExposeServices; e != nil && e.Console {
		s.Spec.Type = corev1.ServiceTypeLoadBalancer
	}
	return s
}

// HeadlessService gives every pod a name, also before it is ready: servers must
// find each other in order to become ready. The target port is left to the API
// server's default, as the real operator does; that default then differs from
// what is wanted here, which is why the real one reports "Headless Service
// Updated" although nothing changes.
func HeadlessService(t *tenant.Tenant) *corev1.Service {
	s := service(t, t.HeadlessServiceName())
	name := "http-minio"
	if t.TLS() {
		name = "https-minio"
	}
	s.Spec.ClusterIP = corev1.ClusterIPNone
	s.Spec.PublishNotReadyAddresses = true
	s.Spec.Ports = []corev1.ServicePort{{Name: name, Port: portServer}}
	return s
}

// ServiceDiffers says whether a Service in the cluster is no longer what the
// operator would make. Only these parts are its business.
func ServiceDiffers(have, want *corev1.Service) bool {
	if have.Spec.Type != want.Spec.Type || len(have.Spec.Ports) != len(want.Spec.Ports) {
		return true
	}
	for i, w := range want.Spec.Ports {
		h := have.Spec.Ports[i]
		if h.Name != w.Name || h.Port != w.Port || h.TargetPort != w.TargetPort {
			return true
		}
	}
	for k, v := range want.Spec.Selector {
		if have.Spec.Selector[k] != v {
			return true
		}
	}
	return false
}

// ServiceCorrect puts the operator's parts of want into have.
func ServiceCorrect(t *tenant.Tenant, have, want *corev1.Service) {
	have.Annotations, have.Labels = want.Annotations, want.Labels
	have.Spec.Ports = want.Spec.Ports
	have.Spec.Selector = want.Spec.Selector
	if t.Spec.ExposeServices != nil {
		have.Spec.Type = want.Spec.Type
	}
}
