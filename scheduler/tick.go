package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bellman/gateway"
)

// Memory is what the scheduler needs of the store.
type Memory interface {
	Lock(ctx context.Context, p gateway.ODS, owner string, ttl time.Duration) (int64, error)
	Unlock(ctx context.Context, p gateway.ODS, owner string) error
	Known(ctx context.Context, p gateway.ODS) (gateway.Diary, error)
	KnownUnder(ctx context.Context, r gateway.Right) (gateway.Diary, error)
	Recall(ctx context.Context, d gateway.Diary, refs []gateway.Ref) ([]gateway.Facts, error)
	Plan(ctx context.Context, d gateway.Diary, now time.Time, entries []gateway.Entry) (gateway.Planning, error)
	Looked(ctx context.Context, p gateway.ODS, ref gateway.Ref, at time.Time) error
	Looks(ctx context.Context, p gateway.ODS) (map[gateway.Ref]time.Time, error)
	ForgetLooks(ctx context.Context, p gateway.ODS, refs []gateway.Ref) error
	Standings(ctx context.Context, ids []gateway.ReminderID) ([]gateway.State, error)
	HeldFor(ctx context.Context, p gateway.ODS, why gateway.Reason) ([]gateway.ReminderID, error)
	Counts(ctx context.Context, ps []gateway.ODS) (map[gateway.ODS]map[gateway.State]int, error)
	Feed(ctx context.Context, p gateway.ODS) (gateway.FeedState, error)
	Lost(ctx context.Context, p gateway.ODS) (time.Time, error)
	NoteRead(ctx context.Context, r gateway.Right, f gateway.FeedState) error
	Balance(ctx context.Context, o gateway.Balancing) (gateway.Books, error)
	SetTasks(ctx context.Context, p gateway.ODS, wanted []gateway.TaskID, looked func(gateway.Ref) bool, now time.Time) error
	Wake(ctx context.Context, t time.Time) error
	Sweep(ctx context.Context, p gateway.ODS, before time.Time) (int, error)
	SweepReplies(ctx context.Context, p gateway.ODS, now time.Time) (read, unread int, err error)
	OpenTasksOf(ctx context.Context, p gateway.ODS, kind gateway.TaskKind) ([]gateway.Task, error)
	CloseTask(ctx context.Context, id gateway.TaskID, at time.Time, by string, note gateway.Text) (bool, error)
}

// The spans of a read.
const (
	readLease = 20 * time.Second    // one replica's right to read a practice, renewed while it reads
	renew     = 5 * time.Second     // how often
	readLimit = 110 * time.Second   // one read
	margin    = 8 * 24 * time.Hour  // an appointment is known so long before its first reminder may be brought forward
	atLeast   = 30 * 24 * time.Hour // a read asks for at least so much; adapters narrow it to what their system gives
	keepFor   = 48 * time.Hour      // what is over is forgotten after so long
	lookTakes = 10 * time.Second    // an appointment that is refreshed was asked for at most so long ago
)

// Tick reads one practice's diary once and brings the queue into line with it.
// It is level-triggered: right when late, doubled or skipped. Another replica
// reading the same practice makes it do nothing; when the right to read was lost
// meanwhile, what was read is dropped and nothing more is done.
func (s *Scheduler) Tick(ctx context.Context, p Practice) error {
	if !s.begin(p.ODS) {
		return nil
	}
	defer s.end(p.ODS)
	if !s.awaitClock(ctx) {
		return ctx.Err()
	}
	right := gateway.Right{Practice: p.ODS, Owner: s.owner}
	var err error
	if right.Token, err = s.o.Memory.Lock(ctx, p.ODS, s.owner, readLease); err != nil {
		_, balanceErr := s.balance(ctx, p.Practice, false) // the lock itself may be damaged
		return errors.Join(err, balanceErr)
	}
	if right.Token == 0 {
		s.hear(ctx, p.ODS)
		return nil
	}
	defer func() {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := s.o.Memory.Unlock(free, p.ODS, s.owner); err != nil {
			s.o.Log.Warn("give the right to read back", "practice", p.ODS, "error", err)
		}
	}()
	limited, cancel := context.WithTimeout(ctx, readLimit)
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keepRight(limited, cancel, right) })
	defer func() { cancel(); keeping.Wait() }() // before the right is given back: it must not be taken anew after that
	// The books come first: what is damaged must not be planned on. What only a
	// read can put right is looked at again after it.
	open, balanceErr := s.balance(ctx, p.Practice, false)
	if !open {
		return errors.Join(s.dropped(ctx, p.ODS, s.read(ctx, limited, p, right)), balanceErr)
	}
	before, err := s.o.Memory.Feed(ctx, p.ODS)
	if err == nil {
		err = s.read(ctx, limited, p, right)
	}
	if err != nil {
		return s.dropped(ctx, p.ODS, err)
	}
	now, err := s.o.Memory.Feed(ctx, p.ODS)
	if err == nil {
		_, err = s.balance(ctx, p.Practice, now.AsOf.After(before.AsOf) && now.Unreadable == 0)
	}
	return err
}

