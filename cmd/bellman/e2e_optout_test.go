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

// disagreements gives the conflicts of a practice, in short.
func (s *scene) disagreements() []string {
	s.t.Helper()
	var rows []conflictRow
	s.ask(&rows, "optout", "conflicts", "--practice", scenePractice)
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s: %s, %s by %s; %s wins: %s", r.Number, r.System, r.Patient, r.By, r.Wins, r.Reason))
	}
	return out
}

// wishes gives the history of a patient's number, in short.
func (s *scene) wishes(p patient, more ...string) []string {
	s.t.Helper()
	var rows []changeRow
	s.ask(&rows, append([]string{"optout", "history", "--practice", scenePractice, "--number", p.number}, more...)...)
	var out []string
	for _, r := range rows {
		if (r.Message != "") != (r.By == "patient") || r.Scope != "practice" {
			s.t.Errorf("a change by %s was brought about by the text %q, for %s", r.By, r.Message, r.Scope)
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s by %s %s %s", r.Number, r.Change, r.By, r.Who, r.Note)))
	}
	return out
}

func TestTheLifeOfAnOptOutIsToldFromItsFirstDayToItsLast(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 19, 8, 30))
	p := s.booked(london(time.October, 28, 9, 0), 2)[0]
	v := s.live()
	v.read()
	if got := s.disagreements(); len(got) != 0 {
		t.Errorf("before anybody said anything: %q", got)
	}
	s.twilio.Reply(t.Context(), p.number, sceneSender, "please stop texting me")
	if got, want := s.disagreements(), []string{"…200: texts, stop by patient; patient wins: opted_out"}; !slices.Equal(got, want) {
		t.Errorf("after STOP: %q, want %q", got, want)
	}
	v.await("the age of what is not recorded yet is told", func() string {
		if n := v.metric("bellman_optout_writeback_oldest_seconds"); n <= 0 {
			return fmt.Sprint(n)
		}
		return ""
	})

	record := func(declined bool) {
		s.clock.set(s.clock.Now().Add(time.Minute)) // an export has a name of its own
		s.diary.Edit(p.id, func(p *surgery.Person) { p.Declined = declined })
		s.drop()
		v.read()
	}
	record(true)
	if n := v.metric("bellman_tasks_open"); n != 0 {
		t.Errorf("%v tasks are open, although the clinical system says so by now", n)
	}
	var tasks []taskLine
	s.ask(&tasks, "tasks", "--all")
	if len(tasks) != 1 || tasks[0].Kind != "record_opt_out" || tasks[0].By != "the clinical system" || v.metric("bellman_optout_writeback_oldest_seconds") != 0 {
		t.Errorf("%d tasks, of which the first was closed by %q", len(tasks), tasks[0].By)
	}
	if got := s.disagreements(); len(got) != 0 {
		t.Errorf("both say the same, and it is listed: %q", got)
	}

	s.twilio.Reply(t.Context(), p.number, sceneSender, "START")
	v.read()
	if got, want := s.disagreements(), []string{"…200: declined, start by patient; clinical_system wins: declined"}; !slices.Equal(got, want) {
		t.Errorf("after START: %q, want %q", got, want)
	}
	for _, r := range s.stands(p) {
		if !strings.HasSuffix(r, "withdrawn declined") {
			t.Errorf("after START the reminder stands at %q", r)
		}
	}
	if _, got := s.tasks(); len(got) != 1 || !strings.HasSuffix(got[0], "asked_for_texts") {
		t.Errorf("the tasks are %q", got)
	}

	change := func(what string, more ...string) {
		s.do(append([]string{"optout", what, "--practice", scenePractice, "--number", p.number, "--yes"}, more...)...)
	}
	change("add", "--by", "Jo Field", "--note", "rang Iona Jessop")
	change("remove", "--by", " A. Manager ")
	want := []string{"…200 out by patient", "…200 in by patient", "…200 out by staff Jo Field", "…200 in by staff A. Manager"}
	if diff := cmp.Diff(want, s.wishes(p)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if got := s.wishes(p, "--reveal"); len(got) != 4 || got[2] != p.number+" out by staff Jo Field rang Iona Jessop" {
		t.Errorf("revealed: %d changes, without the number or the note", len(got))
	}
	if out := s.do("optout", "history", "--practice", scenePractice, "--number", p.number); strings.Contains(out, "Iona") || strings.Contains(out, p.number) || !strings.Contains(out, "out by staff (Jo Field)") {
		t.Error("for people it tells a note, or the number, or not who")
	}
	change("add") // as scripts did before there was --by
	if got := s.wishes(p); len(got) != 5 || got[4] != "…200 out by staff "+account() {
		t.Errorf("without a name: %q", got[4])
	}
	trail, err := os.ReadFile(s.path("audit.log"))
	if err != nil || !strings.Contains(string(trail), "by Jo Field") || !strings.Contains(string(trail), "optout history --reveal") || strings.Contains(string(trail), "Iona") {
		t.Errorf("the audit trail lacks who it was or who looked, or holds the note: %v", err)
	}
	v.stop()
}
