package storetest

import (
	"slices"
	"testing"

	"bellman/gateway"
)

var finer = []promise{
	{"of a visit that was opted out nothing is claimed, and of its patient's others everything is", visitNotClaimed},
	{"a visit that is opted out between claim and sending is stopped at the last step", visitStoppedAtTheLastStep},
	{"a plan that was made before a visit was opted out brings nothing of it back to a phone", stalePlanOfAVisit},
	{"of a number's visits those at an unwanted clinic are not texted about, and nobody is until it is known which these are", clinicJudged},
	{"what was decided by another list of clinics does not leave", clinicsChanged},
	{"a list of clinics that cannot be read withholds the number's texts, and lifts nothing", damagedClinics},
	{"STOP, START and what staff recorded of visits and clinics stand beside one another", finerBesideStop},
	{"opt-outs of visits and clinics come back after a loss of Redis, and what was lifted does not", finerSurvives},
	{"opt-outs of visits and clinics that were lost by themselves come back", finerComesBack},
	{"the opt-out of a visit goes when the visit is over, and no other does", finerSwept},
	{"what stands of a visit survives a sweep before the diary was read after a loss", finerNotSweptTooSoon},
	{"no text of an opted-out visit or clinic leaves after it was recorded, whatever is going on", finerRace},
}

// visitOut gives the opt-out of a visit of the riverside practice.
func visitOut(g *surgery, a gateway.Appointment) gateway.OptOut {
	return gateway.OptOut{
		Practice: riverside, Number: a.Patient.Mobile, Since: g.now, By: gateway.OutByStaff, Who: "Jo Field",
		Scope: gateway.ScopeVisit, Visit: a.Identity(), Start: a.Start,
	}
}

// clinicOut gives the opt-out of a clinic for the n-th number.
func clinicOut(g *surgery, n int, clinic string) gateway.OptOut {
	return gateway.OptOut{
		Practice: riverside, Number: number(n), Since: g.now, By: gateway.OutByStaff, Who: "Jo Field",
		Scope: gateway.ScopeClinic, Clinic: gateway.NewText(clinic),
	}
}

func (g *surgery) unwanted(all ...gateway.OptOut) {
	g.t.Helper()
	if err := g.s.AddOptOuts(g.t.Context(), all); err != nil {
		g.t.Fatal(err)
	}
}

func (g *surgery) lift(o gateway.OptOut) {
	g.t.Helper()
	o.Since = g.now
	if err := g.s.OptIn(g.t.Context(), o); err != nil {
		g.t.Fatal(err)
	}
}

// finerAre checks which opt-outs of visits and clinics stand.
func (g *surgery) finerAre(want ...gateway.OptOut) {
	g.t.Helper()
	got, err := g.s.FinerOptOuts(g.t.Context(), riverside)
	same := len(got) == len(want) && !slices.ContainsFunc(want, func(o gateway.OptOut) bool { return !slices.Contains(got, o) })
	if err != nil || !same {
		g.t.Errorf("%d opt-outs of visits and clinics stand, want %d: %v", len(got), len(want), err)
	}
}

// judged gives an appointment at a clinic as a read of the diary plans it.
func (g *surgery) judged(a gateway.Appointment, clinic string, rules ...gateway.Rule) gateway.Entry {
	g.t.Helper()
	d, err := g.s.Known(g.t.Context(), riverside)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.owed(judge(d, a, clinic), rules...)
}

func judge(d gateway.Diary, a gateway.Appointment, clinic string) gateway.Appointment {
	a.Clinic = gateway.NewClinicName(clinic)
	a = d.Outs(a).Clinics.Judge(a)
	a.Clinic = gateway.ClinicName{}
	return a
}

// another gives a second visit of an appointment's patient, at the same time.
func another(a gateway.Appointment) gateway.Appointment {
	a.ID = "99" + a.ID[2:]
	return a
}