// read reads the diary and carries it out.
func (s *Scheduler) read(ctx, limited context.Context, p Practice, right gateway.Right) error {
	now := s.o.Clock.Now()
	feed, err := p.Source.Read(limited, SpanOf(p.Policy, now))
	if err != nil {
		if ctx.Err() == nil {
			s.o.Metrics.failed(p.ODS)
			s.hear(ctx, p.ODS)
		}
		return fmt.Errorf("read the diary: %w", err)
	}
	s.o.Metrics.read(p.ODS, p.SourceType, feed)
	return s.plan(ctx, p, s.credible(p.ODS, feed), right)
}

// dropped says that a read came too late to be carried out, or too soon after a loss.
// That is no failure: the newest read stands, and its age is heard.
func (s *Scheduler) dropped(ctx context.Context, p gateway.ODS, err error) error {
	if !errors.Is(err, gateway.ErrLate) && !errors.Is(err, gateway.ErrLossUnmarked) {
		return err
	}
	s.o.Log.Warn("this read is dropped", "practice", p, "why", err)
	s.hear(ctx, p)
	return nil
}

// keepRight renews the right to read until ctx ends, and ends the read when the
// right is lost. A short lease lets others go on soon after this process dies.
func (s *Scheduler) keepRight(ctx context.Context, lost func(), right gateway.Right) {
	for gateway.Wait(ctx, renew) {
		asking, done := context.WithTimeout(context.WithoutCancel(ctx), renew)
		got, err := s.o.Memory.Lock(asking, right.Practice, right.Owner, readLease)
		done()
		if err == nil && got != right.Token {
			lost()
			return
		}
	}
}

// begin reports whether this process is not reading the practice already: the
// first read after the start and the timetable may meet.
func (s *Scheduler) begin(p gateway.ODS) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading[p] {
		return false
	}
	s.reading[p] = true
	return true
}

func (s *Scheduler) end(p gateway.ODS) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.reading, p)
}

// hear learns the age of a feed from the store, where another replica reads it or
// where we could not: a restart must not make it look as if it had never been read.
func (s *Scheduler) hear(ctx context.Context, p gateway.ODS) {
	f, err := s.o.Memory.Feed(ctx, p)
	if err != nil {
		return
	}
	s.o.Metrics.suspects(p, f)
	if !f.AsOf.IsZero() {
		s.o.Metrics.fresh(p, f.AsOf)
	}
}

// SpanOf gives the stretch of a diary that a practice's rules need to see at now.
func SpanOf(p gateway.Policy, now time.Time) gateway.Span {
	var longest time.Duration
	for _, r := range p.Rules {
		longest = max(longest, now.Sub(r.Due(now)))
	}
	return gateway.Span{From: now, To: now.Add(max(atLeast, longest+margin))}
}

// plan carries a read out, as long as the right to read lasts: what was read may be
// older than what another replica has read since.
func (s *Scheduler) plan(ctx context.Context, p Practice, feed gateway.Feed, right gateway.Right) error {
	now := s.o.Clock.Now()
	m := s.o.Memory
	d, err := m.KnownUnder(ctx, right)
	if err != nil {
		return err
	}
	before, err := m.Feed(ctx, p.ODS)
	if err != nil {
		return err
	}
	if overtakes(before, feed, now) {
		s.o.Metrics.failed(p.ODS)
		s.o.Log.Warn("the diary that was read is older than the one that is known; this read is dropped", "practice", p.ODS)
		return nil
	}
	newer, err := s.newer(ctx, p.ODS, feed, now)
	if err != nil {
		return err
	}
	lostAt, err := m.Lost(ctx, p.ODS)
	if err != nil {
		return err
	}
	blind := BlindSince(p.Policy, before, now)
	if lost(before, d, now) {
		blind = time.Time{}
		before.Rebuilt = now.Truncate(time.Second)
		s.o.Log.Error("every appointment that was known is gone from Redis; what was due before now is not sent again", "practice", p.ODS)
	}
	drafting := Drafting{
		Practice: p.Practice, Feed: feed, Diary: d, Now: now, Allowed: s.o.Allowed,
		Moving: before.Moving, Rebuilt: before.Rebuilt, Blind: blind, Lost: lostAt,
	}
	draft := drafting.Make()
	facts, err := m.Recall(ctx, d, absent(d, feed, draft.Entries, now))
	if err != nil {
		return err
	}
	drafting.shareWith(draft.Entries, facts)
	entries := append(draft.Entries, drafting.gone(facts)...)
	if len(newer) > 0 {
		entries = slices.DeleteFunc(slices.Clone(entries), func(e Drafted) bool { return newer[e.Ref] })
	}
	held, err := s.inspect(ctx, drafting, entries, before)
	if err != nil {
		return err
	}
	if !s.clockRight() {
		return errClock
	}
	fresh := news(before, d, entries) // before carrying it out, which the diary learns of
	done, err := s.carryOut(ctx, p.ODS, d, entries)
	s.moved(done.Moves)
	if err != nil {
		return err
	}
	if err := m.SetTasks(ctx, p.ODS, drafting.ahead(entries), lookedAt(entries), now); err != nil {
		return err
	}
	state := after(before, drafting, held, draft.Entries)
	if fresh || state.Changed.IsZero() || slices.ContainsFunc(done.Moves, toldOff) {
		state.Changed = now
	}
	if err := m.NoteRead(ctx, right, state); err != nil {
		return err
	}
	if !state.AsOf.IsZero() {
		s.o.Metrics.fresh(p.ODS, state.AsOf)
	}
	s.o.Metrics.suspects(p.ODS, state)
	s.report(p.ODS, feed, draft, done, held)
	s.settle(ctx, p.ODS, feed)
	if !done.Earliest.IsZero() {
		if err := m.Wake(ctx, done.Earliest); err != nil {
			s.o.Log.Warn("wake the senders", "practice", p.ODS, "error", err)
		}
	}
	return nil
}

