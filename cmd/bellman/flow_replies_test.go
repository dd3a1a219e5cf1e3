package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

type replyLine struct {
	ID, Kind, At, Number, About, Closed, By, Text, Note string

	Waits        int64 `json:"waits_seconds"`
	WaitsInHours int64 `json:"waits_in_hours_seconds"`
	Candidates   []struct {
		Appointment, Start string
		Stands             bool
		CodeNamed          bool `json:"code_named"`
	}
}

func (s *scene) replies(args ...string) []replyLine {
	s.t.Helper()
	var all []replyLine
	s.ask(&all, append([]string{"replies"}, args...)...)
	return all
}

// candidates gives the visits of a reply: "slot", with what is known of each.
func (r replyLine) candidates() map[int]string {
	out := map[int]string{}
	for _, c := range r.Candidates {
		says := "gone"
		if c.Stands {
			says = "stands"
		}
		if c.CodeNamed {
			says += ", named"
		}
		out[slotOf(c.Appointment)] = says
	}
	return out
}

// codeOf is the code that the text about a visit carries.
func (r replyLine) codeOf(t *testing.T, slot int) string {
	t.Helper()
	for _, c := range r.Candidates {
		if slotOf(c.Appointment) == slot {
			start, err := time.Parse(time.RFC3339, c.Start)
			if err != nil {
				t.Fatal(err)
			}
			return gateway.VisitCode(scenePractice, gateway.Appointment{ID: gateway.AppointmentID(c.Appointment), Start: start})
		}
	}
	t.Fatal("the visit is not among those that the reply may be about")
	return ""
}

func TestWhatAPatientWritesWaitsUntilAPersonHasReadIt(t *testing.T) {
	t.Parallel()
	s := newScene(t, "emis", london(time.October, 20, 17, 0))
	all := s.booked(london(time.October, 28, 9, 0), 3)
	mother, child := all[0], all[1]
	s.diary.Edit(child.id, func(p *surgery.Person) { p.Mobile = "0" + mother.number[3:] })
	v := s.live()
	v.hour(london(time.October, 21, 10, 12))
	if got := s.replies(); len(got) != 0 {
		t.Errorf("%d replies wait before anybody wrote", len(got))
	}

	const words = "which of us is it? \x1b[31m kestrel"
	if a := s.twilio.Reply(t.Context(), mother.number, sceneSender, words); a.Status != http.StatusOK || len(a.Texts) != 1 {
		t.Errorf("answered %d with %d texts", a.Status, len(a.Texts))
	}
	first := s.replies("--practice", scenePractice)
	if len(first) != 1 || first[0].Kind != "other" || first[0].Text != "" || first[0].Number != "…200" || slotOf(first[0].About) != mother.slot && slotOf(first[0].About) != child.slot {
		t.Fatalf("%d replies, or not as it was written", len(first))
	}
	if got := first[0].candidates(); len(got) != 2 || got[mother.slot] != "stands" || got[child.slot] != "stands" {
		t.Errorf("it may be about %v", got)
	}
	s.twilio.Reply(t.Context(), mother.number, sceneSender, "Cancel "+first[0].codeOf(t, child.slot)+" please")
	s.diary.Cancel(mother.slot)
	v.read()
	both := s.replies()
	if len(both) != 2 {
		t.Fatalf("%d replies", len(both))
	}
	if both[1].ID == first[0].ID { // of one second
		slices.Reverse(both)
	}
	if got := both[1].candidates(); len(got) != 2 || got[mother.slot] != "gone" || got[child.slot] != "stands, named" {
		t.Errorf("the second may be about %v", got)
	}

	s.clock.set(london(time.October, 21, 20, 12))
	for name, want := range map[string][2]float64{"open": {2, 2}, "oldest_seconds": {35600, 36100}, "waiting_seconds": {27700, 28081}} {
		if n := v.metric("bellman_replies_" + name); n < want[0] || n > want[1] {
			t.Errorf("bellman_replies_%s is %v, want %v", name, n, want)
		}
	}
	if r := s.replies()[0]; r.Waits < 35600 || r.WaitsInHours < 27700 || r.WaitsInHours > 28081 {
		t.Errorf("it waits %d seconds, of which %d in hours", r.Waits, r.WaitsInHours)
	}
	if status, page := v.get("staff", "/"); status != http.StatusOK || !strings.Contains(page, "wait for a person: 2. The oldest has waited ") || !strings.Contains(page, ", of which 7h4") || strings.Contains(page, "kestrel") || strings.Contains(page, mother.number[3:]) {
		t.Errorf("the console answers %d, or tells too little or too much", status)
	}
	out := s.do("replies")
	if !strings.Contains(out, "its code is in the words") || !strings.Contains(out, "no longer stands") || strings.Contains(out, "kestrel") || strings.Contains(out, mother.number[3:]) {
		t.Errorf("for people:\n%s", out)
	}
	if out := s.do("replies", "--reveal"); !strings.Contains(out, mother.number) || !strings.Contains(out, "kestrel") || strings.Contains(out, "\x1b") {
		t.Error("revealed, it does not show the words, or as a screen would obey them")
	}
	if !slices.ContainsFunc(s.replies("--reveal"), func(r replyLine) bool { return r.Text == words && r.Number == mother.number }) {
		t.Error("revealed, the words are not exactly those that were written")
	}
	s.closes(v, first[0])
	v.stop()
}

