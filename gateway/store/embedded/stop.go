package embedded

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

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
	// Under the lock nobody can join between the look and the shutdown.
	gate, err := lock(ctx, filepath.Join(s.dir, "redis.lock"))
	if err != nil {
		return fmt.Errorf("stop the embedded redis: %w", err)
	}
	defer func() { _ = gate.Close() }()
	c, err := dial(ctx, s.socket)
	if err != nil {
		return nil //nolint:nilerr // nobody there to stop
	}
	defer func() { _ = c.Close() }()
	clients, err := c.ask(ctx, "CLIENT LIST")
	if err != nil {
		return fmt.Errorf("stop the embedded redis: it does not answer; look at %s", s.logFile())
	}
	if strings.Contains(clients, " name="+presence+" ") {
		return nil
	}
	// No answer comes to this one when it works.
	if answer, err := c.ask(ctx, "SHUTDOWN"); err == nil {
		return fmt.Errorf("stop the embedded redis: it refused (%.20s); look at %s", answer, s.logFile())
	}
	alive, err := lock(ctx, s.aliveFile())
	if err != nil {
		return fmt.Errorf("stop the embedded redis: it takes too long; look at %s: %w", s.logFile(), err)
	}
	return alive.Close()
}