func (s *Scheduler) report(p gateway.ODS, feed gateway.Feed, draft Draft, done gateway.Planning, held stopped) {
	log := s.o.Log.With("practice", p)
	log.Info("read the diary", "appointments", len(feed.Appointments), "unreadable", len(feed.Unreadable),
		"complete", feed.Complete, "written", done.Written, "conflicts", done.Conflicts)
	if draft.Doubled > 0 {
		log.Warn("the source lists appointments more than once", "appointments", draft.Doubled)
	}
	if n := len(held.missing); n > 0 {
		log.Error("an unusual number of appointments would be withdrawn; they are held until a second read agrees or a person releases them", "appointments", n)
	}
	if n := len(held.moving); n > 0 {
		log.Error("an unusual number of appointments would be moved; they are held until a second read agrees or, where most move alike, a person releases them", "appointments", n)
	}
	if held.fresh > 0 {
		log.Error("an unusual number of new reminders came at once; they are held until a person releases them", "reminders", held.fresh)
	}
}

// Refresh writes one appointment down as it was just found to be, and plans its
// reminders anew: the newest truth, from the last look before sending.
// A read of the whole diary that began before does not take it back.
func (s *Scheduler) Refresh(ctx context.Context, p gateway.Practice, a gateway.Appointment) error {
	return s.write(ctx, p, a, lookTakes)
}

// Confirmed writes one appointment down as the clinical system has just said that it is
// from now on. A read that began in the seconds before shows it as it was, and does not
// take it back either: the patient, who cancelled it, would be rung about it.
func (s *Scheduler) Confirmed(ctx context.Context, p gateway.Practice, a gateway.Appointment) error {
	return s.write(ctx, p, a, 0)
}

// write writes one appointment down as it was at most so long ago.
func (s *Scheduler) write(ctx context.Context, p gateway.Practice, a gateway.Appointment, ago time.Duration) error {
	now := s.o.Clock.Now()
	d, err := s.o.Memory.Known(ctx, p.ODS)
	if err != nil {
		return err
	}
	feed, err := s.o.Memory.Feed(ctx, p.ODS)
	if err != nil {
		return err
	}
	drafting := Drafting{Practice: p, Diary: d, Now: now, Allowed: s.o.Allowed, Feed: gateway.Feed{AsOf: feed.AsOf}, Rebuilt: feed.Rebuilt}
	a = p.Policy.Discreet(d.Outs(a).Clinics.Judge(a))
	shared, err := s.sharedBesides(ctx, d, a)
	if err != nil {
		return err
	}
	entry := drafting.one(gateway.Facts{Appointment: a, Shared: shared})
	if !s.clockRight() {
		return errClock
	}
	if err := s.o.Memory.Looked(ctx, p.ODS, d.Ref(a.Identity()), now.Add(-ago)); err != nil {
		return err
	}
	done, err := s.carryOut(ctx, p.ODS, d, []Drafted{entry})
	s.moved(done.Moves)
	return err
}

// lookedAt reports whether a visit is among the entries of a read.
func lookedAt(entries []Drafted) func(gateway.Ref) bool {
	in := make(map[gateway.Ref]bool, len(entries))
	for i := range entries {
		in[entries[i].Ref] = true
	}
	return func(r gateway.Ref) bool { return in[r] }
}

func bare(entries []Drafted) []gateway.Entry {
	out := make([]gateway.Entry, len(entries))
	for i := range entries {
		out[i] = entries[i].Entry
	}
	return out
}

func (s *Scheduler) moved(ms []gateway.Move) {
	if len(ms) > 0 && s.o.Moved != nil {
		s.o.Moved(ms)
	}
}
