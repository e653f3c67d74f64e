// Package schema writes the custom resource definition of Tenant out of its Go
// types. Every object in it is closed, so the API server refuses a field that
// the stand-in does not act upon, wherever it stands.
package schema

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"lab.invalid/operator/tenant"
)

type node = map[string]any

// quantity is the API machinery's own notation for "5Gi", "100m" and the like.
const quantity = `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`

// Of describes one type.
func Of(t reflect.Type) node {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return node{"anyOf": []any{node{"type": "integer"}, node{"type": "string"}},
			"pattern": quantity, "x-kubernetes-int-or-string": true}
	case reflect.TypeFor[intstr.IntOrString]():
		return node{"anyOf": []any{node{"type": "integer"}, node{"type": "string"}}, "x-kubernetes-int-or-string": true}
	case reflect.TypeFor[metav1.Time]():
		return node{"type": "string", "format": "date-time"}
	case reflect.TypeFor[metav1.TypeMeta](), reflect.TypeFor[metav1.ObjectMeta]():
		return node{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return Of(t.Elem())
	case reflect.String:
		return node{"type": "string"}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int32:
		return node{"type": "integer", "format": "int32"}
	case reflect.Int64, reflect.Int:
		return node{"type": "integer", "format": "int64"}
	case reflect.Slice:
		return node{"type": "array", "items": Of(t.Elem())}
	case reflect.Map:
		return node{"type": "object", "additionalProperties": Of(t.Elem())}
	case reflect.Struct:
		return object(t)
	}
	panic("no schema for " + t.String())
}

// object lists the fields; one without "omitempty" is required.
func object(t reflect.Type) node {
	properties, required := node{}, []any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			// Embedded: its fields are this object's own.
			inner := Of(f.Type)
			if p, ok := inner["properties"].(node); ok {
				for k, v := range p {
					properties[k] = v
				}
			}
			continue
		}
		properties[name] = Of(f.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, name)
		}
	}
	out := node{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// at walks down the properties of a schema.
func at(n node, path ...string) node {
	for _, p := range path {
		if p == "[]" {
			n = n["items"].(node)
		} else {
			n = n["properties"].(node)[p].(node)
		}
	}
	return n
}

func immutable(n node, field string) {
	n["x-kubernetes-validations"] = []any{node{"rule": "self == oldSelf", "message": field + " is immutable"}}
}

// Text is the file that lies in the chart.
func Text() ([]byte, error) {
	text, err := yaml.Marshal(Tenants())
	return append([]byte("# Written by cmd/schema out of the types in tenant/; a test holds it to them.\n"), text...), err
}

// Tenants is the whole definition.
func Tenants() node {
	root := Of(reflect.TypeFor[tenant.Tenant]())
	properties := root["properties"].(node)
	properties["apiVersion"] = node{"type": "string"}
	properties["kind"] = node{"type": "string"}
	at(root, "spec", "imagePullPolicy")["default"] = "IfNotPresent"
	pools := at(root, "spec", "pools")
	// Rules that compare with the old value need to know which entry is which.
	pools["x-kubernetes-list-type"] = "map"
	pools["x-kubernetes-list-map-keys"] = []any{"name"}
	pool := at(pools, "[]")
	at(pool, "name")["minLength"] = 1
	immutable(at(pool, "servers"), "servers")
	immutable(at(pool, "volumesPerServer"), "volumesPerServer")
	// The operator writes null while it has made no pool yet.
	at(root, "status", "pools")["nullable"] = true

	return node{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata": node{
			"name":        "tenants.minio.min.io",
			"annotations": node{"operator.min.io/version": "v7.1.1"},
		},
		"spec": node{
			"group": "minio.min.io",
			"names": node{"kind": "Tenant", "listKind": "TenantList", "plural": "tenants",
				"singular": "tenant", "shortNames": []any{"tenant"}},
			"scope": "Namespaced",
			"versions": []any{node{
				"name": "v2", "served": true, "storage": true,
				"subresources": node{"status": node{}},
				"additionalPrinterColumns": []any{
					node{"name": "State", "type": "string", "jsonPath": ".status.currentState"},
					node{"name": "Health", "type": "string", "jsonPath": ".status.healthStatus"},
					node{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
				},
				"schema": node{"openAPIV3Schema": root},
			}},
		},
	}
}
