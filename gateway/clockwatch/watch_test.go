package clockwatch

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
)

// world is our clock, the time that passes, and the clocks of others, all set by
// hand.
type world struct {
	mu      sync.Mutex
	ours    time.Time
	passed  time.Duration
	theirs  map[string]time.Time // a source without an entry does not answer
	asked   map[string]int
	slow    time.Duration // an answer takes so long
	log     bytes.Buffer
	watch   *Watch
	metrics *prometheus.Registry
}

var start = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)

// newWorld is one in which all clocks agree and nobody was asked yet.
func newWorld() *world {
	w := &world{ours: start, theirs: map[string]time.Time{"redis": start, "provider": start}, asked: map[string]int{}}
	w.metrics = prometheus.NewRegistry()
	source := func(name string, every, grain time.Duration) Source {
		return Source{Name: name, Every: every, Ask: func(context.Context) (gateway.Reading, error) {
			w.mu.Lock()
			w.asked[name]++
			at, ok := w.theirs[name]
			w.mu.Unlock()
			if !ok {
				return gateway.Reading{}, errors.New("no answer")
			}
			r := gateway.Reading{Asked: w.Now(), Theirs: at.Add(w.slow / 2).Truncate(max(grain, 1)), Grain: grain}
			w.pass(w.slow)
			r.Answered = w.Now()
			return r, nil
		}}
	}
	w.watch = New(Options{
		Clock: w, Elapsed: w.elapsed, Metrics: NewMetrics(w.metrics, "redis", "provider"), Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Sources: []Source{source("redis", time.Second, 0), source("provider", time.Minute, time.Second)},
	})
	return w
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ours
}

func (w *world) elapsed() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passed
}

// pass lets time pass, on every clock.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ours, w.passed = w.ours.Add(d), w.passed+d
	for name := range w.theirs {
		w.theirs[name] = w.theirs[name].Add(d)
	}
}

// set sets our clock, and no time passes.
func (w *world) set(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ours = w.ours.Add(by)
}

// differ sets another's clock so that ours is ahead of it by d.
func (w *world) differ(source string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.theirs[source] = w.ours.Add(-d)
}

func (w *world) mute(source string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.theirs, source)
}

// look looks after so long that every source is asked.
func (w *world) look() bool {
	w.pass(time.Minute)
	return w.watch.Look(context.Background())
}

// metric gives one of the clock's metrics; against is "" where it has no label.
func (w *world) metric(name, against string) float64 {
	families, _ := w.metrics.Gather()
	for _, f := range families {
		if f.GetName() != "bellman_clock_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if l := m.GetLabel(); against == "" || l[0].GetValue() == against {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func (w *world) is(t *testing.T, right bool, words string) {
	t.Helper()
	if got := w.watch.Right(); got != right {
		t.Errorf("the clock is right: %t, want %t", got, right)
	}
	wrong, warn := w.watch.Trouble()
	if all := strings.Join(append(wrong, warn...), "; "); words == "" && all != "" || !strings.Contains(all, words) {
		t.Errorf("it says %q, want %q", all, words)
	}
}

func TestBeforeTheFirstComparisonNothingIsSent(t *testing.T) {
	w := newWorld()
	w.is(t, false, "has not been compared with redis yet")
	w.mute("provider")
	w.look()
	w.is(t, false, "has not been compared with the provider yet")
	w.differ("provider", 0)
	w.look()
	w.is(t, true, "")
}

func TestAClockThatDiffersIsWarnedOfFromFiveSecondsAndRefusedFromSixty(t *testing.T) {
	for _, source := range []string{"redis", "provider"} {
		slack := time.Duration(0)
		if source == "provider" {
			slack = time.Second // what its whole seconds leave open
		}
		for _, c := range []struct {
			name  string
			skew  time.Duration
			right bool
			words string
		}{
			{"nearly five seconds ahead", 4900 * time.Millisecond, true, ""},
			{"five seconds ahead", 5*time.Second + slack, true, "ahead of"},
			{"five seconds behind", -5*time.Second - slack, true, "behind"},
			{"nearly a minute ahead", 59900 * time.Millisecond, true, "have it set"},
			{"nearly a minute behind", -59900 * time.Millisecond, true, "have it set"},
			{"a minute ahead", time.Minute + slack, false, "ahead of"},
			{"a minute behind", -time.Minute - slack, false, "behind"},
			{"two minutes ahead", 2 * time.Minute, false, "nothing is sent until a time server"},
			{"two minutes behind", -2 * time.Minute, false, "nothing is sent until a time server"},
			{"a day ahead", 24 * time.Hour, false, "24h0m0s ahead of"},
			{"a day behind", -24 * time.Hour, false, "behind"},
		} {
			t.Run(source+" "+c.name, func(t *testing.T) {
				w := newWorld()
				w.look()
				w.differ(source, c.skew)
				w.look()
				w.is(t, c.right, c.words)
				if got := w.metric("skew_seconds", source); (got-c.skew.Seconds()) > .51 || (c.skew.Seconds()-got) > .51 {
					t.Errorf("the metric says %v s, want %v", got, c.skew.Seconds())
				}
				if got := w.metric("refused", "") == 0; got != c.right {
					t.Errorf("the metric says that it is right: %t", got)
				}
				w.differ(source, 0)
				w.look()
				w.is(t, true, "")
			})
		}
	}
}

func TestASlowAnswerIsComparedAtItsMiddle(t *testing.T) {
	w := newWorld()
	w.slow = 4 * time.Second
	w.look()
	w.is(t, true, "")
	if got := w.metric("skew_seconds", "redis"); got != 0 {
		t.Errorf("our clock is %v s ahead of redis, want 0", got)
	}
	w.slow = 11 * time.Second
	w.set(30 * time.Minute)
	w.look()
	w.is(t, false, "has not been compared") // what took so long says too little
}

func TestTheLogTellsOfAChangeOnce(t *testing.T) {
	w := newWorld()
	w.look()
	for _, d := range []time.Duration{0, 0, 20 * time.Second, 21 * time.Second, 22 * time.Second, 2 * time.Hour, 2 * time.Hour, 0, 0} {
		w.differ("redis", d)
		w.look()
	}
	for words, want := range map[string]int{"differs": 1, "is wrong": 1, "right again": 1} {
		if n := strings.Count(w.log.String(), words); n != want {
			t.Errorf("%d lines say %q, want %d\n%s", n, words, want, w.log.String())
		}
	}
}

func TestAClockThatJumpsIsNoticedAtOnceAndRefusedUntilAllAgreeAgain(t *testing.T) {
	for name, by := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour, "a minute ahead": time.Minute, "a minute back": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.look()
			w.set(by)
			w.is(t, false, "jumped") // without a look
			w.mute("provider")
			w.differ("redis", 0) // of the same machine: it was set with us
			w.watch.Look(t.Context())
			w.is(t, false, "jumped by "+by.String()+" and has not been compared with the provider since")
			w.differ("provider", by+by/10) // and they know better
			w.look()
			w.is(t, false, "the provider: nothing is sent")
			w.set(-by)
			w.is(t, false, "nothing is sent")
			w.differ("redis", 0)
			w.differ("provider", 0)
			w.look()
			w.is(t, true, "")
			if n := w.metric("jumps_total", ""); n != 2 {
				t.Errorf("%v jumps were counted, want 2", n)
			}
		})
	}
}

