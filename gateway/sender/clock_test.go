package sender_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/clockwatch"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/sender"
)

// settle is how long the provider's list is given in these tests.
const settle = 20 * time.Second

// jumpy is a stage whose clock can be wrong: Redis and the phone network go by
// the true time.
type jumpy struct {
	*stage
	truth  *gatewaytest.Clock
	passed atomic.Int64 // nanoseconds, by a clock that is never set
	in     *inbox.Inbox
}

func newJumpy(t *testing.T) *jumpy {
	t.Helper()
	j := &jumpy{truth: &gatewaytest.Clock{}}
	j.truth.Set(friday)
	j.stage = newStage(t, func(s *stage) {
		s.outside = j.truth
		s.keeper = clockwatch.New(clockwatch.Options{
			Clock: &s.clock, Elapsed: func() time.Duration { return time.Duration(j.passed.Load()) },
			Sources: []clockwatch.Source{
				{Name: "redis", Every: time.Second, Ask: func(context.Context) (gateway.Reading, error) {
					return gateway.Reading{Asked: s.clock.Now(), Theirs: j.truth.Now(), Answered: s.clock.Now()}, nil
				}},
				{Name: "provider", Every: time.Minute, Ask: func(ctx context.Context) (gateway.Reading, error) { return s.provider.AskTime(ctx) }},
			},
			Log: s.log.Logger(), Metrics: clockwatch.NewMetrics(prometheus.NewRegistry(), "redis", "provider"),
		})
	})
	practices := make([]gateway.Practice, 0, len(j.surgs))
	for _, p := range j.surgs {
		practices = append(practices, p.Practice)
	}
	j.in = inbox.New(inbox.Options{
		Memory: j.store, Lister: j.provider, Practices: practices, Clock: &j.clock, Keeper: j.timekeeper(), Log: slog.New(slog.DiscardHandler),
		Metrics: inbox.NewMetrics(prometheus.NewRegistry(), practices), Render: message.Render, Settle: settle,
	})
	return j
}

// pass lets time pass: by our clock, by the one that is never set, and in truth.
func (j *jumpy) pass(d time.Duration) {
	j.clock.Advance(d)
	j.passed.Add(int64(d))
	j.truth.Advance(d)
}

// at lets time pass until a moment, while nobody looks.
func (j *jumpy) at(t time.Time) { j.pass(t.Sub(j.truth.Now())) }

// live does what a service does all the time: looks at the clock, reads the
// diaries, sends what is due and settles what is unknown. While the clock is not
// right it checks that nothing happens.
func (j *jumpy) live(r *running) {
	j.t.Helper()
	before := len(j.wire.all())
	if !j.keeper.Look(j.t.Context()) {
		j.await("what was under way came to rest", func() bool { return j.count(gateway.Claimed)+j.count(gateway.Sending) == 0 })
		for _, p := range j.surgs {
			if err := j.in.Reconcile(j.t.Context(), p.Practice); err != nil {
				j.t.Error("reconcile:", err)
			}
		}
		if n := len(j.wire.all()) - before; n > 0 {
			j.t.Errorf("%d texts left by a clock that was wrong", n)
		}
		return
	}
	j.tick()
	j.await("the sender is done, or the clock is wrong", func() bool {
		if !j.keeper.Right() {
			return j.count(gateway.Claimed)+j.count(gateway.Sending) == 0
		}
		return r.resting()
	})
	for _, p := range j.surgs {
		if err := j.in.Reconcile(j.t.Context(), p.Practice); err != nil {
			j.t.Error("reconcile:", err)
		}
	}
}

// tick reads the diaries. A read waits while the clock is not right; the test does
// not.
func (j *jumpy) tick() {
	j.t.Helper()
	ctx, cancel := context.WithCancel(j.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, p := range j.surgs {
			_ = j.sched.Tick(ctx, p) // one that meets the jump is dropped
		}
	}()
	j.await("the diaries were read, or the clock is wrong", func() bool {
		select {
		case <-done:
			return true
		default:
			return !j.keeper.Right()
		}
	})
	cancel()
	<-done
}

