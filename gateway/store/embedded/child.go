package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

func (s *Server) logFile() string { return filepath.Join(s.dir, "redis.log") }

// aliveFile is locked by a running redis-server for as long as it lives.
func (s *Server) aliveFile() string { return filepath.Join(s.dir, "redis.alive") }

// spawn starts the child and gives it with a channel that closes when it dies.
//
// The child inherits a locked file and so holds the lock until its end, whatever
// becomes of us: two servers that write one append-only file would ruin it, and
// the socket alone cannot tell that the first still lives.
func (s *Server) spawn() (*os.Process, <-chan struct{}, error) {
	program, err := exec.LookPath(s.o.Program)
	if err != nil {
		return nil, nil, ErrNotInstalled
	}
	// The folder among the temporary files may have been cleaned away.
	if err := os.MkdirAll(filepath.Dir(s.socket), 0o700); err != nil {
		return nil, nil, fmt.Errorf("embedded redis: %w", err)
	}
	alive, err := tryLock(s.aliveFile())
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil, fmt.Errorf("embedded redis: a redis-server still runs on %s but does not answer on its socket; wait for it or end it", s.dir)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("embedded redis: %w", err)
	}
	defer func() { _ = alive.Close() }()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("embedded redis: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, s.settings()...) //nolint:noctx // it outlives whoever asked for it; Stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.ExtraFiles = []*os.File{alive}
	// Its own process group: Ctrl-C is for us, who stop it after our last write.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("embedded redis: start redis-server: %w", err)
	}
	died := make(chan struct{})
	// Nobody waits for this one: the child may outlive us in another's service.
	go func() {
		defer close(died)
		_ = cmd.Wait()
	}()
	return cmd.Process, died, nil
}

// settings are what makes it ours: no network, every write on the disk before it
// is answered, nothing ever thrown away to make room, and no crash report, since
// that would show what stood in memory.
func (s *Server) settings() []string {
	return []string{
		"--port", "0",
		"--unixsocket", s.socket,
		"--unixsocketperm", "700",
		"--dir", s.dir,
		"--appendonly", "yes",
		"--appendfsync", "always",
		"--save", "",
		"--maxmemory-policy", "noeviction",
		"--crash-log-enabled", "no",
		"--daemonize", "no",
		"--always-show-logo", "no",
	}
}
