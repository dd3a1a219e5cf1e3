package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/store"
)

// redisServer is a Redis that somebody else runs: it can be stopped, started
// again with what it had, and emptied.
type redisServer struct {
	t    *testing.T
	dir  string
	stop func()
}

// newRedis gives a Redis that does not run yet.
func newRedis(t *testing.T) *redisServer {
	t.Helper()
	// A socket's path must be short, which a test's own folder is not.
	dir, err := os.MkdirTemp("", "bellman-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	r := &redisServer{t: t, dir: dir, stop: func() {}}
	t.Cleanup(func() { r.stop(); _ = os.RemoveAll(dir) })
	return r
}

func (r *redisServer) url() string { return "unix://" + filepath.Join(r.dir, "redis.sock") }

func (r *redisServer) start() {
	r.t.Helper()
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", filepath.Join(r.dir, "redis.sock"), "--dir", r.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.stop = sync.OnceFunc(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
}

func (r *redisServer) empty() {
	r.t.Helper()
	rdb, err := store.Client(r.url())
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	if err := rdb.FlushAll(r.t.Context()).Err(); err != nil {
		r.t.Fatal(err)
	}
}

// awaitReady waits until /readyz answers with a status and says something.
func (v *serving) awaitReady(status int, says string) {
	v.s.t.Helper()
	v.await(fmt.Sprintf("readyz is %d and says %q", status, says), func() string {
		got, body := v.get("ops", "/readyz")
		if got != status || !strings.Contains(body, says) {
			return fmt.Sprint(got, " ", body)
		}
		return ""
	})
}

// useRedis writes a Redis of one's own into the configuration.
func (s *scene) useRedis(r *redisServer) {
	s.t.Helper()
	s.edit("url: embedded", fmt.Sprintf("url: %q", r.url()))
}

func TestReadyzSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	s.useRedis(r)
	s.do("keys", "new")
	v := s.begin()
	v.awaitReady(http.StatusServiceUnavailable, "redis cannot be reached")
	if status, _ := v.get("ops", "/healthz"); status != http.StatusOK {
		t.Errorf("healthz is %d while redis is down; the process is alive", status)
	}
	answer := s.call(http.MethodPost, s.public.url+"/twilio/inbound", "From=%2B447700900123")
	if !strings.HasPrefix(answer, "503") || !strings.Contains(answer, "text/xml") {
		t.Errorf("a webhook that cannot be kept was not asked to come again, in text/xml: %.40s", answer)
	}
	r.start()
	v.awaitReady(http.StatusOK, "ready")
	r.stop()
	v.awaitReady(http.StatusServiceUnavailable, "missing: ")
	r.start()
	v.awaitReady(http.StatusOK, "ready")
	v.stop()

	s.write("twilio.token", "ffffffffffffffffffffffffffffffff")
	v = s.begin()
	v.awaitReady(http.StatusServiceUnavailable, "missing: twilio refuses the credentials")
	v.stop()
}

func TestAnEmptiedRedisHoldsEverythingAndForgetsNoSTOP(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	r.start()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	s.useRedis(r)
	all := s.booked(london(time.October, 28, 9, 0), 3)
	v := s.live()
	v.hour(london(time.October, 21, 9, 30))
	s.twilio.Reply(t.Context(), all[1].number, sceneSender, "no more texts please")

	// The provider's list, from which the store could be reconciled, is not to be
	// had: only a person can end the hold. Nor is the diary, until the eve: what is
	// read then for the first time since the loss was due before.
	var eve atomic.Bool
	s.asked.failing(func(r *http.Request) int {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/Messages") || !eve.Load() && strings.Contains(r.URL.Path, "/Appointment") {
			return http.StatusInternalServerError
		}
		return 0
	})
	v.await("no read that began before is under way", func() string {
		if n := v.metric("bellman_feed_failures_total"); n < 2 {
			return fmt.Sprintf("%v reads have failed", n)
		}
		return ""
	})
	r.empty()
	v.awaitReady(http.StatusServiceUnavailable, "in hold")
	if out, by := s.optedOut(all[1]); !out || by != "patient" {
		t.Errorf("after the loss the number is opted out: %t, by %q", out, by)
	}
	s.clock.set(london(time.October, 27, 9, 28))
	eve.Store(true)
	v.fresh()
	s.clock.set(london(time.October, 27, 9, 30))
	v.read()
	if n := count(s.reminders()); n != 3 {
		t.Errorf("%d texts have come, want the three from before the loss", n)
	}
	if n := v.metric("bellman_store_in_hold"); n != 1 {
		t.Errorf("bellman_store_in_hold is %v", n)
	}
	_, staff := v.get("staff", "/")
	if !strings.Contains(staff, "Nothing is sent") {
		t.Error("the console does not tell of the hold")
	}
	if out := s.do("queue", "release"); !strings.Contains(out, "would end the hold") {
		t.Errorf("without --yes release says %q", out)
	}
	v.awaitReady(http.StatusServiceUnavailable, "in hold")
	s.do("queue", "release", "--yes", "--by", "Jo Field", "--reason", "looked at the console")
	if out := s.do("audit", "export"); !strings.Contains(out, "by Jo Field: looked at the console") {
		t.Errorf("the audit trail says\n%s", out)
	}
	v.awaitReady(http.StatusOK, "ready")
	s.clock.set(london(time.October, 27, 9, 35))
	// The reminder of the eve fell due in the hold: it was never sent and is still owed.
	v.await("the texts of the eve have come", func() string {
		if n := count(s.reminders()); n < 5 {
			return fmt.Sprintf("%d texts", n)
		}
		return ""
	})
	v.quiet()
	for i, want := range []int{2, 1, 2} {
		if got := s.bodies(all[i]); len(got) != want {
			t.Errorf("patient %d got %q, want %d texts", i, got, want)
		}
	}
	v.stop()
}

