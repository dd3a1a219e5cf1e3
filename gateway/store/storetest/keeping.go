package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"bellman/gateway"
)

var keeping = []promise{
	{"one replica at a time reads a practice, each new one under a higher token", lockFences},
	{"only its holder gives the right to read back", unlockIsForTheHolder},
	{"the state of a feed is kept, and a damaged one counts as never read", feedKept},
	{"what is over is forgotten and what is not stays", sweepForgets},
	{"sweeping forgets old starts of an appointment that is still to come", sweepOldStarts},
	{"an appointment that is moved while it is swept stays", sweepMeetsMove},
	{"sweeping much at once keeps the counters right", sweepMuch},
	{"a wake-up reaches another process", wakeReaches},
	{"a claim looks again when something earlier was queued by this process", learnsOfEarlier},
	{"what vanished can be recalled with its facts", recallVanished},
	{"reminders of unknown fate are listed", unknownsListed},
	{"nothing personal is in Redis or the journal in clear", canary},
}

func lockFences(t *testing.T, g *surgery) {
	ctx := t.Context()
	take := func(owner string) int64 {
		t.Helper()
		n, err := g.s.Lock(ctx, riverside, owner, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := take("one")
	if first == 0 || take("one") != first {
		t.Error("the holder does not keep its token")
	}
	if take("two") != 0 || take("on") != 0 {
		t.Error("two hold the lock")
	}
	holds := func(owner string, token int64, want bool) {
		t.Helper()
		err := g.s.NoteRead(ctx, gateway.Right{Practice: riverside, Owner: owner, Token: token}, gateway.FeedState{})
		if got := err == nil; got != want || !got && !errors.Is(err, gateway.ErrLate) {
			t.Errorf("%s holds %d: %v", owner, token, err)
		}
	}
	holds("one", first, true)
	holds("two", first, false)
	g.raw.Del(ctx, Key(riverside, "lock")) // what happens when it runs out
	holds("one", first, false)
	second := take("two")
	if second <= first {
		t.Errorf("token %d after %d", second, first)
	}
	holds("one", first, false)
	if ttl := g.raw.PTTL(ctx, Key(riverside, "lock")).Val(); ttl <= 0 || ttl > time.Minute {
		t.Errorf("the lock lasts %v", ttl)
	}
	if n, err := g.s.Lock(ctx, hillside, "one", time.Minute); err != nil || n == 0 {
		t.Errorf("another practice: %v", err)
	}
}

func unlockIsForTheHolder(t *testing.T, g *surgery) {
	ctx := t.Context()
	if n, err := g.s.Lock(ctx, riverside, "one", time.Minute); err != nil || n == 0 {
		t.Fatal(err)
	}
	if err := g.s.Unlock(ctx, riverside, "two"); err != nil {
		t.Fatal(err)
	}
	if n, err := g.s.Lock(ctx, riverside, "two", time.Minute); err != nil || n != 0 {
		t.Errorf("somebody else gave it back: %d, %v", n, err)
	}
	if err := g.s.Unlock(ctx, riverside, "one"); err != nil {
		t.Fatal(err)
	}
	if n, err := g.s.Lock(ctx, riverside, "two", time.Minute); err != nil || n == 0 {
		t.Errorf("it was not given back: %v", err)
	}
}

func feedKept(t *testing.T, g *surgery) {
	ctx := t.Context()
	if f, err := g.s.Feed(ctx, riverside); err != nil || !f.AsOf.IsZero() {
		t.Errorf("before the first read: %v, %v", f, err)
	}
	want := gateway.FeedState{AsOf: g.now, Read: 40, Unreadable: 2, Missing: []gateway.Ref{{1, 2, 3}}, Released: true}
	if err := g.s.SetFeed(ctx, riverside, want); err != nil {
		t.Fatal(err)
	}
	got, err := g.s.Feed(ctx, riverside)
	if err != nil || !got.AsOf.Equal(want.AsOf) || got.Read != 40 || got.Unreadable != 2 || len(got.Missing) != 1 || got.Missing[0] != want.Missing[0] || !got.Released {
		t.Errorf("kept %+v, %v", got, err)
	}
	g.raw.HSet(ctx, Key(riverside, "m"), "feed", "{")
	if f, err := g.s.Feed(ctx, riverside); err != nil || !f.AsOf.IsZero() {
		t.Errorf("damaged: %v, %v", f, err)
	}
}

func sweepForgets(t *testing.T, g *surgery) {
	over := g.brought(1, gateway.Delivered)
	g.brought(2, gateway.Claimed)
	waiting := g.brought(3, gateway.Held)
	started := waiting.Start
	later := g.person(4)
	later.Start = started.AddDate(0, 0, 9)
	g.plan(g.owed(later, week, day))
	if n, err := g.s.Sweep(t.Context(), riverside, started); err != nil || n != 0 {
		t.Errorf("%d went before their time, %v", n, err)
	}
	n, err := g.s.Sweep(t.Context(), riverside, started.Add(time.Second))
	if err != nil || n != 3 {
		t.Errorf("%d went, %v", n, err)
	}
	if _, ok, err := g.s.Reminder(t.Context(), over); err != nil || ok {
		t.Errorf("the reminder is still there: %v", err)
	}
	if events, err := g.s.Story(t.Context(), riverside, over.Ref); err != nil || len(events) != 0 {
		t.Errorf("the story is still there: %v", err)
	}
	if _, ok, err := g.s.LastText(t.Context(), riverside, number(1)); err != nil || ok {
		t.Errorf("the link from the number is still there: %v", err)
	}
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "lease")).Val(); n != 0 {
		t.Errorf("%d leases are still there", n)
	}
	kept, err := g.s.Appointments(t.Context(), riverside)
	if err != nil || len(kept) != 1 || kept[0].Facts.Appointment.ID != later.ID {
		t.Errorf("%d kept, %v", len(kept), err)
	}
	g.counted(riverside)
	g.explained(riverside)
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "due")).Val(); n != 2 {
		t.Errorf("%d wait in the queue", n)
	}
}

