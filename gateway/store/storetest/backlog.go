package storetest

import (
	"testing"
	"time"

	"bellman/gateway"
)

// backlogByDeadline lets texts wait whose order in the queue is the wrong way
// round: the later the appointment, the longer its text has been due.
func backlogByDeadline(t *testing.T, g *surgery) {
	const n = 40
	var entries []gateway.Entry
	for i := range n {
		a := g.person(i)
		a.Start = a.Start.Add(time.Duration(i*7%n) * time.Minute)
		e := g.owed(a, day)
		e.Plan[0].At = e.Plan[0].At.Add(-2 * a.Start.Sub(g.person(i).Start))
		entries = append(entries, e)
	}
	g.plan(entries...)
	g.now = g.now.AddDate(0, 0, 6)
	var starts []time.Time
	for range 20 * n {
		g.s.Look()
		got, err := g.s.Claim(t.Context(), gateway.Claiming{Now: g.now, Limit: n, Lease: lease, Token: token(1), PerSec: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got.Claims {
			starts = append(starts, c.ID.Start)
		}
		g.now = g.now.Add(50 * time.Millisecond)
	}
	// What goes before the whole backlog was looked at once may go out of turn.
	const outOfTurn = 3
	if len(starts) != n {
		t.Fatalf("%d of %d were claimed", len(starts), n)
	}
	for i, at := range starts {
		before := 0
		for _, other := range starts[:i] {
			if other.After(at) {
				before++
			}
		}
		if before > outOfTurn {
			t.Errorf("%d later appointments went before the one at %v", before, at)
		}
	}
}
