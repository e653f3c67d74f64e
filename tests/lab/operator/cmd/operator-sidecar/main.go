// Operator-sidecar stands for quay.io/minio/operator-sidecar:v7.0.1. As init
// container, "validate --tenant T" writes the environment file that the MinIO
// server reads and fails if the root credentials are missing. Beside the server,
// "sidecar --tenant T --config-name SECRET" keeps that file up to date and tells
// on port 4444 whether the server answers.
//
// Left out: bucket DNS, the webhook server and the tenant copy that go with it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/sidecar"
)

func usage() {
	fmt.Fprintln(os.Stderr, "usage: operator-sidecar validate --tenant T\n       operator-sidecar sidecar --tenant T --config-name SECRET")
	os.Exit(2)
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	if len(os.Args) < 2 {
		usage()
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	name := flags.String("tenant", "", "the tenant of this pod")
	secret := flags.String("config-name", "", "the Secret with the root credentials")
	file := flags.String("file", sidecar.File, "where the server looks for its environment; changed in tests only")
	if err := flags.Parse(os.Args[2:]); err != nil || *name == "" {
		usage()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := kube.Connect()
	if err != nil {
		log.Fatal(err)
	}
	s := sidecar.New(client, *name, *secret, *file)
	switch os.Args[1] {
	case "validate":
		err = s.Write(ctx)
	case "sidecar":
		err = s.Run(ctx)
	default:
		usage()
	}
	if err != nil {
		log.Fatal(err)
	}
}