func visitNotClaimed(t *testing.T, g *surgery) {
	a := g.person(1)
	b, c := another(a), g.person(2)
	g.planFor(hillside, g.owed(a, day))
	g.plan(g.owed(a, day), g.owed(b, day), g.withheld(c, gateway.Held, gateway.DeclinedUnclear, day))
	g.unwanted(visitOut(g, a), visitOut(g, c))
	g.now = day.Due(a.Start)
	got := g.claim()
	var claimed []gateway.ODS
	for _, c := range got.Claims {
		claimed = append(claimed, c.ID.Practice)
	}
	slices.Sort(claimed)
	if !slices.Equal(claimed, []gateway.ODS{riverside, hillside}) || len(got.Moves) != 2 {
		t.Fatalf("claimed of %v, %d moves", claimed, len(got.Moves))
	}
	for _, m := range got.Moves {
		if m.To != gateway.Withdrawn || m.Reason != gateway.VisitOptedOut {
			t.Errorf("move to %s (%s)", m.To, m.Reason)
		}
	}
	g.stands(g.id(riverside, a, day), gateway.Withdrawn, gateway.VisitOptedOut)
	g.stands(g.id(riverside, c, day), gateway.Withdrawn, gateway.VisitOptedOut)
	events, err := g.s.Story(t.Context(), riverside, g.id(riverside, a, day).Ref)
	if err != nil || len(events) != 1 || events[0].Reason != gateway.VisitOptedOut {
		t.Errorf("the story does not tell: %v, %v", events, err)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func visitStoppedAtTheLastStep(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	g.unwanted(visitOut(g, a))
	if got := g.tryToLeave(c); got.Verdict != gateway.VisitStop || got.From != gateway.Claimed {
		t.Errorf("verdict %c from %c", got.Verdict, got.From)
	}
	g.stands(c.ID, gateway.Withdrawn, gateway.VisitOptedOut)
	if n := g.raw.ZCard(t.Context(), ShardKey(riverside, "lease")).Val(); n != 0 {
		t.Errorf("%d leases are left", n)
	}
	g.counted(riverside)
}

func stalePlanOfAVisit(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.id(riverside, a, day)
	g.plan(g.owed(a, day))
	d, err := g.s.Known(t.Context(), riverside)
	if err != nil || d.Outs(a).Visit {
		t.Fatal("opted out before anybody said so", err)
	}
	g.unwanted(visitOut(g, a))
	if got, err := g.s.WithholdFiner(t.Context(), visitOut(g, a), g.now); err != nil || len(got) != 1 {
		t.Errorf("%d withdrawn, %v", len(got), err)
	}
	g.stands(id, gateway.Withdrawn, gateway.VisitOptedOut)
	again := a
	again.Version = "2"
	if got, err := g.s.Plan(t.Context(), d, g.now, []gateway.Entry{g.owed(again, day)}); err != nil || got.Written != 1 {
		t.Fatal(got.Written, err)
	}
	g.stands(id, gateway.Queued, gateway.None)
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 0 || len(got.Moves) != 1 {
		t.Errorf("%d claims", len(got.Claims))
	}
	if d, err = g.s.Known(t.Context(), riverside); err != nil || !d.Outs(a).Visit || d.Outs(another(a)).Visit || d.Outs(a).Clinics != (gateway.ClinicOuts{}) {
		t.Error("the diary tells wrongly of which visit no text is wanted", err)
	}
	// Lifted, the next plan brings it back.
	g.lift(visitOut(g, a))
	g.plan(g.owed(again, day))
	if got := g.claim(); len(got.Claims) != 1 {
		t.Errorf("after it was lifted: %d claims", len(got.Claims))
	}
	g.finerAre()
}

// decided gives what a sender decides of a claim, as far as clinics go.
func decided(c gateway.Claim) (leaves bool) {
	return c.Clinics.List == gateway.Digest{} || c.Facts.Appointment.Judged == gateway.ClinicJudged{List: c.Clinics.List}
}

func clinicJudged(t *testing.T, g *surgery) {
	feet := g.person(1)
	eyes, other := another(feet), g.person(2)
	g.plan(g.owed(feet, hours, day), g.owed(eyes, day), g.owed(other, day))
	g.unwanted(clinicOut(g, 1, "Foot clinic"))
	got, err := g.s.WithholdFiner(t.Context(), clinicOut(g, 1, "Foot clinic"), g.now)
	if err != nil || len(got) != 3 {
		t.Errorf("%d are held, %v", len(got), err)
	}
	for _, id := range []gateway.ReminderID{g.id(riverside, feet, hours), g.id(riverside, feet, day), g.id(riverside, eyes, day)} {
		g.stands(id, gateway.Held, gateway.ClinicUntold)
	}
	g.stands(g.id(riverside, other, day), gateway.Queued, gateway.None)
	g.counted(riverside)
	if got := g.claim(); got.Looked != 0 {
		t.Errorf("%d are looked at before they are due", got.Looked)
	}

	want := func(when string, leaving ...gateway.Appointment) {
		t.Helper()
		n := 0
		for _, c := range g.claim().Claims {
			if !decided(c) {
				g.move(gateway.Change{ID: c.ID, To: gateway.Held, Reason: gateway.ClinicUntold, At: g.now})
				continue
			}
			n++
			if !slices.ContainsFunc(leaving, func(a gateway.Appointment) bool { return g.id(riverside, a, c.ID.Rule) == c.ID }) {
				t.Errorf("%s: the wrong text may leave", when)
			}
			if got := g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Queued, At: g.now}); got.Verdict != gateway.Done {
				t.Errorf("%s: verdict %c", when, got.Verdict)
			}
		}
		if n != len(leaving) {
			t.Errorf("%s: %d texts may leave, want %d", when, n, len(leaving))
		}
	}
	g.now = day.Due(feet.Start)
	want("before the diary was read", other)
	g.plan(g.judged(feet, "Diabetes foot clinic", day), g.judged(eyes, "Eye screening", day), g.judged(other, "Foot clinic", day))
	want("after it", eyes, other)
	g.plan(g.judged(feet, "Eye screening", day))
	want("the visit is at another clinic now", feet, eyes, other)
	g.explained(riverside)
}

