package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

var planning = []promise{
	{"a claim gives back the facts that were planned", claimGivesFactsBack},
	{"a plan of what is already known writes nothing and asks Redis for nothing", unchangedPlanIsFree},
	{"a moved appointment takes its reminders along and leaves the old start withdrawn", moveTakesRemindersAlong},
	{"an appointment that is moved away and back is texted once for that start", movedAwayAndBack},
	{"a rule that is gone withdraws its reminder, and one that comes back queues it", ruleRemovedAndBack},
	{"a reminder can be held, withdrawn and queued again by later reads", heldWithdrawnQueued},
	{"of the reminders that come back, the last that has come due does", laterOnly},
	{"a phone that had enough for a day is not called too late by the next read", enoughStays},
	{"what staff withdrew stays withdrawn whatever the diary says later", staffWithdrawalStays},
	{"what was handed over is never queued again by a read", handedOverStays},
	{"a claim that is overtaken by a cancellation is withdrawn", cancelledWhileClaimed},
	{"two readers of one practice cannot overwrite one another", twoReadersConflict},
	{"a diary from before Redis was emptied cannot be written", staleDiaryIsRefused},
	{"a record whose head is damaged is written anew by the next read", damagedHeadIsRewritten},
	{"many appointments go through in one plan", manyAppointments},
	{"a patient without a number is kept and withheld", withoutNumber},
}

func claimGivesFactsBack(t *testing.T, g *surgery) {
	a := g.person(1)
	a.Mode, a.StartDoubt, a.Version = gateway.ModeTelephone, gateway.TimeAmbiguous, "etag W/7"
	a.Reminded = gateway.FlagUnclear
	a.Patient.Deceased, a.Patient.Left, a.Patient.Declined, a.Patient.Restricted = gateway.FlagUnclear, gateway.FlagYes, gateway.FlagUnclear, gateway.FlagYes
	e := g.owed(a, day)
	e.Facts.Merged, e.Facts.OffList = true, true
	if got := g.plan(e); got.Written != 1 || !got.Earliest.Equal(day.Due(a.Start)) || len(got.Moves) != 0 {
		t.Errorf("planned %+v", got)
	}
	if err := g.s.SetFeed(t.Context(), riverside, gateway.FeedState{AsOf: g.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	seen := g.now
	g.now = day.Due(a.Start)
	got := g.claim()
	if len(got.Claims) != 1 || got.Looked != 1 {
		t.Fatalf("claimed %d of %d", len(got.Claims), got.Looked)
	}
	want := gateway.Claim{
		ID: g.id(riverside, a, day), Token: token(1), Was: gateway.Queued, FirstSeen: seen,
		Facts: e.Facts, FeedAsOf: seen.Add(time.Hour), Digest: got.Claims[0].Digest, Until: g.now.Add(lease),
	}
	// Neither is needed to decide or to word a reminder, so neither is kept.
	want.Facts.Appointment.Patient.Name, want.Facts.Appointment.Patient.NHSNumber = gateway.Name{}, gateway.NHSNumber{}
	if got.Claims[0] != want {
		t.Errorf("the claim differs: %s", cmp.Diff(want.ID, got.Claims[0].ID, cmp.AllowUnexported(gateway.Rule{})))
	}
	if want.Digest == (gateway.Digest{}) {
		t.Error("the claim carries no digest")
	}
}

func unchangedPlanIsFree(t *testing.T, g *surgery) {
	entries := []gateway.Entry{g.owed(g.person(1), week, day), g.withheld(g.person(2), gateway.Held, gateway.MobileUnclear, day)}
	g.plan(entries...)
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	entries[1].Plan[0].At = g.now.Add(time.Hour) // when to look at what is held is no change
	asked := g.asked.Load()
	got, err := g.s.Plan(t.Context(), d, g.now.Add(time.Minute), entries)
	if err != nil {
		t.Fatal(err)
	}
	if got.Written != 0 || len(got.Moves) != 0 {
		t.Errorf("written again: %+v", got)
	}
	if n := g.asked.Load() - asked; n != 0 {
		t.Errorf("%d commands went to Redis", n)
	}
}

func moveTakesRemindersAlong(t *testing.T, g *surgery) {
	was := g.person(1)
	g.plan(g.owed(was, week, day))
	g.now = g.now.Add(time.Minute)
	is := was
	is.Start = was.Start.AddDate(0, 0, 3)
	got := g.plan(g.owed(is, week, day))
	for _, r := range []gateway.Rule{week, day} {
		g.stands(g.id(riverside, was, r), gateway.Withdrawn, gateway.Moved)
		g.stands(g.id(riverside, is, r), gateway.Queued, gateway.None)
	}
	if len(got.Moves) != 2 || got.Moves[0].From != gateway.Queued || got.Moves[0].To != gateway.Withdrawn || got.Moves[0].Reason != gateway.Moved {
		t.Errorf("moves %+v", got.Moves)
	}
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "due")).Val(); n != 2 {
		t.Errorf("%d wait in the queue, want the same two", n)
	}
	g.now = day.Due(was.Start)
	for _, c := range g.claim().Claims {
		if !c.ID.Start.Equal(is.Start) {
			t.Error("a text for the old start would leave")
		}
	}
	g.counted(riverside)
	g.explained(riverside)
}

