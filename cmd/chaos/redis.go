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
	"bellman/gateway/store/storetest/tail"
)

// redisServer is a redis-server that is killed and comes back with its files.
type redisServer struct {
	dir   string
	mu    sync.Mutex
	child *exec.Cmd
	broke error
	kills atomic.Int64
	tears atomic.Int64 // kills that took the end of the append-only file with them
	ends  []ending     // how far the file came lately, oldest first; guarded by mu
}

// ending is how far the append-only file had come at a moment.
type ending struct {
	at   time.Time
	mark tail.Mark
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

// follow notes how far the append-only file has come, until ctx ends.
func (r *redisServer) follow(ctx context.Context) {
	for gateway.Wait(ctx, 50*time.Millisecond) {
		mark, err := tail.Now(r.dir)
		if err != nil {
			continue // it is just being begun anew
		}
		now := time.Now()
		r.mu.Lock()
		r.ends = append(r.ends, ending{now, mark})
		for len(r.ends) > 1 && now.Sub(r.ends[0].at) > time.Second {
			r.ends = r.ends[1:]
		}
		r.mu.Unlock()
	}
}

// tear takes from the dead server's file what was written after some moment of its
// last second, as a power failure does where the disk lied.
func (r *redisServer) tear(share float64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ends) == 0 {
		return nil
	}
	lost, err := tail.Tear(r.dir, r.ends[0].mark, share)
	if lost > 0 {
		r.tears.Add(1)
	}
	r.ends = nil
	return err
}

// killAtRandom kills it n times, at any moment. Every fourth time the whole machine
// goes down with it, and every so many times (0: never) the end of its file is torn.
func (r *redisServer) killAtRandom(ctx context.Context, chance, tearing *rand.Rand, n, every int, span time.Duration, rest func()) {
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
		var torn error
		if every > 0 && r.kills.Load()%int64(every) == 0 {
			torn = r.tear(tearing.Float64())
		}
		if err := errors.Join(torn, r.start(ctx)); err != nil {
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
