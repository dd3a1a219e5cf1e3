package scheduler

import (
	"context"
	"time"

	"bellman/gateway"
)

// The pace of reads that are asked for between those of the timetable.
const (
	gather = 2 * time.Second // changes seldom come alone
	settle = 5 * time.Second // between two such reads of a practice
)

// Soon has a practice read within moments, because something about it is known to
// have changed. Calls that come until that read begins are one, and one that comes
// while the practice is read makes another. It returns at once, and does nothing
// for a practice whose source does not tell of changes by itself, or after Run.
func (s *Scheduler) Soon(p gateway.ODS) {
	select {
	case s.soon[p] <- struct{}{}: // a nil channel, of another practice, takes nothing
	default:
	}
}

// attend reads a practice whenever Soon was called, until ctx ends.
func (s *Scheduler) attend(ctx context.Context, p Practice) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.soon[p.ODS]:
		}
		if !gateway.Wait(ctx, gather) {
			return
		}
		// A read that began before the change does not show it.
		if !s.free(ctx, p.ODS, gather) {
			return
		}
		s.forget(p.ODS)
		s.visit(ctx, p, 0)
		if !gateway.Wait(ctx, settle) {
			return
		}
	}
}

// forget takes back the calls that the read which now begins answers.
func (s *Scheduler) forget(p gateway.ODS) {
	select {
	case <-s.soon[p]:
	default:
	}
}

// free waits until this process is not reading a practice, looking every so often. It
// reports false when ctx ended first.
func (s *Scheduler) free(ctx context.Context, p gateway.ODS, every time.Duration) bool {
	for s.busy(p) {
		if !gateway.Wait(ctx, every) {
			return false
		}
	}
	return true
}

func (s *Scheduler) busy(p gateway.ODS) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reading[p]
}
