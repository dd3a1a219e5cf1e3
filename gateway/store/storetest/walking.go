package storetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

var walking = []promise{
	{"a random walk of reads, claims, texts, receipts and opt-outs ends as the rules say", randomWalk},
}

// randomWalk holds the store against a model in memory, operation by operation:
// 100 walks of 30 (rapid's own number of checks).
func randomWalk(t *testing.T, g *surgery) {
	rapid.Check(t, func(r *rapid.T) {
		g.flush()
		g.place = NewPlace(t)
		g.s = g.open()
		w := &walk{g: g, r: r, state: map[gateway.ReminderID]gateway.State{}, byStaff: map[gateway.ReminderID]bool{}, left: map[gateway.ReminderID]int{}, plan: map[int]gateway.Entry{}, out: map[int]bool{}}
		began := g.now
		r.Repeat(map[string]func(*rapid.T){
			"read":    w.read,
			"claim":   w.claim,
			"leave":   w.leave,
			"receipt": w.receipt,
			"reap":    w.reap,
			"opt out": w.optOut,
			"wait": func(r *rapid.T) {
				g.now = g.now.Add(rapid.SampledFrom([]time.Duration{time.Second, lease + time.Second, time.Hour}).Draw(r, "how long"))
			},
			"": w.check,
		})
		g.counted(riverside)
		g.explained(riverside)
		g.now = began
	})
}

// walk is the model: what every reminder's state ought to be.
type walk struct {
	g       *surgery
	r       *rapid.T
	state   map[gateway.ReminderID]gateway.State
	byStaff map[gateway.ReminderID]bool
	left    map[gateway.ReminderID]int // texts that left and were not proven unsent
	plan    map[int]gateway.Entry      // what each patient's appointment was last planned to be
	out     map[int]bool               // who opted out
	claims  []gateway.Claim
}

const patients = 4

func (w *walk) owner(id gateway.ReminderID) int {
	for n := range patients {
		if w.g.id(riverside, w.g.person(n), day).Ref == id.Ref {
			return n
		}
	}
	w.r.Fatal("a reminder of nobody")
	return 0
}

// stands reports whether the reminder's appointment still owes it.
func (w *walk) stands(id gateway.ReminderID) bool {
	e := w.plan[w.owner(id)]
	for _, p := range e.Plan {
		if p.Rule == id.Rule && e.Facts.Appointment.Start.Equal(id.Start) {
			return true
		}
	}
	return false
}

func (w *walk) set(id gateway.ReminderID, to gateway.State, why gateway.Reason) {
	w.state[id], w.byStaff[id] = to, to == gateway.Withdrawn && why == gateway.ByStaff
}

func (w *walk) read(r *rapid.T) {
	n := rapid.IntRange(0, patients-1).Draw(r, "patient")
	a := w.g.person(n)
	a.Start = time.Date(2026, time.December, 1+rapid.IntRange(0, 2).Draw(r, "day"), 9, 0, 0, 0, time.UTC)
	a.Version = rapid.SampledFrom([]string{"1", "2"}).Draw(r, "version")
	e := gateway.Entry{Facts: gateway.Facts{Appointment: a}, FirstSeen: a.Start.AddDate(0, -1, 0)}
	for _, rule := range []gateway.Rule{week, day, hours} {
		to := rapid.SampledFrom([]gateway.State{0, gateway.Queued, gateway.Queued, gateway.Queued, gateway.Held, gateway.Withdrawn}).Draw(r, rule.String())
		why := map[gateway.State]gateway.Reason{gateway.Held: gateway.MobileUnclear, gateway.Withdrawn: gateway.Cancelled}[to]
		if to != 0 {
			e.Plan = append(e.Plan, gateway.Planned{Rule: rule, State: to, Reason: why, At: w.g.now.Truncate(time.Hour)})
		}
	}
	if got := w.g.plan(e); got.Written == 0 {
		return
	}
	old, known := w.plan[n]
	w.plan[n] = e
	for _, p := range old.Plan {
		id := w.g.id(riverside, old.Facts.Appointment, p.Rule)
		if known && !w.stands(id) && (w.state[id] == gateway.Queued || w.state[id] == gateway.Held || w.state[id] == gateway.Claimed) {
			w.set(id, gateway.Withdrawn, gateway.Moved)
		}
	}
	for _, p := range e.Plan {
		id := w.g.id(riverside, a, p.Rule)
		s := w.state[id]
		open := s == 0 || s == gateway.Queued || s == gateway.Held || (s == gateway.Withdrawn && !w.byStaff[id])
		if open || (p.State == gateway.Withdrawn && s == gateway.Claimed) {
			w.set(id, p.State, p.Reason)
		}
	}
}

func (w *walk) claim(r *rapid.T) {
	got := w.g.claimAs(w.g.s, token(byte(rapid.IntRange(1, 200).Draw(r, "token"))), 0)
	for _, c := range got.Claims {
		if s := w.state[c.ID]; s != c.Was || !w.stands(c.ID) || w.out[w.owner(c.ID)] {
			r.Fatalf("claimed a %s reminder (stands %v, opted out %v)", s, w.stands(c.ID), w.out[w.owner(c.ID)])
		}
		w.set(c.ID, gateway.Claimed, gateway.None)
	}
	for _, m := range got.Moves {
		if s := w.state[m.ID]; s != m.From || !w.out[w.owner(m.ID)] {
			r.Fatalf("withdrew a %s reminder of somebody who did not opt out", s)
		}
		w.set(m.ID, m.To, m.Reason)
	}
	w.claims = append(w.claims, got.Claims...)
}

