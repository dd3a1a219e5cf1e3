package storetest

import (
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

var consent = []promise{
	{"a number that opted out is withdrawn in the claim itself", optedOutInClaim},
	{"a number that opts out between claim and sending is stopped at the last step", optedOutBeforeLeaving},
	{"an opt-out is for one practice and one number only", optOutIsNarrow},
	{"opt-outs are listed oldest first, keep their first date, and can be taken back", optOutsListed},
	{"of two opt-outs of a number the heavier stands, with the first date, also after a flush", heavierOptOutStands},
	{"everything that waits for a number is withdrawn at once on STOP", stopWithdrawsWaiting},
	{"a text that is leaving shows as in flight until it is answered for", inFlight},
	{"an empty number cannot opt out", emptyNumberCannotOptOut},
	{"a reply is kept once, sealed, and linked to the last text", replyKeptOnce},
	{"a number gets each answer once in a day", toldOnceADay},
}

func stop(g *surgery, p gateway.ODS, n int) gateway.OptOut {
	g.t.Helper()
	o := gateway.OptOut{Practice: p, Number: number(n), Since: g.now, By: "patient"}
	if err := g.s.AddOptOut(g.t.Context(), o); err != nil {
		g.t.Fatal(err)
	}
	return o
}

func optedOutInClaim(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.withheld(b, gateway.Held, gateway.DeclinedUnclear, day))
	stop(g, riverside, 1)
	stop(g, riverside, 2)
	g.now = day.Due(a.Start)
	got := g.claim()
	if len(got.Claims) != 0 || len(got.Moves) != 2 || got.Looked != 2 {
		t.Fatalf("%d claims, %d moves of %d", len(got.Claims), len(got.Moves), got.Looked)
	}
	for _, m := range got.Moves {
		if m.To != gateway.Withdrawn || m.Reason != gateway.OptedOut {
			t.Errorf("move %+v", m)
		}
		g.stands(m.ID, gateway.Withdrawn, gateway.OptedOut)
	}
	events, err := g.s.Story(t.Context(), riverside, g.id(riverside, a, day).Ref)
	if err != nil || len(events) != 1 || events[0].Reason != gateway.OptedOut {
		t.Errorf("the story does not tell: %v, %v", events, err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func optedOutBeforeLeaving(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	stop(g, riverside, 1)
	if got := g.tryToLeave(c); got.Verdict != gateway.StoppedBy || got.From != gateway.Claimed {
		t.Errorf("verdict %c from %c", got.Verdict, got.From)
	}
	g.stands(c.ID, gateway.Withdrawn, gateway.OptedOut)
	g.now = g.now.Add(2 * lease)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("its lease is left: %v, %v", got, err)
	}
	g.counted(riverside)
}

func optOutIsNarrow(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.planFor(riverside, g.owed(a, day), g.owed(b, day))
	g.planFor(hillside, g.owed(a, day))
	stop(g, riverside, 1)
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil || !d.OptedOut(number(1)) || d.OptedOut(number(2)) || d.OptedOut(gateway.Phone{}) {
		t.Error("the diary tells wrongly who opted out", err)
	}
	g.now = day.Due(a.Start)
	n := map[gateway.ODS]int{}
	for _, c := range g.claim().Claims {
		n[c.ID.Practice]++
	}
	if n[riverside] != 1 || n[hillside] != 1 {
		t.Errorf("claimed %v", n)
	}
}

func optOutsListed(t *testing.T, g *surgery) {
	first := stop(g, riverside, 1)
	g.now = g.now.Add(time.Hour)
	second := stop(g, riverside, 2)
	g.now = g.now.Add(time.Hour)
	stop(g, riverside, 1) // said it again
	got, err := g.s.OptOuts(t.Context(), riverside)
	if err != nil || !slices.Equal(got, []gateway.OptOut{first, second}) {
		t.Errorf("listed %d, %v", len(got), err)
	}
	if n, err := g.s.OptOutCounts(t.Context(), []gateway.ODS{riverside, hillside}); err != nil || n[riverside] != 2 || n[hillside] != 0 {
		t.Errorf("counted %v, %v", n, err)
	}
	if err := g.s.RemoveOptOut(t.Context(), riverside, number(1), g.now, "patient"); err != nil {
		t.Fatal(err)
	}
	if _, out, err := g.s.OptedOut(t.Context(), riverside, number(1)); err != nil || out {
		t.Errorf("still opted out: %v, %v", out, err)
	}
	if o, out, err := g.s.OptedOut(t.Context(), riverside, number(2)); err != nil || !out || o != second {
		t.Errorf("no longer opted out: %v, %v", out, err)
	}
}

func heavierOptOutStands(t *testing.T, g *surgery) {
	all := []string{gateway.OutByUnsure, gateway.OutByPatient, gateway.OutByProvider, gateway.OutByWrongNumber, gateway.OutByStaff}
	began, n := g.now, 0
	want := map[int]string{}
	for _, first := range all {
		for _, second := range all {
			n++
			want[n] = gateway.OptOut{By: first}.Join(gateway.OptOut{By: second}).By
			for i, by := range []string{first, second} {
				o := gateway.OptOut{Practice: riverside, Number: number(n), Since: began.Add(time.Duration(i) * time.Hour), By: by}
				if err := g.s.AddOptOut(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, when := range []string{"at once", "after a flush"} {
		for n, by := range want {
			o, out, err := g.s.OptedOut(t.Context(), riverside, number(n))
			if err != nil || !out || o.By != by || !o.Since.Equal(began) {
				t.Errorf("%s: number %d opted out by %q since %v, want by %q: %v", when, n, o.By, o.Since, by, err)
			}
		}
		g.flush()
		if err := g.s.Rejoin(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func stopWithdrawsWaiting(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	b.Patient.Mobile = number(1) // one phone for two
	other := g.person(3)
	g.plan(g.owed(a, week, day), g.withheld(b, gateway.Held, gateway.TimeUnclear, day), g.owed(other, day))
	g.now = week.Due(a.Start)
	g.claim() // the week's reminder is with a sender
	g.now = g.now.Add(time.Second)
	got, err := g.s.WithdrawNumber(t.Context(), riverside, number(1), g.now, gateway.OptedOut)
	if err != nil || len(got) != 3 {
		t.Errorf("%d withdrawn, %v", len(got), err)
	}
	for _, id := range []gateway.ReminderID{g.id(riverside, a, week), g.id(riverside, a, day), g.id(riverside, b, day)} {
		g.stands(id, gateway.Withdrawn, gateway.OptedOut)
	}
	g.stands(g.id(riverside, other, day), gateway.Queued, gateway.None)
	g.counted(riverside)
}

func inFlight(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	for _, step := range []struct {
		to   gateway.State
		want bool
	}{{0, false}, {gateway.Sending, true}, {gateway.Accepted, false}} {
		if step.to != 0 {
			g.move(gateway.Change{ID: c.ID, To: step.to, At: g.now.Add(lease)})
		}
		if got, err := g.s.InFlight(t.Context(), riverside, number(1)); err != nil || got != step.want {
			t.Errorf("at %v: in flight %v, %v", step.to, got, err)
		}
		if got, err := g.s.InFlight(t.Context(), hillside, number(1)); err != nil || got {
			t.Errorf("another practice's: %v, %v", got, err)
		}
	}
}

func emptyNumberCannotOptOut(t *testing.T, g *surgery) {
	if err := g.s.AddOptOut(t.Context(), gateway.OptOut{Practice: riverside, Since: g.now, By: "staff"}); err == nil {
		t.Error("it did: everybody without a number would share it")
	}
}

func replyKeptOnce(t *testing.T, g *surgery) {
	id := g.brought(1, gateway.Delivered)
	r := gateway.Reply{Practice: riverside, MessageID: "SM77", From: number(1), Text: gateway.NewText("I cannot come"), Kind: gateway.ReplyCancel, At: g.now}
	for i, want := range []bool{true, false, false} {
		if got, err := g.s.KeepReply(t.Context(), r); err != nil || got != want {
			t.Errorf("try %d: first %v, %v", i, got, err)
		}
	}
	if kept, err := g.s.Kept(t.Context(), riverside, "SM77"); err != nil || !kept {
		t.Errorf("not kept: %v", err)
	}
	unknown := gateway.Reply{Practice: riverside, MessageID: "SM78", From: number(500), Text: gateway.NewText("wrong number?"), Kind: gateway.ReplyOther, At: g.now}
	if _, err := g.s.KeepReply(t.Context(), unknown); err != nil {
		t.Fatal(err)
	}
	got, err := g.s.Replies(t.Context(), riverside)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d replies, %v", len(got), err)
	}
	slices.SortFunc(got, func(a, b gateway.Reply) int { return int(a.MessageID[3]) - int(b.MessageID[3]) })
	r.About = id.Ref
	if got[0] != r || got[1] != unknown {
		t.Error("a reply reads differently than it was written")
	}
	events, err := g.s.Story(t.Context(), riverside, id.Ref)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range events {
		if e.What == 'R' && e.Reply == gateway.ReplyCancel && e.Rule == day {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the story tells it %d times", n)
	}
}

func toldOnceADay(t *testing.T, g *surgery) {
	for i, want := range []bool{true, false} {
		if got, err := g.s.FirstToday(t.Context(), riverside, number(1), gateway.AnswerHelp); err != nil || got != want {
			t.Errorf("time %d: %v, %v", i+1, got, err)
		}
	}
	if got, err := g.s.FirstToday(t.Context(), riverside, number(2), gateway.AnswerHelp); err != nil || !got {
		t.Errorf("another number: %v, %v", got, err)
	}
	if got, err := g.s.FirstToday(t.Context(), riverside, number(1), gateway.AnswerStopped); err != nil || !got {
		t.Errorf("another answer: %v, %v", got, err)
	}
}
