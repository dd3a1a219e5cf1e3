// Package sender hands texts to the provider. It claims what is due, looks once
// more at the newest data, writes down that the text is leaving, lets it leave,
// and writes down what happened. It sends only what Decide says in that moment,
// and never sends again what may have gone.
package sender

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"bellman/gateway"
)

// Memory is what the sender needs of the store.
type Memory interface {
	Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error)
	Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error)
	Expired(ctx context.Context, now time.Time) ([]gateway.Expired, error)
	Wakes(ctx context.Context) <-chan time.Time
	Look()
	AddOptOut(ctx context.Context, o gateway.OptOut) error
}

// Practice is what the sender knows of a practice besides its rules.
type Practice struct {
	gateway.Practice
	// Reread looks at one appointment again in the clinical system, in the
	// moment of sending; nil where the system cannot be asked.
	Reread gateway.Rereader
}

// Options is what a sender is made of.
type Options struct {
	Memory    Memory
	Provider  gateway.Provider
	Practices []Practice
	Clock     gateway.Clock
	Log       *slog.Logger
	Metrics   *Metrics
	// Moved is told of every move into held, withdrawn or refused.
	Moved func([]gateway.Move)
	// Refresh writes an appointment down as it was just found to be, so that its
	// reminders are planned anew.
	Refresh func(ctx context.Context, p gateway.ODS, a gateway.Appointment) error
	// Render words a text.
	Render func(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error)
	// Allowed reports whether a number may be texted in this mode.
	Allowed  func(gateway.Phone) bool
	InFlight int           // hand-overs at the same time
	PerSec   int           // texts a second for each practice's sender; 0: no limit
	Timeout  time.Duration // of one hand-over
}

// The spans of a sender's work.
const (
	idle        = time.Second      // looks at least so often
	claimLease  = 30 * time.Second // a claim is ours for so long
	rereadLimit = 10 * time.Second // one look at the clinical system
	lookAgain   = time.Minute      // what is held is decided again so often
	reapEvery   = 5 * time.Second  // looks for the work of dead senders so often
	maxBatch    = 100              // claims at once
	brokenFor   = 15 * time.Second // how long the provider is left alone after an account error
	recordLimit = 10 * time.Second // writing down an outcome after a stop
)

// Sender hands texts over until its context ends.
type Sender struct {
	o         Options
	practices map[gateway.ODS]Practice
	permits   chan struct{}
	outcomes  chan outcome
	mu        sync.Mutex
	broken    time.Time // the provider is left alone until then
	lastReap  time.Time
}

// New makes a sender.
func New(o Options) *Sender {
	s := &Sender{
		o: o, practices: make(map[gateway.ODS]Practice, len(o.Practices)),
		permits: make(chan struct{}, o.InFlight), outcomes: make(chan outcome, o.InFlight),
	}
	for _, p := range o.Practices {
		s.practices[p.ODS] = p
	}
	return s
}

// Run sends until ctx ends. It then finishes the hand-overs that have begun,
// gives back what it had claimed, and writes everything down before it returns.
func (s *Sender) Run(ctx context.Context) {
	var record, posts sync.WaitGroup
	record.Go(s.record)
	wakes := s.o.Memory.Wakes(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-wakes:
			s.o.Memory.Look()
		case <-timer.C:
		}
		wait := idle
		for ctx.Err() == nil {
			again, next := s.round(ctx, &posts)
			if again {
				continue
			}
			wait = next
			break
		}
		timer.Reset(wait)
	}
	posts.Wait()
	close(s.outcomes)
	record.Wait()
}

// round claims once and works on what it got. It reports whether to go on at
// once, or else how long there is nothing to do.
func (s *Sender) round(ctx context.Context, posts *sync.WaitGroup) (bool, time.Duration) {
	now := s.o.Clock.Now()
	s.reap(ctx, now)
	limit := s.acquire(ctx, now)
	if limit == 0 {
		return false, idle
	}
	catch, err := s.o.Memory.Claim(ctx, gateway.Claiming{
		Now: now, Limit: limit, Lease: claimLease, Token: newToken(), PerSec: s.o.PerSec,
	})
	s.o.Metrics.looked(catch.Looked)
	s.moved(catch.Moves)
	if err != nil {
		s.release(limit)
		if ctx.Err() == nil {
			s.o.Log.Warn("claim", "error", err)
		}
		return false, idle
	}
	used := s.work(ctx, catch.Claims, limit, posts)
	s.release(limit - used)
	if catch.Looked > 0 {
		return true, 0
	}
	return false, s.until(catch.Next, now)
}

func (s *Sender) until(next, now time.Time) time.Duration {
	if next.IsZero() {
		return idle
	}
	return max(time.Millisecond, min(idle, next.Sub(now)))
}

// acquire takes permits for hand-overs: at least one, for which it waits, and as
// many more as are free. While the provider is left alone it gives none, and
// just after that a single one, to see whether it works again.
func (s *Sender) acquire(ctx context.Context, now time.Time) int {
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	if now.Before(broken) {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case s.permits <- struct{}{}:
	}
	n := 1
	if !broken.IsZero() {
		return n
	}
	for n < maxBatch {
		select {
		case s.permits <- struct{}{}:
			n++
		default:
			return n
		}
	}
	return n
}

func (s *Sender) release(n int) {
	for range n {
		<-s.permits
	}
}

// breakFor leaves the provider alone for a while: the account does not work, and
// no patient's reminder is to be spent on finding that out again.
func (s *Sender) breakFor(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = s.o.Clock.Now().Add(d)
	s.o.Metrics.broken.Set(1)
}

func (s *Sender) mended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.broken.IsZero() {
		s.broken = time.Time{}
		s.o.Metrics.broken.Set(0)
	}
}

// reap takes up the work of senders that died: what had not left goes back to
// the queue; what may have left becomes unknown, and is never sent again before
// its fate is known.
func (s *Sender) reap(ctx context.Context, now time.Time) {
	if now.Sub(s.lastReap) < reapEvery && !now.Before(s.lastReap) {
		return
	}
	s.lastReap = now
	expired, err := s.o.Memory.Expired(ctx, now)
	if err != nil || len(expired) == 0 {
		if err != nil && ctx.Err() == nil {
			s.o.Log.Warn("look for expired leases", "error", err)
		}
		return
	}
	changes := make([]gateway.Change, len(expired))
	for i, e := range expired {
		changes[i] = gateway.Change{ID: e.ID, Token: e.Token, Only: string(byte(e.State)), To: gateway.Queued, At: now}
		if e.State == gateway.Sending {
			changes[i].To, changes[i].Reason = gateway.Unknown, gateway.UnknownOutcome
		}
	}
	if _, err := s.o.Memory.Move(ctx, now, changes); err != nil {
		s.o.Log.Warn("take up expired work", "error", err)
		return
	}
	s.o.Log.Info("took up the work of a sender that stopped", "reminders", len(expired))
}

func (s *Sender) moved(ms []gateway.Move) {
	if len(ms) > 0 && s.o.Moved != nil {
		s.o.Moved(ms)
	}
}

// isStop reports whether an error only says that we are stopping.
func isStop(err error) bool { return errors.Is(err, context.Canceled) }
