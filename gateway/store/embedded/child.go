package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func (s *Server) logFile() string { return filepath.Join(s.dir, "redis.log") }

// aliveFile is locked by a running redis-server for as long as it lives, and holds
// its process id.
func (s *Server) aliveFile() string { return filepath.Join(s.dir, "redis.alive") }

// child is a redis-server that this process started. died closes at its end.
type child struct {
	process *os.Process
	died    chan struct{}
}

func (c *child) runs() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.died:
		return false
	default:
		return true
	}
}

// spawn starts the child.
//
// The child inherits a locked file and so holds the lock until its end, whatever
// becomes of us: two servers that write one append-only file would ruin it, and
// the socket alone cannot tell that the first still lives. One that lives but
// cannot be reached (its socket was cleaned away) is ended first.
func (s *Server) spawn(ctx context.Context) (*child, error) {
	program, err := exec.LookPath(s.o.Program)
	if err != nil {
		return nil, ErrNotInstalled
	}
	// The folder among the temporary files may have been cleaned away.
	if err := os.MkdirAll(filepath.Dir(s.socket), 0o700); err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	alive, err := tryLock(s.aliveFile())
	if errors.Is(err, syscall.EWOULDBLOCK) {
		alive, err = s.endUnreachable(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	defer func() { _ = alive.Close() }()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, s.settings()...) //nolint:noctx // it outlives whoever asked for it; Stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.ExtraFiles = []*os.File{alive}
	// Its own process group: Ctrl-C is for us, who stop it after our last write.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	Leash(cmd.SysProcAttr, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("embedded redis: start redis-server: %w", err)
	}
	c := &child{cmd.Process, make(chan struct{})}
	// Nobody waits for this one: the child may outlive us in another's service.
	go func() {
		defer close(c.died)
		_ = cmd.Wait()
	}()
	s.mu.Lock()
	s.child = c
	s.mu.Unlock()
	if err := errors.Join(alive.Truncate(0), writeAt(alive, cmd.Process.Pid)); err != nil {
		return c, fmt.Errorf("embedded redis: %w", err)
	}
	return c, nil
}

func writeAt(f *os.File, pid int) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(pid)+"\n"), 0)
	return err
}

// endUnreachable ends, in good order, the server that holds the lock on the alive
// file and does not answer on its socket, and gives the lock. Processes that are
// still joined to it see it go and start another.
func (s *Server) endUnreachable(ctx context.Context) (*os.File, error) {
	b, err := os.ReadFile(s.aliveFile())
	if err != nil {
		return nil, err
	}
	// The lock is held, so the process that wrote its id here is not gone.
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 2 {
		return nil, fmt.Errorf("a redis-server still runs on %s but does not answer on its socket; wait for it or end it", s.dir)
	}
	s.o.Log.Warn("the embedded redis-server does not answer on its socket; it is ended")
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return nil, fmt.Errorf("end a redis-server that does not answer: %w", err)
	}
	return lock(ctx, s.aliveFile())
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
		// Past a few dozen fields a search through a packed hash costs more than
		// the text it is for.
		"--hash-max-listpack-entries", "64",
		"--crash-log-enabled", "no",
		"--daemonize", "no",
		"--always-show-logo", "no",
	}
}
