package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bellman/gateway"
)

// replicas are the processes of bellman serve, each brought up again whenever it
// ends.
type replicas struct {
	all    []*replica
	dir    string
	kills  atomic.Int64
	pauses atomic.Int64
	over   atomic.Bool
	port   int // the last one given out
	work   sync.WaitGroup
}

// replica is one of them.
type replica struct {
	program, config  string
	public, ops      string // addresses
	log              *os.File
	mu               sync.Mutex
	child            *exec.Cmd
	paused, expected bool // stopped for a while; killed by us
	broke            error
}

// startReplicas writes each its configuration and brings it up.
func startReplicas(ctx context.Context, w *world, o Options, dir string) (*replicas, error) {
	rs := &replicas{dir: dir}
	for i := range o.Replicas {
		r := &replica{program: o.Program, config: filepath.Join(dir, fmt.Sprintf("bellman-%d.yaml", i))}
		var staff string
		for _, addr := range []*string{&r.public, &staff, &r.ops} {
			var err error
			if *addr, err = rs.freeAddress(); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(r.config, []byte(w.config(r.public, staff, r.ops)), 0o600); err != nil {
			return nil, err
		}
		var err error
		if r.log, err = os.Create(filepath.Join(dir, fmt.Sprintf("bellman-%d.log", i))); err != nil {
			return nil, err
		}
		if i == 0 {
			if out, err := exec.CommandContext(ctx, o.Program, "keys", "new", "--config", r.config).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("keys new: %w\n%s", err, out)
			}
		}
		rs.all = append(rs.all, r)
		w.front.add("http://" + r.public)
		rs.work.Go(func() { rs.keepUp(r) })
	}
	return rs, nil
}

// freeAddress finds a port below those that outgoing connections are given, which
// could take it while a replica is dead.
func (rs *replicas) freeAddress() (string, error) {
	for rs.port = max(rs.port, 20_000+os.Getpid()%5000) + 1; rs.port < 32_000; rs.port++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", rs.port)); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", errors.New("there is no free port between 20000 and 32000")
}

// keepUp runs a replica again and again. One that ends without having been
// killed is a failure.
func (rs *replicas) keepUp(r *replica) {
	for !rs.over.Load() {
		child := exec.Command(r.program, "serve", "--config", r.config)
		child.Stdout, child.Stderr = r.log, r.log
		r.mu.Lock()
		r.child, r.expected = child, false
		err := child.Start()
		r.mu.Unlock()
		if err == nil {
			err = child.Wait()
		}
		r.mu.Lock()
		if !r.expected && !rs.over.Load() && r.broke == nil {
			r.broke = fmt.Errorf("a replica ended by itself: %w; see %s", errors.Join(err, errors.New("unasked")), r.log.Name())
		}
		unasked := r.broke != nil
		r.mu.Unlock()
		if unasked {
			return
		}
	}
}

// kill ends a replica at this instant, unless it is paused.
func (r *replica) kill() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paused || r.expected || r.child == nil || r.child.Process == nil {
		return false
	}
	r.expected = true
	return r.child.Process.Kill() == nil
}

func (rs *replicas) killAtRandom(ctx context.Context, chance *rand.Rand, n int, span time.Duration) {
	for rs.kills.Load() < int64(n) {
		if !gateway.Wait(ctx, between(chance, span, n)) {
			return
		}
		if rs.all[chance.IntN(len(rs.all))].kill() {
			rs.kills.Add(1)
		}
	}
}

// killAll ends all of them, but for one that is paused.
func (rs *replicas) killAll() {
	for _, r := range rs.all {
		if r.kill() {
			rs.kills.Add(1)
		}
	}
}

// pauseAtRandom stops the last replica for longer than its lease, and wakes it.
func (rs *replicas) pauseAtRandom(ctx context.Context, chance *rand.Rand, n int, t timing) {
	r := rs.all[len(rs.all)-1]
	room := max(0, t.busy()/time.Duration(max(n, 1))-t.pausing)
	for range n {
		if !gateway.Wait(ctx, time.Duration(chance.Float64()*float64(room))) {
			return
		}
		r.mu.Lock()
		ok := !r.expected && r.child.Process.Signal(syscall.SIGSTOP) == nil
		r.paused = ok
		r.mu.Unlock()
		if !ok {
			continue
		}
		rs.pauses.Add(1)
		gateway.Wait(ctx, t.pausing)
		r.mu.Lock()
		_ = r.child.Process.Signal(syscall.SIGCONT)
		r.paused = false
		r.mu.Unlock()
	}
}

// await waits until every replica is ready.
func (rs *replicas) await(ctx context.Context, limit time.Duration) error {
	for _, r := range rs.all {
		for until := time.Now().Add(limit); ; {
			res, err := http.Get("http://" + r.ops + "/readyz")
			if err == nil {
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					break
				}
			}
			if time.Now().After(until) || !gateway.Wait(ctx, 50*time.Millisecond) {
				return errors.Join(errors.New("a replica is not ready"), err, rs.failure())
			}
		}
	}
	return nil
}

func (rs *replicas) failure() error {
	var all error
	for _, r := range rs.all {
		r.mu.Lock()
		all = errors.Join(all, r.broke)
		r.mu.Unlock()
	}
	return all
}

func (rs *replicas) stop() {
	rs.over.Store(true)
	for _, r := range rs.all {
		r.mu.Lock()
		r.expected = true
		if r.child != nil && r.child.Process != nil {
			_ = r.child.Process.Signal(syscall.SIGCONT)
			_ = r.child.Process.Kill()
		}
		r.mu.Unlock()
	}
	rs.work.Wait()
}

// row is one reminder as `bellman queue --json` has it.
type row struct {
	Practice    string    `json:"practice"`
	Appointment string    `json:"appointment"`
	Rule        string    `json:"rule"`
	State       string    `json:"state"`
	Due         time.Time `json:"due"`
	Reason      string    `json:"reason"`
}

// ledger asks the program itself where every reminder stands.
func (rs *replicas) ledger(ctx context.Context) ([]row, error) {
	cmd := exec.CommandContext(ctx, rs.all[0].program, "queue", "--json", "--config", rs.all[0].config)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("bellman queue: %w\n%s", err, complaint.String())
	}
	var rows []row
	return rows, json.Unmarshal(out, &rows)
}

// settled reports whether every reminder that falls due before the end stands
// where it stays.
func (rs *replicas) settled(ctx context.Context, end time.Time) bool {
	rows, err := rs.ledger(ctx)
	if err != nil {
		return false
	}
	for _, r := range rows {
		switch r.State {
		case "claimed", "sending", "unknown":
			return false
		case "queued", "held":
			if r.Due.Before(end) {
				return false
			}
		}
	}
	return true
}

// unexplained adds up the metric over practices, as the replica that says most
// has it.
func (rs *replicas) unexplained(ctx context.Context) (int, error) {
	if err := rs.await(ctx, 30*time.Second); err != nil {
		return 0, err
	}
	most := 0
	for _, r := range rs.all {
		res, err := http.Get("http://" + r.ops + "/metrics")
		if err != nil {
			return 0, err
		}
		n, err := sum(res.Body, "bellman_unexplained")
		_ = res.Body.Close()
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

func sum(metrics io.Reader, name string) (int, error) {
	total := 0.0
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		if l := lines.Text(); strings.HasPrefix(l, name+"{") || strings.HasPrefix(l, name+" ") {
			v, err := strconv.ParseFloat(l[strings.LastIndexByte(l, ' ')+1:], 64)
			if err != nil {
				return 0, err
			}
			total += v
		}
	}
	return int(total), lines.Err()
}
