package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/twilio/twiliosim"
)

// measure lets the service read for the time that was asked for, and prints what
// it cost.
func measure(ctx context.Context, l load) (err error) {
	dir, err := os.MkdirTemp("", "bellman-feeds-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	world, at, err := startWorld(ctx, l)
	if err != nil {
		return err
	}
	defer kill(world)
	ops, err := freeAddress()
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "bellman.yaml")
	if err := os.WriteFile(config, []byte(configuration(l, at, ops)), 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, l.program, "keys", "new", "--config", config).CombinedOutput(); err != nil {
		return fmt.Errorf("keys new: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	service := exec.CommandContext(ctx, l.program, "serve", "--config", config)
	service.Stderr = log
	if err := service.Start(); err != nil {
		return err
	}
	defer kill(service)
	fmt.Printf("%d practices of %d visits, read every %s for %s, on %d processors\n", l.practices, l.visits, l.poll, l.poll*time.Duration(l.rounds), runtime.NumCPU())
	before := sample{}
	for round := range l.rounds {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(l.poll):
		}
		now, err := look(service.Process.Pid, ops)
		if err != nil {
			return errors.Join(err, tail(log.Name()))
		}
		now.print(round+1, before, l)
		before = now
	}
	_ = service.Process.Signal(os.Interrupt)
	return service.Wait()
}

func kill(c *exec.Cmd) {
	_ = c.Process.Kill()
	_ = c.Wait()
}

func startWorld(ctx context.Context, l load) (*exec.Cmd, place, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, place{}, err
	}
	world := exec.CommandContext(ctx, self, "world", "-practices", strconv.Itoa(l.practices), "-visits", strconv.Itoa(l.visits))
	world.Stderr = os.Stderr
	out, err := world.StdoutPipe()
	if err != nil {
		return nil, place{}, err
	}
	if err := world.Start(); err != nil {
		return nil, place{}, err
	}
	var at place
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		kill(world)
		return nil, place{}, fmt.Errorf("the simulated systems did not come up: %w", err)
	}
	return world, at, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// configuration is what a person would have to write for so many practices.
func configuration(l load, at place, ops string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `mode: sim
allow_numbers: ["+447700900*"]
public_url: https://texts.example.org
listen: {public: "127.0.0.1:0", staff: "127.0.0.1:0", ops: %q}
redis: {url: embedded, dir: ./data}
keys: {file: ./bellman.keys}
optouts: {journal: ./optouts.journal}
provider: twilio
twilio: {account_sid: %s, auth_token: %s, base_url: %s/twilio}
practices:
`, ops, twiliosim.DefaultAccount, twiliosim.DefaultToken, at.Base)
	for n := range l.practices {
		p := code(n)
		source := ""
		switch base := at.Base + "/" + p; system(n) {
		case "emis":
			source = fmt.Sprintf("{type: emis, base_url: %s, token_url: %s%s, client_id: %s, client_secret: %s, application_id: %s}", base, base, emissim.TokenPath, client, secret, client)
		case "fhir":
			source = fmt.Sprintf("{type: fhir, base_url: http://%s%s, auth: none}", at.Sockets[p], fhirsim.Base)
		case "tpp":
			source = fmt.Sprintf("{type: tpp, address: %q, api_key: %s, device_id: %s, organisation: %s}", at.Sockets[p], secret, device, p)
		}
		fmt.Fprintf(&b, "  - {ods: %s, name: Practice %d, phone: \"01632 960001\", nation: england, sender: GP%05d, poll: \"*/%d * * * *\", source: %s}\n",
			p, n, n, int(l.poll/time.Minute), source)
	}
	return b.String()
}

// sample is what the service has cost until now.
type sample struct {
	cpu      float64 // seconds
	resident float64 // MiB, the most until now
	requests float64
	failures float64
	read     int     // practices that have been read
	oldest   float64 // seconds, of those
}

// look asks the operating system and the service.
func look(pid int, ops string) (sample, error) {
	var s sample
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, fmt.Errorf("the service has ended: %w", err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	s.cpu = (user + system) / 100 // ticks of the kernel's interface, which are a hundredth of a second on Linux
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(v)[0], 64)
			s.resident = kib / 1024
		}
	}
	res, err := http.Get("http://" + ops + "/metrics")
	if err != nil {
		return s, fmt.Errorf("ask the service for its metrics: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	return s, s.scrape(res.Body)
}

func (s *sample) scrape(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "} ")
		v, _ := strconv.ParseFloat(value, 64)
		switch {
		case strings.HasPrefix(name, "bellman_feed_requests_total{"):
			s.requests += v
		case strings.HasPrefix(name, "bellman_feed_failures_total{"):
			s.failures += v
		case strings.HasPrefix(name, "bellman_feed_age_seconds{") && v >= 0:
			s.read++
			s.oldest = max(s.oldest, v)
		}
	}
	return lines.Err()
}

func (s sample) print(round int, before sample, l load) {
	requests := s.requests - before.requests
	fmt.Printf("round %d: %d of %d practices read, the oldest %.0f s ago; %.0f requests (%.1f a practice, %.0f a second), %.0f failed reads; %.1f s of processor time (%.0f %% of one); at most %.0f MiB resident\n",
		round, s.read, l.practices, s.oldest, requests, requests/float64(l.practices), requests/l.poll.Seconds(), s.failures-before.failures,
		s.cpu-before.cpu, 100*(s.cpu-before.cpu)/l.poll.Seconds(), s.resident)
}

// tail gives the end of the service's log, for what went wrong.
func tail(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.New(string(b[max(0, len(b)-4000):]))
}
