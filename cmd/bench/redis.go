package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
	"bellman/gateway/store"
)

// server is a private redis-server with an append-only file, the same for both
// sides.
type server struct {
	dir   string
	child *exec.Cmd
	rdb   *redis.Client
}

// startRedis starts one, which syncs its file as fsync says: "everysec" or "always".
func startRedis(ctx context.Context, fsync string) (*server, error) {
	dir, err := os.MkdirTemp("", "bellman-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	s.child = exec.Command("redis-server", "--port", "0", "--unixsocket", s.socket(), "--dir", dir,
		"--appendonly", "yes", "--appendfsync", fsync, "--save", "", "--maxmemory-policy", "noeviction",
		"--hash-max-listpack-entries", "64") // as the embedded server has it and the README recommends
	if err := s.child.Start(); err != nil {
		return nil, fmt.Errorf("redis-server: install it with apt install redis-server: %w", err)
	}
	s.rdb = redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), MaxRetries: -1, PoolSize: 64})
	for range 200 {
		if s.rdb.Ping(ctx).Err() == nil {
			return s, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.stop()
	return nil, errors.New("redis-server does not come up")
}

func (s *server) socket() string { return filepath.Join(s.dir, "redis.sock") }

func (s *server) stop() {
	_ = s.rdb.Close()
	_ = s.child.Process.Kill()
	_ = s.child.Wait()
	_ = os.RemoveAll(s.dir)
}

// memory gives what Redis uses for data, in bytes.
func (s *server) memory(ctx context.Context) float64 {
	info, _ := s.rdb.Info(ctx, "memory").Result()
	for line := range strings.SplitSeq(info, "\r\n") {
		if v, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, _ := strconv.ParseFloat(v, 64)
			return n
		}
	}
	return 0
}

// open makes a ledger on the server.
func (s *server) open(ctx context.Context, practices []gateway.ODS) (*store.Store, error) {
	keys := filepath.Join(s.dir, "keys")
	if err := store.NewKeyFile(keys); err != nil {
		return nil, err
	}
	master, err := store.ReadKeyFile(keys)
	if err != nil {
		return nil, err
	}
	journal, err := store.OpenJournal(filepath.Join(s.dir, "journal"), master)
	if err != nil {
		return nil, err
	}
	rdb, err := store.Client("unix://" + s.socket())
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, rdb, master, journal)
	if err != nil {
		return nil, err
	}
	st.Serve(practices)
	return st, nil
}
