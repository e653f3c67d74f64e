// A stand-in for RKE2's own program, for the lab.
//
// It stands for: `rke2 server` and `rke2 agent` as an installer sees them. The
// same paths, configuration keys, journal lines, unit protocol, certificate
// authorities, kubeconfig, token, images directory, registries.yaml, and the
// default arguments of the controller manager's signers. The programs that it
// starts (Kubernetes, containerd, runc, etcd, helm-controller, CoreDNS) are the
// real ones and travel, as in life, in an image called rancher/rke2-runtime.
//
// It leaves out: static pods for the control plane (its programs run as plain
// processes that outlive a stop of the unit, as the pods do), canal (a bridge
// plug-in and routes between the hosts stand for it: no network policy), a
// second server, etcd snapshots, certificate rotation, the cloud controller,
// ingress, metrics-server, SELinux, profiles, and `rewrite` in registries.yaml.
// etcd runs without fsync. It is kinder nowhere by intent: what it does not
// know in config.yaml ends it, as in life.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	version    = "v1.36.5+rke2r1"
	versionTag = "v1.36.5-rke2r1"
	commit     = "0000000000000000000000000000000000000000"
)

// The journal's lines have the form that logrus gives RKE2's.
func logLine(level, text string) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, text)
}

func info(format string, args ...any) { logLine("info", fmt.Sprintf(format, args...)) }
func warn(format string, args ...any) { logLine("warning", fmt.Sprintf(format, args...)) }
func fail(format string, args ...any) { logLine("error", fmt.Sprintf(format, args...)) }

func fatal(format string, args ...any) {
	logLine("fatal", fmt.Sprintf(format, args...))
	os.Exit(1)
}

// badDay reads one switch of the lab. Read anew each time, so that a switch
// taken back while the program waits ends the waiting.
func badDay(key string) string {
	data, err := os.ReadFile("/etc/lab/bad-day")
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		if value, found := strings.CutPrefix(line, key+"="); found {
			return value
		}
	}
	return ""
}

func badDayNumber(key string) int {
	n, _ := strconv.Atoi(badDay(key))
	return n
}

// count appends a line to one of the lab's counters.
func count(name string) {
	if os.MkdirAll("/var/lib/lab-count", 0o755) != nil {
		return
	}
	file, err := os.OpenFile("/var/lib/lab-count/"+name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintf(file, "%s %s\n", time.Now().UTC().Format(time.RFC3339Nano), strings.Join(os.Args[1:], " "))
}

const usage = `NAME:
   rke2 - Rancher Kubernetes Engine 2 (the lab's stand-in)

USAGE:
   rke2 [global options] command [command options]

COMMANDS:
   server   Run management server
   agent    Run node agent

GLOBAL OPTIONS:
   --debug        Turn on debug logs
   --help, -h     show help
   --version, -v  print the version
`

func main() {
	args := os.Args[1:]
	for len(args) > 0 && args[0] == "--debug" {
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		fmt.Print(usage)
		return
	}
	switch args[0] {
	case "--version", "-v":
		fmt.Printf("rke2 version %s (%s)\ngo version %s\n", version, commit, runtime.Version())
	case "server", "agent":
		serve(args[0], args[1:])
	default:
		fmt.Fprintf(os.Stderr, "No help topic for '%s'\n", args[0])
		os.Exit(3)
	}
}

func serve(role string, args []string) {
	config := loadConfig(role, args)
	if os.Getuid() != 0 {
		fatal("rke2 must be run as root")
	}
	if role == "server" {
		count("rke2-start")
	} else {
		count("rke2-agent-start")
	}
	if !hasDefaultRoute() {
		fatal(`no default routes found in "/proc/net/route" or "/proc/net/ipv6_route"`)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		received := <-signals
		info("Received signal %v; shutting down", received)
		// Children that die with this program carry a death signal; the others
		// go on, as static pods do.
		os.Exit(0)
	}()
	n := newNode(role, config)
	if role == "server" {
		n.runServer()
	} else {
		n.runAgent()
	}
	select {}
}
