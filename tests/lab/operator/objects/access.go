package objects

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lab.invalid/operator/tenant"
)

func meta(t *tenant.Tenant, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: t.Namespace, OwnerReferences: t.Owner()}
}

// Account is what the tenant's pods run as; the sidecar reads Secrets with it.
func Account(t *tenant.Tenant) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: meta(t, t.AccountName()),
	}
}

// Role allows what the sidecar needs. The rule on services is for bucket DNS,
// which the stand-in does not have; it is here because the real Role has it.
func Role(t *tenant.Tenant) *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"},
		ObjectMeta: meta(t, t.RoleName()),
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"}},
			{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"create", "delete", "get"}},
			{APIGroups: []string{"minio.min.io"}, Resources: []string{"tenants"}, Verbs: []string{"get", "list", "watch"}},
		},
	}
}

// Binding ties the two together.
func Binding(t *tenant.Tenant) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"},
		ObjectMeta: meta(t, t.BindingName()),
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: t.RoleName()},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: t.AccountName(), Namespace: t.Namespace}},
	}
}