// closes has a person close a reply, and looks where that stands afterwards.
func (s *scene) closes(v *serving, r replyLine) {
	t := s.t
	t.Helper()
	closing := []string{"replies", "close", r.ID, "--by", "Jo Bloggs", "--note", "rang Iona Jessop"}
	if out := s.do(closing...); !strings.Contains(out, "add --yes") || len(s.replies()) != 2 {
		t.Errorf("closed without --yes: %s", out)
	}
	s.do(append(closing, "--yes")...)
	if out := s.do(append(closing, "--yes")...); !strings.Contains(out, "closed before") || !strings.Contains(out, "Jo Bloggs") {
		t.Errorf("closed twice: %s", out)
	}
	if left := s.replies(); len(left) != 1 || left[0].ID == r.ID || v.metric("bellman_replies_open") != 1 {
		t.Errorf("%d are left", len(left))
	}
	every := s.replies("--all")
	if i := slices.IndexFunc(every, func(x replyLine) bool { return x.ID == r.ID }); i < 0 || every[i].By != "Jo Bloggs" || every[i].Closed == "" || every[i].Note != "" || every[i].Waits != 0 {
		t.Error("it is not listed with who closed it, or tells the note to everybody")
	}
	if got := s.told(patient{slot: slotOf(r.About)}); !slices.Contains(got, "reply_closed  other") {
		t.Errorf("the visit's story does not tell who read the reply: %q", got)
	}
	trail, err := os.ReadFile(s.path("audit.log"))
	if err != nil || !strings.Contains(string(trail), r.ID+" by Jo Bloggs") || !strings.Contains(string(trail), "replies --reveal") || strings.Contains(string(trail), "Iona") {
		t.Errorf("the audit trail lacks something, or holds the note: %v", err)
	}
	for _, wrong := range [][]string{
		{"replies", "close", r.ID}, {"replies", "close", r.ID, "--by", "  "}, {"replies", "close", "nonsense", "--by", "Jo"}, {"replies", "close", "Z9.SM1", "--by", "Jo"}, {"replies", "--practice", "Z9"},
	} {
		if code, _, _ := s.run(wrong...); code != exitUsage {
			t.Errorf("%q ended with status %d", wrong, code)
		}
	}
	if code, _, says := s.run("replies", "close", scenePractice+".SM0", "--by", "Jo", "--yes"); code != exitFail || !strings.Contains(says, "no such reply") {
		t.Errorf("closing one that never came ended with status %d", code)
	}
}
