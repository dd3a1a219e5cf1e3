package scheduler

import (
	"context"
	"errors"
	"time"

	"bellman/gateway"
)

// errClock ends a read that was planned by a clock that turned out to be wrong.
var errClock = errors.New("our clock is wrong or was set meanwhile; this read is dropped")

func (s *Scheduler) clockRight() bool { return s.o.Keeper == nil || s.o.Keeper.Right() }

// awaitClock waits until the clock is right, so that a read whose turn it was
// comes as soon as it is. It reports false when the context ended first.
func (s *Scheduler) awaitClock(ctx context.Context) bool {
	return s.o.Keeper == nil || s.o.Keeper.WhenRight(ctx)
}

// jumpEvery is how often the scheduler looks whether our clock has jumped.
const jumpEvery = 250 * time.Millisecond

// awaitJump waits until our clock has moved by a minute or more against the one that
// is never set, and reports false when ctx ended first. Timers go by the second clock,
// which stands still while the machine sleeps: a read that was timetabled for seven in
// the morning, by a laptop that was shut at six the evening before, would come
// thirteen hours after it was opened again.
func (s *Scheduler) awaitJump(ctx context.Context) bool {
	if s.o.Keeper == nil {
		<-ctx.Done()
		return false
	}
	wall, elapsed := s.o.Clock.Now().Round(0), s.o.Keeper.Elapsed()
	for gateway.Wait(ctx, jumpEvery) {
		was, before := wall, elapsed
		wall, elapsed = s.o.Clock.Now().Round(0), s.o.Keeper.Elapsed()
		if jump := wall.Sub(was) - (elapsed - before); jump.Abs() >= gateway.Wobble {
			return true
		}
	}
	return false
}

// credible gives a read as far as its own time can be believed. Data cannot be
// newer than now: a little ahead is a clock's wobble and counts as now; far ahead
// is a fault of the source, whose read makes no diary fresh and proves no
// absence, however complete it claims to be. What it shows is still planned: a
// cancellation is believed from anybody.
func (s *Scheduler) credible(p gateway.ODS, f gateway.Feed) gateway.Feed {
	now := s.o.Clock.Now()
	ahead := f.AsOf.Sub(now)
	if ahead <= 0 {
		return f
	}
	if ahead >= gateway.Wobble {
		f.Complete = false
		s.o.Metrics.failed(p)
		s.o.Log.Error("the source says that its data are of a time still to come; they make the diary no fresher", "practice", p, "ahead_seconds", ahead.Seconds())
	}
	f.AsOf = now
	return f
}