func movedAwayAndBack(t *testing.T, g *surgery) {
	here := g.person(1)
	g.plan(g.owed(here, day))
	g.now = day.Due(here.Start)
	id := g.id(riverside, here, day)
	c := g.claim().Claims[0]
	g.leave(c)
	g.move(gateway.Change{ID: id, To: gateway.Accepted, MessageID: "SM1"})

	there := here
	there.Start = here.Start.Add(3 * time.Hour)
	g.plan(g.owed(there, day))
	g.plan(g.owed(here, day))
	g.stands(id, gateway.Accepted, gateway.None)
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "due")).Val(); n != 0 {
		t.Errorf("%d are left in the queue", n)
	}
	g.now = g.now.Add(12 * time.Hour)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Errorf("%d texts would leave again", len(got.Claims))
	}
	// The same with a reminder that had not left: it is owed again.
	g.now = g.now.Add(-12 * time.Hour)
	other := g.person(2)
	other.Start = here.Start.Add(time.Hour)
	g.plan(g.owed(other, day))
	away := other
	away.Start = other.Start.AddDate(0, 0, 1)
	g.plan(g.owed(away, day))
	g.plan(g.owed(other, day))
	g.stands(g.id(riverside, other, day), gateway.Queued, gateway.None)
	g.stands(g.id(riverside, away, day), gateway.Withdrawn, gateway.Moved)
	g.now = day.Due(other.Start)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID != g.id(riverside, other, day) {
		t.Errorf("claimed %d", len(got.Claims))
	}
	g.counted(riverside)
	g.explained(riverside)
}

func ruleRemovedAndBack(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, week, day))
	if got := g.plan(g.owed(a, day)); len(got.Moves) != 1 || got.Moves[0].Reason != gateway.RuleRemoved {
		t.Errorf("moves %+v", got.Moves)
	}
	g.stands(g.id(riverside, a, week), gateway.Withdrawn, gateway.RuleRemoved)
	g.stands(g.id(riverside, a, day), gateway.Queued, gateway.None)
	g.plan(g.owed(a, week, day))
	g.stands(g.id(riverside, a, week), gateway.Queued, gateway.None)
	g.plan(g.owed(a, day))
	g.now = a.Start.Add(-time.Minute)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID.Rule != day {
		t.Errorf("claimed %+v", got.Claims)
	}
	g.plan(g.owed(a, week, day)) // too late: the day before has come due
	g.stands(g.id(riverside, a, week), gateway.Withdrawn, gateway.LaterReminder)
	g.stands(g.id(riverside, a, day), gateway.Claimed, gateway.None)
	g.counted(riverside)
	g.explained(riverside)
}

