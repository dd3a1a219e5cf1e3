// Package scheduler reads clinical systems to a timetable and turns what they
// say into reminders: which are owed, when, and which no longer. The timetable
// (robfig/cron, London time) only wakes; a tick that is late, doubled or skipped
// does the right thing, and one replica at a time does each practice.
package scheduler

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"bellman/gateway"
)

// Practice is a practice with its clinical system and timetable.
type Practice struct {
	gateway.Practice
	Source     gateway.Source
	SourceType string
	Poll       string // five-field cron in London time, or "@every 2s"
	// Tells: somebody calls Soon when the practice's diary has changed.
	Tells bool
}

// Options is what a scheduler is made of.
type Options struct {
	Memory    Memory
	Practices []Practice
	Clock     gateway.Clock
	// Keeper says whether the clock is right. While it is not, nothing is read,
	// planned or forgotten. Nil: the clock counts as right.
	Keeper  gateway.Timekeeper
	Log     *slog.Logger
	Metrics *Metrics
	Moved   func([]gateway.Move)
	Allowed func(gateway.Phone) bool // nil: every number may be texted
	Reads   int                      // of one kind of clinical system at the same time; 0: 128
}

// Scheduler wakes and reads until its context ends.
type Scheduler struct {
	o     Options
	owner string
	gates map[string]chan struct{} // of each kind of clinical system

	soon map[gateway.ODS]chan struct{} // of practices whose source tells of changes; a call waits there

	mu      sync.Mutex
	reading map[gateway.ODS]bool // practices that this process reads at the moment
}

// maxReads bounds the reads of one kind of clinical system that go on at the same
// time in one process. A system that hangs keeps those of another kind from nothing.
// Reads wait far more than they work: SystmOne answers one question a second, so
// that one read of a diary takes half a minute.
const maxReads = 128

// New makes a scheduler.
func New(o Options) *Scheduler {
	var b [8]byte
	_, _ = rand.Read(b[:])
	gates, soon := map[string]chan struct{}{}, map[gateway.ODS]chan struct{}{}
	for _, p := range o.Practices {
		if gates[p.SourceType] == nil {
			gates[p.SourceType] = make(chan struct{}, cmp.Or(o.Reads, maxReads))
		}
		if p.Tells {
			soon[p.ODS] = make(chan struct{}, 1)
		}
	}
	return &Scheduler{o: o, owner: hex.EncodeToString(b[:]), gates: gates, soon: soon, reading: map[gateway.ODS]bool{}}
}

// Run reads every practice once, jittered when they are many, and then to its
// timetable, until ctx ends. After our clock was set, or the machine has slept, it
// begins anew: see awaitJump. It waits for reads under way before it returns.
func (s *Scheduler) Run(ctx context.Context) error {
	turns, err := s.turns()
	if err != nil {
		return err
	}
	var under sync.WaitGroup
	defer under.Wait()
	for _, t := range turns {
		if t.practice.Tells {
			under.Go(func() { s.attend(ctx, t.practice) })
		}
	}
	for {
		for _, t := range turns {
			under.Go(func() {
				// After a jump a read may be under way that began before it, and tells
				// of then.
				if s.free(ctx, t.practice.ODS, jumpEvery) {
					s.visit(ctx, t.practice, t.offset)
				}
			})
		}
		c, err := s.timetable(ctx, turns)
		if err != nil {
			return err
		}
		c.Start()
		again := s.awaitJump(ctx)
		stopped := c.Stop()
		under.Go(func() { <-stopped.Done() })
		if !again {
			return nil
		}
		s.o.Log.Warn("our clock was set, or the machine has slept; every diary is read, and the timetable begins anew")
	}
}

// turn is when a practice is read: to its timetable, and so much later.
type turn struct {
	practice Practice
	poll     cron.Schedule
	offset   time.Duration
}

func (s *Scheduler) turns() ([]turn, error) {
	out := make([]turn, len(s.o.Practices))
	for i, p := range s.o.Practices {
		poll, err := cron.ParseStandard(p.Poll)
		if err != nil {
			return nil, fmt.Errorf("timetable of %s: %w", p.ODS, err)
		}
		out[i] = turn{p, poll, jitter(p.ODS, len(s.o.Practices), period(poll, s.o.Clock.Now()))}
	}
	return out, nil
}

