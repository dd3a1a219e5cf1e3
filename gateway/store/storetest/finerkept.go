package storetest

import (
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

func finerSurvives(t *testing.T, g *surgery) {
	a, b, c := g.person(1), g.person(2), g.person(3)
	c.Patient.Mobile = gateway.Phone{} // a visit needs no number
	stays := []gateway.OptOut{visitOut(g, a), visitOut(g, c), clinicOut(g, 1, "Foot clinic"), clinicOut(g, 1, "Eyes")}
	g.unwanted(stays...)
	g.unwanted(visitOut(g, b), clinicOut(g, 2, "Foot clinic"))
	g.now = g.now.Add(time.Hour)
	g.lift(visitOut(g, b))
	g.lift(clinicOut(g, 2, "Foot clinic"))
	g.unwanted(visitOut(g, a)) // the first date stays
	want, err := g.s.FinerOptOuts(t.Context(), riverside)
	if err != nil || len(want) != len(stays) {
		t.Fatalf("%d stand, %v", len(want), err)
	}
	for _, o := range want {
		if !slices.Contains(stays, o) {
			t.Errorf("of scope %s another stands than was recorded", o.Scope)
		}
	}
	history := g.history(riverside, 2)
	if len(history) != 4 {
		t.Errorf("the history tells of %d changes", len(history))
	}
	for range 2 { // the second time the keys of the first Redis are gone for good
		g.flush()
		g.s = g.open()
		g.finerAre(want...)
		if got := g.history(riverside, 2); !slices.Equal(got, history) {
			t.Errorf("after the loss the history tells %q", got)
		}
		g.release()
	}
	g.optedOut(g.s)
	g.plan(g.owed(a, day), g.owed(b, day))
	g.now = day.Due(a.Start)
	leaving := 0
	for _, c := range g.claim().Claims {
		if decided(c) {
			leaving++
		}
	}
	if leaving != 1 {
		t.Errorf("%d texts may leave, want the one about the visit that was lifted", leaving)
	}
	g.stands(g.id(riverside, a, day), gateway.Withdrawn, gateway.VisitOptedOut)
}

func finerComesBack(t *testing.T, g *surgery) {
	a := g.person(1)
	g.unwanted(visitOut(g, a))
	g.balance()
	g.raw.Del(t.Context(), Key(riverside, "f"))
	g.balance(gateway.OptOutsLost)
	g.finerAre(visitOut(g, a))
	g.lift(visitOut(g, a))
	g.balance() // that the last one went is no loss
	g.finerAre()
}

func finerSwept(t *testing.T, g *surgery) {
	over, later := g.person(1), g.person(2)
	never, moved := g.person(3), g.person(4)
	later.Start = over.Start.AddDate(0, 0, 20)
	g.plan(g.owed(over, day), g.owed(later, day), g.owed(moved, day))
	clinic := clinicOut(g, 1, "Foot clinic")
	g.unwanted(visitOut(g, over), visitOut(g, later), visitOut(g, never), visitOut(g, moved), clinic)
	moved.Start = later.Start
	g.plan(g.owed(moved, day))
	if err := g.s.SetFeed(t.Context(), riverside, gateway.FeedState{AsOf: g.now}); err != nil {
		t.Fatal(err)
	}
	if n, err := g.s.Sweep(t.Context(), riverside, over.Start.Add(time.Second)); err != nil || n != 1 {
		t.Errorf("%d went, %v", n, err)
	}
	got, err := g.s.FinerOptOuts(t.Context(), riverside)
	if err != nil || len(got) != 3 || slices.ContainsFunc(got, func(o gateway.OptOut) bool { return o.Visit == over.Identity() || o.Visit == never.Identity() }) {
		t.Errorf("%d stand, %v", len(got), err)
	}
	if _, err := g.s.Sweep(t.Context(), riverside, later.Start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	g.finerAre(clinic)
	g.balance() // that the visits' went is no loss
	g.finerAre(clinic)
}

func finerNotSweptTooSoon(t *testing.T, g *surgery) {
	a := g.person(1)
	g.unwanted(visitOut(g, a))
	if _, err := g.s.Sweep(t.Context(), riverside, a.Start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	g.finerAre(visitOut(g, a)) // it may have been moved, and no read has said so yet
}
