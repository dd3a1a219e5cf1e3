package sender_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/gateway/store/storetest/tail"
	"bellman/scheduler"
)

// tears is how often each kind of power failure is played, each time with another
// seed: how far the sender had come and where the file is torn follow from it.
const tears = 3

// The machine of Redis loses its power while texts leave: what was written last is
// gone, up to any byte. Nobody gets a second text, everybody gets one, nobody who
// said STOP or cancelled in that last moment gets any, and nobody has to help.
func TestWhateverAPowerFailureTakesFromRedisEverybodyGetsOneText(t *testing.T) {
	for _, sync := range []string{"everysec", "always"} { // always: the disk had said that it was written
		for _, dies := range []bool{false, true} {
			for seed := range uint64(tears) {
				t.Run(fmt.Sprintf("appendfsync %s, the senders die too %v, seed %d", sync, dies, seed), func(t *testing.T) {
					f := newFailure(t, sync, seed)
					f.before()
					f.failPower(dies)
					f.afterwards()
					f.check()
				})
			}
		}
	}
}

// failure is a day on which the machine of Redis loses its power.
type failure struct {
	*stage
	power *storetest.Mortal // the machine of Redis
	dice  *rand.Rand
	inbox *inbox.Inbox
	r     *running
	alive *atomic.Bool // the sender that is at work
	begun tail.Mark    // where the last second began
	held  bool         // the store was in hold after the failure
	lost  int          // texts that Redis knew nothing of any more
}

// The patients of a failure.
const (
	going     = 20 // 0 to 19 are due when the power fails
	stopped   = 23 // 20 to 22 said STOP just before; they would be due five minutes later
	cancelled = 25 // 23 and 24 cancelled just before
	coming    = 30 // 25 to 29 are due five minutes later
	tomorrow  = 35 // 30 to 34 are due a day later
)

func newFailure(t *testing.T, sync string, seed uint64) *failure {
	power := storetest.NewMortal(t, "--appendfsync", sync)
	f := &failure{stage: newStage(t, func(s *stage) { s.address = power.URL }), power: power, dice: rand.New(rand.NewPCG(seed, 30))}
	f.inbox = f.newInbox()
	f.begin()
	return f
}

func (f *failure) newInbox() *inbox.Inbox {
	var practices []gateway.Practice
	for _, p := range f.surgs {
		practices = append(practices, p.Practice)
	}
	return inbox.New(inbox.Options{
		Memory: f.store, Restoring: f.store, Start: message.Start, Webhooks: f.provider, Lister: f.provider, Practices: practices, Clock: &f.clock,
		Log: f.log.Logger(), Metrics: inbox.NewMetrics(prometheus.NewRegistry(), practices), Moved: f.moves.add, Render: message.Render, Settle: time.Minute,
		Answers: message.Answers(),
	})
}

// killable is the memory of a process that can be killed: nothing that it still
// does counts then.
type killable struct {
	*watched
	alive *atomic.Bool
}

func (k killable) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	if !k.alive.Load() {
		return make([]gateway.Changed, len(changes)), nil
	}
	return k.watched.Move(ctx, now, changes)
}

// begin makes a sender that does not work yet.
func (f *failure) begin() {
	alive := new(atomic.Bool)
	alive.Store(true)
	f.alive = alive
	f.r = f.ready(func(o *sender.Options) { o.Memory = killable{o.Memory.(*watched), alive} })
}

// dueLater gives the n-th patient with a reminder due so long after Monday at ten.
func dueLater(n int, d time.Duration) gateway.Appointment {
	a := person(n)
	a.Start = a.Start.Add(d)
	return a
}

func (f *failure) visit(n int) gateway.Appointment {
	switch {
	case n < going:
		return person(n)
	case n < coming:
		return dueLater(n, 5*time.Minute)
	default:
		return dueLater(n, 24*time.Hour)
	}
}

// before is the day until the last second, and what is written in that second
// before texts leave.
func (f *failure) before() {
	f.t.Helper()
	for n := range tomorrow {
		f.diaries[riverside].book(f.visit(n))
	}
	f.come(friday)
	f.come(monday.Add(-time.Second))
	f.begun = f.power.Tail()
	for n := going; n < stopped; n++ {
		if err := f.store.AddOptOut(f.t.Context(), gateway.OptOut{Practice: riverside, Number: gateway.NewPhone(phone(n)), Since: f.clock.Now(), By: "patient"}); err != nil {
			f.t.Fatal(err)
		}
	}
	for n := stopped; n < cancelled; n++ {
		a := f.visit(n)
		a.Status = gateway.StatusCancelled
		f.diaries[riverside].book(a)
	}
	f.come(monday)
}

