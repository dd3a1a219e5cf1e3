package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestForgedSTOPsAreTakenBackTogetherAndNothingElseIs(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 19, 8, 30))
	all := s.booked(london(time.October, 28, 9, 0), 6)
	v := s.live()
	v.read()
	say := func(p patient, words string) { s.twilio.Reply(t.Context(), p.number, sceneSender, words) }
	say(all[0], "please stop texting me") // meant, and long before
	s.clock.set(s.clock.Now().Add(time.Hour))
	since := utc(s.clock.Now())
	say(all[1], "please stop texting me")
	say(all[2], "sotp")
	say(all[3], "wrong number")
	s.do("optout", "add", "--practice", scenePractice, "--number", all[4].number, "--yes")
	undo := []string{"optout", "undo", "--practice", scenePractice, "--since", since, "--by", "Jo Field"}
	out := func(want ...bool) {
		t.Helper()
		for i, p := range all {
			if got, _ := s.optedOut(p); got != want[i] {
				t.Errorf("patient %d: opted out %t, want %t", i, got, want[i])
			}
		}
	}
	if told := s.do(undo...); !strings.Contains(told, "would let 2 numbers be texted") {
		t.Errorf("without --yes it says %q", told)
	}
	out(true, true, true, true, true, false)
	var done struct {
		Done    bool `json:"done"`
		Numbers int  `json:"numbers"`
	}
	s.ask(&done, append(undo, "--yes")...)
	if !done.Done || done.Numbers != 2 {
		t.Errorf("done %t, for %d numbers", done.Done, done.Numbers)
	}
	out(true, false, false, true, true, false)
	v.read()
	for i, p := range all {
		withdrawn := false
		for _, r := range s.stands(p) {
			withdrawn = withdrawn || strings.HasSuffix(r, "withdrawn opted_out")
		}
		if want := i == 0 || i == 3 || i == 4; withdrawn != want {
			t.Errorf("patient %d: reminders %q", i, s.stands(p))
		}
	}
	if _, open := s.tasks(); len(open) != 3 || strings.Count(strings.Join(open, " "), "record_opt_out") != 2 || strings.Count(strings.Join(open, " "), "wrong_number") != 1 {
		t.Errorf("open tasks: %q", open) // of the first patient, of the one that staff recorded, and of the wrong number
	}
	trail, err := os.ReadFile(s.path("audit.log"))
	if err != nil || !strings.Contains(string(trail), "optout undo") || !strings.Contains(string(trail), "2 numbers since "+since+", decided by Jo Field") {
		t.Errorf("the audit trail does not tell: %v", err)
	}
	v.stop()
}
