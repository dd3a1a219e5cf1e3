package sender_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

// damages is how many practices are damaged, each in its own way: the number of
// each is the seed of its chances.
const damages = 16

// Whatever is lost or damaged in one practice's part of Redis: nobody is texted
// twice, every reminder ends with a reason or is named, the counters are right in
// the end, and the other practice notices nothing.
func TestWhateverIsDamagedNobodyIsTextedTwiceAndNothingIsLostUnnamed(t *testing.T) {
	for seed := range uint64(damages) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWreck(t, seed)
			w.everyState()
			w.damage()
			w.recover()
			w.check()
		})
	}
}

// wreck is a practice that is damaged, and one that is not.
type wreck struct {
	*stage
	dice  *rand.Rand
	raw   redis.UniversalClient
	inbox *inbox.Inbox
	whole map[string]bool // keys that were lost as a whole
	done  []string        // what was damaged
}

func newWreck(t *testing.T, seed uint64) *wreck {
	s := newStage(t)
	w := &wreck{stage: s, dice: rand.New(rand.NewPCG(seed, 7)), raw: storetestClient(s), whole: map[string]bool{}}
	var practices []gateway.Practice
	for i := range s.surgs {
		p := &s.surgs[i]
		// The harder case: what looks as if it were new is sent at once.
		p.Policy.SendBookedLate = p.ODS == riverside && seed%2 == 1
		practices = append(practices, p.Practice)
	}
	w.inbox = inbox.New(inbox.Options{
		Memory: s.store, Webhooks: s.provider, Lister: s.provider, Practices: practices, Clock: &s.clock, Log: s.log.Logger(),
		Metrics: inbox.NewMetrics(prometheus.NewRegistry(), practices), Moved: s.moves.add, Render: message.Render, Settle: time.Minute,
		Answers: message.Answers(),
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("damaged with seed %d: %s", seed, strings.Join(w.done, "; "))
		}
	})
	return w
}

// dueAfter gives the n-th patient with a reminder due so many minutes after Monday at ten.
func dueAfter(n, minutes int) gateway.Appointment {
	a := person(n)
	a.Start = tuesday.Add(time.Duration(minutes) * time.Minute)
	return a
}

// The patients of a wreck.
const (
	sent      = 8  // 0 to 7 were sent, the first three are delivered
	vanished  = 12 // 8 to 11 arrived without an answer
	lost      = 14 // 12 and 13 never arrived, and nobody knows
	withdrawn = 17 // 14 to 16 are cancelled, unclear, and opted out
	midway    = 24 // 18 to 23 are in the hands of a sender that died
	waiting   = 40 // 24 to 39 wait
)

// everyState brings the practice's reminders into every state, by Monday 10:05.
func (w *wreck) everyState() {
	w.t.Helper()
	ctx := w.t.Context()
	for n := range waiting {
		a := dueAfter(n, 30+n)
		switch {
		case n < sent:
			a = dueAfter(n, 0)
		case n < vanished:
			a = dueAfter(n, 1)
		case n < lost:
			a = dueAfter(n, 2)
		case n < withdrawn:
		case n < midway:
			a = dueAfter(n, 3)
		}
		switch n {
		case lost:
			a.Status = gateway.StatusCancelled
		case lost + 1:
			a.Status = gateway.StatusUnknown
		}
		w.diaries[riverside].book(a)
		w.diaries[hillside].book(dueAfter(100+n, 30+n))
	}
	out := gateway.OptOut{Practice: riverside, Number: gateway.NewPhone(phone(lost + 2)), Since: friday, By: "patient"}
	if err := w.store.AddOptOut(ctx, out); err != nil {
		w.t.Fatal(err)
	}
	w.come(friday)
	w.come(monday)
	w.turn()
	for n := range 3 {
		w.move(gateway.Change{ID: w.id(riverside, dueAfter(n, 0), day), To: gateway.Delivered})
	}
	w.clock.Advance(time.Minute)
	w.script(twiliosim.TakenClosed, twiliosim.EmptyObject, twiliosim.EmptyBody, twiliosim.Truncated)
	w.turn()
	w.clock.Advance(time.Minute)
	w.script(twiliosim.ErrorLost, twiliosim.ErrorLost)
	w.turn()
	w.clock.Advance(time.Minute)
	w.die()
	w.clock.Advance(2 * time.Minute)
}

