package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

var histories = []promise{
	{"every change of a number is told in order: when, by whom, by which text, with what note", historyInOrder},
	{"a history is told after Redis was emptied, and so is what another machine took", historyOutlivesRedis},
	{"a text that is obeyed twice is told once", obeyedTwiceToldOnce},
	{"a number that opts out again keeps its first date, and the word that is harder to undo", optOutsJoin},
	{"an opt-out of every practice is one at each, also after Redis was emptied", optOutOfAll},
	{"one practice's damaged opt-outs keep no other's from being written", damagedOptOutsStopNoOther},
	{"who asks for texts again, and whom the clinical system says declined of, is a task for each such patient", askedForTexts},
	{"the task to record an opt-out is closed for the number that opts in again, and for no other", optInClosesTasks},
}

// noted is what staff wrote about a patient.
var noted = gateway.NewText("rang Cadwallader")

// history gives the changes of the n-th number, in short.
func (g *surgery) history(p gateway.ODS, n int) []string {
	g.t.Helper()
	all, unreadable, err := g.s.OptOutHistory(g.t.Context(), p)
	if err != nil || unreadable != 0 {
		g.t.Fatal(unreadable, err)
	}
	var out []string
	for _, ch := range all {
		if ch.Number == number(n) {
			out = append(out, fmt.Sprintf("%s %t %s %s %s %s %t", ch.Since.UTC().Format("02T15"), ch.Out, ch.By, ch.Who, ch.Message, ch.Scope, ch.Note == noted))
		}
	}
	return out
}

// lived lets the first number go through every kind of change, and gives how its
// history is told.
func (g *surgery) lived() []string {
	g.t.Helper()
	o := gateway.OptOut{Practice: riverside, Number: number(1)}
	steps := []struct {
		out  bool
		o    gateway.OptOut
		told string
	}{
		{true, gateway.OptOut{By: gateway.OutByPatient, Message: "SM1"}, `02T09 true patient  SM1 practice false`},
		{false, gateway.OptOut{By: gateway.OutByPatient, Message: "SM2"}, `02T10 false patient  SM2 practice false`},
		{true, gateway.OptOut{By: gateway.OutByProvider}, `02T11 true provider   practice false`},
		{true, gateway.OptOut{By: gateway.OutByStaff, Who: "Jo Bloggs", Note: noted}, `02T12 true staff Jo Bloggs  practice true`},
		{false, gateway.OptOut{By: gateway.OutByStaff, Who: "A. Manager"}, `02T13 false staff A. Manager  practice false`},
		{true, gateway.OptOut{By: gateway.OutByPatient, Message: "SM3", Scope: gateway.ScopeAll}, `02T14 true patient  SM3 all false`},
	}
	var want []string
	for _, s := range steps {
		s.o.Practice, s.o.Number, s.o.Since = o.Practice, o.Number, g.now
		do := g.s.OptIn
		if s.out {
			do = g.s.AddOptOut
		}
		if err := do(g.t.Context(), s.o); err != nil {
			g.t.Fatal(err)
		}
		want = append(want, s.told)
		g.now = g.now.Add(time.Hour)
	}
	return want
}

func historyInOrder(t *testing.T, g *surgery) {
	want := g.lived()
	stop(g, riverside, 2)
	stop(g, hillside, 1)
	if got := g.history(riverside, 1); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if got := g.history(riverside, 2); len(got) != 1 {
		t.Errorf("another number: %q", got)
	}
	if got := g.history(hillside, 2); len(got) != 0 {
		t.Errorf("a number that never said anything: %q", got)
	}
}

func historyOutlivesRedis(t *testing.T, g *surgery) {
	want := g.lived()
	ours := g.s
	elsewhere := NewPlace(t)
	elsewhere.Keys = g.place.Keys
	g.s = OpenAt(t, g.address, elsewhere) // its own journal is empty
	if got := g.history(riverside, 1); !slices.Equal(got, want) {
		t.Errorf("another machine tells %q, want %q", got, want)
	}
	g.s = ours
	g.flush()
	g.s = g.open()
	if got := g.history(riverside, 1); !slices.Equal(got, want) {
		t.Errorf("after the loss: %q, want %q", got, want)
	}
	g.s = OpenAt(t, g.address, elsewhere)
	if got := g.history(riverside, 1); !slices.Equal(got, want) {
		t.Errorf("after the loss another machine tells %q, want %q", got, want)
	}
}

