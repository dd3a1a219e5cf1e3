package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"bellman/gateway"
	"bellman/gateway/store"
)

var emptied = []promise{
	{"a new installation starts free", newStartsFree},
	{"one process joins what another began", joinsWhatAnotherBegan},
	{"many processes that begin together agree", beginTogether},
	{"opt-outs survive the loss of Redis through the journal", optOutsSurvive},
	{"a Redis emptied while we run is noticed, and rejoining repairs it", emptiedWhileRunning},
	{"a STOP in the moment of a flush is kept", stopDuringFlush},
	{"another process notices a flush that was already repaired", repairedElsewhere},
	{"a replica brings its own STOPs back although another repaired the flush", replicaBringsItsOwn},
	{"nothing leaves while the store is in hold", holdStopsSending},
	{"the hold cannot be ended on a Redis that was emptied once more", releaseIsForWhatWeJoined},
	{"losing a part of Redis puts the whole in hold", partLost},
	{"the Redis of another installation is refused", otherInstallation},
}

func (g *surgery) hold(want bool) {
	g.t.Helper()
	got, err := g.s.RefreshHold(g.t.Context())
	if err != nil || got != want || g.s.InHold() != want {
		g.t.Errorf("in hold: %v (%v), %v; want %v", got, g.s.InHold(), err, want)
	}
}

