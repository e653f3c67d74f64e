package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// ignored is everything that may differ from the fixture, and why. A path names
// a kind first ("*" is any); "[]" is any entry of a list.
var ignored = []struct{ path, why string }{
	{"*.metadata.uid", "new in every cluster"},
	{"*.metadata.resourceVersion", "new in every cluster"},
	{"*.metadata.creationTimestamp", "time"},
	{"*.metadata.generation", "taken out of the fixture"},
	{"*.metadata.managedFields", "taken out of the fixture"},
	{"*.metadata.ownerReferences[].uid", "new in every cluster"},
	{"StatefulSet.status", "no kubelet runs here, so no pod becomes ready"},
	{"StatefulSet.spec.volumeClaimTemplates[].metadata.creationTimestamp", "time"},
	{"Service.spec.clusterIP", "given out by the cluster; that the headless one has none is looked at separately"},
	{"Service.spec.clusterIPs", "as clusterIP"},
	{"PersistentVolumeClaim.metadata.annotations", "written by the provisioner, which does not run here"},
	{"PersistentVolumeClaim.spec.volumeName", "as the annotations"},
	{"PersistentVolumeClaim.status", "as the annotations"},
	{"CertificateSigningRequest.spec.request", "taken out of the fixture: a fresh key"},
	{"CertificateSigningRequest.spec.uid", "new in every cluster"},
	{"CertificateSigningRequest.spec.extra", "the id of the token in use"},
	{"CertificateSigningRequest.status.certificate", "taken out of the fixture"},
	{"CertificateSigningRequest.status.conditions[].lastTransitionTime", "time"},
	{"CertificateSigningRequest.status.conditions[].lastUpdateTime", "time"},
	{"TenantStatus.usage", "sizes of this machine's disk; their proportion is looked at separately"},
	{"TenantStatus.availableReplicas", "no kubelet runs here, so no pod becomes ready"},
	{"Deployment.status", "no kubelet runs here"},
}

// isIgnored matches a concrete path against the list; a rule also covers what
// lies below it.
func isIgnored(kind, path string) bool {
	for _, rule := range ignored {
		k, p, _ := strings.Cut(rule.path, ".")
		if (k == "*" || k == kind) && (path == p || strings.HasPrefix(path, p+".") || strings.HasPrefix(path, p+"[")) {
			return true
		}
	}
	return false
}

// differences lists every place where have is not want, in either direction.
func differences(kind string, want, have any) []string {
	var found []string
	var walk func(path, shown string, want, have any)
	walk = func(path, shown string, want, have any) {
		if isIgnored(kind, path) {
			return
		}
		w, wantsMap := want.(map[string]any)
		h, hasMap := have.(map[string]any)
		if wantsMap && hasMap {
			for _, k := range keys(w, h) {
				walk(join(path, k), join(shown, k), lookup(w, k), lookup(h, k))
			}
			return
		}
		wl, wantsList := want.([]any)
		hl, hasList := have.([]any)
		if wantsList && hasList && len(wl) == len(hl) {
			for i := range wl {
				walk(path+"[]", fmt.Sprintf("%s[%d]", shown, i), wl[i], hl[i])
			}
			return
		}
		if !reflect.DeepEqual(number(want), number(have)) {
			found = append(found, fmt.Sprintf("%s: expected %v, found %v", shown, show(want), show(have)))
		}
	}
	walk("", "", want, have)
	return found
}

type absent struct{}

func lookup(m map[string]any, k string) any {
	if v, ok := m[k]; ok {
		return v
	}
	return absent{}
}

func show(v any) any {
	if _, ok := v.(absent); ok {
		return "nothing"
	}
	return v
}

// number makes the integers of YAML and of JSON comparable.
func number(v any) any {
	switch n := v.(type) {
	case int64:
		return float64(n)
	case int:
		return float64(n)
	}
	return v
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keys(maps ...map[string]any) []string {
	set := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			set[k] = true
		}
	}
	var all []string
	for k := range set {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}
