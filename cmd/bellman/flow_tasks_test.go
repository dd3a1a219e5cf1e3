package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/surgery"
)

type taskLine struct {
	ID, Kind, Appointment, Start, Now, Rule, State, Closed, By, Number, Text, Note string
}

// tasks gives the open tasks, "slot kind", in order of the slots.
func (s *scene) tasks() (all []taskLine, short []string) {
	s.t.Helper()
	s.ask(&all, "tasks", "--practice", scenePractice)
	for _, x := range all {
		short = append(short, fmt.Sprintf("%d %s", slotOf(x.Appointment), x.Kind))
	}
	slices.Sort(short)
	return all, short
}

// From the text to the task, what it tells, and its end.
func TestWhoWasToldATimeThatIsNoLongerTrueBecomesATaskForPeople(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir"}, func(t *testing.T, source string) {
		s := newScene(t, source, london(time.October, 20, 17, 0))
		all := s.booked(london(time.October, 28, 9, 0), 4)
		off, moved, dies := all[1], all[2], all[3]
		v := s.live()
		v.hour(london(time.October, 21, 10, 12))
		if _, got := s.tasks(); len(got) != 0 {
			t.Errorf("before anything changed: %q", got)
		}
		s.diary.Cancel(off.slot)
		s.diary.Move(moved.slot, london(time.October, 29, 15, 30))
		s.diary.Cancel(dies.slot)
		s.diary.Edit(dies.id, func(p *surgery.Person) { p.Died = s.clock.Now() })
		v.read()
		want := []string{fmt.Sprintf("%d cancelled_after_reminder", off.slot), fmt.Sprintf("%d moved_after_reminder", moved.slot)}
		if source == "emis" {
			// EMIS lists only who is booked: of a visit that is not, and whose patient
			// died just then, it says no more than that it is gone.
			want = append(want, fmt.Sprintf("%d cancelled_after_reminder", dies.slot))
			slices.Sort(want)
		}
		rows, got := s.tasks()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		var task taskLine
		for _, x := range rows {
			if x.Text != "" || len([]rune(x.Number)) > 4 {
				t.Error("a task shows words or a number to who did not ask for them")
			}
			if slotOf(x.Appointment) == moved.slot {
				task = x
			}
		}
		if task.Start != "2026-10-28T09:20:00Z" || task.Now != "2026-10-29T15:30:00Z" || task.Rule != "7d" || task.State != "delivered" {
			t.Errorf("the task of the moved visit: %+v", task)
		}
		if out := s.do("tasks"); !strings.Contains(out, "the text named Wed 28 Oct 2026 09:20") || !strings.Contains(out, "now on Thu 29 Oct 2026 15:30") || strings.Contains(out, "+4477") {
			t.Errorf("for people:\n%s", out)
		}
		var revealed []taskLine
		s.ask(&revealed, "tasks", "--reveal")
		for _, x := range revealed {
			if x.ID == task.ID && (x.Number != moved.number || x.Text != s.reminders()[moved.number][0].Body) {
				t.Error("the task does not tell the text that went, or to whom")
			}
		}
		if n := v.metric("bellman_tasks_open", "kind", "moved_after_reminder"); n != 1 {
			t.Errorf("the metric tells of %v", n)
		}
		s.do("tasks", "close", task.ID, "--by", "Jo Bloggs", "--note", "rang Iona Jessop")
		if _, got := s.tasks(); len(got) != len(want) {
			t.Error("a task was closed without --yes")
		}
		s.do("tasks", "close", task.ID, "--by", "Jo Bloggs", "--note", "rang Iona Jessop", "--yes")
		if rows, _ := s.tasks(); len(rows) != len(want)-1 {
			t.Errorf("%d are open after one was closed", len(rows))
		}
		var closed []taskLine
		s.ask(&closed, "tasks", "--all")
		if i := slices.IndexFunc(closed, func(x taskLine) bool { return x.ID == task.ID }); i < 0 || closed[i].By != "Jo Bloggs" || closed[i].Closed == "" || closed[i].Note != "" {
			t.Error("the closed task is not listed with who closed it, or tells the note to everybody")
		}
		if got := s.told(moved); !slices.Contains(got, "task_opened 7d moved_after_reminder") || !slices.Contains(got, "task_closed 7d moved_after_reminder") {
			t.Errorf("the story of the moved visit does not tell of the task: %q", got)
		}
		trail, err := os.ReadFile(s.path("audit.log"))
		if err != nil || !strings.Contains(string(trail), task.ID+" by Jo Bloggs") || strings.Contains(string(trail), "Iona") {
			t.Errorf("the audit trail lacks the closing, or holds the note: %v", err)
		}
		for _, wrong := range [][]string{{"tasks", "close", task.ID}, {"tasks", "close", "nonsense", "--by", "Jo"}, {"tasks", "--practice", "Z9"}} {
			if code, _, _ := s.run(wrong...); code != exitUsage {
				t.Errorf("%q ended with status %d", wrong, code)
			}
		}
		v.stop()
	})
}
