// Operator stands for the controller of the MinIO Operator v7.1.1 in the lab,
// where its image cannot be had. Started as "operator controller", it makes out
// of a Tenant what the real one was seen to make, in the same order, with the
// same states, events, delays and silences.
//
// Left out: spec.users and everything else that the custom resource definition
// of this chart refuses; the STS interface (only the wait for its certificate
// is here), the server on port 4221 that feeds in-place updates (it answers 404),
// webhooks, leader election (one replica is assumed; the pod is labelled as the
// leader so that Service operator finds it), KES, Prometheus, growing claims,
// and the details of external certificates in the status. A changed image goes
// out through the StatefulSet at once, without the state "Updating MinIO Version".
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"lab.invalid/operator/control"
	"lab.invalid/operator/kube"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	if len(os.Args) != 2 || os.Args[1] != "controller" {
		fmt.Fprintln(os.Stderr, "usage: operator controller")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := kube.Connect()
	if err != nil {
		log.Fatal(err)
	}
	options := control.FromEnvironment()
	go updates()
	if pod, err := os.Hostname(); err == nil {
		if err := client.Patch(ctx, kube.Pods, options.Namespace, pod, `{"metadata":{"labels":{"operator":"leader"}}}`); err != nil {
			log.Printf("this pod cannot be labelled as the leader: %v", err)
		}
	}
	log.Printf("Starting Tenant controller (STS %t, sidecar %s)", options.STS, options.SidecarImage)
	if err := control.New(client, options).Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// updates holds the port of the update server; there are no updates to serve.
func updates() {
	server := &http.Server{Addr: ":4221", Handler: http.NotFoundHandler(), ReadHeaderTimeout: 10 * time.Second}
	log.Printf("Upgrade server stopped: %v", server.ListenAndServe())
}
