package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// quickly bounds the steps of a stop that do not wait for the server's end. They
// are taken even when the caller's time is up, so that nothing is left behind.
const quickly = 5 * time.Second

// Stop leaves the server. When no other process is joined to it, it is shut down
// in good order and waited for; otherwise it stays for them, and the last to
// leave shuts it down. Safe to call twice. ctx bounds the wait.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	again := s.stopped
	s.stopped = true
	present := s.present
	s.mu.Unlock()
	if again {
		return nil
	}
	s.cancel()
	_ = present.Close()
	s.watched.Wait()
	quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), quickly)
	defer cancel()
	// Under the lock nobody can join between the look and the shutdown.
	gate, err := lock(quick, filepath.Join(s.dir, "redis.lock"))
	if err != nil {
		return s.end(ctx)
	}
	defer func() { _ = gate.Close() }()
	c, err := dial(quick, s.socket)
	if err != nil {
		return s.end(ctx)
	}
	defer func() { _ = c.Close() }()
	clients, err := c.ask(quick, "CLIENT LIST")
	if err != nil {
		return fmt.Errorf("stop the embedded redis: it does not answer; look at %s", s.logFile())
	}
	if strings.Contains(clients, " name="+presence+" ") {
		return nil
	}
	// No answer comes to this one when it works.
	if answer, err := c.ask(quick, "SHUTDOWN"); err == nil {
		return fmt.Errorf("stop the embedded redis: it refused (%.20s); look at %s", answer, s.logFile())
	}
	alive, err := lock(ctx, s.aliveFile())
	if err != nil {
		return fmt.Errorf("stop the embedded redis: it takes too long; look at %s: %w", s.logFile(), err)
	}
	return alive.Close()
}

// end ends a server that cannot be reached any more, because its folder or its
// socket is gone: ours by its process, another's by the id that it left.
func (s *Server) end(ctx context.Context) error {
	s.mu.Lock()
	own := s.child
	s.mu.Unlock()
	if own.runs() {
		_ = own.process.Signal(syscall.SIGTERM)
		select {
		case <-own.died:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("stop the embedded redis: it takes too long: %w", ctx.Err())
		}
	}
	alive, err := tryLock(s.aliveFile())
	if errors.Is(err, syscall.EWOULDBLOCK) {
		alive, err = s.endUnreachable(ctx)
	}
	if err != nil {
		return nil //nolint:nilerr // its folder is gone, and it is not ours
	}
	return alive.Close()
}
