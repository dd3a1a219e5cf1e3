// Package sender hands texts to the provider. It claims what is due, looks once
// more at the newest data, writes down that the text is leaving, lets it leave,
// and writes down what happened. It sends only what Decide says in that moment,
// and never sends again what may have gone.
package sender

import (
	"context"
	"crypto/rand"
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
	Reminder(ctx context.Context, id gateway.ReminderID) (gateway.Standing, bool, error)
	Wakes(ctx context.Context) <-chan time.Time
	Look()
	AddOptOut(ctx context.Context, o gateway.OptOut) error
	OpenOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error)
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
	// Keeper says whether the clock is right. While it is not, nothing is claimed
	// and nothing leaves. Nil: the clock counts as right.
	Keeper  gateway.Timekeeper
	Log     *slog.Logger
	Metrics *Metrics
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
	claimLease  = 30 * time.Second // the work on a claim, the provider's timeout aside
	beginWithin = 7 * time.Second  // a hand-over begins so soon after Sending is written: before a STOP that comes between is answered (inbox.quietLimit)
	claimLimit  = 5 * time.Second  // one claim
	rereadLimit = 10 * time.Second // one look at the clinical system
	lookAgain   = time.Minute      // what is held is decided again so often
	soon        = time.Second      // when to look at what had to wait for others of its practice
	maxBatch    = 100              // claims at once
	maxRereads  = 32               // looks at one practice's clinical system at the same time
	recordLimit = 10 * time.Second // writing down an outcome after a stop

	lanes     = 4                    // rounds at the same time
	goodBatch = 64                   // claims or outcomes that make a round trip worth while
	gather    = 8 * time.Millisecond // how long to wait for as many
)

// Sender hands texts over until its context ends.
type Sender struct {
	o         Options
	practices map[gateway.ODS]Practice
	looks     map[gateway.ODS]chan struct{} // looks at each clinical system under way
	permits   chan struct{}
	leaving   chan job // written down as Sending, each with its permit
	outcomes  chan outcome
	breaker   *breaker
	reaping   sync.Mutex // one lane looks for the work of dead senders at a time
	lastReap  time.Time
	claiming  complaint
}

// New makes a sender.
func New(o Options) *Sender {
	s := &Sender{
		o: o, practices: make(map[gateway.ODS]Practice, len(o.Practices)), looks: make(map[gateway.ODS]chan struct{}),
		permits: make(chan struct{}, o.InFlight), leaving: make(chan job, o.InFlight), outcomes: make(chan outcome, o.InFlight),
		breaker: newBreaker(o.Metrics),
	}
	for _, p := range o.Practices {
		s.practices[p.ODS] = p
		if p.Reread != nil {
			s.looks[p.ODS] = make(chan struct{}, maxRereads)
		}
	}
	return s
}

// Run sends until ctx ends. It then finishes the hand-overs that have begun,
// gives back what it had claimed, and writes everything down before it returns.
func (s *Sender) Run(ctx context.Context) {
	var record, posting, looking, working sync.WaitGroup
	record.Go(s.record)
	for range s.o.InFlight {
		posting.Go(func() { s.poster(ctx) })
	}
	wakes := s.o.Memory.Wakes(ctx)
	for range lanes {
		working.Go(func() { s.lane(ctx, wakes, &looking) })
	}
	working.Wait()
	looking.Wait()
	close(s.leaving)
	posting.Wait()
	close(s.outcomes)
	record.Wait()
}

// lane claims and hands over, round after round, and sleeps while nothing is due.
// Several keep Redis and the provider busy at the same time.
func (s *Sender) lane(ctx context.Context, wakes <-chan time.Time, looking *sync.WaitGroup) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case _, ok := <-wakes:
			if ok {
				s.o.Memory.Look()
			} else {
				wakes = nil
			}
		case <-timer.C:
		}
		wait := idle
		for busy := false; ctx.Err() == nil; {
			again, next := s.round(ctx, looking, busy)
			if again {
				busy = true
				continue
			}
			wait = next
			break
		}
		timer.Reset(wait)
	}
}

// round claims once and works on what it got. It reports whether to go on at
// once, or else how long there is nothing to do. busy says that more is known to
// be due.
func (s *Sender) round(ctx context.Context, looking *sync.WaitGroup, busy bool) (bool, time.Duration) {
	if !s.clockRight() {
		return false, clockWait
	}
	s.reap(ctx, s.o.Clock.Now())
	limit := s.acquire(ctx, busy)
	if limit == 0 {
		return false, idle
	}
	now := s.o.Clock.Now()
	catch, err := s.claim(ctx, now, limit)
	s.o.Metrics.looked(catch.Looked)
	s.moved(catch.Moves)
	if err != nil {
		s.release(limit)
		if ctx.Err() == nil && s.claiming.news(err, now) {
			s.o.Log.Warn("claim", "error", err)
		}
		return false, idle
	}
	used := s.work(ctx, catch.Claims, limit, looking)
	s.release(limit - used)
	if catch.Looked > 0 {
		return true, 0
	}
	return false, s.until(catch.Next, now)
}

// claim takes what is due. A stop does not cut it short: what was claimed without
// our knowing would wait for its lease to run out.
func (s *Sender) claim(ctx context.Context, now time.Time, limit int) (gateway.Catch, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimLimit)
	defer cancel()
	return s.o.Memory.Claim(ctx, gateway.Claiming{Now: now, Limit: limit, Lease: claimLease + s.o.Timeout, Token: newToken(), PerSec: s.o.PerSec})
}

func newToken() gateway.Token {
	var t gateway.Token
	_, _ = rand.Read(t[:])
	return t
}

func (s *Sender) until(next, now time.Time) time.Duration {
	if next.IsZero() {
		return idle
	}
	return max(time.Millisecond, min(idle, next.Sub(now)))
}

// acquire takes permits for hand-overs: at least one, for which it waits, and as
// many more as are free; when busy it waits a moment for a good number of them.
// While the provider's account does not work it takes none, or a single one to
// see whether it works again.
func (s *Sender) acquire(ctx context.Context, busy bool) int {
	most := s.breaker.room(s.o.Clock.Now(), maxBatch)
	if most == 0 {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case s.permits <- struct{}{}:
	}
	n := s.takeFree(1, most)
	if !busy || n >= min(goodBatch, most) {
		return n
	}
	enough := time.NewTimer(gather)
	defer enough.Stop()
	for n < min(goodBatch, most) {
		select {
		case <-enough.C:
			return n
		case s.permits <- struct{}{}:
			n++
		}
	}
	return s.takeFree(n, most)
}

// takeFree takes the permits that are free besides the n that are held.
func (s *Sender) takeFree(n, most int) int {
	for n < most {
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

func (s *Sender) moved(ms []gateway.Move) {
	if len(ms) > 0 && s.o.Moved != nil {
		s.o.Moved(ms)
	}
}
