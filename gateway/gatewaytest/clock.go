// Package gatewaytest is what the tests of several packages need in the same
// form: a clock that is set by hand, a log that can be read, and two invented
// practices with their patients. It knows the vocabulary and nothing of the
// machines; the stages on which they are tested are each package's own. Nothing
// but tests imports it.
package gatewaytest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until it is set. It is safe for concurrent
// use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now gives the time shown, in the zone in which it was set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set makes the clock show another time, earlier ones too.
func (c *Clock) Set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
