package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
)

var claiming = []promise{
	{"nothing is claimed before its time, and the next time is told", nothingBeforeItsTime},
	{"what is due is claimed earliest first", earliestFirst},
	{"many senders together claim 2000 reminders exactly once each", manySenders},
	{"a sender never holds more of one practice than it may send in a second", rateLimit},
	{"a rate limit of hundreds a second is kept to as well", highRateLimit},
	{"one practice's rate limit does not slow another", rateLimitIsPerPractice},
	{"where more is due than may be sent, the earliest appointments go first", backlogByDeadline},
	{"a lease that ran out is listed with its state and token, once its time has come", leasesRunOut},
	{"a claim that was taken over belongs to the new sender alone", takenOver},
	{"a leftover in the queue that no appointment owes is never claimed", leftovers},
}

func nothingBeforeItsTime(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, week, day))
	due := day.Due(a.Start)
	g.now = g.now.Add(-3 * 24 * time.Hour) // the week's reminder would be due, the day's is not
	if got := g.claim(); len(got.Claims) != 0 || !got.Next.Equal(week.Due(a.Start)) || got.Looked != 0 {
		t.Errorf("claimed %d of %d, next %v", len(got.Claims), got.Looked, got.Next)
	}
	g.now = due.Add(-time.Millisecond)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID.Rule != week || !got.Next.Equal(due) {
		t.Errorf("claimed %d, next %v", len(got.Claims), got.Next)
	}
	g.now = due
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID.Rule != day || !got.Next.IsZero() {
		t.Errorf("claimed %d, next %v", len(got.Claims), got.Next)
	}
	g.counted(riverside)
}

func earliestFirst(t *testing.T, g *surgery) {
	var entries []gateway.Entry
	for i := range 30 {
		a := g.person(i)
		a.Start = a.Start.Add(time.Duration(i*7%30) * time.Minute)
		entries = append(entries, g.owed(a, day))
	}
	g.plan(entries...)
	g.now = g.now.AddDate(0, 0, 6)
	var starts []time.Time
	for range 30 {
		g.s.Look()
		got, err := g.s.Claim(t.Context(), gateway.Claiming{Now: g.now, Limit: 1, Lease: lease, Token: token(1)})
		if err != nil || len(got.Claims) != 1 {
			t.Fatalf("%d claims, %v", len(got.Claims), err)
		}
		starts = append(starts, got.Claims[0].ID.Start)
	}
	if !slices.IsSortedFunc(starts, time.Time.Compare) {
		t.Error("a later reminder was claimed before an earlier one")
	}
}

