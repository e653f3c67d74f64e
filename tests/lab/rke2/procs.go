package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A child is one program that the stand-in keeps running.
type child struct {
	name string
	path string
	args []string
	env  []string
	log  string
	// outlives: goes on when the unit is stopped, as a static pod does. The
	// others die with this program.
	outlives bool
	// vital: its end is this program's end.
	vital bool
}

// What is remembered of a child that outlives, to find it again. It lies under
// /run, so that a boot forgets it.
type trace struct {
	Pid     int
	Started string
	Command string
}

const traces = "/run/rke2-stand-in"

func startTime(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name may hold spaces and brackets: count from its closing bracket.
	text := string(data)
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

func (c *child) command() string { return c.path + "\x00" + strings.Join(c.args, "\x00") }

// adopt finds the child of an earlier life of this program. One with other
// arguments is ended: a changed manifest restarts a static pod too.
func (c *child) adopt() int {
	var old trace
	data, err := os.ReadFile(filepath.Join(traces, c.name))
	if err != nil || json.Unmarshal(data, &old) != nil || old.Started == "" || startTime(old.Pid) != old.Started {
		return 0
	}
	if old.Command == c.command() {
		return old.Pid
	}
	info("Arguments of %s have changed, restarting it", c.name)
	syscall.Kill(old.Pid, syscall.SIGTERM)
	for range 100 {
		if startTime(old.Pid) != old.Started {
			return 0
		}
		time.Sleep(100 * time.Millisecond)
	}
	syscall.Kill(old.Pid, syscall.SIGKILL)
	return 0
}

// keep starts the child, and again when it ends, each time a little later.
func (c *child) keep() {
	go func() {
		// A death signal is tied to the thread that started the child, not to
		// the program: the thread must stay for as long.
		runtime.LockOSThread()
		pause := time.Second
		for {
			began := time.Now()
			err := c.runOnce()
			if c.vital {
				fatal("%s exited: %v", c.name, err)
			}
			if time.Since(began) > time.Minute {
				pause = time.Second
			}
			fail("%s exited: %v", c.name, err)
			time.Sleep(pause)
			pause = min(2*pause, 10*time.Second)
		}
	}()
}

func (c *child) runOnce() error {
	if c.outlives {
		if pid := c.adopt(); pid != 0 {
			started := startTime(pid)
			for startTime(pid) == started {
				time.Sleep(time.Second)
			}
			return fmt.Errorf("adopted process %d has ended", pid)
		}
	}
	if err := os.MkdirAll(filepath.Dir(c.log), 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(c.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(c.path, c.args...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(environment(), c.env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !c.outlives {
		command.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
	info("Running %s %s", c.name, strings.Join(c.args, " "))
	if err := command.Start(); err != nil {
		return err
	}
	if c.outlives {
		data, _ := json.Marshal(trace{command.Process.Pid, startTime(command.Process.Pid), c.command()})
		os.MkdirAll(traces, 0o700)
		os.WriteFile(filepath.Join(traces, c.name), data, 0o600)
	}
	return command.Wait()
}

// environment is this program's own, less what belongs to its unit.
func environment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "NOTIFY_SOCKET=") && !strings.HasPrefix(entry, "CONTAINERD_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// merge lays a user's component arguments over the defaults: the same name is
// replaced, another is added.
func merge(defaults, users []string) []string {
	name := func(arg string) string {
		key, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return key
	}
	given := map[string]bool{}
	for _, arg := range users {
		given[name(arg)] = true
	}
	var merged []string
	for _, arg := range defaults {
		if !given[name(arg)] {
			merged = append(merged, arg)
		}
	}
	for _, arg := range users {
		merged = append(merged, "--"+strings.TrimLeft(arg, "-"))
	}
	return merged
}