// A machine that was put to sleep with all that runs on it: no time passed for
// us, and the clock on the wall is right.
func TestAfterTheMachineSleptTheClockIsComparedAndGoesOn(t *testing.T) {
	w := newWorld()
	w.look()
	w.set(8 * time.Hour)
	w.is(t, false, "jumped")
	w.differ("redis", 0)
	w.differ("provider", 0)
	w.watch.Look(t.Context())
	w.is(t, true, "")
}

func TestAClockThatPassesSlowlyIsNoJump(t *testing.T) {
	w := newWorld()
	w.look()
	for range 100 {
		w.set(2 * time.Second)
		w.differ("redis", 0)
		w.differ("provider", 0)
		w.look()
	}
	w.is(t, true, "")
	if n := w.metric("jumps_total", ""); n != 0 {
		t.Errorf("%v jumps were counted", n)
	}
}

func TestTheProviderIsAskedOnlyWhenNothingWasHeardOfItForAMinute(t *testing.T) {
	w := newWorld()
	w.watch.Look(t.Context())
	for range 100 {
		w.pass(2 * time.Second)
		w.watch.Heard("provider", gateway.Reading{Asked: w.Now(), Answered: w.Now(), Theirs: w.Now().Truncate(time.Second), Grain: time.Second})
		w.watch.Look(t.Context())
	}
	if w.asked["provider"] != 1 || w.asked["redis"] != 101 {
		t.Errorf("asked %v", w.asked)
	}
	w.pass(time.Minute)
	w.watch.Look(t.Context())
	if w.asked["provider"] != 2 {
		t.Errorf("the provider was asked %d times, want 2", w.asked["provider"])
	}
}

// An answer that was on its way while the clock jumped tells of the time before.
func TestAnAnswerFromBeforeAJumpProvesNothing(t *testing.T) {
	w := newWorld()
	w.look()
	before := gateway.Reading{Asked: w.Now(), Answered: w.Now(), Theirs: w.Now(), Grain: time.Second}
	w.set(time.Hour)
	w.watch.Heard("provider", before)
	w.watch.Heard("redis", before)
	w.is(t, false, "jumped")
	backwards := gateway.Reading{Asked: w.Now(), Answered: w.Now().Add(-time.Second), Theirs: w.Now(), Grain: time.Second}
	w.watch.Heard("provider", backwards)
	w.watch.Heard("redis", backwards)
	w.is(t, false, "jumped")
}

func TestWaitingForTheClockEndsWhenItIsRightOrTheWaitIsOver(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w.watch.WhenRight(ctx) {
		t.Error("the wait ended well although the clock was never compared")
	}
	done := make(chan bool)
	go func() { done <- w.watch.WhenRight(context.Background()) }()
	w.look()
	if !<-done {
		t.Error("the wait did not end well")
	}
}

func TestRunLooksAtOnceAfterAJump(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.watch.Run(ctx) }()
	if !w.watch.WhenRight(t.Context()) {
		t.Fatal("never right")
	}
	w.mu.Lock() // the machine slept
	w.ours = w.ours.Add(time.Hour)
	for name := range w.theirs {
		w.theirs[name] = w.theirs[name].Add(time.Hour)
	}
	w.mu.Unlock()
	if !w.watch.WhenRight(t.Context()) || w.metric("jumps_total", "") != 1 {
		t.Error("the jump was not noticed, or not got over")
	}
	cancel()
	<-ended
}
