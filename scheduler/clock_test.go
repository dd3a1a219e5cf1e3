package scheduler_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/scheduler"
)

// asOf is when the diary counts as having been true.
func (s *stage) asOf() time.Time {
	s.t.Helper()
	return must(s.store.Feed(s.t.Context(), riverside)).AsOf
}

func TestASourceWhoseDataAreOfTheFutureMakesNoDiaryFresh(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"a minute": time.Minute, "an hour": time.Hour, "ten years": 10 * 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.booked(person(1), person(2))
			was := s.asOf()
			off := person(1)
			off.Status = gateway.StatusCancelled
			s.diary.age = -ahead
			s.diary.book(off)
			s.diary.drop(person(2))
			s.come(friday.Add(10 * time.Minute))
			if is := s.asOf(); !is.Equal(was) {
				t.Errorf("the diary counts as of %v, want %v as before", is, was)
			}
			s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled) // a cancellation is believed from anybody
			s.stands(person(2), day, gateway.Held, gateway.NotConfirmed)   // an absence is not
			s.diary.age = 0
			s.diary.book(person(1))
			s.booked(person(2))
			s.stands(person(1), day, gateway.Queued, gateway.None)
			s.stands(person(2), day, gateway.Queued, gateway.None)
			if is := s.asOf(); !is.Equal(s.clock.Now()) {
				t.Errorf("the diary counts as of %v, want now", is)
			}
		})
	}
}

func TestDataALittleAheadCountAsOfNow(t *testing.T) {
	s := newStage(t)
	s.diary.age = -50 * time.Second
	s.booked(person(1))
	if is := s.asOf(); !is.Equal(s.clock.Now()) {
		t.Errorf("the diary counts as of %v, want now, %v", is, s.clock.Now())
	}
}

// lamed is a clock that is right for a while.
type lamed struct {
	right func() bool
	come  chan struct{} // closed when it is right
}

func (l lamed) Right() bool { return l.right() }
func (l lamed) WhenRight(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-l.come:
		return true
	}
}
func (l lamed) Elapsed() time.Duration { return 0 }

func (s *stage) under(k gateway.Timekeeper) *scheduler.Scheduler {
	return scheduler.New(scheduler.Options{
		Memory: s.store, Practices: []scheduler.Practice{s.surgery}, Clock: &s.clock, Keeper: k, Log: s.log.Logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &s.clock, []scheduler.Practice{s.surgery}),
	})
}

func TestAReadWaitsForTheClockAndThenComes(t *testing.T) {
	s := newStage(t)
	s.diary.book(person(1))
	k := lamed{right: func() bool { return true }, come: make(chan struct{})}
	sched := s.under(k)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sched.Tick(ctx, s.surgery); err == nil || !s.asOf().IsZero() {
		t.Errorf("it read by a clock that was never right: %v", err)
	}
	done := make(chan error)
	go func() { done <- sched.Tick(t.Context(), s.surgery) }()
	close(k.come)
	if err := <-done; err != nil || s.asOf().IsZero() {
		t.Errorf("it did not read once the clock was right: %v", err)
	}
}

// A day ahead in the middle of a read, everything would look too late.
func TestAReadThatTheClockJumpsInIsDropped(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	was := s.asOf()
	k := lamed{right: func() bool { return false }, come: closed()}
	s.clock.Set(tuesday)
	if err := s.under(k).Tick(t.Context(), s.surgery); err == nil {
		t.Error("it was not dropped")
	}
	if err := s.under(k).Refresh(t.Context(), s.surgery.Practice, person(1)); err == nil {
		t.Error("a single appointment was planned by a clock that is wrong")
	}
	s.clock.Set(friday)
	s.stands(person(1), day, gateway.Queued, gateway.None)
	if !s.asOf().Equal(was) {
		t.Error("it made the diary fresh")
	}
}

// A practice that is read each morning at seven, on a machine that sleeps at night:
// its timer has stood still as well.
func TestAfterTheMachineHasSleptTheDiaryIsReadAtOnce(t *testing.T) {
	s := newStage(t)
	s.diary.book(person(1))
	s.surgery.Poll = "@every 10h"
	sched := s.under(lamed{right: func() bool { return true }, come: closed()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- sched.Run(ctx) }()
	gatewaytest.Await(t, "it is read at the start", func() bool { return s.diary.asked() == 1 && !s.asOf().IsZero() })
	s.clock.Advance(50 * time.Second) // a wobble
	gateway.Wait(ctx, 1500*time.Millisecond)
	if n := s.diary.asked(); n != 1 {
		t.Errorf("it is read %d times before the machine sleeps", n)
	}
	s.clock.Set(monday)
	gatewaytest.Await(t, "it is read on waking", func() bool { return s.asOf().Equal(monday) })
	s.clock.Set(friday)
	gatewaytest.Await(t, "it is read when the clock is set back", func() bool { return s.diary.asked() == 3 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAMachineThatSleptInTheMiddleOfAReadReadsOnceMore(t *testing.T) {
	s := newStage(t)
	s.diary.book(person(1))
	s.surgery.Poll = "@every 10h"
	begun, awake := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(begun); <-awake })
	s.diary.reading = first
	sched := s.under(lamed{right: func() bool { return true }, come: closed()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- sched.Run(ctx) }()
	<-begun
	s.clock.Set(monday)
	gatewaytest.Await(t, "the jump is seen", func() bool { return strings.Contains(s.log.String(), "every diary is read") })
	close(awake)
	gatewaytest.Await(t, "it is read as it is now", func() bool { return s.asOf().Equal(monday) })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// closed is a channel that nobody waits on.
func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