// failPower kills Redis after some texts have left, and tears its file. Where the
// senders die too, what they knew is gone but for their files.
func (f *failure) failPower(dies bool) {
	f.t.Helper()
	most := 1 + f.dice.IntN(going)
	f.r.run()
	f.await("some texts leave", func() bool { return len(f.sim.Taken()) >= most })
	f.power.Kill()
	if dies {
		f.alive.Store(false)
		f.r.stop()
		_ = f.r.memory.Close()
		_ = f.store.Close()
	} else {
		f.await("what was leaving has left", func() bool { return f.r.memory.refused.Load() > 0 })
	}
	f.power.Tear(f.begun, f.dice.Float64())
	f.power.Start()
	raw := storetest.Client(f.t, f.address)
	f.countLost(raw)
	for _, p := range f.surgs {
		// A right to read whose return was torn off ends by itself, in real seconds,
		// for which a test with a hand-set clock does not wait.
		if err := raw.Del(f.t.Context(), storetest.Key(p.ODS, "lock")).Err(); err != nil {
			f.t.Fatal(err)
		}
	}
	if dies {
		f.store = storetest.OpenAt(f.t, f.address, f.place)
		f.store.Serve([]gateway.ODS{riverside, hillside})
		f.sched = scheduler.New(scheduler.Options{
			Memory: f.store, Practices: f.surgs, Clock: &f.clock, Log: f.log.Logger(),
			Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &f.clock, f.surgs), Moved: f.moves.add,
		})
		f.inbox = f.newInbox()
		f.begin()
		f.r.run()
	}
}

// countLost counts the texts of which Redis knows nothing.
func (f *failure) countLost(raw redis.UniversalClient) {
	f.t.Helper()
	entries := must(raw.HGetAll(f.t.Context(), storetest.Key(riverside, "r")).Result())
	left := 0
	for _, e := range entries {
		if e[0] == byte(gateway.Sending) || e[0] == byte(gateway.Accepted) {
			left++
		}
	}
	f.lost = len(f.sim.Taken()) - left
}

// afterwards lets the services work on, by themselves, until a day later.
func (f *failure) afterwards() {
	f.t.Helper()
	for d := time.Duration(0); d <= 3*time.Minute; d += 5 * time.Second {
		f.clock.Set(monday.Add(d))
		f.round()
	}
	for d := 4 * time.Minute; d <= 15*time.Minute; d += time.Minute {
		f.clock.Set(monday.Add(d))
		f.round()
	}
	for d := range 3 { // a text that is looked at before the diary is read waits a minute
		f.clock.Set(tuesday.Add(time.Duration(d) * 61 * time.Second))
		f.round()
	}
	f.r.quiet()
}

// round is what every process does every few seconds.
func (f *failure) round() {
	f.t.Helper()
	ctx := f.t.Context()
	for _, s := range []*store.Store{f.store, f.r.memory.Store} {
		hold, err := s.RefreshHold(ctx)
		if errors.Is(err, store.ErrEmptied) {
			hold, err = true, s.Rejoin(ctx)
		}
		if err != nil {
			f.t.Fatal("look at redis:", err)
		}
		f.held = f.held || hold
	}
	if err := f.inbox.Restore(ctx); err != nil {
		f.t.Error("restore:", err)
	}
	for _, p := range f.surgs {
		if err := f.sched.Tick(ctx, p); err != nil {
			f.t.Error("read:", err)
		}
		if err := f.inbox.Reconcile(ctx, p.Practice); err != nil {
			f.t.Error("reconcile:", err)
		}
	}
	turn := f.r.memory.turn.Add(1)
	f.await("the sender has looked", func() bool {
		_ = f.store.Wake(ctx, f.clock.Now())
		return f.r.memory.idle.Load() >= turn
	})
}

// check holds the phones against what was owed.
func (f *failure) check() {
	f.t.Helper()
	phones := f.sim.Phones()
	for n := range tomorrow {
		want := 1
		if n >= going && n < cancelled {
			want = 0
		}
		if got := len(phones[phone(n)]); got != want {
			f.t.Errorf("patient %d got %d texts, want %d; the ledger says %s (%s)", n, got, want,
				f.standing(f.id(riverside, f.visit(n), day)).State, f.standing(f.id(riverside, f.visit(n), day)).Reason)
		}
	}
	if f.lost > 0 && !f.held {
		f.t.Errorf("%d texts were forgotten, and nobody noticed", f.lost)
	}
	if hold := must(f.store.RefreshHold(f.t.Context())); hold {
		f.t.Error("it is still in hold")
	}
	if r := must(f.store.Restoration(f.t.Context())); f.held && (r.Ended.IsZero() || r.Left > 0) {
		f.t.Errorf("the restoration has not ended: %+v", r)
	}
	f.explained()
	f.t.Logf("%d texts forgotten, held %v", f.lost, f.held)
}