func clinicsChanged(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	leave := func(c gateway.Claim) gateway.ChangeVerdict {
		t.Helper()
		got := g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, Clinics: c.Clinics.List, At: g.now.Add(lease)}).Verdict
		g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Queued})
		return got
	}
	free := g.claim().Claims[0]
	g.unwanted(clinicOut(g, 1, "Foot clinic"))
	if got := leave(free); got != gateway.Outdated {
		t.Errorf("decided without a list: verdict %c", got)
	}
	g.plan(g.judged(a, "Eye screening", day))
	one := g.claim().Claims[0]
	g.unwanted(clinicOut(g, 1, "Hearing"))
	if got := leave(one); got != gateway.Outdated || !decided(one) {
		t.Errorf("decided by another list: verdict %c", got)
	}
	g.plan(g.judged(a, "Eye screening", day))
	two := g.claim().Claims[0]
	g.lift(clinicOut(g, 1, "foot CLINIC"))
	g.finerAre(clinicOut(&surgery{now: day.Due(a.Start)}, 1, "Hearing"))
	if got := leave(two); got != gateway.Outdated {
		t.Errorf("decided by a longer list: verdict %c", got)
	}
	g.plan(g.judged(a, "Eye screening", day))
	three := g.claim().Claims[0]
	if got := leave(three); got != gateway.Done || !decided(three) {
		t.Errorf("decided by the list that stands: verdict %c", got)
	}
}

func damagedClinics(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	g.unwanted(clinicOut(g, 1, "Foot clinic"))
	g.plan(g.judged(a, "Eye screening", day))
	fields := g.raw.HKeys(t.Context(), Key(riverside, "f")).Val()
	g.now = day.Due(a.Start)
	for _, damage := range []string{"", "short", "long enough to hold a list"} {
		for _, f := range fields {
			if len(f) == 12 {
				g.raw.HSet(t.Context(), Key(riverside, "f"), f, damage)
			}
		}
		g.plan(g.judged(a, "Eye screening", day))
		n := 0
		for _, c := range g.claim().Claims {
			if decided(c) {
				n++
			}
			g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Queued})
		}
		if n != 1 { // of the other patient
			t.Errorf("with %q in its place %d texts may leave", damage, n)
		}
		g.lift(clinicOut(g, 1, "Foot clinic"))
		if n := g.raw.HLen(t.Context(), Key(riverside, "f")).Val(); n != int64(len(fields)) {
			t.Errorf("with %q in its place it was lifted", damage)
		}
	}
	g.raw.Del(t.Context(), Key(riverside, "f"))
	g.raw.Set(t.Context(), Key(riverside, "f"), "damaged", 0)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Errorf("%d are claimed although nobody knows which visits are opted out", len(got.Claims))
	}
}

func finerBesideStop(t *testing.T, g *surgery) {
	a := g.person(1)
	visit, clinic := visitOut(g, a), clinicOut(g, 1, "Foot clinic")
	g.unwanted(visit, clinic)
	stopped := stop(g, riverside, 1)
	g.optedOut(g.s, stopped)
	g.finerAre(clinic, visit)
	if n, err := g.s.OptOutCounts(t.Context(), []gateway.ODS{riverside}); err != nil || n[riverside] != 1 {
		t.Errorf("%d numbers count as opted out, %v", n[riverside], err)
	}
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	g.claim()
	g.stands(g.id(riverside, a, day), gateway.Withdrawn, gateway.OptedOut) // the wider one is what is told
	g.lift(gateway.OptOut{Practice: riverside, Number: number(1), By: gateway.OutByPatient, Message: "SM2"})
	g.optedOut(g.s)
	g.finerAre(clinic, visit)
	if c, err := g.s.Consent(riverside, number(1), "SM2"); err != nil || c.Out || !c.Changed.Equal(g.now) {
		t.Errorf("the last wish of the number: out %t at %v, %v", c.Out, c.Changed, err)
	}
	g.unwanted(visit)
	if c, err := g.s.Consent(riverside, number(1), "SM2"); err != nil || c.Out {
		t.Errorf("what staff recorded of a visit counts as the number's STOP: %v", err)
	}
}
