package main

import "testing"

func object(port any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": "minio", "uid": "1"},
		"spec":     map[string]any{"ports": []any{map[string]any{"port": port}}},
	}
}

func TestDifferencesAreFound(t *testing.T) {
	if d := differences("Service", object(int64(443)), object(float64(443))); len(d) != 0 {
		t.Fatalf("equal objects differ: %v", d)
	}
	if d := differences("Service", object(443), object(444)); len(d) != 1 || d[0] != "spec.ports[0].port: expected 443, found 444" {
		t.Fatalf("a changed value is not found: %v", d)
	}
	more := object(443)
	more["spec"].(map[string]any)["type"] = "NodePort"
	if len(differences("Service", object(443), more)) != 1 || len(differences("Service", more, object(443))) != 1 {
		t.Fatal("a field on one side only is not found")
	}
	longer := object(443)
	longer["spec"].(map[string]any)["ports"] = []any{}
	if len(differences("Service", object(443), longer)) != 1 {
		t.Fatal("a shorter list is not found")
	}
}

func TestOnlyTheNamedListIsIgnored(t *testing.T) {
	other := object(443)
	other["metadata"].(map[string]any)["uid"] = "2"
	if d := differences("Service", object(443), other); len(d) != 0 {
		t.Fatalf("a uid counts: %v", d)
	}
	if isIgnored("Service", "metadata.name") || isIgnored("Service", "status") || isIgnored("Role", "rules[].verbs[]") {
		t.Fatal("too much is ignored")
	}
	if !isIgnored("StatefulSet", "status.readyReplicas") || !isIgnored("CertificateSigningRequest", "status.conditions[].lastUpdateTime") {
		t.Fatal("too little is ignored")
	}
}
