package objects

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"lab.invalid/operator/tenant"
)

// keyNames are the entries of a Secret that hold certificate, key and authority.
type keyNames struct{ crt, key, ca string }

// namesFor follows the declared type, not the Secret: a wrong declaration
// leaves the pod waiting for keys that are not there.
func namesFor(declared string) keyNames {
	switch declared {
	case "kubernetes.io/tls":
		return keyNames{"tls.crt", "tls.key", "tls.crt"}
	case "cert-manager.io/v1", "cert-manager.io/v1alpha2":
		return keyNames{"tls.crt", "tls.key", "ca.crt"}
	default:
		return keyNames{"public.crt", "private.key", "public.crt"}
	}
}

// certSource projects one Secret into the certificates directory. The first
// certificate lies at the top, where MinIO wants its default; the others in
// directories of their own.
func certSource(index int, secret string, n keyNames) corev1.VolumeProjection {
	dir, ca := "", "CAs/public.crt"
	if index > 0 {
		dir, ca = fmt.Sprintf("hostname-%d/", index), fmt.Sprintf("CAs/hostname-%d.crt", index)
	}
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret},
		Items: []corev1.KeyToPath{
			{Key: n.crt, Path: dir + "public.crt"},
			{Key: n.key, Path: dir + "private.key"},
			{Key: n.ca, Path: ca},
		},
	}}
}

// certSources lists external certificates first; the operator's own comes after them.
func certSources(t *tenant.Tenant) []corev1.VolumeProjection {
	var sources []corev1.VolumeProjection
	for i, ref := range t.Spec.ExternalCertSecret {
		sources = append(sources, certSource(i, ref.Name, namesFor(ref.Type)))
	}
	if t.AutoCert() {
		sources = append(sources, certSource(len(sources), t.TLSSecretName(), namesFor("")))
	}
	return sources
}