// The moments of a sender's work in which a clock may jump.
var moments = map[string]func(j *jumpy, r *running, jump func()){
	"between two looks at the queue": func(j *jumpy, r *running, jump func()) { jump() },
	"just after a claim":             func(j *jumpy, r *running, jump func()) { r.memory.claimed = jump },
	"before a text is written down as leaving": func(j *jumpy, r *running, jump func()) {
		r.memory.moving = func(cs []gateway.Change) error {
			if to(cs, gateway.Sending) {
				jump()
			}
			return nil
		}
	},
	"after it was, and before it leaves": func(j *jumpy, r *running, jump func()) {
		r.memory.moved = func(cs []gateway.Change) error {
			if to(cs, gateway.Sending) {
				jump()
			}
			return nil
		}
	},
	"while the provider has it": func(j *jumpy, r *running, jump func()) {
		j.wire.mu.Lock()
		defer j.wire.mu.Unlock()
		lose := once(func() { _ = j.sim.Script(twiliosim.ErrorTaken) }) // and the answer is lost
		was := j.clock.Now
		j.wire.met = func() {
			before := was()
			if jump(); was().Sub(before).Abs() >= time.Minute {
				lose()
			}
		}
	},
}

// A day's texts, a quarter of an hour apart; every fourth hand-over is lost or
// its answer is; and at a quarter past eleven our clock is set wrong by an hour,
// for three quarters of an hour.
func TestAClockThatJumpsInMidRunSendsNothingTwiceAndNothingAtAWrongTime(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		for name, arrange := range moments {
			t.Run(by.String()+" "+name, func(t *testing.T) {
				const patients = 32
				j := newJumpy(t)
				due := map[string]time.Time{}
				for n := range patients {
					a := person(n)
					a.Start = tuesday.Add(time.Duration(n-6) * 15 * time.Minute)
					j.diaries[riverside].book(a)
					due[phone(n)] = a.Start.AddDate(0, 0, -1)
				}
				if err := j.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.ErrorTaken: .15, twiliosim.ErrorLost: .1}); err != nil {
					t.Fatal(err)
				}
				r := j.ready()
				jump := once(func() { j.clock.Advance(by) })
				armed := atomic.Bool{}
				arrange(j, r, func() {
					if armed.Load() {
						jump()
					}
				})
				r.run()
				eleven := monday.Add(time.Hour)
				for at := monday.Add(-2 * time.Hour); at.Before(monday.Add(9 * time.Hour)); at = at.Add(5 * time.Minute) {
					j.at(at)
					switch {
					case at.Equal(eleven.Add(15 * time.Minute)):
						armed.Store(true)
						if name == "between two looks at the queue" {
							jump()
						}
					case at.Equal(eleven.Add(time.Hour)): // a time server sets it right
						j.clock.Set(j.truth.Now())
					}
					j.live(r)
					if wrong := at.After(eleven.Add(15*time.Minute)) && at.Before(eleven.Add(time.Hour)); wrong == j.keeper.Right() && at.Sub(eleven.Add(15*time.Minute)) != 0 {
						t.Fatalf("at %s the clock is right: %t", at.Format("15:04"), !wrong)
					}
				}
				for n := range patients {
					texts := j.texts(phone(n), 1)
					if len(texts) == 0 {
						continue
					}
					if late := texts[0].At.Sub(due[phone(n)]); late < 0 || late > time.Hour {
						t.Errorf("the text due at %s went %s later", due[phone(n)].Format("15:04"), late)
					}
					if h := texts[0].At.In(gateway.London()).Hour(); h < 8 || h >= 18 {
						t.Errorf("a text went at %d o'clock", h)
					}
				}
				if n := j.count(gateway.Accepted) + j.count(gateway.Delivered); n != patients {
					t.Errorf("%d are accepted or delivered", n)
				}
				j.explained()
			})
		}
	}
}

func at(a gateway.Appointment, start time.Time) gateway.Appointment {
	a.Start = start
	return a
}

// A machine that slept for an hour: no time passed for it, and the clock on the
// wall is right.
func TestAMachineThatSleptGoesOnWhereItWasWithoutHaste(t *testing.T) {
	j := newJumpy(t)
	for n := range 8 {
		j.diaries[riverside].book(at(person(n), tuesday.Add(time.Duration(n)*15*time.Minute)))
	}
	r := j.start()
	j.at(monday)
	j.live(r)
	j.clock.Advance(time.Hour)
	j.truth.Advance(time.Hour)
	if j.keeper.Right() {
		t.Error("the clock counts as right before anybody was asked")
	}
	for range 9 {
		j.live(r)
		j.pass(10 * time.Minute)
	}
	for n := range 8 {
		j.texts(phone(n), 1)
	}
	j.explained()
}

