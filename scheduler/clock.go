package scheduler

import (
	"context"
	"errors"

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