func obeyedTwiceToldOnce(t *testing.T, g *surgery) {
	o := gateway.OptOut{Practice: riverside, Number: number(1), Since: g.now, By: gateway.OutByPatient, Message: "SM1"}
	for range 3 {
		if err := g.s.AddOptOut(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o.Since = o.Since.Add(time.Minute) // it was not filed the first time
	}
	if got := g.history(riverside, 1); !slices.Equal(got, []string{`02T09 true patient  SM1 practice false`}) {
		t.Errorf("told %q", got)
	}
}

func optOutsJoin(t *testing.T, g *surgery) {
	first := g.now
	for _, by := range []string{gateway.OutByUnsure, gateway.OutByPatient, gateway.OutByStaff, gateway.OutByPatient, gateway.OutByProvider} {
		o := gateway.OptOut{Practice: riverside, Number: number(1), Since: g.now, By: by}
		if by == gateway.OutByStaff {
			o.Who = "Jo Bloggs"
		}
		if err := g.s.AddOptOut(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		g.now = g.now.Add(time.Hour)
	}
	want := gateway.OptOut{Practice: riverside, Number: number(1), Since: first, By: gateway.OutByStaff, Who: "Jo Bloggs"}
	g.optedOut(g.s, want)
	g.flush()
	g.s = g.open()
	g.optedOut(g.s, want)
}

func optOutOfAll(t *testing.T, g *surgery) {
	stop(g, riverside, 1) // had said STOP to one of them before
	g.now = g.now.Add(time.Hour)
	var all []gateway.OptOut
	for _, p := range []gateway.ODS{riverside, hillside} {
		all = append(all, gateway.OptOut{Practice: p, Number: number(1), Since: g.now, By: gateway.OutByPatient, Scope: gateway.ScopeAll})
	}
	if err := g.s.AddOptOuts(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	all[0].Since = all[0].Since.Add(-time.Hour)
	look := func(when string) {
		t.Helper()
		for _, want := range all {
			if got, out, err := g.s.OptedOut(t.Context(), want.Practice, number(1)); err != nil || !out || got != want {
				t.Errorf("%s, %s: %v %v, %v", when, want.Practice, out, got.Scope, err)
			}
		}
	}
	look("at once")
	g.flush()
	g.s = g.open()
	look("after the loss")
	if err := g.s.RemoveOptOut(t.Context(), riverside, number(1), g.now, gateway.OutByPatient); err != nil {
		t.Fatal(err)
	}
	if _, out, err := g.s.OptedOut(t.Context(), hillside, number(1)); err != nil || !out {
		t.Errorf("undone at one practice, it is undone at the other: %v", err)
	}
}

func damagedOptOutsStopNoOther(t *testing.T, g *surgery) {
	g.raw.Set(t.Context(), Key(riverside, "o"), "damaged", 0)
	var all []gateway.OptOut
	for _, p := range []gateway.ODS{riverside, hillside} {
		all = append(all, gateway.OptOut{Practice: p, Number: number(1), Since: g.now, By: gateway.OutByPatient, Scope: gateway.ScopeAll})
	}
	if err := g.s.AddOptOuts(t.Context(), all); err == nil {
		t.Error("what could not be written is told as written")
	}
	if _, out, err := g.s.OptedOut(t.Context(), hillside, number(1)); err != nil || !out {
		t.Errorf("not opted out of the practice whose books are whole: %v", err)
	}
}

// shared plans the visits of some patients who have the first number.
func (g *surgery) shared(patients ...gateway.Patient) {
	g.t.Helper()
	for i, p := range patients {
		a := g.person(i + 1)
		p.ID, p.Mobile, p.MobileKind = a.Patient.ID, number(1), gateway.NumberMobile
		a.Patient = p
		g.plan(g.owed(a, day))
	}
}

// openTasks gives the patients of the open tasks of a kind.
func (g *surgery) openTasks(kind gateway.TaskKind) []gateway.PatientID {
	g.t.Helper()
	all, err := g.s.OpenTasksOf(g.t.Context(), riverside, kind)
	if err != nil {
		g.t.Fatal(err)
	}
	var out []gateway.PatientID
	for _, t := range all {
		out = append(out, t.Facts.Appointment.Patient.ID)
	}
	slices.Sort(out)
	return out
}

func askedForTexts(t *testing.T, g *surgery) {
	yes := gateway.FlagYes
	g.shared(gateway.Patient{}, gateway.Patient{Declined: yes}, gateway.Patient{Declined: yes, Deceased: yes}, gateway.Patient{Declined: gateway.FlagUnclear}, gateway.Patient{Restricted: yes})
	for _, c := range []struct {
		everybody bool
		want      []gateway.PatientID
	}{{false, []gateway.PatientID{"1002"}}, {false, []gateway.PatientID{"1002"}}, {true, []gateway.PatientID{"1001", "1002", "1004"}}} {
		if _, err := g.s.OpenOptInTasks(t.Context(), riverside, number(1), c.everybody, g.now); err != nil {
			t.Fatal(err)
		}
		if got := g.openTasks(gateway.TaskOptIn); !slices.Equal(got, c.want) {
			t.Errorf("everybody %v: tasks for %v, want %v", c.everybody, got, c.want)
		}
	}
}

func optInClosesTasks(t *testing.T, g *surgery) {
	g.shared(gateway.Patient{}, gateway.Patient{})
	g.plan(g.owed(g.person(7), day))
	for _, n := range []int{1, 7} {
		if _, err := g.s.OpenOptOutTasks(t.Context(), riverside, number(n), g.now); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.openTasks(gateway.TaskOptOut); len(got) != 3 {
		t.Fatalf("%d tasks are open", len(got))
	}
	if err := g.s.CloseOptOutTasks(t.Context(), riverside, number(1), g.now, gateway.ByThePatient, gateway.NewText("START")); err != nil {
		t.Fatal(err)
	}
	if got := g.openTasks(gateway.TaskOptOut); !slices.Equal(got, []gateway.PatientID{"1007"}) {
		t.Errorf("open are those of %v", got)
	}
	for _, x := range g.tasks() {
		if !x.Open() && x.By != gateway.ByThePatient {
			t.Errorf("closed by %q", x.By)
		}
	}
}
