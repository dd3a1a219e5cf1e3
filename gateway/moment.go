package gateway

import (
	"context"
	"time"
)

// Later gives the later of two moments.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Wait lets a stretch of real time pass, and reports false when ctx ended before
// it had. What must happen by a Clock is looked up on that Clock afterwards.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
