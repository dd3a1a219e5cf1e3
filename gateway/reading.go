package gateway

import (
	"context"
	"time"
)

// Reading is one look at another clock beside our own.
type Reading struct {
	Asked, Answered time.Time     // by our clock: when the question left and when the answer was there
	Theirs          time.Time     // what the other clock said, somewhere between the two
	Grain           time.Duration // what it cut off: a second where it tells whole seconds
}

// Skew gives how far our clock is ahead of the other (negative: behind), taken at
// the middle of question and answer and of the other's grain, and by how much
// that can be wrong. It gives no answer for a reading that ended before it began:
// our clock was set in between.
func (r Reading) Skew() (skew, slack time.Duration, ok bool) {
	took := r.Answered.Sub(r.Asked)
	if took < 0 {
		return 0, 0, false
	}
	// Without the monotonic part: what is compared is the clock on the wall.
	middle := r.Answered.Round(0).Add(-took / 2)
	return middle.Sub(r.Theirs.Round(0).Add(r.Grain / 2)), took/2 + r.Grain/2, true
}

// Timekeeper says whether our clock is right. Workers ask it before they send,
// plan, or conclude anything from the time. It is safe for concurrent use.
type Timekeeper interface {
	// Right reports whether our clock is known to be right now. It costs no
	// round trip.
	Right() bool
	// WhenRight waits until it is, and reports false when the context ended first.
	WhenRight(ctx context.Context) bool
	// Elapsed gives the time since any fixed moment by a clock that is never set.
	Elapsed() time.Duration
}