// Held back at the last step by a wrong clock: reception can read why, and it
// goes by itself.
func TestWhatAWrongClockHoldsIsToldAndGoesByItself(t *testing.T) {
	j := newJumpy(t)
	j.diaries[riverside].book(person(1))
	r := j.ready()
	r.memory.claimed = once(func() { j.clock.Advance(24 * time.Hour) })
	r.run()
	j.at(friday.Add(time.Hour))
	j.live(r)
	j.at(monday)
	j.keeper.Look(t.Context())
	j.read(riverside)
	id := j.id(riverside, person(1), day)
	j.await("it is held", func() bool { return j.count(gateway.Held) == 1 })
	j.stands(id, gateway.Held, gateway.ClockWrong)
	j.await("the move is told of", func() bool { return j.moves.told(gateway.ClockWrong) == 1 })
	j.live(r)
	j.texts(phone(1), 0)
	j.clock.Set(j.truth.Now())
	j.live(r)
	j.stands(id, gateway.Accepted, gateway.None)
	j.texts(phone(1), 1)
}

// uncompared is a clock that nobody compared, and counts who asks.
type uncompared struct{ asked atomic.Int64 }

func (u *uncompared) Right() bool {
	u.asked.Add(1)
	return false
}
func (u *uncompared) WhenRight(ctx context.Context) bool { <-ctx.Done(); return false }
func (u *uncompared) Elapsed() time.Duration             { return 0 }

func TestNothingIsClaimedBeforeTheClockWasCompared(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	u := &uncompared{}
	r := s.start(func(o *sender.Options) { o.Keeper = u })
	s.await("every lane has asked more than once", func() bool { return u.asked.Load() > 8 })
	s.stands(s.id(riverside, person(1), day), gateway.Queued, gateway.None)
	s.texts(phone(1), 0)
	r.stop()
	s.start().quiet()
	s.texts(phone(1), 1)
}

// Where Redis runs on the same machine and the provider agrees, a clock that was
// an hour ahead is simply right afterwards. What it left behind must not stop the
// texts.

func TestTheRateDoesNotWaitForAClockThatWasAhead(t *testing.T) {
	s := newStage(t)
	s.perSec = 10
	for n := range 20 {
		s.diaries[riverside].book(at(person(n), tuesday.Add(-time.Hour)))
	}
	s.come(friday)
	s.come(monday.Add(time.Hour))
	r := s.start()
	r.quiet()
	first := len(s.wire.all())
	if first == 0 || first > 10 {
		t.Fatalf("%d texts left at once", first)
	}
	s.clock.Set(monday)
	for n := range 20 {
		s.diaries[riverside].book(at(person(100+n), tuesday.Add(15*time.Minute)))
	}
	s.come(monday)
	s.come(monday.Add(15 * time.Minute))
	for range 40 {
		s.clock.Advance(100 * time.Millisecond)
		r.quiet()
	}
	for n := range 20 {
		s.texts(phone(100+n), 1)
	}
	s.come(monday.Add(time.Hour))
	for range 40 {
		s.clock.Advance(100 * time.Millisecond)
		r.quiet()
	}
	for n := range 20 { // no later than by the clock that was ahead
		s.texts(phone(n), 1)
	}
}

func TestTheBreakerDoesNotWaitForAClockThatWasAhead(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, at(person(1), tuesday.Add(-time.Hour)))
	s.come(monday.Add(time.Hour))
	if err := s.sim.Script(twiliosim.Denied); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	r.quiet()
	s.texts(phone(1), 0)
	s.clock.Set(monday)
	s.booked(riverside, at(person(2), tuesday.Add(15*time.Minute)))
	s.come(monday.Add(15 * time.Minute))
	s.await("a text leaves", func() bool { return len(s.sim.Phone(phone(2))) == 1 })
	s.come(monday.Add(time.Hour + time.Minute))
	s.await("the one that was refused leaves", func() bool { return len(s.sim.Phone(phone(1))) == 1 })
	r.quiet()
	s.texts(phone(1), 1)
	s.texts(phone(2), 1)
}

func TestALeaseOfAClockThatWasAheadEndsAndLosesNothing(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, at(person(1), tuesday.Add(-time.Hour)), at(person(2), tuesday.Add(-time.Hour)))
	s.come(monday.Add(time.Hour))
	dead := must(s.store.Claim(t.Context(), gateway.Claiming{Now: s.clock.Now(), Limit: 1, Lease: 30 * time.Second, Token: gateway.Token{1}}))
	if len(dead.Claims) == 0 {
		t.Fatal("nothing was claimed")
	}
	s.come(monday)
	r := s.start()
	r.await("the other one has left", len(dead.Claims))
	s.come(monday.Add(time.Hour + 36*time.Second))
	s.await("both have left", func() bool { return s.count(gateway.Accepted) == 2 })
	r.quiet()
	s.texts(phone(1), 1)
	s.texts(phone(2), 1)
}

// await waits until all but the given number of claims have left.
func (r *running) await(what string, but int) {
	r.s.t.Helper()
	r.s.await(what, func() bool { return r.s.count(gateway.Accepted) == 2-but })
}
