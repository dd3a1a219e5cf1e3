package scheduler

import (
	"context"
	"time"

	"bellman/gateway"
)

// What is read may come in late: a slow read that began before a look at a single
// appointment, or a file that was put back. The newest truth is the one that was
// true last, not the one that arrived last.

// overtakes reports whether a read tells of an earlier time than the last complete
// one. A state that lies ahead of now was written under a wrong clock and says
// nothing.
func overtakes(before gateway.FeedState, feed gateway.Feed, now time.Time) bool {
	return feed.AsOf.Before(before.AsOf) && !before.AsOf.After(now)
}

// newer gives the appointments at which somebody looked after a read began: what
// the read says of them is the older truth. The diary must have been taken
// before, so that a look that is missed here makes its plan conflict.
func (s *Scheduler) newer(ctx context.Context, p gateway.ODS, feed gateway.Feed, now time.Time) (map[gateway.Ref]bool, error) {
	looks, err := s.o.Memory.Looks(ctx, p)
	if err != nil {
		return nil, err
	}
	out := map[gateway.Ref]bool{}
	var over []gateway.Ref
	for ref, at := range looks {
		if at.After(feed.AsOf) && !at.After(now) {
			out[ref] = true
		} else {
			over = append(over, ref)
		}
	}
	return out, s.o.Memory.ForgetLooks(ctx, p, over)
}
