package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

var tasks = []promise{
	{"a move after a text is a task with the text's facts, once", movedAfterText},
	{"nothing is a task for whom no text has left", noTextNoTask},
	{"of several texts about one start the last one becomes the task", lastTextIsTheTask},
	{"a cancellation after a text is a task, once, also when it is told again", cancelledAfterText},
	{"a task goes when the visit stands again as the text said, and comes back with the next change", standsAgain},
	{"a reminder whose fate is never learnt is a task", failedIsATask},
	{"a task is closed once, by a name, with a note that is sealed", taskCloses},
	{"closed tasks are forgotten, and open ones long after their time", tasksSwept},
	{"a damaged task is still one", damagedTask},
	{"a task about a visit to come is opened once, with the visit's facts", aheadOnce},
	{"a task about a visit to come goes when it is no longer wanted, where the visit was looked at", aheadGoes},
	{"a task about a visit to come that was closed stays closed until the visit is over", aheadStaysClosed},
}

func (g *surgery) tasks() []gateway.Task {
	g.t.Helper()
	all, err := g.s.Tasks(g.t.Context(), riverside)
	if err != nil {
		g.t.Fatal(err)
	}
	return all
}

// texted plans an appointment and lets its reminder leave, up to a state.
func (g *surgery) texted(a gateway.Appointment, last gateway.State, rules ...gateway.Rule) gateway.ReminderID {
	g.t.Helper()
	g.plan(g.owed(a, rules...))
	was := g.now
	g.now = rules[0].Due(a.Start)
	id := g.id(riverside, a, rules[0])
	for _, c := range g.claim().Claims {
		if c.ID != id {
			continue
		}
		g.leave(c)
		if last != gateway.Sending {
			g.move(gateway.Change{ID: id, To: last})
		}
	}
	if got := g.state(id); got != last {
		g.t.Fatalf("it is %s, want %s", got, last)
	}
	g.now = g.now.Add(time.Minute)
	if g.now.Before(was) {
		g.now = was
	}
	return id
}

func with(e gateway.Entry, k gateway.TaskKind) gateway.Entry {
	e.Task = k
	return e
}

