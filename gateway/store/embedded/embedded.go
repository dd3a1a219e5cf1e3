// Package embedded runs a redis-server of Bellman's own, for a practice that has
// no Redis and should not need to know the word: a child process under one
// folder, reached through a private socket and never through the network, with
// an append-only file that is on the disk before Redis answers.
//
// Several processes of one machine (the service and its command line) share one
// such server: whoever comes first starts it, the others join, and the last to
// leave shuts it down. It knows nothing of what is kept in it.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrNotInstalled means that there is no redis-server program on this machine.
var ErrNotInstalled = errors.New("redis-server is not installed: install it with apt install redis-server, or set redis.url")

// Options says how to run the server. The zero value is right for the service.
type Options struct {
	Program string       // the server program; "": redis-server, looked up on the PATH
	Log     *slog.Logger // told of restarts; nil: nobody
}

// Server is one process's share in the embedded redis-server.
type Server struct {
	dir    string
	socket string
	o      Options

	cancel  context.CancelFunc
	watched sync.WaitGroup

	mu      sync.Mutex
	child   *child    // the last server that we started ourselves
	present io.Closer // our open connection: it tells others that we are here, and us that the server died
	stopped bool
}

const (
	startWithin = 60 * time.Second // a big append-only file takes its time to load
	lookAgain   = 20 * time.Millisecond
	slowest     = 5 * time.Second // between two tries to start it again
)

// Start joins the server that lives under dir, or starts it, and watches it
// until Stop: one that dies is started again. The folder is made with mode 0700.
// It gives ErrNotInstalled when there is none to start, and otherwise an error
// that says where to look. ctx bounds the start only.
func Start(ctx context.Context, dir string, o Options) (*Server, error) {
	if o.Program == "" {
		o.Program = "redis-server"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	s := &Server{dir: dir, o: o}
	conn, err := s.joinOrStart(ctx)
	if err != nil {
		return nil, err
	}
	s.present = conn
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	s.watched.Go(func() { s.watch(watch, conn) })
	return s, nil
}

// URL gives the address in the form that store.Client takes.
func (s *Server) URL() string {
	return (&url.URL{Scheme: "unix", Path: s.socket}).String()
}

// joinOrStart gives an open connection to the server under dir. The lock on the
// folder lets one process at a time through, so that two never start one each.
func (s *Server) joinOrStart(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	gate, err := lock(ctx, filepath.Join(s.dir, "redis.lock"))
	if err != nil {
		return nil, fmt.Errorf("embedded redis: wait for another process that starts it: %w", err)
	}
	defer func() { _ = gate.Close() }()
	if s.socket == "" {
		if s.socket, err = socketIn(s.dir); err != nil {
			return nil, fmt.Errorf("embedded redis: %w", err)
		}
	}
	if c, err := dial(ctx, s.socket); err == nil {
		return s.await(ctx, c, nil)
	}
	return s.start(ctx)
}

// start starts the child and gives a connection to it. One that does not come up
// in time is ended again.
func (s *Server) start(ctx context.Context) (c *conn, err error) {
	child, err := s.spawn(ctx)
	defer func() {
		if err != nil && child != nil {
			_ = child.process.Signal(syscall.SIGTERM)
		}
	}()
	if err != nil {
		return nil, err
	}
	for {
		if c, err := dial(ctx, s.socket); err == nil {
			return s.await(ctx, c, child.died)
		}
		if err := s.pause(ctx, child.died); err != nil {
			return nil, err
		}
	}
}

// await waits until the server has loaded its data, and makes the connection
// known to others as our presence. It closes a connection of which nothing comes.
func (s *Server) await(ctx context.Context, c *conn, died <-chan struct{}) (*conn, error) {
	for {
		_, err := c.ask(ctx, "CLIENT SETNAME "+presence)
		answer, perr := c.ask(ctx, "PING")
		switch {
		case err == nil && answer == "+PONG":
			return c, nil
		case ctx.Err() == nil && errors.Join(err, perr) != nil:
			err = fmt.Errorf("embedded redis: it does not answer on its socket; look at %s", s.logFile())
		default:
			err = s.pause(ctx, died)
		}
		if err != nil {
			_ = c.Close()
			return nil, err
		}
	}
}

// pause waits a moment, unless the child died or the time is up.
func (s *Server) pause(ctx context.Context, died <-chan struct{}) error {
	t := time.NewTimer(lookAgain)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-died:
		return fmt.Errorf("embedded redis: redis-server stopped while it started; %s says why", s.logFile())
	case <-ctx.Done():
		return fmt.Errorf("embedded redis: not ready in time; look at %s: %w", s.logFile(), ctx.Err())
	}
}

// watch waits for the connection to break, which is how a death shows whether
// the server is our child or another process's, and brings the server back.
func (s *Server) watch(ctx context.Context, c *conn) {
	for {
		c.untilBroken()
		delay := lookAgain
		for {
			if ctx.Err() != nil {
				return
			}
			s.o.Log.Warn("the embedded redis-server went away; it is started again")
			next, err := s.joinOrStart(ctx)
			if err == nil {
				c = next
				break
			}
			s.o.Log.Error("the embedded redis-server cannot be started; look at its log", "reason", err)
			sleep(ctx, delay)
			delay = min(2*delay, slowest)
		}
		if !s.keep(c) {
			_ = c.Close()
			return
		}
	}
}

// keep makes c the connection that Stop closes; false when we stopped meanwhile.
func (s *Server) keep(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.present = c
	}
	return !s.stopped
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
