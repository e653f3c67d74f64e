// Schema prints the custom resource definition of Tenant for the chart.
package main

import (
	"log"
	"os"

	"lab.invalid/operator/schema"
)

func main() {
	text, err := schema.Text()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(text); err != nil {
		log.Fatal(err)
	}
}