func sweepOldStarts(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	is := a
	is.Start = a.Start.AddDate(0, 0, 20)
	g.plan(g.owed(is, day))
	if n, err := g.s.Sweep(t.Context(), riverside, a.Start.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("%d went, %v", n, err)
	}
	if _, ok, err := g.s.Reminder(t.Context(), g.id(riverside, a, day)); err != nil || ok {
		t.Errorf("the old start is still there: %v", err)
	}
	g.stands(g.id(riverside, is, day), gateway.Queued, gateway.None)
	if _, ok, err := g.s.Appointment(t.Context(), riverside, g.id(riverside, is, day).Ref); err != nil || !ok {
		t.Errorf("the appointment went with its old start: %v", err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func sweepMeetsMove(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	is := a
	is.Start = a.Start.AddDate(0, 0, 20)
	const keysOfSweep = 9
	swept := g.s
	g.meddle = func(keys int) {
		if keys == keysOfSweep {
			g.meddle = nil
			g.s = OpenAt(t, g.address, g.place)
			g.plan(g.owed(is, day))
		}
	}
	if n, err := swept.Sweep(t.Context(), riverside, a.Start.Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("%d went, %v", n, err)
	}
	if g.meddle != nil {
		t.Fatal("nothing was moved meanwhile")
	}
	g.stands(g.id(riverside, is, day), gateway.Queued, gateway.None)
	if _, ok, err := g.s.Appointment(t.Context(), riverside, g.id(riverside, is, day).Ref); err != nil || !ok {
		t.Errorf("it was forgotten: %v", err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func sweepMuch(t *testing.T, g *surgery) {
	const n = 700
	entries := make([]gateway.Entry, n)
	for i := range entries {
		a := g.person(i)
		a.Start = a.Start.Add(time.Duration(i) * time.Minute)
		entries[i] = g.owed(a, day)
		if i%3 == 0 {
			entries[i] = g.withheld(a, gateway.Withdrawn, gateway.BookedLate, week, day)
		}
	}
	g.plan(entries...)
	cut := entries[500].Facts.Appointment.Start
	if went, err := g.s.Sweep(t.Context(), riverside, cut); err != nil || went != 500 {
		t.Errorf("%d went, %v", went, err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func wakeReaches(t *testing.T, g *surgery) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	wakes := g.open().Wakes(ctx)
	want := g.now.Add(time.Minute)
	again := time.NewTicker(20 * time.Millisecond) // the subscription takes a moment
	defer again.Stop()
	for {
		select {
		case got := <-wakes:
			if !got.Equal(want) {
				t.Errorf("woken for %v", got)
			}
			return
		case <-again.C:
			if err := g.s.Wake(ctx, want); err != nil {
				t.Fatal(err)
			}
		case <-ctx.Done():
			t.Fatal("not woken")
		}
	}
}

func learnsOfEarlier(t *testing.T, g *surgery) {
	a := g.person(1)
	claim := func() int {
		t.Helper()
		got, err := g.s.Claim(t.Context(), gateway.Claiming{Now: g.now, Limit: 9, Lease: lease, Token: token(1)})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Claims)
	}
	claim() // nothing there: it need not ask again for a second
	asked := g.asked.Load()
	claim()
	if n := g.asked.Load() - asked; n != 0 {
		t.Errorf("it asked again at once: %d", n)
	}
	e := g.owed(a, day)
	e.Plan[0].At = g.now
	g.plan(e)
	if claim() != 1 {
		t.Error("what this process queued for now waits")
	}
	g.move(gateway.Change{ID: g.id(riverside, a, day), To: gateway.Queued})
	if claim() != 1 {
		t.Error("what went back to the queue waits")
	}
}

func recallVanished(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	refB := d.Ref(b.Identity())
	g.raw.HSet(t.Context(), Key(riverside, "a"), string(refB[:]), "broken")
	got, err := g.s.Recall(t.Context(), d, []gateway.Ref{d.Ref(a.Identity()), refB, {9}})
	if err != nil || len(got) != 1 || got[0].Appointment.ID != a.ID {
		t.Errorf("%d recalled, %v", len(got), err)
	}
}

func unknownsListed(t *testing.T, g *surgery) {
	if got, err := g.s.Unknowns(t.Context(), riverside); err != nil || len(got) != 0 {
		t.Errorf("%d of none, %v", len(got), err)
	}
	id := g.brought(1, gateway.Unknown)
	g.brought(2, gateway.Delivered)
	got, err := g.s.Unknowns(t.Context(), riverside)
	if err != nil || len(got) != 1 || got[0].ID != id || !got[0].At.Equal(g.now) {
		t.Errorf("%d unknown, %v", len(got), err)
	}
	if f, ok, err := g.s.FactsOf(t.Context(), id); err != nil || !ok || f.Appointment.Patient.Mobile != number(1) {
		t.Errorf("its facts: %v, %v", ok, err)
	}
}
