package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

// What is damaged stops no more than it must.
var resisting = []promise{
	{"a shard that cannot be asked hides no work of dead senders in the others", expiredElsewhere},
	{"a practice whose keys are damaged stops no move of another shard", movedElsewhere},
	{"an entry that was cut short takes no other claim with it", cutEntry},
	{"a damaged count of hand-overs is taken for a loss, and begun anew", damagedTide},
	{"a damaged mark is as good as none: the store is in hold until it is reconciled", damagedMark},
	{"the right to read that is damaged, or never ends, is nobody's", damagedLock},
	{"a damaged count of readers stops no read", damagedFence},
	{"a damaged count of moves stops no mending", damagedTurn},
	{"what Redis refuses is not told as Redis being away", refusedIsNotAway},
}

func expiredElsewhere(t *testing.T, g *surgery) {
	if store.ShardOf(riverside) == store.ShardOf(hillside) {
		t.Fatal("both practices live in one shard")
	}
	mine := g.brought(1, gateway.Claimed)
	g.raw.Set(t.Context(), ShardKey(hillside, "lease"), "words", 0)
	g.now = g.now.Add(2 * lease)
	got, err := g.s.Expired(t.Context(), g.now)
	if len(got) != 1 || got[0].ID != mine {
		t.Errorf("%d are found, want the one whose sender died", len(got))
	}
	if err == nil {
		t.Error("nobody is told of the shard that could not be asked")
	}
}