func (w *walk) leave(r *rapid.T) {
	if len(w.claims) == 0 {
		return
	}
	c := w.claims[rapid.IntRange(0, len(w.claims)-1).Draw(r, "claim")]
	was := w.state[c.ID]
	switch got := w.g.tryToLeave(c); got.Verdict {
	case gateway.Done:
		if was != gateway.Claimed || w.out[w.owner(c.ID)] || !w.stands(c.ID) {
			r.Fatalf("a text left from %s (opted out %v, stands %v)", was, w.out[w.owner(c.ID)], w.stands(c.ID))
		}
		w.left[c.ID]++
		w.set(c.ID, gateway.Sending, gateway.None)
	case gateway.StoppedBy:
		if was != gateway.Claimed || !w.out[w.owner(c.ID)] {
			r.Fatalf("stopped at %s without an opt-out", was)
		}
		w.set(c.ID, gateway.Withdrawn, gateway.OptedOut)
	case gateway.Elsewhere, gateway.Outdated, gateway.Same:
	}
}

// receipt tries any move at all, as receipts, lists and staff do.
func (w *walk) receipt(r *rapid.T) {
	ids := w.ids()
	if len(ids) == 0 {
		return
	}
	id := ids[rapid.IntRange(0, len(ids)-1).Draw(r, "reminder")]
	to := rapid.SampledFrom([]gateway.State{
		gateway.Queued, gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Held, gateway.Withdrawn, gateway.Refused, gateway.Unknown, gateway.Failed,
	}).Draw(r, "to")
	why := rapid.SampledFrom([]gateway.Reason{gateway.None, gateway.ByStaff}).Draw(r, "why")
	was := w.state[id]
	got := w.g.move(gateway.Change{ID: id, To: to, Reason: why, At: w.g.now.Add(time.Minute)})
	waits := to == gateway.Queued || to == gateway.Held
	switch {
	case was == to && got.Verdict == gateway.Same:
	case !gateway.MayMove(was, to):
		if got.Verdict != gateway.Elsewhere {
			r.Fatalf("%s to %s: %c", was, to, got.Verdict)
		}
	case waits && !w.stands(id):
		if got.Verdict != gateway.Outdated {
			r.Fatalf("%s to %s, which no longer stands: %c", was, to, got.Verdict)
		}
		if was != gateway.Withdrawn {
			w.set(id, gateway.Withdrawn, gateway.Moved)
		}
		w.left[id] = 0
	default:
		if got.Verdict != gateway.Done {
			r.Fatalf("%s to %s: %c", was, to, got.Verdict)
		}
		w.set(id, to, why)
		if waits {
			w.left[id] = 0
		}
	}
}

func (w *walk) reap(r *rapid.T) {
	expired, err := w.g.s.Expired(w.g.t.Context(), w.g.now)
	if err != nil {
		r.Fatal(err)
	}
	for _, e := range expired {
		if w.state[e.ID] != e.State {
			r.Fatalf("expired as %s, is %s", e.State, w.state[e.ID])
		}
		to := map[gateway.State]gateway.State{gateway.Claimed: gateway.Queued, gateway.Sending: gateway.Unknown}[e.State]
		if got := w.g.move(gateway.Change{ID: e.ID, Token: e.Token, Only: string(byte(e.State)), To: to, At: w.g.now}); got.Verdict != gateway.Done {
			r.Fatalf("took up %s: %c", e.State, got.Verdict)
		}
		w.set(e.ID, to, gateway.None)
	}
}

func (w *walk) optOut(r *rapid.T) {
	n := rapid.IntRange(0, patients-1).Draw(r, "patient")
	ctx := w.g.t.Context()
	var err error
	if w.out[n] {
		err = w.g.s.RemoveOptOut(ctx, riverside, number(n), w.g.now, "patient")
	} else {
		err = w.g.s.AddOptOut(ctx, gateway.OptOut{Practice: riverside, Number: number(n), Since: w.g.now, By: "patient"})
	}
	if err != nil {
		r.Fatal(err)
	}
	w.out[n] = !w.out[n]
}

// ids gives every reminder, in an order that a replay repeats.
func (w *walk) ids() []gateway.ReminderID {
	var out []gateway.ReminderID
	for n := range patients {
		for d := range 3 {
			a := w.g.person(n)
			a.Start = time.Date(2026, time.December, 1+d, 9, 0, 0, 0, time.UTC)
			for _, rule := range []gateway.Rule{week, day, hours} {
				if id := w.g.id(riverside, a, rule); w.state[id] != 0 {
					out = append(out, id)
				}
			}
		}
	}
	return out
}

func (w *walk) check(r *rapid.T) {
	ids := w.ids()
	got, err := w.g.s.Standings(w.g.t.Context(), ids)
	if err != nil {
		r.Fatal(err)
	}
	waiting, leased := int64(0), int64(0)
	for i, id := range ids {
		switch got[i] {
		case gateway.Queued, gateway.Held:
			waiting++
		case gateway.Claimed, gateway.Sending:
			leased++
		}
		if got[i] != w.state[id] {
			r.Fatalf("patient %d's %s reminder is %s, want %s", w.owner(id), id.Rule, got[i], w.state[id])
		}
		if w.left[id] > 1 {
			r.Fatalf("patient %d was texted %d times for one start and rule", w.owner(id), w.left[id])
		}
	}
	ctx := w.g.t.Context()
	if n := w.g.raw.ZCard(ctx, ShardKey(riverside, "due")).Val(); n != waiting {
		r.Fatalf("%d are in the queue, %d wait", n, waiting)
	}
	if n := w.g.raw.ZCard(ctx, ShardKey(riverside, "lease")).Val(); n != leased {
		r.Fatalf("%d are leased, %d are being worked on", n, leased)
	}
}