func manySenders(t *testing.T, g *surgery) {
	const each, senders = 500, 16
	for _, p := range []gateway.ODS{riverside, hillside} {
		entries := make([]gateway.Entry, each)
		for i := range entries {
			entries[i] = g.owed(g.person(i), day, hours)
		}
		g.planFor(p, entries...)
	}
	g.now = g.now.AddDate(0, 0, 5).Add(-time.Hour)
	var mu sync.Mutex
	times := map[gateway.ReminderID]int{}
	other := g.open()
	var wg sync.WaitGroup
	for i := range senders {
		s := g.s
		if i%2 == 1 {
			s = other
		}
		wg.Go(func() {
			for {
				s.Look()
				got, err := s.Claim(t.Context(), gateway.Claiming{Now: g.now, Limit: 40, Lease: lease, Token: token(byte(i + 1))})
				if err != nil {
					t.Error(err)
					return
				}
				if got.Looked == 0 {
					return
				}
				mu.Lock()
				for _, c := range got.Claims {
					times[c.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(times) != 4*each {
		t.Errorf("%d reminders were claimed, want %d", len(times), 4*each)
	}
	for _, n := range times {
		if n != 1 {
			t.Fatalf("one reminder was claimed %d times", n)
		}
	}
	g.counted(riverside)
	g.counted(hillside)
}

// flow claims with a rate limit, stepping the clock from one due time to the next
// as a sender does, and gives when each reminder was claimed. What has to wait for
// the limit must not be looked at over and over meanwhile.
func (g *surgery) flow(n, perSec int) []time.Time {
	g.t.Helper()
	var at []time.Time
	looked := 0
	defer func() {
		if looked > 4*n {
			g.t.Errorf("%d looks for %d reminders", looked, n)
		}
	}()
	for range 20 * n {
		got := g.claimAs(g.s, token(1), perSec)
		looked += got.Looked
		for range got.Claims {
			at = append(at, g.now)
		}
		if len(at) >= n {
			return at
		}
		g.now = g.now.Add(time.Millisecond)
		if got.Next.After(g.now) {
			g.now = got.Next
		}
	}
	g.t.Fatalf("only %d of %d were claimed: some were lost", len(at), n)
	return nil
}

// busiest gives the most that were claimed within any stretch of d.
func busiest(at []time.Time, d time.Duration) int {
	most := 0
	for i := range at {
		n := 0
		for _, later := range at[i:] {
			if later.Sub(at[i]) < d {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func (g *surgery) manyDue(p gateway.ODS, n int) {
	entries := make([]gateway.Entry, n)
	for i := range entries {
		entries[i] = g.owed(g.person(i), day)
	}
	g.planFor(p, entries...)
}

func rateLimit(t *testing.T, g *surgery) {
	const n, perSec, burst = 100, 10, 2
	g.manyDue(riverside, n)
	g.now = g.now.AddDate(0, 0, 4)
	at := g.flow(n, perSec)
	if got := busiest(at, time.Millisecond); got > burst {
		t.Errorf("%d at once, at most %d may", got, burst)
	}
	if got := busiest(at, time.Second); got > perSec+burst {
		t.Errorf("%d in one second, at most %d may", got, perSec+burst)
	}
	if took := at[n-1].Sub(at[0]); took < 9*time.Second || took > 11*time.Second {
		t.Errorf("100 texts at 10 a second took %v", took)
	}
	g.counted(riverside)
}

func highRateLimit(t *testing.T, g *surgery) {
	const n, perSec = 900, 300
	g.manyDue(riverside, n)
	g.now = g.now.AddDate(0, 0, 4)
	at := g.flow(n, perSec)
	if took := at[n-1].Sub(at[0]); took < 2700*time.Millisecond || took > 3300*time.Millisecond {
		t.Errorf("900 texts at 300 a second took %v", took)
	}
}

func rateLimitIsPerPractice(t *testing.T, g *surgery) {
	g.manyDue(riverside, 40)
	g.manyDue(hillside, 2)
	g.now = g.now.AddDate(0, 0, 4)
	n := map[gateway.ODS]int{}
	for _, c := range g.claimAs(g.s, token(1), 10).Claims {
		n[c.ID.Practice]++
	}
	if n[riverside] != 2 || n[hillside] != 2 {
		t.Errorf("claimed %s", fmt.Sprint(n))
	}
}

func leasesRunOut(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	g.now = day.Due(a.Start)
	claims := g.claimAs(g.s, token(7), 0).Claims
	g.leave(claims[0])
	g.now = g.now.Add(lease - time.Second)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("before its time: %v, %v", got, err)
	}
	g.now = g.now.Add(2 * lease)
	got, err := g.s.Expired(t.Context(), g.now)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d expired, %v", len(got), err)
	}
	states := map[gateway.ReminderID]gateway.State{}
	for _, e := range got {
		states[e.ID] = e.State
		if e.Token != token(7) {
			t.Error("another token")
		}
	}
	if states[claims[0].ID] != gateway.Sending || states[claims[1].ID] != gateway.Claimed {
		t.Errorf("states %v", states)
	}
	g.move(gateway.Change{ID: claims[0].ID, Token: token(7), Only: "s", To: gateway.Unknown, Reason: gateway.UnknownOutcome})
	g.move(gateway.Change{ID: claims[1].ID, Token: token(7), Only: "c", To: gateway.Queued, At: g.now})
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("still listed: %v, %v", got, err)
	}
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID != claims[1].ID {
		t.Error("what had not left is not claimed again, or what may have left is")
	}
	// A lease behind which there is no work is dropped, whatever it is.
	k := claims[0].ID.Key()
	for _, member := range []string{string(k[:]) + string(riverside), "nonsense"} {
		g.raw.ZAdd(t.Context(), ShardKey(riverside, "lease"), z(1, member))
	}
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("leases without work: %v, %v", got, err)
	}
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "lease")).Val(); n != 1 {
		t.Errorf("%d leases, want the one that is worked on", n)
	}
	g.counted(riverside)
}

func takenOver(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	slow := g.claimAs(g.s, token(1), 0).Claims[0]
	g.now = g.now.Add(2 * lease)
	g.move(gateway.Change{ID: slow.ID, Token: token(1), Only: "c", To: gateway.Queued, At: g.now})
	quick := g.claimAs(g.s, token(2), 0).Claims[0]
	if got := g.tryToLeave(slow); got.Verdict != gateway.Elsewhere {
		t.Errorf("the slow sender may send: %c", got.Verdict)
	}
	g.leave(quick)
	if got := g.move(gateway.Change{ID: slow.ID, Token: token(1), To: gateway.Accepted}); got.Verdict != gateway.Elsewhere {
		t.Errorf("the slow sender may speak for the quick: %c", got.Verdict)
	}
	g.stands(slow.ID, gateway.Sending, gateway.None)
}

func leftovers(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, week) // a rule that this appointment does not have
	k := id.Key()
	for _, member := range []string{string(k[:11]) + string(riverside), "nonsense", string(k[:]) + "X"} {
		if err := g.raw.ZAdd(t.Context(), ShardKey(riverside, "due"), z(1, member)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.claim(); len(got.Claims) != 0 {
		t.Errorf("%d claimed", len(got.Claims))
	}
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "due")).Val(); n != 1 {
		t.Errorf("%d are left in the queue, want the one that is owed", n)
	}
	// Nor is one that is past waiting, should it still lie in the queue.
	for i, s := range gateway.States {
		if s == gateway.Queued || s == gateway.Held {
			continue
		}
		k := g.brought(i+10, s).Key()
		g.raw.ZAdd(t.Context(), ShardKey(riverside, "due"), z(1, string(k[:11])+string(riverside)))
		if got := g.claim(); len(got.Claims) != 0 {
			t.Errorf("%s is claimed again", s)
		}
	}
	g.counted(riverside)
}