func heldWithdrawnQueued(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.id(riverside, a, day)
	steps := []struct {
		to  gateway.State
		why gateway.Reason
	}{
		{gateway.Held, gateway.DeceasedUnclear},
		{gateway.Held, gateway.MobileUnclear},
		{gateway.Queued, gateway.None},
		{gateway.Withdrawn, gateway.Cancelled},
		{gateway.Held, gateway.StatusUnclear},
		{gateway.Withdrawn, gateway.Deceased},
		{gateway.Withdrawn, gateway.LeftPractice},
		{gateway.Queued, gateway.None},
		{gateway.Held, gateway.TimeUnclear},
	}
	for i, step := range steps {
		got := g.plan(g.withheld(a, step.to, step.why, day))
		if len(got.Moves) != 1 || got.Moves[0].To != step.to || got.Moves[0].Reason != step.why {
			t.Errorf("step %d: moves %+v", i, got.Moves)
		}
		g.stands(id, step.to, step.why)
		g.counted(riverside)
		g.explained(riverside)
	}
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].Was != gateway.Held || got.Claims[0].WasFor != gateway.TimeUnclear {
		t.Errorf("what is held is not looked at again: %+v", got.Claims)
	}
}

func laterOnly(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, week, day))
	stop := func(rules ...gateway.Rule) {
		t.Helper()
		for _, r := range rules {
			if got := g.move(gateway.Change{ID: g.id(riverside, a, r), To: gateway.Withdrawn, Reason: gateway.OptedOut}); got.Verdict != gateway.Done {
				t.Fatalf("%s: verdict %c", r, got.Verdict)
			}
		}
	}
	stop(week, day)
	g.now = day.Due(a.Start).Add(-time.Minute) // the week before only
	g.plan(g.owed(a, week, day))
	g.stands(g.id(riverside, a, week), gateway.Queued, gateway.None)
	g.stands(g.id(riverside, a, day), gateway.Queued, gateway.None)
	stop(week, day)
	g.now = day.Due(a.Start)
	for _, version := range []string{"1", "2"} { // also when the visit is looked at again
		a.Version = version
		g.plan(g.owed(a, week, day))
		g.stands(g.id(riverside, a, week), gateway.Withdrawn, gateway.LaterReminder)
		g.stands(g.id(riverside, a, day), gateway.Queued, gateway.None)
		g.counted(riverside)
		g.explained(riverside)
	}
	g.plan(g.withheld(a, gateway.Held, gateway.FeedStale, week, day))
	g.stands(g.id(riverside, a, week), gateway.Withdrawn, gateway.LaterReminder)
	g.stands(g.id(riverside, a, day), gateway.Held, gateway.FeedStale)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID.Rule != day {
		t.Errorf("%d are to be sent", len(got.Claims))
	}
}

func enoughStays(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, day)
	if got := g.move(gateway.Change{ID: id, To: gateway.Withdrawn, Reason: gateway.EnoughToday}); got.Verdict != gateway.Done {
		t.Fatalf("verdict %c", got.Verdict)
	}
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.TooLate, day))
	g.stands(id, gateway.Withdrawn, gateway.EnoughToday)
	a.Version = "2"
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day))
	g.stands(id, gateway.Withdrawn, gateway.Cancelled)
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.TooLate, day))
	g.stands(id, gateway.Withdrawn, gateway.TooLate)
	g.counted(riverside)
}

func staffWithdrawalStays(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, day)
	if got := g.move(gateway.Change{ID: id, To: gateway.Withdrawn, Reason: gateway.ByStaff}); got.Verdict != gateway.Done {
		t.Fatalf("verdict %c", got.Verdict)
	}
	a.Version = "2"
	for _, e := range []gateway.Entry{g.owed(a, day), g.withheld(a, gateway.Held, gateway.MobileUnclear, day), g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day)} {
		g.plan(e)
		g.stands(id, gateway.Withdrawn, gateway.ByStaff)
	}
	if got := g.move(gateway.Change{ID: id, To: gateway.Queued, At: day.Due(a.Start)}); got.Verdict != gateway.Done {
		t.Errorf("staff cannot take it back: %c", got.Verdict)
	}
	g.counted(riverside)
}

