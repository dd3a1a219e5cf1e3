// Package clockwatch says whether our clock is right. It compares it with the
// clocks of Redis and of the provider, and our clock on the wall with our
// monotonic one. A clock that is wrong by a minute or more, that has jumped, or
// that was not compared yet sends nothing: every due time, window, lease and age
// hangs on it. It corrects no clock, and sends nothing itself.
package clockwatch

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
)

// The limits of skew.
const (
	// Warn is from where on an operator is told.
	Warn = 5 * time.Second
	// Refuse is from where on nothing is sent.
	Refuse = gateway.Wobble
)

// The spans of a watch.
const (
	look      = 2 * time.Second        // how often Redis is asked while all is well
	lookAgain = 250 * time.Millisecond // and while it is not
	retry     = time.Second            // a source that gave no usable answer is asked again after so long
	askLimit  = 5 * time.Second        // one question
	tooSlow   = 10 * time.Second       // an answer that took longer says too little
	lateNews  = Warn                   // a reading that is told so late may be from before a jump
)

// Source is another clock.
type Source struct {
	Name  string // "redis" or "provider": a metric label, and a word for people
	Every time.Duration
	// Ask looks at it once. It is asked when nothing was heard of it for Every,
	// and at once after a jump.
	Ask func(context.Context) (gateway.Reading, error)
}

// Options is what a watch is made of.
type Options struct {
	Clock gateway.Clock
	// Elapsed gives the time since any fixed moment by a clock that is never set.
	Elapsed func() time.Duration
	Sources []Source // all of them must agree with our clock
	Log     *slog.Logger
	Metrics *Metrics
}

// Watch keeps an eye on our clock. It is a gateway.Timekeeper.
type Watch struct {
	o       Options
	verdict atomic.Pointer[verdict]
	jumped  chan struct{} // somebody found that the clock jumped

	mu      sync.Mutex
	jump    time.Duration // how far the clock jumped, until it is found right again; 0: it did not
	sources map[string]*heard
}

// heard is what is known of one source.
type heard struct {
	asked  time.Duration // elapsed, when it was last asked
	at     time.Duration // elapsed, when it was last heard
	never  bool          // not heard since the start or the last jump
	skew   time.Duration
	beyond time.Duration // the part of the skew that no slack explains, never negative
	told   level         // what the log was told last
}

// verdict is what one look came to.
type verdict struct {
	right   bool
	wrong   []string // why not, for people
	warn    []string
	wall    time.Time     // our clock in that moment, without its monotonic part
	elapsed time.Duration // and our monotonic one
	over    chan struct{} // closed when the next verdict is there
}

var _ gateway.Timekeeper = (*Watch)(nil)

// New makes a watch. Until Run has compared the clock with every source it is
// not right.
func New(o Options) *Watch {
	w := &Watch{o: o, jumped: make(chan struct{}, 1), sources: map[string]*heard{}}
	for _, s := range o.Sources {
		w.sources[s.Name] = &heard{never: true, asked: -retry}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge()
	return w
}

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.jumped:
		case <-timer.C:
		}
		wait := lookAgain
		if w.Look(ctx) {
			wait = look
		}
		timer.Reset(wait)
	}
}

// Look compares once, and reports whether the clock is right.
func (w *Watch) Look(ctx context.Context) bool {
	for _, s := range w.due() {
		asking, cancel := context.WithTimeout(ctx, askLimit)
		r, err := s.Ask(asking)
		cancel()
		if err == nil {
			w.Heard(s.Name, r)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.judge()
}

// due gives the sources to ask now, and notes that they are asked.
func (w *Watch) due() []Source {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge()
	now := w.o.Elapsed()
	var out []Source
	for _, s := range w.o.Sources {
		h := w.sources[s.Name]
		unsettled := h.never || h.beyond >= Refuse
		if (unsettled && now-h.asked >= retry) || (!unsettled && now-max(h.at, h.asked) >= s.Every) {
			h.asked = now
			out = append(out, s)
		}
	}
	return out
}

// Right reports whether the clock is right. A jump since the last look is seen
// at once.
func (w *Watch) Right() bool {
	v := w.verdict.Load()
	if !v.right {
		return false
	}
	if w.jumpSince(v).Abs() < Refuse {
		return true
	}
	select {
	case w.jumped <- struct{}{}:
	default:
	}
	return false
}

// WhenRight waits until the clock is right.
func (w *Watch) WhenRight(ctx context.Context) bool {
	for {
		v := w.verdict.Load()
		if w.Right() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-v.over:
		}
	}
}

// Elapsed gives the time by the clock that is never set.
func (w *Watch) Elapsed() time.Duration { return w.o.Elapsed() }

// jumpSince gives how far our clock was set, ahead or back, since a verdict.
func (w *Watch) jumpSince(v *verdict) time.Duration {
	return w.o.Clock.Now().Round(0).Sub(v.wall) - (w.o.Elapsed() - v.elapsed)
}
