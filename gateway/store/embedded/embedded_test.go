package embedded

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestAServerKeepsWhatWasWrittenOverAStopAndAStart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	client := open(t, s)
	if err := client.Set(t.Context(), "kept", "yes", 0).Err(); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("the server lives on although its only user stopped")
	}
	again := start(t, dir)
	if v := open(t, again).Get(t.Context(), "kept").Val(); v != "yes" {
		t.Errorf("after the restart: %q", v)
	}
}

func TestItIsDurableUnreachableFromTheNetworkAndNeverEvicts(t *testing.T) {
	dir := t.TempDir()
	client := open(t, start(t, dir))
	for name, want := range map[string]string{
		"port": "0", "appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction", "crash-log-enabled": "no",
	} {
		if got := client.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "redis.sock"): 0o700, filepath.Join(dir, "redis.log"): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, st.Mode().Perm(), err)
		}
	}
}

func TestManyStartersShareOneServerAndTheLastShutsItDown(t *testing.T) {
	dir := t.TempDir()
	servers := make([]*Server, 6)
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() {
			s, err := Start(t.Context(), dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	pid := pidOf(t, open(t, servers[0]))
	for _, s := range servers {
		if p := pidOf(t, open(t, s)); p != pid {
			t.Errorf("two servers: %d and %d", pid, p)
		}
	}
	for i, s := range servers {
		if err := syscall.Kill(pid, 0); err != nil {
			t.Fatalf("it was shut down while %d were joined", len(servers)-i)
		}
		stop(t, s)
	}
	until(t, "the server is gone with its last user", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestAServerThatWasKilledComesBackWithItsData(t *testing.T) {
	dir := t.TempDir()
	first, second := start(t, dir), start(t, dir)
	client := open(t, second)
	client.Set(t.Context(), "kept", "yes", 0)
	for range 3 {
		pid := pidOf(t, client)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "the server is back", func() bool {
			v, err := client.Get(t.Context(), "kept").Result()
			return err == nil && v == "yes" && pidOf(t, client) != pid
		})
	}
	stop(t, first)
	if v := client.Get(t.Context(), "kept").Val(); v != "yes" {
		t.Error("the stop of one took the server from the other")
	}
}

func TestAnOrphanIsJoined(t *testing.T) {
	dir := t.TempDir()
	orphaned := start(t, dir)
	pid := pidOf(t, open(t, orphaned))
	// What kill -9 of its starter looks like: the connection goes, and nobody says goodbye.
	orphaned.mu.Lock()
	orphaned.stopped = true
	_ = orphaned.present.Close()
	orphaned.mu.Unlock()
	orphaned.cancel()
	orphaned.watched.Wait()

	s := start(t, dir)
	if p := pidOf(t, open(t, s)); p != pid {
		t.Errorf("a second server %d beside %d", p, pid)
	}
	stop(t, s)
	until(t, "the orphan is gone with its last user", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestAServerThatLostItsSocketIsReplacedAndNeverDoubled(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	client := open(t, first)
	client.Set(t.Context(), "kept", "yes", 0)
	pid := pidOf(t, client)
	if err := os.Remove(first.socket); err != nil {
		t.Fatal(err)
	}
	second := open(t, start(t, dir))
	if syscall.Kill(pid, 0) == nil && pidOf(t, second) != pid {
		until(t, "the first server is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	}
	until(t, "both processes are at one server with the data", func() bool {
		return client.Get(t.Context(), "kept").Val() == "yes" && pidOf(t, client) == pidOf(t, second)
	})
}

func TestAServerWhoseFolderIsGoneIsStoppedAllTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	pid := pidOf(t, open(t, s))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	until(t, "the server is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestAStopWhoseTimeIsUpStillShutsTheServerDown(t *testing.T) {
	s := start(t, t.TempDir())
	pid := pidOf(t, open(t, s))
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Stop(over)
	until(t, "the server is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

// TestKilledStarter is the body of the process that TestAServerDiesWithAStarterThatIsKilled kills.
func TestKilledStarter(t *testing.T) {
	dir := os.Getenv("BELLMAN_TEST_KILLED_STARTER")
	if dir == "" {
		t.Skip("it is run by another test, as a process of its own")
	}
	if _, err := Start(t.Context(), dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "started"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

func TestAServerDiesWithAStarterThatIsKilledUnlessAnotherIsThere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	dir := t.TempDir()
	starter := exec.Command(os.Args[0], "-test.run=^TestKilledStarter$")
	starter.Env = append(os.Environ(), "BELLMAN_TEST_KILLED_STARTER="+dir)
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the other process has started it", func() bool {
		_, err := os.Stat(filepath.Join(dir, "started"))
		return err == nil
	})
	joined := start(t, dir)
	client := open(t, joined)
	pid := pidOf(t, client)
	client.Set(t.Context(), "kept", "yes", 0)
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait()
	until(t, "the server of the killed process is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	until(t, "the joined process has it back", func() bool { return client.Get(t.Context(), "kept").Val() == "yes" })
}

func TestALongPathGetsItsSocketElsewhereAndIsFoundAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-name/", 9), "with, a comma")
	var elsewhere string
	t.Cleanup(func() { _ = os.RemoveAll(elsewhere) })
	first, second := start(t, dir), start(t, dir)
	if first.URL() != second.URL() {
		t.Error("two processes would use two sockets")
	}
	elsewhere = filepath.Dir(first.socket)
	if len(first.socket) > longestPath {
		t.Errorf("the socket's path has %d bytes", len(first.socket))
	}
	if st, err := os.Stat(filepath.Dir(first.socket)); err != nil || st.Mode().Perm() != 0o700 {
		t.Error("the socket's folder is open to others")
	}
	if pidOf(t, open(t, first)) != pidOf(t, open(t, second)) {
		t.Error("two servers")
	}
}

func TestWithoutTheProgramItSaysWhatToInstall(t *testing.T) {
	_, err := Start(t.Context(), t.TempDir(), Options{Program: "no-such-redis-server"})
	if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "apt install redis-server") {
		t.Errorf("error %v", err)
	}
}

func TestAServerThatCannotStartSaysWhereToLook(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	open(t, s).Set(t.Context(), "kept", "yes", 0)
	stop(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.aof"))
	if err != nil || len(files) == 0 {
		t.Fatal("no append-only file", err)
	}
	for _, f := range files {
		if err := os.WriteFile(f, []byte("not what Redis wrote\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Start(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "redis.log") {
		t.Errorf("error %v", err)
	}
}

func TestStopTwiceIsOneStop(t *testing.T) {
	s := start(t, t.TempDir())
	stop(t, s)
	stop(t, s)
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, s *Server) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func pidOf(t *testing.T, c *redis.Client) int {
	t.Helper()
	for line := range strings.Lines(c.Info(t.Context(), "server").Val()) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "process_id:"); ok {
			pid, _ := strconv.Atoi(v)
			return pid
		}
	}
	return 0
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it never came about that %s", what)
}
