// Schema prints the custom resource definition of Tenant for the chart.
package main

import (
	"log"
	"os"

	"sigs.k8s.io/yaml"

	"lab.invalid/operator/schema"
)

func main() {
	text, err := yaml.Marshal(schema.Tenants())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(text); err != nil {
		log.Fatal(err)
	}
}
