// Package storetest is what the store must do, as tests that every kind of Redis
// has to pass, and the throw-away servers that those and other packages' tests
// run against. Only tests import it.
package storetest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
)

// Redis starts a private redis-server for one test and gives its address in the
// form of redis.url. It is reached by a socket only, writes nothing to the disk
// unless settings (such as "--appendonly", "yes") say so, and ends with the test.
// Without redis-server on the machine the test fails and says what to install.
func Redis(t testing.TB, settings ...string) string {
	t.Helper()
	dir := folder(t)
	socket := filepath.Join(dir, "redis.sock")
	died := run(t, dir, append([]string{"--port", "0", "--unixsocket", socket}, settings...))
	u := (&url.URL{Scheme: "unix", Path: socket}).String()
	if !answers(t, u, died) {
		t.Fatalf("redis-server does not stay up with these settings: %v", settings)
	}
	return u
}

// Cluster starts three redis-servers on loopback ports, makes a cluster of them,
// and gives its address as a comma-separated redis.url.
func Cluster(t testing.TB) string {
	t.Helper()
	const nodes = 3
	urls, ports := make([]string, nodes), make([][]int, nodes)
	for i := range nodes {
		urls[i], ports[i] = node(t)
	}
	const slots = 16384
	for i, u := range urls {
		command(t, u, "CLUSTER", "ADDSLOTSRANGE", slots*i/nodes, slots*(i+1)/nodes-1)
		if i > 0 {
			command(t, u, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
			command(t, u, "CLUSTER", "MEET", "127.0.0.1", ports[0][0], ports[0][1])
		}
	}
	for _, u := range urls {
		await(t, "the cluster is formed", func(ctx context.Context) bool {
			info := ask(ctx, u, "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", nodes))
		})
	}
	return strings.Join(urls, ",")
}

// node starts one server of a cluster, on other ports when somebody took the ones
// that were free a moment ago.
func node(t testing.TB) (string, []int) {
	t.Helper()
	for range 5 {
		ports := freePorts(t, 2)
		port, bus := fmt.Sprint(ports[0]), fmt.Sprint(ports[1])
		died := run(t, folder(t), []string{
			"--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "5000",
		})
		if u := "redis://127.0.0.1:" + port; answers(t, u, died) {
			return u, ports
		}
	}
	t.Fatal("no node of the cluster stays up")
	return "", nil
}

// Place is where an installation keeps what is not in Redis.
type Place struct{ Keys, Journal string }

// NewPlace makes a place with a fresh key file; its journal begins at first use.
func NewPlace(t testing.TB) Place {
	t.Helper()
	dir := t.TempDir()
	p := Place{filepath.Join(dir, "bellman.keys"), filepath.Join(dir, "optouts.journal")}
	if err := store.NewKeyFile(p.Keys); err != nil {
		t.Fatal(err)
	}
	return p
}

// Open opens a store on the Redis at the address, as a new installation with
// fresh keys and a fresh journal. It closes with the test.
func Open(t testing.TB, address string) *store.Store {
	t.Helper()
	return OpenAt(t, address, NewPlace(t))
}

// OpenAt opens a store on the Redis at the address with the keys and the journal
// of a place, as one more process of that installation.
func OpenAt(t testing.TB, address string, p Place) *store.Store {
	t.Helper()
	s, err := TryOpen(t, address, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryOpen is OpenAt for tests that expect an error.
func TryOpen(t testing.TB, address string, p Place) (*store.Store, error) {
	t.Helper()
	return openOn(t, Client(t, address), p)
}

func openOn(t testing.TB, c redis.UniversalClient, p Place) (*store.Store, error) {
	t.Helper()
	master, err := store.ReadKeyFile(p.Keys)
	if err != nil {
		return nil, err
	}
	journal, err := store.OpenJournal(p.Journal, master)
	if err != nil {
		return nil, err
	}
	return store.Open(t.Context(), c, master, journal)
}

// Client gives a connection to the Redis at the address, for tests that look or
// meddle there themselves. It closes with the test.
func Client(t testing.TB, address string) redis.UniversalClient {
	t.Helper()
	c, err := store.Client(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// folder makes a folder whose path is short enough for a socket.
func folder(t testing.TB) string {
	t.Helper()
	const room = len("/appendonlydir/redis.sock")
	if dir := t.TempDir(); len(dir)+room < 100 {
		return dir
	}
	dir, err := os.MkdirTemp("", "bellman-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// run starts a redis-server that ends with the test. The channel closes when it
// ends before.
func run(t testing.TB, dir string, settings []string) <-chan struct{} {
	t.Helper()
	died, _ := runUntil(t, dir, settings)
	return died
}

// runUntil is run for tests that kill the server themselves.
func runUntil(t testing.TB, dir string, settings []string) (died <-chan struct{}, kill func()) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is not installed: run apt install redis-server and test again")
	}
	log, err := os.Create(filepath.Join(dir, "redis.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	all := append([]string{"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}, settings...)
	cmd := exec.Command(program, all...) //nolint:noctx // ends in the cleanup, after what still uses it
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	embedded.Leash(cmd.SysProcAttr, syscall.SIGKILL) // a test that is killed leaves no server behind
	if err := cmd.Start(); err != nil {
		t.Fatal("redis-server does not start:", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	kill = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	t.Cleanup(kill)
	return ended, kill
}

// answers waits until a server answers, and reports false when it died instead.
func answers(t testing.TB, address string, died <-chan struct{}) bool {
	t.Helper()
	alive := true
	await(t, "redis-server answers", func(ctx context.Context) bool {
		select {
		case <-died:
			alive = false
			return true
		default:
			return ask(ctx, address, "PING") == "PONG"
		}
	})
	return alive
}

// await asks until the answer is yes, for at most 20 seconds.
func await(t testing.TB, what string, yes func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !yes(ctx) {
		pause := time.NewTimer(20 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			t.Fatalf("it did not come about in time that %s", what)
		}
	}
}

// ask gives the answer of one server to one command, or what went wrong.
func ask(ctx context.Context, address string, words ...any) string {
	o, err := redis.ParseURL(address)
	if err != nil {
		return err.Error()
	}
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	v, err := c.Do(ctx, words...).Text()
	if err != nil {
		return err.Error()
	}
	return v
}

func command(t testing.TB, address string, words ...any) {
	t.Helper()
	if got := ask(t.Context(), address, words...); got != "OK" {
		t.Fatalf("%v: %s", words, got)
	}
}

// freePorts gives loopback ports that nobody uses at the moment.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