func movedAfterText(t *testing.T, g *surgery) {
	for i, last := range []gateway.State{gateway.Sending, gateway.Unknown, gateway.Accepted, gateway.Delivered} {
		a := g.person(i + 1)
		id := g.texted(a, last, day)
		is := a
		is.Start, is.Mode = a.Start.AddDate(0, 0, 2), gateway.ModeTelephone
		g.plan(with(g.owed(is, day), gateway.TaskMoved))
		all := g.tasks()
		if len(all) != i+1 {
			t.Fatalf("%s: %d tasks, want %d", last, len(all), i+1)
		}
		got := all[i]
		if got.ID != (gateway.TaskID{Kind: gateway.TaskMoved, ReminderID: id}) || !got.Opened.Equal(g.now) || !got.Now.Equal(is.Start) || got.State != last || !got.Open() {
			t.Errorf("%s: the task is %+v", last, got.ID.Kind)
		}
		if f := got.Facts.Appointment; got.Damaged || f.ID != a.ID || f.Mode != a.Mode || !f.Start.Equal(a.Start) || f.Patient.Mobile != a.Patient.Mobile {
			t.Errorf("%s: the facts are not those that the text was worded from", last)
		}
		is.Start = is.Start.Add(time.Hour) // and on: nobody was told of the time between
		g.plan(with(g.owed(is, day), gateway.TaskMoved))
		if n := len(g.tasks()); n != i+1 {
			t.Errorf("%s: moved again: %d tasks", last, n)
		}
		g.now = g.now.AddDate(0, 0, -4)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func noTextNoTask(t *testing.T, g *surgery) {
	for i, last := range []gateway.State{gateway.Queued, gateway.Claimed, gateway.Refused, gateway.Undelivered} {
		a := g.person(i + 1)
		if last == gateway.Queued {
			g.plan(g.owed(a, day))
		} else if last == gateway.Claimed {
			g.plan(g.owed(a, day))
			g.now = day.Due(a.Start)
			g.claim()
		} else {
			g.texted(a, last, day)
		}
		is := a
		is.Start = a.Start.AddDate(0, 0, 2)
		g.plan(with(g.owed(is, day), gateway.TaskMoved))
		is.Status = gateway.StatusCancelled
		g.plan(with(g.withheld(is, gateway.Withdrawn, gateway.Cancelled, day), gateway.TaskCancelled))
	}
	dead := g.person(9)
	g.texted(dead, gateway.Delivered, day)
	dead.Start = dead.Start.AddDate(0, 0, 2)
	g.plan(g.owed(dead, day)) // the scheduler wants no task
	if n := len(g.tasks()); n != 0 {
		t.Errorf("%d tasks", n)
	}
}

func lastTextIsTheTask(t *testing.T, g *surgery) {
	a := g.person(1)
	a.Start = a.Start.AddDate(0, 0, 5)
	g.texted(a, gateway.Delivered, week, day)
	id := g.texted(a, gateway.Delivered, day, week)
	is := a
	is.Start = a.Start.Add(2 * time.Hour)
	g.plan(with(g.owed(is, week, day), gateway.TaskMoved))
	if all := g.tasks(); len(all) != 1 || all[0].ID.ReminderID != id {
		t.Errorf("%d tasks", len(all))
	}
}

func cancelledAfterText(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.texted(a, gateway.Delivered, day)
	for i := range 3 {
		a.Status, a.Version = gateway.StatusCancelled, string(rune('2'+i))
		g.plan(with(g.withheld(a, gateway.Withdrawn, gateway.Cancelled, day), gateway.TaskCancelled))
		all := g.tasks()
		if len(all) != 1 || all[0].ID != (gateway.TaskID{Kind: gateway.TaskCancelled, ReminderID: id}) || !all[0].Now.IsZero() {
			t.Fatalf("%d tasks", len(all))
		}
	}
}

func standsAgain(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.texted(a, gateway.Delivered, day)
	away, off := a, a
	away.Start = a.Start.AddDate(0, 0, 1)
	off.Status = gateway.StatusCancelled
	for _, c := range []struct {
		kind gateway.TaskKind
		e    gateway.Entry
	}{
		{gateway.TaskMoved, with(g.owed(away, day), gateway.TaskMoved)},
		{gateway.TaskCancelled, with(g.withheld(off, gateway.Withdrawn, gateway.Cancelled, day), gateway.TaskCancelled)},
	} {
		for i := range 3 {
			g.plan(c.e)
			if all := g.tasks(); len(all) != 1 || all[0].ID != (gateway.TaskID{Kind: c.kind, ReminderID: id}) || !all[0].Open() {
				t.Fatalf("%s, time %d: %d tasks", c.kind, i, len(all))
			}
			if i == 1 { // whether somebody had rung or not
				if _, err := g.s.CloseTask(t.Context(), g.tasks()[0].ID, g.now, "Jo", gateway.Text{}); err != nil {
					t.Fatal(err)
				}
			}
			if c.kind == gateway.TaskCancelled { // it may stand, or may not: that is no reason to forget
				g.plan(with(g.withheld(a, gateway.Held, gateway.StatusUnclear, day), gateway.TaskMoved))
				if n := len(g.tasks()); n != 1 {
					t.Fatalf("%s, time %d: unclear, and %d tasks are left", c.kind, i, n)
				}
			}
			g.plan(with(g.owed(a, day), gateway.TaskMoved))
			if n := len(g.tasks()); n != 0 {
				t.Fatalf("%s, time %d: it stands again, and %d tasks are left", c.kind, i, n)
			}
		}
	}
	g.stands(id, gateway.Delivered, gateway.None)
	g.counted(riverside)
}

func failedIsATask(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.texted(a, gateway.Unknown, day)
	g.move(gateway.Change{ID: id, To: gateway.Failed, Reason: gateway.UnknownOutcome})
	all := g.tasks()
	if len(all) != 1 || all[0].ID != (gateway.TaskID{Kind: gateway.TaskUnknown, ReminderID: id}) || all[0].Facts.Appointment.ID != a.ID || all[0].State != gateway.Failed {
		t.Fatalf("%d tasks", len(all))
	}
	counts, oldest, err := g.s.OpenTasks(t.Context(), riverside)
	if err != nil || counts[gateway.TaskUnknown] != 1 || len(counts) != 1 || !oldest[gateway.TaskUnknown].Equal(g.now) {
		t.Errorf("counted %v since %v, %v", counts, oldest, err)
	}
}

func taskCloses(t *testing.T, g *surgery) {
	id := g.texted(g.person(1), gateway.Unknown, day)
	g.move(gateway.Change{ID: id, To: gateway.Failed})
	task := gateway.TaskID{Kind: gateway.TaskUnknown, ReminderID: id}
	closing := func(id gateway.TaskID, by string) (bool, error) {
		return g.s.CloseTask(t.Context(), id, g.now.Add(time.Hour), by, gateway.NewText("rang Cadwallader"))
	}
	if done, err := closing(task, "Jo Bloggs"); err != nil || !done {
		t.Fatalf("closed: %v, %v", done, err)
	}
	if done, err := closing(task, "Somebody Else"); err != nil || done {
		t.Errorf("closed again: %v, %v", done, err)
	}
	other := task
	other.Kind = gateway.TaskMoved
	if _, err := closing(other, "Jo Bloggs"); !errors.Is(err, store.ErrNoTask) {
		t.Errorf("a task that never was: %v", err)
	}
	got := g.tasks()[0]
	if got.Open() || !got.Closed.Equal(g.now.Add(time.Hour)) || got.By != "Jo Bloggs" || got.Note != gateway.NewText("rang Cadwallader") || got.Damaged || got.Facts.Appointment.ID != g.person(1).ID {
		t.Error("the closing is not kept, or the facts were lost with it")
	}
	if counts, oldest, err := g.s.OpenTasks(t.Context(), riverside); err != nil || len(counts) != 0 || len(oldest) != 0 {
		t.Errorf("still counted as open: %v", err)
	}
	for _, v := range g.raw.HGetAll(t.Context(), Key(riverside, "w")).Val() {
		if strings.Contains(v, "Bloggs") || strings.Contains(v, "Cadwallader") || strings.Contains(v, "07700") || strings.Contains(v, "+44") {
			t.Error("a task stands in Redis in clear")
		}
	}
}

func tasksSwept(t *testing.T, g *surgery) {
	closed, open := g.texted(g.person(1), gateway.Unknown, day), g.texted(g.person(2), gateway.Unknown, day)
	for _, id := range []gateway.ReminderID{closed, open} {
		g.move(gateway.Change{ID: id, To: gateway.Failed})
	}
	if _, err := g.s.CloseTask(t.Context(), gateway.TaskID{Kind: gateway.TaskUnknown, ReminderID: closed}, g.now, "Jo", gateway.Text{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before time.Time
		want   int
	}{
		{g.now, 2},
		{g.now.Add(time.Second), 1},
		{open.Start.AddDate(0, 0, 28), 1},
		{open.Start.AddDate(0, 0, 28).Add(time.Second), 0},
	} {
		if _, err := g.s.Sweep(t.Context(), riverside, c.before); err != nil {
			t.Fatal(err)
		}
		if n := len(g.tasks()); n != c.want {
			t.Errorf("after sweeping what was over before %v: %d tasks, want %d", c.before, n, c.want)
		}
	}
}

func damagedTask(t *testing.T, g *surgery) {
	id := g.texted(g.person(1), gateway.Unknown, day)
	g.move(gateway.Change{ID: id, To: gateway.Failed})
	ctx, k := context.Background(), Key(riverside, "w")
	field := string(gateway.TaskID{Kind: gateway.TaskUnknown, ReminderID: id}.Key())
	whole := g.raw.HGet(ctx, k, field).Val()
	for _, v := range []string{whole[:16], whole[:40], whole[:14] + "\xff\xff", whole[:16] + strings.Repeat("x", 200)} {
		g.raw.HSet(ctx, k, field, v)
		if all := g.tasks(); len(all) != 1 || !all[0].Damaged {
			t.Errorf("%d tasks", len(all))
		}
	}
	for _, v := range []string{"", "1", whole[:15]} {
		g.raw.HSet(ctx, k, field, v)
		g.tasks() // it is lost, and stops no other
	}
}
