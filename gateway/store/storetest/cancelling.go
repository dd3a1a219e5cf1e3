package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

var cancelling = []promise{
	{"the visits to come on a number are found at once, soonest first, and no others", visitsToCome},
	{"a visit whose record cannot be opened is still one on the number", damagedVisit},
	{"a cancellation is begun once for a visit and its start, by one of many", cancelBegunOnce},
	{"a visit that is at another start may be cancelled anew", cancelAfterMove},
	{"a cancellation is not begun on a record that is no longer the one that was looked at", cancelOutdated},
	{"no cancellation is begun in hold", cancelInHold},
	{"the story tells that a cancellation was asked for, and once what came of it", cancelTold},
	{"of many visits at once it is told which were tried to be cancelled, and what came of it", cancelsTried},
	{"after a wrong code a number names no visit for a day, after a right one at once", guessOnce},
	{"what is remembered of cancellations goes when the visits are over", cancelSwept},
}

// onNumber gives the visits to come on the n-th person's number.
func (g *surgery) onNumber(n int) []gateway.Visit {
	g.t.Helper()
	got, err := g.s.VisitsToCome(g.t.Context(), riverside, number(n), g.now)
	if err != nil {
		g.t.Fatal(err)
	}
	return got
}

// begin begins the cancellation of a visit.
func (g *surgery) begin(v gateway.Visit) bool {
	g.t.Helper()
	got, err := g.s.BeginCancel(g.t.Context(), riverside, v, g.now)
	if err != nil {
		g.t.Fatal(err)
	}
	return got
}

func visitsToCome(t *testing.T, g *surgery) {
	first, child, later, over, other := g.person(1), g.person(2), g.person(3), g.person(4), g.person(5)
	child.Patient.Mobile, later.Patient.Mobile, over.Patient.Mobile = number(1), number(1), number(1)
	child.Start = first.Start.Add(-time.Hour)
	later.Start, later.Status = first.Start.AddDate(0, 0, 3), gateway.StatusCancelled
	over.Start = g.now
	g.plan(g.owed(first, day), g.owed(child, day), g.withheld(later, gateway.Withdrawn, gateway.Cancelled, day), g.owed(over, day), g.owed(other, day))
	g.planFor(hillside, g.owed(first, day))
	before := g.asked.Load()
	got := g.onNumber(1)
	if n := g.asked.Load() - before; n > 5 {
		t.Errorf("%d commands for three visits", n)
	}
	if len(got) != 3 {
		t.Fatalf("%d visits, want 3", len(got))
	}
	for i, want := range []gateway.Appointment{child, first, later} {
		v := got[i]
		a := v.Facts.Appointment
		if a.ID != want.ID || a.Patient.ID != want.Patient.ID || a.Status != want.Status || !a.Start.Equal(want.Start) || !v.Start.Equal(want.Start) || v.Damaged {
			t.Errorf("visit %d is %s of %s", i, a.ID, a.Start)
		}
		if v.Ref != g.id(riverside, want, day).Ref || v.Digest == (gateway.Digest{}) {
			t.Errorf("visit %d has not its own ref and digest", i)
		}
	}
	if got := g.onNumber(9); len(got) != 0 {
		t.Errorf("%d visits on a number that nobody has", len(got))
	}
}

func damagedVisit(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	ref, record := g.record(riverside, a)
	g.raw.HSet(t.Context(), Key(riverside, "a"), ref, record[:len(record)-3]+"xyz")
	got := g.onNumber(1)
	if len(got) != 1 || !got[0].Damaged || !got[0].Start.Equal(a.Start) || !got[0].Facts.Appointment.Start.IsZero() {
		t.Errorf("%d visits: %+v", len(got), got)
	}
}

func cancelBegunOnce(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	v := g.onNumber(1)[0]
	replicas := []*store.Store{g.s, g.open()}
	var begun atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if ok, err := replicas[i%2].BeginCancel(t.Context(), riverside, v, g.now); err != nil {
				t.Error(err)
			} else if ok {
				begun.Add(1)
			}
		})
	}
	all.Wait()
	if n := begun.Load(); n != 1 {
		t.Errorf("begun %d times", n)
	}
	g.now = g.now.Add(time.Hour)
	if g.begin(v) {
		t.Error("begun again an hour later")
	}
}

func cancelAfterMove(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	if !g.begin(g.onNumber(1)[0]) {
		t.Fatal("not begun")
	}
	a.Start = a.Start.AddDate(0, 0, 1)
	g.plan(g.owed(a, day))
	if !g.begin(g.onNumber(1)[0]) {
		t.Error("at its new start it cannot be cancelled")
	}
	a.Start = a.Start.AddDate(0, 0, -1)
	g.plan(g.owed(a, day))
	if g.begin(g.onNumber(1)[0]) {
		t.Error("moved back it is cancelled a second time at that start")
	}
}

