package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
)

// redisServer is a redis-server that is killed and comes back with its files.
type redisServer struct {
	dir   string
	mu    sync.Mutex
	child *exec.Cmd
	broke error
	kills atomic.Int64
}

func (r *redisServer) socket() string { return filepath.Join(r.dir, "redis.sock") }

// start brings it up, and waits until it answers.
func (r *redisServer) start(ctx context.Context) error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	_ = os.Remove(r.socket())
	child := exec.Command("redis-server", "--port", "0", "--unixsocket", r.socket(), "--dir", r.dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
		"--hash-max-listpack-entries", "64", "--logfile", filepath.Join(r.dir, "redis.log"))
	if err := child.Start(); err != nil {
		return fmt.Errorf("redis-server: install it with apt install redis-server: %w", err)
	}
	r.mu.Lock()
	r.child = child
	r.mu.Unlock()
	for range 1000 {
		if c, err := net.Dial("unix", r.socket()); err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return errors.New("redis-server does not come up; see its log")
}

func (r *redisServer) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.child != nil {
		_ = r.child.Process.Kill()
		_ = r.child.Wait()
		r.child = nil
	}
}

// killAtRandom kills it n times, at any moment. Every fourth time the whole machine
// goes down with it.
func (r *redisServer) killAtRandom(ctx context.Context, chance *rand.Rand, n int, span time.Duration, rest func()) {
	for r.kills.Load() < int64(n) {
		if !gateway.Wait(ctx, between(chance, span, n)) {
			return
		}
		r.stop()
		if r.kills.Add(1)%4 == 0 {
			rest()
		}
		if !gateway.Wait(ctx, within(chance, 300*time.Millisecond)) {
			ctx = context.WithoutCancel(ctx) // it has to come back
		}
		if err := r.start(ctx); err != nil {
			r.mu.Lock()
			r.broke = err
			r.mu.Unlock()
			return
		}
	}
}

func (r *redisServer) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broke
}

// between gives a time to the next of n events, so that they come at any moment
// and about n of them within a span.
func between(chance *rand.Rand, span time.Duration, n int) time.Duration {
	return time.Duration(chance.Float64() * 1.7 * float64(span) / float64(n))
}

// within gives a span shorter than d.
func within(chance *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(chance.Int64N(int64(d)))
}
