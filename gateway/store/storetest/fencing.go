package storetest

import (
	"errors"
	"testing"
	"time"

	"bellman/gateway"
)

var fencing = []promise{
	{"a plan of a read is written while its right lasts, and not afterwards", planFenced},
	{"what a read notes is written while its right lasts, and not afterwards", noteFenced},
	{"a plan that outlives its right in the middle leaves the rest, and tells what it moved", planCutShort},
	{"who plans single appointments needs no right, also while another reads", planWithoutRight},
	{"a right of an emptied store writes nothing into the new one", rightOfAnEmptiedStore},
}

// right takes the right to read the practice.
func (g *surgery) right(owner string) gateway.Right {
	g.t.Helper()
	r := gateway.Right{Practice: riverside, Owner: owner}
	var err error
	if r.Token, err = g.s.Lock(g.t.Context(), riverside, owner, time.Minute); err != nil || r.Token == 0 {
		g.t.Fatalf("%s is not given the right to read: %v", owner, err)
	}
	return r
}

// runsOut is what happens to a right that is not kept up.
func (g *surgery) runsOut() { g.raw.Del(g.t.Context(), Key(riverside, "lock")) }

// ends are the ways in which a right comes to an end.
var ends = map[string]func(g *surgery){
	"it ran out":                    (*surgery).runsOut,
	"another has it":                func(g *surgery) { g.runsOut(); g.right("two") },
	"the same took it anew":         func(g *surgery) { g.runsOut(); g.right("one") },
	"it was given back":             func(g *surgery) { _ = g.s.Unlock(g.t.Context(), riverside, "one") },
	"the key is damaged":            func(g *surgery) { g.raw.Set(g.t.Context(), Key(riverside, "lock"), "one", 0) },
	"the key is of another kind":    func(g *surgery) { g.runsOut(); g.raw.HSet(g.t.Context(), Key(riverside, "lock"), "one", "1") },
	"another practice's is as high": func(g *surgery) { g.runsOut(); _, _ = g.s.Lock(g.t.Context(), hillside, "one", time.Minute) },
}

func planFenced(t *testing.T, g *surgery) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			g.flushAndJoin(t)
			ctx, a := t.Context(), g.person(1)
			d, err := g.s.KnownUnder(ctx, g.right("one"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := g.s.Plan(ctx, d, g.now, []gateway.Entry{g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day)})
			if err != nil || got.Written != 1 {
				t.Fatalf("while it lasts: %d written, %v", got.Written, err)
			}
			end(g)
			got, err = g.s.Plan(ctx, d, g.now, []gateway.Entry{g.owed(a, day), g.owed(g.person(2), day)})
			if !errors.Is(err, gateway.ErrLate) || len(got.Moves) != 0 {
				t.Errorf("%d moves, %v", len(got.Moves), err)
			}
			g.stands(g.id(riverside, a, day), gateway.Withdrawn, gateway.Cancelled)
			if kept, err := g.s.Appointments(ctx, riverside); err != nil || len(kept) != 1 {
				t.Errorf("%d appointments are kept, want the one of before, %v", len(kept), err)
			}
		})
	}
}

func noteFenced(t *testing.T, g *surgery) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			g.flushAndJoin(t)
			ctx, r := t.Context(), g.right("one")
			if err := g.s.NoteRead(ctx, r, gateway.FeedState{AsOf: g.now, Released: true}); err != nil {
				t.Fatal(err)
			}
			end(g)
			if err := g.s.NoteRead(ctx, r, gateway.FeedState{AsOf: g.now.Add(time.Minute)}); !errors.Is(err, gateway.ErrLate) {
				t.Errorf("noted: %v", err)
			}
			if f, err := g.s.Feed(ctx, riverside); err != nil || !f.AsOf.Equal(g.now) || !f.Released {
				t.Errorf("the diary counts as read at %v, %v", f.AsOf, err)
			}
		})
	}
}

// flushAndJoin begins anew for one part of a promise, as an installation that
// has just been set up.
func (g *surgery) flushAndJoin(t *testing.T) {
	t.Helper()
	g.t = t
	g.flush()
	g.place = NewPlace(t)
	g.s = g.open()
}

func planCutShort(t *testing.T, g *surgery) {
	const one = 800 // what goes to Redis at once: 16 scripts of 50 appointments
	entries := make([]gateway.Entry, one+1)
	for i := range entries {
		entries[i] = g.withheld(g.person(i), gateway.Withdrawn, gateway.BookedLate, day)
	}
	d, err := g.s.KnownUnder(t.Context(), g.right("one"))
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	g.meddle = func(int) {
		if times++; times == 2 {
			g.runsOut()
		}
	}
	got, err := g.s.Plan(t.Context(), d, g.now, entries)
	g.meddle = nil
	if !errors.Is(err, gateway.ErrLate) || len(got.Moves) != one {
		t.Errorf("%d moves are told, %d were made; %v", len(got.Moves), one, err)
	}
	if kept, err := g.s.Appointments(t.Context(), riverside); err != nil || len(kept) != one {
		t.Errorf("%d appointments are kept, want %d, %v", len(kept), one, err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func planWithoutRight(t *testing.T, g *surgery) {
	a := g.person(1)
	g.right("one")
	g.plan(g.owed(a, day))
	g.stands(g.id(riverside, a, day), gateway.Queued, gateway.None)
	if err := g.s.SetFeed(t.Context(), riverside, gateway.FeedState{AsOf: g.now}); err != nil {
		t.Error(err)
	}
}

func rightOfAnEmptiedStore(t *testing.T, g *surgery) {
	r := g.right("one")
	g.flush()
	again := g.right("one") // the tokens begin anew as well
	if again != r {
		t.Fatalf("token %d, want %d as before", again.Token, r.Token)
	}
	if err := g.s.NoteRead(t.Context(), r, gateway.FeedState{AsOf: g.now}); err == nil {
		t.Error("noted in a store that was emptied")
	}
	if f, err := g.s.Feed(t.Context(), riverside); err != nil || !f.AsOf.IsZero() {
		t.Errorf("the diary counts as read at %v, %v", f.AsOf, err)
	}
}