func (g *surgery) release() {
	g.t.Helper()
	if err := g.s.Release(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// optedOut checks who opted out of the riverside practice.
func (g *surgery) optedOut(s *store.Store, want ...gateway.OptOut) {
	g.t.Helper()
	got, err := s.OptOuts(g.t.Context(), riverside)
	if err != nil || !slices.Equal(got, want) {
		g.t.Errorf("%d opted out, want %d: %v", len(got), len(want), err)
	}
}

func newStartsFree(_ *testing.T, g *surgery) { g.hold(false) }

func joinsWhatAnotherBegan(t *testing.T, g *surgery) {
	o := stop(g, riverside, 1)
	other := g.open()
	if other.InHold() {
		t.Error("the second process starts in hold")
	}
	g.optedOut(other, o)
}

func beginTogether(t *testing.T, g *surgery) {
	g.flush()
	g.place = NewPlace(t)
	stores := make([]*store.Store, 6)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			s, err := TryOpen(t, g.address, g.place)
			if err != nil {
				t.Error(err)
				return
			}
			stores[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, s := range stores {
		if hold, err := s.RefreshHold(t.Context()); err != nil || hold {
			t.Errorf("in hold %v, %v", hold, err)
		}
	}
}

func optOutsSurvive(t *testing.T, g *surgery) {
	first := stop(g, riverside, 1)
	stop(g, riverside, 2)
	stop(g, riverside, 3)
	elsewhere := stop(g, hillside, 4)
	for _, n := range []int{2, 3} {
		if err := g.s.RemoveOptOut(t.Context(), riverside, number(n), g.now, "patient"); err != nil {
			t.Fatal(err)
		}
	}
	again := stop(g, riverside, 3)
	g.flush()
	g.s = g.open()
	g.hold(true)
	got, err := g.s.OptOuts(t.Context(), riverside)
	if err != nil || len(got) != 2 || !slices.Contains(got, first) || !slices.Contains(got, again) {
		t.Errorf("%d came back, %v", len(got), err)
	}
	if o, out, err := g.s.OptedOut(t.Context(), hillside, number(4)); err != nil || !out || o != elsewhere {
		t.Errorf("the other practice's: %v, %v", out, err)
	}
	g.release()
	g.hold(false)
	// Once more, after the keys of the first Redis are gone for good.
	g.flush()
	g.s = g.open()
	g.hold(true)
	if got, err := g.s.OptOuts(t.Context(), riverside); err != nil || len(got) != 2 {
		t.Errorf("%d came back the second time, %v", len(got), err)
	}
}

func emptiedWhileRunning(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	o := stop(g, riverside, 2)
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	g.flush()
	ctx := t.Context()
	g.s.Look()
	for what, do := range map[string]func() error{
		"claim": func() error {
			_, err := g.s.Claim(ctx, gateway.Claiming{Now: g.now, Limit: 9, Lease: lease, Token: token(1)})
			return err
		},
		"move": func() error {
			_, err := g.s.Move(ctx, g.now, []gateway.Change{{ID: gateway.ReminderID{Practice: riverside}, To: gateway.Withdrawn}})
			return err
		},
		"plan":    func() error { _, err := g.s.Plan(ctx, d, g.now, []gateway.Entry{g.owed(g.person(3), day)}); return err },
		"known":   func() error { _, err := g.s.Known(ctx, riverside); return err },
		"expired": func() error { _, err := g.s.Expired(ctx, g.now); return err },
		"sweep":   func() error { _, err := g.s.Sweep(ctx, riverside, g.now); return err },
		"reply": func() error {
			_, err := g.s.KeepReply(ctx, gateway.Reply{Practice: riverside, MessageID: "SM1", From: number(1), At: g.now})
			return err
		},
		"release":      func() error { return g.s.Release(ctx) },
		"refresh hold": func() error { _, err := g.s.RefreshHold(ctx); return err },
	} {
		if err := do(); !errors.Is(err, store.ErrEmptied) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := g.s.Rejoin(ctx); err != nil {
		t.Fatal(err)
	}
	g.hold(true)
	g.optedOut(g.s, o)
	g.plan(g.owed(a, day))
	if _, err := g.s.Claim(ctx, gateway.Claiming{Now: g.now, Limit: 9, Lease: lease, Token: token(1)}); !errors.Is(err, store.ErrInHold) {
		t.Errorf("claim in hold: %v", err)
	}
	g.release()
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].Damaged {
		t.Errorf("after the repair: %d claims", len(got.Claims))
	}
	g.counted(riverside)
}

func stopDuringFlush(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.flush()
	o := stop(g, riverside, 1)
	g.hold(true)
	g.optedOut(g.s, o)
	g.optedOut(g.open(), o)
	g.plan(g.owed(a, day))
	g.release()
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 0 || len(got.Moves) != 1 {
		t.Errorf("%d claims, %d withdrawn", len(got.Claims), len(got.Moves))
	}
}

func repairedElsewhere(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	slow := g.open()
	slowDiary, err := slow.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.release()
	g.plan(g.owed(a, day))
	// The slow process still has the keys of the Redis that is gone.
	if _, err := slow.Plan(t.Context(), slowDiary, g.now, []gateway.Entry{g.owed(g.person(2), day)}); !errors.Is(err, store.ErrEmptied) {
		t.Errorf("plan: %v", err)
	}
	if _, err := slow.RefreshHold(t.Context()); !errors.Is(err, store.ErrEmptied) {
		t.Errorf("refresh: %v", err)
	}
	if err := slow.Release(t.Context()); !errors.Is(err, store.ErrEmptied) {
		t.Errorf("release: %v", err)
	}
	o := gateway.OptOut{Practice: riverside, Number: number(1), Since: g.now, By: "patient"}
	if err := slow.AddOptOut(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	g.optedOut(g.s, o)
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Error("a STOP that the slow process took was lost")
	}
}

func replicaBringsItsOwn(t *testing.T, g *surgery) {
	ours := stop(g, riverside, 1)
	machine := g.place
	g.place = Place{Keys: machine.Keys, Journal: NewPlace(t).Journal}
	replica := g.open()
	g.now = g.now.Add(1e9)
	theirs := gateway.OptOut{Practice: riverside, Number: number(2), Since: g.now, By: "patient"}
	if err := replica.AddOptOut(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	if err := replica.Close(); err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.release()
	g.optedOut(g.s, ours)
	// It was down meanwhile, and the hold is over; its journal knows better.
	g.open()
	g.optedOut(g.s, ours, theirs)
}

func holdStopsSending(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	// Another shard is lost; this one is as it was, and the claim is still good.
	lost := (int(store.ShardOf(riverside)) + 1) % store.Shards
	if err := g.raw.Del(t.Context(), shardName(lost)).Err(); err != nil {
		t.Fatal(err)
	}
	g.open()
	_, err := g.s.Move(t.Context(), g.now, []gateway.Change{
		{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, At: g.now.Add(lease)},
	})
	if !errors.Is(err, store.ErrInHold) {
		t.Errorf("it may leave: %v", err)
	}
	g.stands(c.ID, gateway.Claimed, gateway.None)
	if got := g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Queued, At: g.now}); got.Verdict != gateway.Done {
		t.Errorf("it cannot even be put back: %c", got.Verdict)
	}
	g.release2()
	g.leave(g.claim().Claims[0])
}

// release2 rejoins, since a shard was marked anew, and ends the hold.
func (g *surgery) release2() {
	g.t.Helper()
	if err := g.s.Rejoin(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.release()
}

func shardName(n int) string {
	return "{" + string([]byte{byte('0' + n/10), byte('0' + n%10)}) + "}:epoch"
}

func releaseIsForWhatWeJoined(t *testing.T, g *surgery) {
	g.flush()
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := g.s.Release(t.Context()); !errors.Is(err, store.ErrEmptied) {
		t.Errorf("error %v", err)
	}
	if n := g.raw.Exists(t.Context(), ShardKey(riverside, "epoch")).Val(); n != 0 {
		t.Error("an emptied Redis was marked as if it were whole")
	}
}

func partLost(t *testing.T, g *surgery) {
	o := stop(g, riverside, 1)
	gone := store.ShardOf(riverside)
	var names []string
	for _, letter := range []string{"a", "r", "e", "n", "o", "t", "i", "m"} {
		names = append(names, Key(riverside, letter))
	}
	for _, name := range append(names, shardName(int(gone))) {
		g.raw.Del(t.Context(), name)
	}
	g.s = g.open()
	g.hold(true)
	g.optedOut(g.s, o)
	if !strings.HasPrefix(g.raw.Get(t.Context(), ShardKey(hillside, "epoch")).Val(), "H") {
		t.Error("the other shards are not in hold")
	}
}

func otherInstallation(t *testing.T, g *surgery) {
	stop(g, riverside, 1)
	other := NewPlace(t)
	j, err := TryOpen(t, "redis://127.0.0.1:1", other) // begins its journal, reaches no Redis
	if err == nil {
		_ = j.Close()
		t.Fatal("a Redis that is not there was joined")
	}
	before := g.place
	g.flush()
	g.place = other
	g.s = g.open()
	stop(g, riverside, 2)
	if _, err := TryOpen(t, g.address, before); err == nil || !strings.Contains(err.Error(), "another installation") {
		t.Errorf("error %v", err)
	}
}
