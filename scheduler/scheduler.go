// Package scheduler reads clinical systems to a timetable and turns what they
// say into reminders: which are owed, when, and which no longer. The timetable
// (robfig/cron, London time) only wakes; a tick that is late, doubled or skipped
// does the right thing, and one replica at a time does each practice.
package scheduler

import (
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
}

// Scheduler wakes and reads until its context ends.
type Scheduler struct {
	o     Options
	owner string
	gates map[string]chan struct{} // of each kind of clinical system

	mu      sync.Mutex
	reading map[gateway.ODS]bool // practices that this process reads at the moment
}

// maxReads bounds the reads of one kind of clinical system that go on at the same
// time in one process. A system that hangs keeps those of another kind from nothing.
const maxReads = 16

// New makes a scheduler.
func New(o Options) *Scheduler {
	var b [8]byte
	_, _ = rand.Read(b[:])
	gates := map[string]chan struct{}{}
	for _, p := range o.Practices {
		if gates[p.SourceType] == nil {
			gates[p.SourceType] = make(chan struct{}, maxReads)
		}
	}
	return &Scheduler{o: o, owner: hex.EncodeToString(b[:]), gates: gates, reading: map[gateway.ODS]bool{}}
}

// Run reads every practice once, jittered when they are many, and then to its
// timetable, until ctx ends. It waits for reads under way before it returns.
func (s *Scheduler) Run(ctx context.Context) error {
	log := cronLog{s.o.Log}
	c := cron.New(cron.WithLocation(gateway.London()), cron.WithLogger(log), cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	for _, p := range s.o.Practices {
		if _, err := c.AddFunc(p.Poll, func() { s.visit(ctx, p) }); err != nil {
			return fmt.Errorf("timetable of %s: %w", p.ODS, err)
		}
	}
	// Nothing is timetabled between 01:00 and 02:00, which may be missing or
	// stand twice.
	if _, err := c.AddFunc("40 3 * * *", func() { s.sweep(ctx) }); err != nil {
		return fmt.Errorf("timetable of the sweep: %w", err)
	}
	var first sync.WaitGroup
	for _, p := range s.o.Practices {
		first.Go(func() { s.visit(ctx, p) })
	}
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	first.Wait()
	return nil
}

// visit waits for its turn and ticks. What goes wrong in one practice stays there.
func (s *Scheduler) visit(ctx context.Context, p Practice) {
	defer func() {
		if r := recover(); r != nil {
			s.o.Metrics.failed(p.ODS)
			s.o.Log.Error("a read broke down", "practice", p.ODS, "kind", fmt.Sprintf("%T", r))
		}
	}()
	if !gateway.Wait(ctx, jitter(p.ODS, len(s.o.Practices))) {
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
	}
}

// jitter spreads practices over up to 50 seconds, the same for a practice every
// time, so that thousands do not ask their systems in the same second.
func jitter(p gateway.ODS, practices int) time.Duration {
	if practices < 10 {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte("poll " + p))
	spread := min(50*time.Second, time.Duration(practices)*50*time.Millisecond)
	return time.Duration(h.Sum32()) % spread
}

// cronLog passes cron's words on to our logger.
type cronLog struct{ log *slog.Logger }

func (cronLog) Info(string, ...any) {}

func (l cronLog) Error(err error, msg string, _ ...any) {
	l.log.Error("timetable", "what", msg, "kind", fmt.Sprintf("%T", err))
}
