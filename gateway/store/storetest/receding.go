package storetest

import (
	"errors"
	"os"
	"sync"
	"testing"

	"bellman/gateway"
	"bellman/gateway/store"
)

var receding = []promise{
	{"a backup that was put back is noticed while we run, and everything is in hold", backupWhileRunning},
	{"a backup that was put back while nobody ran is noticed at the start", backupWhileStopped},
	{"a Redis that fell back lets nothing leave, even what was claimed before", nothingLeavesOnOld},
	{"what one process sent, another that claimed since knows too", otherLearns},
	{"hand-overs at the same time are never taken for a loss", atTheSameTime},
	{"a restart of the same Redis is no loss", restartIsNoLoss},
	{"the file of another installation says nothing", fileOfAnother},
	{"a file that was deleted, or cut short, is begun anew", fileCut},
}

// leaveOne claims what is due and lets the first of it leave.
func (g *surgery) leaveOne(s *store.Store) gateway.Claim {
	g.t.Helper()
	c := g.claimAs(s, token(5), 0).Claims[0]
	got, err := s.Move(g.t.Context(), g.now, []gateway.Change{{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, At: g.now.Add(lease)}})
	if err != nil || got[0].Verdict != gateway.Done {
		g.t.Fatalf("it does not leave: %v", err)
	}
	return c
}

// due plans the reminders of n people and comes to the time when they are due.
func (g *surgery) due(n int) {
	g.t.Helper()
	var all []gateway.Entry
	for i := range n {
		all = append(all, g.owed(g.person(i), day))
	}
	g.plan(all...)
	g.now = day.Due(g.person(0).Start)
}

func (g *surgery) tryClaim(s *store.Store) error {
	s.Look()
	_, err := s.Claim(g.t.Context(), gateway.Claiming{Now: g.now, Limit: 9, Lease: lease, Token: token(1)})
	return err
}

func backupWhileRunning(t *testing.T, g *surgery) {
	g.due(2)
	old := Save(t, g.raw)
	g.leaveOne(g.s)
	o := stop(g, riverside, 7)
	old.PutBack(t, g.raw)
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrReceded) || !errors.Is(err, store.ErrEmptied) {
		t.Errorf("claim: %v", err)
	}
	if _, err := g.s.RefreshHold(t.Context()); !errors.Is(err, store.ErrReceded) {
		t.Errorf("refresh: %v", err)
	}
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.hold(true)
	g.optedOut(g.s, o)
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrInHold) {
		t.Errorf("claim in hold: %v", err)
	}
	g.release()
	g.hold(false)
	if err := g.tryClaim(g.s); err != nil {
		t.Errorf("claim after the hold: %v", err)
	}
}

func backupWhileStopped(t *testing.T, g *surgery) {
	g.due(2)
	old := Save(t, g.raw)
	g.leaveOne(g.s)
	o := stop(g, riverside, 7)
	if err := g.s.Close(); err != nil {
		t.Fatal(err)
	}
	old.PutBack(t, g.raw)
	g.s = g.open()
	g.hold(true)
	g.optedOut(g.s, o)
	g.release()
	g.s = g.open()
	g.hold(false)
}

func nothingLeavesOnOld(t *testing.T, g *surgery) {
	g.due(2)
	c := g.claimAs(g.s, token(3), 0).Claims
	old := Save(t, g.raw)
	leave := func(c gateway.Claim) error {
		_, err := g.s.Move(t.Context(), g.now, []gateway.Change{{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, At: g.now.Add(lease)}})
		return err
	}
	if err := leave(c[0]); err != nil {
		t.Fatal(err)
	}
	old.PutBack(t, g.raw)
	if err := leave(c[1]); !errors.Is(err, store.ErrReceded) {
		t.Errorf("it leaves: %v", err)
	}
	g.stands(c[1].ID, gateway.Claimed, gateway.None)
}

func otherLearns(t *testing.T, g *surgery) {
	g.due(3)
	other := OpenAt(t, g.address, Place{Keys: g.place.Keys, Journal: NewPlace(t).Journal})
	other.Serve([]gateway.ODS{riverside, hillside})
	old := Save(t, g.raw)
	g.leaveOne(g.s)
	if err := g.tryClaim(other); err != nil {
		t.Fatal(err)
	}
	old.PutBack(t, g.raw)
	if err := g.tryClaim(other); !errors.Is(err, store.ErrReceded) {
		t.Errorf("claim: %v", err)
	}
}

func atTheSameTime(t *testing.T, g *surgery) {
	const n = 120
	g.due(n)
	claims := g.claimAs(g.s, token(3), 0).Claims
	if len(claims) != n {
		t.Fatalf("%d claims", len(claims))
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := i; j < n; j += 8 {
				c := claims[j]
				if _, err := g.s.Move(t.Context(), g.now, []gateway.Change{{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, At: g.now.Add(lease)}}); err != nil {
					t.Error(err)
				}
				if _, err := g.s.RefreshHold(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	g.hold(false)
}

func restartIsNoLoss(t *testing.T, g *surgery) {
	g.due(2)
	g.leaveOne(g.s)
	Save(t, g.raw).PutBack(t, g.raw)
	if err := g.tryClaim(g.s); err != nil {
		t.Error(err)
	}
	g.s = g.open()
	g.hold(false)
}

func fileOfAnother(t *testing.T, g *surgery) {
	g.due(2)
	g.leaveOne(g.s)
	if err := g.s.Close(); err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := os.Remove(g.place.Journal); err != nil {
		t.Fatal(err)
	}
	g.s = g.open()
	g.hold(false)
}

func fileCut(t *testing.T, g *surgery) {
	g.due(4)
	for range 2 {
		g.leaveOne(g.s)
		if err := g.s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(g.place.Journal+".tide", 100); err != nil {
			t.Fatal(err)
		}
		g.now = g.now.Add(2 * lease)
		g.s = g.open()
		g.hold(false)
		if _, err := g.s.RefreshHold(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.reapAll()
	}
	old := Save(t, g.raw)
	g.leaveOne(g.s)
	old.PutBack(t, g.raw)
	g.s = g.open()
	g.hold(true)
}

// reapAll gives back what was claimed and did not leave.
func (g *surgery) reapAll() {
	g.t.Helper()
	left, err := g.s.Expired(g.t.Context(), g.now)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, e := range left {
		if e.State == gateway.Claimed {
			g.move(gateway.Change{ID: e.ID, Token: e.Token, To: gateway.Queued, At: g.now})
		}
	}
}