func movedElsewhere(t *testing.T, g *surgery) {
	mine := g.brought(1, gateway.Sending)
	theirs := g.person(2)
	g.planFor(hillside, g.owed(theirs, day))
	g.raw.Del(t.Context(), Key(hillside, "r"))
	g.raw.Set(t.Context(), Key(hillside, "r"), "words", 0)
	got, err := g.s.Move(t.Context(), g.now, []gateway.Change{
		{ID: g.id(hillside, theirs, day), To: gateway.Held, Reason: gateway.FeedStale}, {ID: mine, To: gateway.Accepted, MessageID: "SM1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (gateway.Changed{Verdict: gateway.Elsewhere, From: gateway.Nowhere}); got[0] != want {
		t.Errorf("of the damaged one it is said %v", got[0])
	}
	if got[1].Verdict != gateway.Done {
		t.Errorf("what left was not written down: %v", got[1])
	}
}

func cutEntry(t *testing.T, g *surgery) {
	const whole = 7 // letter, reason and time; the attempts come next
	var bad, good []gateway.ReminderID
	for n := range whole {
		a, b := g.person(2*n), g.person(2*n+1)
		g.plan(g.owed(a, day), g.owed(b, day))
		bad, good = append(bad, g.id(riverside, a, day)), append(good, g.id(riverside, b, day))
		k := bad[n].Key()
		g.raw.HSet(t.Context(), Key(riverside, "r"), string(k[:]), "h\x28\x01\x02\x03\x04"[:max(1, n)])
	}
	g.now = day.Due(good[0].Start)
	claimed := map[gateway.ReminderID]bool{}
	for _, c := range g.claim().Claims {
		claimed[c.ID] = true
	}
	for n, id := range good {
		if !claimed[id] {
			t.Errorf("the neighbour of an entry of %d bytes is not claimed", max(1, n))
		}
	}
	g.now = g.now.Add(2 * lease)
	if _, err := g.s.Expired(t.Context(), g.now); err != nil {
		t.Fatal(err)
	}
	for _, id := range bad {
		g.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	}
}

func damagedTide(t *testing.T, g *surgery) {
	ctx, tide := t.Context(), ShardKey(riverside, "tide")
	harms := map[string]func(){
		"words":          func() { g.raw.Set(ctx, tide, "words", 0) },
		"another kind":   func() { g.raw.Del(ctx, tide); g.raw.HSet(ctx, tide, "a", "b") },
		"a large number": func() { g.raw.Set(ctx, tide, "99999999999999999999999999", 0) },
	}
	n := 0
	for name, harm := range harms {
		for _, left := range []bool{false, true} {
			g.flush()
			g.place = NewPlace(t)
			g.s = g.open()
			g.due(3)
			if left {
				g.leaveOne(g.s)
				g.now = g.now.Add(2 * lease)
				g.reapAll()
			}
			harm()
			if _, err := g.s.RefreshHold(ctx); err == nil {
				t.Errorf("%s, something had left: %v: nobody notices", name, left)
			}
			if err := g.s.Rejoin(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			g.hold(true)
			g.release()
			if err := g.tryClaim(g.s); err != nil {
				t.Errorf("%s, something had left: %v: claim: %v", name, left, err)
				continue
			}
			g.now = g.now.Add(2 * lease)
			g.reapAll()
			g.leaveOne(g.s)
			n++
		}
	}
	if n != 2*len(harms) {
		t.Errorf("texts leave after %d of %d damages", n, 2*len(harms))
	}
}

func damagedMark(t *testing.T, g *surgery) {
	ctx, mark := t.Context(), ShardKey(riverside, "epoch")
	for name, harm := range map[string]func(){
		"words":        func() { g.raw.Set(ctx, mark, "words", 0) },
		"another kind": func() { g.raw.Del(ctx, mark); g.raw.HSet(ctx, mark, "a", "b") },
	} {
		harm()
		if err := g.tryClaim(g.s); !errors.Is(err, store.ErrEmptied) {
			t.Errorf("%s: claim: %v", name, err)
		}
		if err := g.s.Rejoin(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		g.hold(true)
		g.release()
		if err := g.tryClaim(g.s); err != nil {
			t.Errorf("%s: claim after the hold: %v", name, err)
		}
	}
	g.raw.Set(ctx, mark, "words", 0)
	g.s = g.open()
	g.hold(true)
}

func (g *surgery) locks(owner string) int64 {
	g.t.Helper()
	got, err := g.s.Lock(g.t.Context(), riverside, owner, time.Minute)
	if err != nil {
		g.t.Errorf("lock: %v", err)
	}
	return got
}

func damagedLock(t *testing.T, g *surgery) {
	lock := Key(riverside, "lock")
	for name, harm := range map[string]func(context.Context){
		"words":             func(ctx context.Context) { g.raw.Set(ctx, lock, "words", time.Minute) },
		"another kind":      func(ctx context.Context) { g.raw.HSet(ctx, lock, "a", "b") },
		"without an end":    func(ctx context.Context) { g.raw.Set(ctx, lock, "other 3", 0) },
		"words without end": func(ctx context.Context) { g.raw.Set(ctx, lock, "words", 0) },
	} {
		g.raw.Del(t.Context(), lock)
		harm(t.Context())
		if g.locks("us") == 0 {
			t.Errorf("%s: nobody reads the practice any more", name)
		}
		if g.locks("others") != 0 {
			t.Errorf("%s: two read at the same time", name)
		}
	}
}

func damagedFence(t *testing.T, g *surgery) {
	fence := ShardKey(riverside, "fence")
	for name, harm := range map[string]func(context.Context){
		"words":        func(ctx context.Context) { g.raw.Set(ctx, fence, "words", 0) },
		"another kind": func(ctx context.Context) { g.raw.HSet(ctx, fence, "a", "b") },
	} {
		g.raw.Del(t.Context(), fence, Key(riverside, "lock"))
		harm(t.Context())
		if g.locks("us") == 0 {
			t.Errorf("%s: nobody reads the practice any more", name)
		}
	}
}

func damagedTurn(t *testing.T, g *surgery) {
	for n := range 3 {
		g.plan(g.owed(g.person(n), day))
	}
	g.raw.Del(t.Context(), ShardKey(riverside, "due"))
	g.raw.HSet(t.Context(), Key(riverside, "n"), "turn", "words")
	g.balance(gateway.DueLost, gateway.DueLost, gateway.DueLost)
	g.counted(riverside)
}

func refusedIsNotAway(t *testing.T, g *surgery) {
	g.raw.HSet(t.Context(), Key(riverside, "n"), "turn", "words")
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.s.Plan(t.Context(), d, g.now, []gateway.Entry{g.owed(g.person(1), day)})
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("told as: %v", err)
	}
}
