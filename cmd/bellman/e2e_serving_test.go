package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway/gatewaytest"
)

// serving is a service at work.
type serving struct {
	s     *scene
	log   *gatewaytest.Log
	out   *gatewaytest.Log
	doors map[string]string
	end   func() int
}

// serve starts the service and waits until it is at work.
func (s *scene) serve(args ...string) *serving {
	s.t.Helper()
	v := s.begin(args...)
	v.ready()
	return v
}

// ready waits until the service would send.
func (v *serving) ready() {
	v.s.t.Helper()
	v.await("the service is ready", func() string {
		if status, body := v.get("ops", "/readyz"); status != http.StatusOK {
			return fmt.Sprintf("readyz: %d %s", status, body)
		}
		return ""
	})
}

// live makes the keys, starts the service, and waits until the diary is read.
func (s *scene) live() *serving {
	s.t.Helper()
	s.do("keys", "new")
	v := s.serve()
	v.fresh()
	return v
}

// begin starts the service and waits until its doors are open.
func (s *scene) begin(args ...string) *serving {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	v := &serving{s: s, log: &gatewaytest.Log{}, out: &gatewaytest.Log{}, doors: map[string]string{}}
	done := make(chan int, 1)
	c := &cli{out: v.out, err: v.log, in: strings.NewReader(""), now: s.now, redisTime: s.clock.Now}
	go func() { done <- c.run(ctx, append([]string{"serve", "--config", s.path("bellman.yaml")}, args...)) }()
	v.end = sync.OnceValue(func() int {
		cancel()
		select {
		case code := <-done:
			return code
		case <-time.After(20 * time.Second):
			s.t.Error("the service did not stop")
			return -1
		}
	})
	s.t.Cleanup(func() { v.end() })
	v.await("the doors are open", func() string { return v.findDoors() })
	return v
}

// findDoors reads from the log where the doors are, and lets the provider in.
func (v *serving) findDoors() string {
	for line := range strings.Lines(v.log.String()) {
		var l struct{ Msg, Door, Address string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "door open" {
			v.doors[l.Door] = "http://" + l.Address
		}
	}
	if len(v.doors) < 3 {
		return "the log tells of " + fmt.Sprint(v.doors) + "\n" + v.log.String()
	}
	v.s.public.lead(v.doors["public"])
	return ""
}

// stop stops the service in order.
func (v *serving) stop() {
	v.s.t.Helper()
	if code := v.end(); code != exitDone {
		v.s.t.Fatalf("the service ended with status %d\n%s", code, v.log)
	}
}

func (v *serving) get(door, path string) (int, string) {
	r, err := http.NewRequestWithContext(v.s.t.Context(), http.MethodGet, v.doors[door]+path, nil)
	if err != nil {
		v.s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "no answer"
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// metric adds up the samples of a metric whose labels hold all the given parts,
// such as `state="held"`.
func (v *serving) metric(name string, labels ...string) float64 {
	_, body := v.get("ops", "/metrics")
	sum := 0.0
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		head, value, _ := strings.Cut(lines.Text(), " ")
		is, in, _ := strings.Cut(head, "{")
		if is != name || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(in, l) }) {
			continue
		}
		var f float64
		if _, err := fmt.Sscan(value, &f); err == nil {
			sum += f
		}
	}
	return sum
}

// await looks again and again until nothing is missing.
func (v *serving) await(what string, missing func() string) {
	v.s.t.Helper()
	await(v.s.t, what, missing, func() string { return v.log.String() })
}

// patience is for a machine with much else to do; a test that passes needs little
// of it.
const patience = 90 * time.Second

func await(t *testing.T, what string, missing func() string, more func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		said := missing()
		if said == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s: %s\n%s", what, said, more())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// inEach plays a test with several sources at once: they mostly wait.
func inEach(t *testing.T, sources []string, play func(t *testing.T, source string)) {
	t.Helper()
	var all sync.WaitGroup
	for _, source := range sources {
		all.Go(func() { t.Run(source, func(t *testing.T) { play(t, source) }) })
	}
	all.Wait()
}

// quiet waits until nothing is on its way: nothing claimed, sending, or without
// its receipt.
func (v *serving) quiet() {
	v.s.t.Helper()
	v.await("nothing is on its way", func() string {
		for _, state := range []string{"claimed", "sending", "accepted"} {
			if n := v.metric("bellman_reminders", `state="`+state+`"`); n != 0 {
				return fmt.Sprintf("%v %s", n, state)
			}
		}
		return ""
	})
}

// fresh waits until the diary has been read at the scene's present time, which
// was put forward by more than a minute.
func (v *serving) fresh() {
	v.s.t.Helper()
	v.await("the diary has been read", func() string {
		if age := v.metric("bellman_feed_age_seconds"); age < 0 || age > 60 {
			return fmt.Sprintf("the last read is %v s old", age)
		}
		return ""
	})
}

// read waits until a read of the diary that began after now has ended: the
// second, since the first may have begun before.
func (v *serving) read() {
	v.s.t.Helper()
	v.reads(2)
}

// reads waits until so many reads have ended, well or badly.
func (v *serving) reads(n int) {
	v.s.t.Helper()
	ended := func() float64 {
		return v.metric("bellman_appointments_read_total") + v.metric("bellman_feed_failures_total")
	}
	for range n {
		was := ended()
		v.await("the diary has been read", func() string {
			if ended() == was {
				return "not yet"
			}
			return ""
		})
	}
}

// reminders gives every phone's texts that were not an answer to its own.
func (s *scene) reminders() map[string][]twiliosim.Text {
	out := map[string][]twiliosim.Text{}
	for number, texts := range s.twilio.Phones() {
		for _, text := range texts {
			if !text.Answer && !text.Automatic {
				out[number] = append(out[number], text)
			}
		}
	}
	return out
}

func count(phones map[string][]twiliosim.Text) int {
	n := 0
	for _, texts := range phones {
		n += len(texts)
	}
	return n
}
