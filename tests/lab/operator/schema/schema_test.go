package schema

import (
	"os"
	"testing"
)

// The chart carries the generated file, so that making it needs no Go.
func TestChartIsUpToDate(t *testing.T) {
	want, err := Text()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../chart/templates/tenants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Fatal("chart/templates/tenants.yaml is not what the types say: go run ./cmd/schema > chart/templates/tenants.yaml")
	}
}

// Closed everywhere: an open object would let a typing error through.
func TestEveryObjectIsClosed(t *testing.T) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, open := v["x-kubernetes-preserve-unknown-fields"]; open {
				t.Errorf("%s is open", path)
			}
			for k, inner := range v {
				walk(path+"."+k, inner)
			}
		case []any:
			for _, inner := range v {
				walk(path+"[]", inner)
			}
		}
	}
	walk("", Tenants())
}