// binary builds bellman as it is shipped.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bellman")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go build: %v", err)
	}
	return path
}

// process starts the real program, which a signal is to stop.
func (s *scene) process(program string, stop syscall.Signal) *serving {
	s.t.Helper()
	v := &serving{s: s, log: &gatewaytest.Log{}, out: &gatewaytest.Log{}, doors: map[string]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", "--config", s.path("bellman.yaml"))
	cmd.Stdout, cmd.Stderr = v.out, v.log
	if err := cmd.Start(); err != nil {
		cancel()
		s.t.Fatal(err)
	}
	v.end = sync.OnceValue(func() int {
		defer cancel()
		_ = cmd.Process.Signal(stop)
		timer := time.AfterFunc(15*time.Second, cancel)
		defer timer.Stop()
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	})
	s.t.Cleanup(func() { v.end() })
	v.await("the doors are open", v.findDoors)
	return v
}

func TestASignalStopsTheProgramInOrderAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", time.Now())
	s.edit("policy: {}", `policy: {reminders: [{before: 30m}], latest: 15m, window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", bank_holidays: true}}`)
	s.edit("timeout: 2s", "timeout: 5s")
	s.do("keys", "new")
	program := binary(t) // takes its time, and the visits do not wait
	const n = 20
	due := time.Now().Truncate(time.Second).Add(5 * time.Second)
	want := map[string]int{}
	for i := range n {
		number := fmt.Sprintf("07700 900%03d", 400+i)
		id := s.diary.Register(surgery.Person{Given: "Mair", Family: "Holt", NHSNumber: "9990000018", Mobile: number, Born: time.Date(1960, 1, 2, 0, 0, 0, 0, time.UTC)})
		s.diary.Book(surgery.Visit{Person: id, Start: due.Add(30 * time.Minute), Site: 5, Mode: gateway.ModeInPerson})
		want[fmt.Sprintf("+447700900%03d", 400+i)] = 1
	}
	// Every hand-over takes its time, so that the signal meets some on their way.
	if err := s.twilio.SetRates(map[twiliosim.Fault]float64{twiliosim.Slow: 1}); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		v := s.process(program, signal)
		v.awaitReady(http.StatusOK, "ready")
		was := s.twilio.Counts().Requests
		v.await("texts are on their way", func() string {
			if signal == syscall.SIGTERM && s.twilio.Counts().Taken == 0 || time.Now().Before(due) {
				return fmt.Sprint(s.twilio.Counts().Requests-was, " requests")
			}
			return ""
		})
		began := time.Now()
		v.stop()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("after %s the program took %s to end", signal, took)
		}
	}
	if err := s.twilio.SetRates(nil); err != nil {
		t.Fatal(err)
	}
	v := s.process(program, syscall.SIGTERM)
	v.awaitReady(http.StatusOK, "ready")
	arrived := func() map[string]int {
		out := map[string]int{}
		for number, texts := range s.reminders() {
			out[number] = len(texts)
		}
		return out
	}
	v.await("every phone has its text", func() string { return cmp.Diff(want, arrived()) })
	states := map[string]int{}
	for _, at := range s.standsAll() {
		state, _, _ := strings.Cut(at, " ")
		states[state]++
	}
	if states["accepted"]+states["delivered"] != n {
		t.Errorf("the reminders stand at %v, want all accepted or delivered", states)
	}
	v.stop()
	if diff := cmp.Diff(want, arrived()); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}