func (w *wreck) script(fs ...twiliosim.Fault) {
	w.t.Helper()
	if err := w.sim.Script(fs...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wreck) move(c gateway.Change) {
	w.t.Helper()
	got, err := w.store.Move(w.t.Context(), w.clock.Now(), []gateway.Change{c})
	if err != nil || got[0].Verdict != gateway.Done {
		w.t.Fatalf("to %s: %v, %v", c.To, got, err)
	}
}

// die claims what is due as a sender does that dies with two claims in its hands,
// two written down as leaving, and two handed over.
func (w *wreck) die() {
	w.t.Helper()
	w.store.Look()
	got := must(w.store.Claim(w.t.Context(), gateway.Claiming{Now: w.clock.Now(), Limit: 200, Lease: lease, Token: gateway.Token{9}}))
	if len(got.Claims) != midway-withdrawn {
		w.t.Fatalf("%d claims", len(got.Claims))
	}
	for i, c := range got.Claims {
		if i < 2 {
			continue
		}
		w.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true})
		if i < 4 {
			continue
		}
		words, _, err := message.Render(w.surgery(c.ID.Practice), c.Facts.Appointment, w.clock.Now())
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.provider.Send(w.t.Context(), gateway.Outgoing{
			Reminder: c.ID, From: fromRiverside, To: c.Facts.Appointment.Patient.Mobile, Text: words, Validity: time.Hour,
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *wreck) surgery(p gateway.ODS) gateway.Practice {
	for _, x := range w.surgs {
		if x.ODS == p {
			return x.Practice
		}
	}
	return gateway.Practice{}
}

// damage does a few kinds of harm to the practice.
func (w *wreck) damage() {
	for range 1 + w.dice.IntN(8) {
		w.harm()
	}
}

// recover lets the services work on until just before the appointments. Reads may
// fail at first: a key of the wrong kind stops its own practice.
func (w *wreck) recover() {
	w.t.Helper()
	for hours := range 24 {
		for _, minutes := range []int{1, 4, 10} {
			if hours > 0 && minutes > 1 {
				continue
			}
			w.clock.Set(monday.Add(5*time.Minute + time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute))
			w.round()
		}
	}
}

// round is one turn of everything.
func (w *wreck) round() {
	w.t.Helper()
	ctx := w.t.Context()
	for _, p := range w.surgs {
		if err := w.sched.Tick(ctx, p); err != nil && p.ODS != riverside {
			w.t.Errorf("the other practice's read: %v", err)
		}
		if err := w.inbox.Reconcile(ctx, p.Practice); err != nil && p.ODS != riverside {
			w.t.Errorf("the other practice's unknown fates: %v", err)
		}
	}
	w.turn()
}

// turn runs a fresh sender until it finds nothing more to do, or cannot look.
func (w *wreck) turn() {
	w.t.Helper()
	r := w.ready()
	go func() {
		defer close(r.done)
		r.worker.Run(r.ctx)
	}()
	for try := 0; try < 100; try++ {
		turn, found := r.memory.turn.Add(1), r.memory.found.Load()
		for wait := 0; r.memory.idle.Load() < turn && wait < 20; wait++ {
			_ = w.store.Wake(context.Background(), w.clock.Now())
			time.Sleep(2 * time.Millisecond)
		}
		if r.memory.idle.Load() < turn || r.memory.found.Load() == found {
			break
		}
	}
	r.stop()
	_ = r.memory.Close()
}

// check holds what there is in the end against what the phones say.
func (w *wreck) check() {
	w.t.Helper()
	ctx := w.t.Context()
	phones := w.sim.Phones()
	for n := range waiting {
		if got := len(phones[phone(n)]); got > 1 {
			w.t.Errorf("patient %d got %d texts for one reminder", n, got)
		}
		if got := len(phones[phone(100+n)]); got != 1 {
			w.t.Errorf("the other practice's patient %d got %d texts", n, got)
		}
	}
	if got := len(phones[phone(lost)]) + len(phones[phone(lost+2)]); got > 0 {
		w.t.Errorf("who cancelled or opted out got %d texts", got)
	}
	kept := map[gateway.AppointmentID]store.Kept{}
	for _, k := range must(w.store.Appointments(ctx, riverside)) {
		kept[k.Facts.Appointment.ID] = k
	}
	for n := range waiting {
		k, ok := kept[person(n).ID]
		if !ok || k.Damaged || len(k.Reminders) != 1 {
			w.t.Errorf("patient %d is not accounted for: known %v, damaged %v, %d reminders", n, ok, k.Damaged, len(k.Reminders))
			continue
		}
		r, texts := k.Reminders[0], len(phones[phone(n)])
		switch r.State {
		case gateway.Accepted, gateway.Delivered, gateway.Undelivered:
			if texts == 0 {
				w.t.Errorf("patient %d got no text, and the books say %s", n, r.State)
			}
		case gateway.Withdrawn, gateway.Held, gateway.Refused, gateway.Failed:
			if r.Reason == gateway.None {
				w.t.Errorf("patient %d is %s for no reason", n, r.State)
			}
		case gateway.Unknown:
		case gateway.Queued, gateway.Claimed, gateway.Sending:
			w.t.Errorf("patient %d is still %s", n, r.State)
		}
	}
	w.balanced()
}

// balanced checks that the books add up in the end, and the counters with them.
func (w *wreck) balanced() {
	w.t.Helper()
	ctx := w.t.Context()
	for _, p := range []gateway.ODS{riverside, hillside} {
		books := must(w.store.Balance(ctx, gateway.Balancing{Practice: p, Now: w.clock.Now(), SendAt: scheduler.SendAt(w.surgery(p))}))
		for _, f := range books.Findings {
			w.t.Errorf("in the end %s does not add up: %s", f.Name(), f.Flaw.Words())
		}
		all := map[gateway.State]int{}
		for _, v := range must(w.raw.HGetAll(ctx, storetest.Key(p, "r")).Result()) {
			all[gateway.State(v[0])]++
		}
		counts := must(w.store.Counts(ctx, []gateway.ODS{p}))[p]
		for _, s := range gateway.States {
			if counts[s] != all[s] {
				w.t.Errorf("%s: %d %s are counted, %d are there", p, counts[s], s, all[s])
			}
		}
	}
	if strings.Contains(w.log.String(), `"practice":"`+string(hillside)+`","flaw"`) && !strings.Contains(strings.Join(w.done, ""), "shard") {
		w.t.Error("something was found in the books of the other practice")
	}
}