func cancelOutdated(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	v := g.onNumber(1)[0]
	is := a
	is.Mode = gateway.ModeVideo
	g.plan(g.owed(is, day))
	if g.begin(v) {
		t.Error("begun on what it was before")
	}
	if !g.begin(g.onNumber(1)[0]) {
		t.Error("not begun on what it is")
	}
	gone := gateway.Visit{Ref: gateway.Ref{1}, Start: a.Start, Digest: v.Digest}
	if g.begin(gone) {
		t.Error("begun for a visit that is not known")
	}
}

func cancelInHold(t *testing.T, g *surgery) {
	g.plan(g.owed(g.person(1), day))
	v := g.onNumber(1)[0]
	g.raw.Set(t.Context(), ShardKey(riverside, "epoch"), "H"+g.raw.Get(t.Context(), ShardKey(riverside, "epoch")).Val(), 0)
	if ok, err := g.s.BeginCancel(t.Context(), riverside, v, g.now); ok || !errors.Is(err, store.ErrInHold) {
		t.Errorf("begun: %t, %v", ok, err)
	}
	g.flush()
	if ok, err := g.s.BeginCancel(t.Context(), riverside, v, g.now); ok || !errors.Is(err, store.ErrEmptied) {
		t.Errorf("on an emptied Redis: begun: %t, %v", ok, err)
	}
}

func cancelTold(t *testing.T, g *surgery) {
	g.plan(g.owed(g.person(1), day))
	v := g.onNumber(1)[0]
	g.begin(v)
	begun := g.now
	for _, end := range []gateway.CancelEnd{gateway.CancelDone, gateway.CancelUnclear} {
		g.now = g.now.Add(5 * time.Second)
		if err := g.s.EndCancel(t.Context(), riverside, v, end, g.now); err != nil {
			t.Fatal(err)
		}
	}
	events, err := g.s.Story(t.Context(), riverside, v.Ref)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i, want := range []store.Event{
		{At: begun, What: store.EventCancel, Start: v.Start, Cancel: gateway.CancelAsked},
		{At: begun.Add(5 * time.Second), What: store.EventCancel, Start: v.Start, Cancel: gateway.CancelDone},
	} {
		if events[i] != want {
			t.Errorf("event %d: %+v", i, events[i])
		}
	}
	g.explained(riverside)
}

func guessOnce(t *testing.T, g *surgery) {
	guess := func(n int, want bool) {
		t.Helper()
		if got, err := g.s.TakeGuess(t.Context(), riverside, number(n)); got != want || err != nil {
			t.Errorf("may name a visit: %t, %v; want %t", got, err, want)
		}
	}
	guess(1, true)
	guess(1, false)
	guess(2, true)
	if err := g.s.GuessedRight(t.Context(), riverside, number(1)); err != nil {
		t.Fatal(err)
	}
	guess(1, true)
	keys := g.raw.Keys(t.Context(), "*:guess:*").Val()
	for _, k := range keys {
		if left := g.raw.TTL(t.Context(), k).Val(); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("it is remembered for %v", left)
		}
	}
}

func cancelsTried(t *testing.T, g *surgery) {
	var visits []gateway.Visit
	for n := range 3 {
		g.plan(g.owed(g.person(n+1), day))
		visits = append(visits, g.onNumber(n+1)...)
	}
	if got, err := g.s.CancelsTried(t.Context(), riverside, visits); err != nil || len(got) != 0 {
		t.Errorf("before any was tried: %v, %v", got, err)
	}
	g.begin(visits[0])
	g.begin(visits[1])
	if err := g.s.EndCancel(t.Context(), riverside, visits[1], gateway.CancelUnclear, g.now); err != nil {
		t.Fatal(err)
	}
	got, err := g.s.CancelsTried(t.Context(), riverside, visits)
	if err != nil || len(got) != 2 || got[visits[0].Ref] != gateway.CancelAsked || got[visits[1].Ref] != gateway.CancelUnclear {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := g.s.CancelsTried(t.Context(), riverside, nil); err != nil || len(got) != 0 {
		t.Errorf("of no visit: %v, %v", got, err)
	}
}

func cancelSwept(t *testing.T, g *surgery) {
	soon, late := g.person(1), g.person(2)
	late.Start = soon.Start.AddDate(0, 0, 10)
	g.plan(g.owed(soon, day), g.owed(late, day))
	for n := range 2 {
		v := g.onNumber(n + 1)[0]
		g.begin(v)
		if err := g.s.EndCancel(t.Context(), riverside, v, gateway.CancelUnclear, g.now); err != nil {
			t.Fatal(err)
		}
	}
	left := func() int64 { return g.raw.HLen(t.Context(), Key(riverside, "x")).Val() }
	if left() != 4 {
		t.Fatalf("%d are kept, want two of each", left())
	}
	if _, err := g.s.Sweep(t.Context(), riverside, soon.Start.Add(time.Second)); err != nil || left() != 2 {
		t.Errorf("%d are left, %v", left(), err)
	}
}
