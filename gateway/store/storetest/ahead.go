package storetest

import (
	"testing"
	"time"

	"bellman/gateway"
)

func everyVisit(gateway.Ref) bool { return true }

// ahead asks for these tasks and no others.
func (g *surgery) ahead(looked func(gateway.Ref) bool, wanted ...gateway.TaskID) {
	g.t.Helper()
	if err := g.s.SetTasks(g.t.Context(), riverside, wanted, looked, g.now); err != nil {
		g.t.Fatal(err)
	}
}

// otherWay plans a visit of the n-th patient and gives the task that they are to be
// reminded in another way.
func (g *surgery) otherWay(n int) gateway.TaskID {
	a := g.person(n)
	g.plan(g.withheld(a, gateway.Withdrawn, gateway.NeedsOtherWay, day))
	return gateway.TaskID{Kind: gateway.TaskOtherWay, ReminderID: g.id(riverside, a, day)}
}

func aheadOnce(t *testing.T, g *surgery) {
	one, two := g.otherWay(1), g.otherWay(2)
	opened := g.now
	g.ahead(everyVisit, one, one)
	g.now = g.now.Add(time.Hour)
	g.ahead(everyVisit, one, two)
	all := g.tasks()
	if len(all) != 2 || all[0].ID != one || all[1].ID != two || !all[0].Opened.Equal(opened) || !all[1].Opened.Equal(g.now) {
		t.Fatalf("%d tasks are open, the first of %v", len(all), all[0].Opened)
	}
	if all[0].Damaged || all[0].Facts.Appointment.ID != g.person(1).ID || !all[0].Facts.Appointment.Start.Equal(one.Start) {
		t.Error("the task does not tell of its visit")
	}
	nobody := one
	nobody.Ref[0] ^= 1 // a visit of which no record is kept
	g.ahead(everyVisit, one, two, nobody)
	if n := len(g.tasks()); n != 2 {
		t.Errorf("%d tasks are open, one about no visit", n)
	}
}

func aheadGoes(t *testing.T, g *surgery) {
	text := g.texted(g.person(9), gateway.Unknown, day)
	g.move(gateway.Change{ID: text, To: gateway.Failed})
	one, two := g.otherWay(1), g.otherWay(2)
	g.ahead(everyVisit, one, two)
	g.ahead(func(r gateway.Ref) bool { return r == one.Ref || r == text.Ref })
	all := g.tasks()
	if len(all) != 2 || all[0].ID.Kind != gateway.TaskUnknown || all[1].ID != two {
		t.Fatalf("%d tasks are left: the one about a text and the one of a visit that was not looked at ought to be", len(all))
	}
	language := two
	language.Kind = gateway.TaskLanguage
	g.ahead(everyVisit, language)
	if all = g.tasks(); len(all) != 2 || all[0].ID != language {
		t.Errorf("%d tasks are left, or the wrong ones", len(all))
	}
}

func aheadStaysClosed(t *testing.T, g *surgery) {
	id := g.otherWay(1)
	g.ahead(everyVisit, id)
	if done, err := g.s.CloseTask(t.Context(), id, g.now, "Jo Bloggs", gateway.Text{}); err != nil || !done {
		t.Fatal(done, err)
	}
	sweep := func(before time.Time) {
		t.Helper()
		if _, err := g.s.Sweep(t.Context(), riverside, before); err != nil {
			t.Fatal(err)
		}
	}
	sweep(id.Start.Add(-time.Second))
	g.ahead(everyVisit, id)
	if all := g.tasks(); len(all) != 1 || all[0].Open() {
		t.Fatalf("%d tasks, or it is open again", len(all))
	}
	g.ahead(everyVisit) // no longer wanted: what was done about it is kept all the same
	if n := len(g.tasks()); n != 1 {
		t.Fatalf("%d tasks", n)
	}
	sweep(id.Start.Add(time.Second))
	if n := len(g.tasks()); n != 0 {
		t.Errorf("%d tasks are kept though the visit is over", n)
	}
}