func handedOverStays(t *testing.T, g *surgery) {
	for i, last := range []gateway.State{gateway.Sending, gateway.Unknown, gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Refused} {
		a := g.person(i + 1)
		g.plan(g.owed(a, day))
		g.now = day.Due(a.Start)
		c := g.claim().Claims[0]
		g.leave(c)
		if last != gateway.Sending {
			g.move(gateway.Change{ID: c.ID, To: last})
		}
		for _, e := range []gateway.Entry{g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day), g.withheld(a, gateway.Held, gateway.MobileUnclear, day), g.owed(a, day)} {
			g.plan(e)
			if got := g.state(c.ID); got != last {
				t.Errorf("%s became %s", last, got)
			}
		}
		if got := g.claim(); len(got.Claims) != 0 {
			t.Errorf("%s is claimed again", last)
		}
		g.now = g.now.AddDate(0, 0, -4)
	}
	g.counted(riverside)
}

func cancelledWhileClaimed(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	a.Status = gateway.StatusCancelled
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day))
	g.stands(c.ID, gateway.Withdrawn, gateway.Cancelled)
	if got := g.tryToLeave(c); got.Verdict != gateway.Elsewhere {
		t.Errorf("verdict %c", got.Verdict)
	}
	g.now = g.now.Add(time.Hour)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("its lease is still there: %v, %v", got, err)
	}
	g.counted(riverside)
}

func twoReadersConflict(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	first, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	b := a
	b.Status = gateway.StatusCancelled
	g.plan(g.withheld(b, gateway.Withdrawn, gateway.Cancelled, day))
	a.Version = "2"
	got, err := g.s.Plan(t.Context(), first, g.now, []gateway.Entry{g.owed(a, day), g.owed(g.person(2), day)})
	if err != nil || got.Conflicts != 1 || got.Written != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	g.stands(g.id(riverside, a, day), gateway.Withdrawn, gateway.Cancelled)
	g.counted(riverside)
}

func staleDiaryIsRefused(t *testing.T, g *surgery) {
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := g.s.Plan(t.Context(), d, g.now, []gateway.Entry{g.owed(g.person(1), day)}); err == nil {
		t.Error("an appointment was sealed under keys that are lost")
	}
}

func damagedHeadIsRewritten(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	ref := g.id(riverside, a, day).Ref
	for _, damage := range []string{"", "1", "9 a later format, perhaps, of what stands here", "1234567890123456789012345678\xff\xff"} {
		if err := g.raw.HSet(t.Context(), Key(riverside, "a"), string(ref[:]), damage).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := g.s.Unexplained(t.Context(), riverside, g.now); err != nil {
			t.Error("the account:", err)
		}
		if kept, err := g.s.Appointments(t.Context(), riverside); err != nil || len(kept) != 2 {
			t.Errorf("%d kept, %v", len(kept), err)
		}
		g.plan(g.owed(a, day), g.owed(b, day))
		k, ok, err := g.s.Appointment(t.Context(), riverside, ref)
		if err != nil || !ok || k.Damaged {
			t.Errorf("not written anew: damaged %v, %v", k.Damaged, err)
		}
	}
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 2 {
		t.Errorf("%d claims", len(got.Claims))
	}
}

func manyAppointments(t *testing.T, g *surgery) {
	const n = 1700
	entries := make([]gateway.Entry, n)
	for i := range entries {
		entries[i] = g.owed(g.person(i), week, day, hours)
	}
	if got := g.plan(entries...); got.Written != n {
		t.Errorf("%d written", got.Written)
	}
	if got := g.plan(entries...); got.Written != 0 {
		t.Errorf("%d written again", got.Written)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func withoutNumber(t *testing.T, g *surgery) {
	a := g.person(1)
	a.Patient.Mobile, a.Patient.MobileKind = gateway.Phone{}, gateway.NumberMissing
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.NoMobile, day))
	kept, err := g.s.Appointments(t.Context(), riverside)
	if err != nil || len(kept) != 1 || kept[0].Damaged || kept[0].Reminders[0].Reason != gateway.NoMobile {
		t.Errorf("%d kept, %v", len(kept), err)
	}
	a.Patient.Mobile, a.Patient.MobileKind = number(1), gateway.NumberMobile
	g.plan(g.owed(a, day))
	g.stands(g.id(riverside, a, day), gateway.Queued, gateway.None)
	g.counted(riverside)
}