// timetable gives the timetable of every practice, and of what is done at night.
func (s *Scheduler) timetable(ctx context.Context, turns []turn) (*cron.Cron, error) {
	log := cronLog{s.o.Log}
	c := cron.New(cron.WithLocation(gateway.London()), cron.WithLogger(log), cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	for _, t := range turns {
		c.Schedule(t.poll, cron.FuncJob(func() { s.visit(ctx, t.practice, t.offset) }))
	}
	// Nothing is timetabled between 01:00 and 02:00, which may be missing or
	// stand twice.
	if _, err := c.AddFunc("40 3 * * *", func() { s.sweep(ctx) }); err != nil {
		return nil, fmt.Errorf("timetable of the sweep: %w", err)
	}
	return c, nil
}

// visit waits for its turn and ticks. What goes wrong in one practice stays there.
func (s *Scheduler) visit(ctx context.Context, p Practice, offset time.Duration) {
	defer func() {
		if r := recover(); r != nil {
			s.o.Metrics.failed(p.ODS)
			s.o.Log.Error("a read broke down", "practice", p.ODS, "kind", fmt.Sprintf("%T", r))
		}
	}()
	if !gateway.Wait(ctx, offset) {
		return
	}
	gate := s.gates[p.SourceType]
	select {
	case <-ctx.Done():
		return
	case gate <- struct{}{}:
	}
	defer func() { <-gate }()
	if err := s.Tick(ctx, p); err != nil && ctx.Err() == nil {
		s.o.Log.Warn("read the diary", "practice", p.ODS, "source", p.SourceType, "error", err)
	}
}

func (s *Scheduler) sweep(ctx context.Context) {
	for _, p := range s.o.Practices {
		before := s.o.Clock.Now().Add(-keepFor)
		if !s.clockRight() {
			return // tomorrow night is soon enough
		}
		n, err := s.o.Memory.Sweep(ctx, p.ODS, before)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Warn("forget what is over", "practice", p.ODS, "error", err)
		}
		if n > 0 {
			s.o.Log.Info("forgot what is over", "practice", p.ODS, "appointments", n)
		}
		s.sweepReplies(ctx, p.ODS)
	}
}

// sweepReplies forgets the replies of one practice that are old enough, and says so
// where nobody has read them: a patient has written in vain.
func (s *Scheduler) sweepReplies(ctx context.Context, p gateway.ODS) {
	_, unread, err := s.o.Memory.SweepReplies(ctx, p, s.o.Clock.Now())
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("forget old replies", "practice", p, "error", err)
	}
	if unread > 0 {
		s.o.Metrics.unread.WithLabelValues(string(p)).Add(float64(unread))
		s.o.Log.Error("forgot replies of patients that nobody had read for 90 days", "practice", p, "replies", unread)
	}
}

// jitter spreads practices over four fifths of the time between two reads, the same
// for a practice every time, so that thousands do not ask their systems in the same
// second. Few practices are read at once, and no two need more than a fifth of a
// second between them.
func jitter(p gateway.ODS, practices int, period time.Duration) time.Duration {
	spread := min(period*4/5, time.Duration(practices)*200*time.Millisecond)
	if practices < 10 || spread <= 0 {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte("poll " + p))
	return time.Duration(float64(h.Sum32()) / (1 << 32) * float64(spread))
}

// period gives the least time between two of the next reads of a timetable: the night
// after the last read of a day is longer than what lies between the others.
func period(t cron.Schedule, now time.Time) time.Duration {
	at := t.Next(now.In(gateway.London()))
	least := t.Next(at).Sub(at)
	for range 2 {
		at = t.Next(at)
		least = min(least, t.Next(at).Sub(at))
	}
	return least
}

// cronLog passes cron's words on to our logger.
type cronLog struct{ log *slog.Logger }

func (cronLog) Info(string, ...any) {}

func (l cronLog) Error(err error, msg string, _ ...any) {
	l.log.Error("timetable", "what", msg, "kind", fmt.Sprintf("%T", err))
}
