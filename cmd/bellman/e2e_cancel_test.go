package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

const cancelSwitchedOn = `    poll: "@every 1s"
    max_requests: 6000
    writes: {cancellations: "A. Manager"}
    policy: {cancel: {automatic: true}}`

// planned gives what is planned for each visit, by its slot: every visit of these
// scenes has a start of its own.
func (s *scene) planned() map[int]planRow {
	s.t.Helper()
	var rows []planRow
	s.ask(&rows, "plan", "--practice", scenePractice)
	out := map[int]planRow{}
	for _, v := range s.diary.Visits() {
		for _, r := range rows {
			if r.Start == utc(v.Start) {
				out[v.Slot] = r
			}
		}
	}
	return out
}

// code gives a visit's code, as the patient's text may have it.
func (r planRow) code(t *testing.T) string {
	t.Helper()
	start, err := time.Parse(time.RFC3339, r.Start)
	if err != nil {
		t.Fatal(err)
	}
	return gateway.VisitCode(scenePractice, gateway.Appointment{ID: gateway.AppointmentID(r.Appointment), Start: start})
}

func (s *scene) isBooked(slot int) bool {
	visit, _ := s.diary.Visit(slot)
	return visit.Status == gateway.StatusBooked
}

// TestAPatientCancelsByTextAndTheSlotIsFree has others beside who are left to people.
func TestAPatientCancelsByTextAndTheSlotIsFree(t *testing.T) {
	t.Parallel()
	s := newScene(t, "cliniko", london(time.October, 19, 8, 30))
	s.edit(`    poll: "@every 1s"`, cancelSwitchedOn)
	s.edit("twilio: {", "twilio: {custom_opt_out_words: true, ")
	s.do("keys", "new")
	people := s.booked(london(time.October, 27, 9, 0), 5)
	frees, unsure, guesses, stops, near := people[0], people[1], people[2], people[3], people[4]
	s.diary.Change(near.slot, func(v *surgery.Visit) { v.Start = london(time.October, 20, 8, 0) })
	v := s.serve()
	v.read()
	plan := s.planned()
	codes := map[int]string{}
	for slot, r := range plan {
		codes[slot] = r.code(t)
	}
	got := s.twilio.Reply(t.Context(), frees.number, sceneSender, "Cancel "+codes[frees.slot])
	if want := "Your appointment with Riverside Surgery on Tuesday 27 October at 9am is cancelled, as you asked. " +
		"If you did not ask for this, or want another time, call 01632 960001."; len(got.Texts) != 1 || got.Texts[0] != want {
		t.Errorf("answered with %q", got.Texts)
	}
	if s.isBooked(frees.slot) {
		t.Error("the slot is not free")
	}
	for _, c := range []struct {
		who   patient
		words []string
		end   gateway.CancelEnd
	}{
		{unsure, []string{"please cancel my appointment"}, gateway.CancelOtherWords},
		{guesses, []string{"CANCEL 0000", "CANCEL " + codes[guesses.slot]}, gateway.CancelGuessed},
		{stops, []string{"please stop texting me", "CANCEL " + codes[stops.slot]}, gateway.CancelOptedOut},
		{near, []string{"CANCEL " + codes[near.slot]}, gateway.CancelTooNear},
		{frees, []string{"CANCEL " + codes[frees.slot]}, gateway.CancelInDoubt},
	} {
		for _, words := range c.words {
			got := s.twilio.Reply(t.Context(), c.who.number, sceneSender, words)
			if got.Status != http.StatusOK || strings.Contains(strings.Join(got.Texts, ""), "cancelled") {
				t.Errorf("%s: answered %d with %q", c.end, got.Status, got.Texts)
			}
		}
		if n := v.metric("bellman_cancellations_total", `outcome="`+c.end.String()+`"`); n != 1 {
			t.Errorf("%v are left to people as %s, want 1", n, c.end)
		}
		if c.who != frees && !s.isBooked(c.who.slot) {
			t.Errorf("%s: the visit is not booked any more", c.end)
		}
	}
	if n := s.cliniko.Calls("PATCH individual_appointments"); n != 1 {
		t.Errorf("the clinical system was asked to cancel %d times", n)
	}
	v.read()
	var rows []queueLine
	s.ask(&rows, "queue", "--practice", scenePractice)
	for _, r := range rows {
		if r.Appointment == plan[frees.slot].Appointment && r.Reason != "cancelled" || r.Appointment == plan[guesses.slot].Appointment && r.State != "queued" {
			t.Errorf("a reminder of %s is %s %s", r.Appointment, r.State, r.Reason)
		}
	}
	told := s.do("explain", "--practice", scenePractice, "--appointment", plan[frees.slot].Appointment)
	for _, want := range []string{"the clinical system is asked to cancel it", "the clinical system has confirmed that it is cancelled"} {
		if !strings.Contains(told, want) {
			t.Errorf("explain does not tell that %s:\n%s", want, told)
		}
	}
	if trail := s.do("audit", "export"); !strings.Contains(trail, "cancel by text") {
		t.Error("the audit trail does not tell of it")
	}
	v.stop()
}

func TestVisitsAreCancelledByTextOnlyWhereTheSystemCan(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 19, 8, 30))
	s.do("keys", "new")
	s.edit(`    poll: "@every 1s"`, cancelSwitchedOn)
	s.edit("twilio: {", "twilio: {custom_opt_out_words: true, ")
	code, _, says := s.run("pull", "--practice", scenePractice)
	if code != exitUsage || !strings.Contains(says, "practices[0].writes.cancellations: cannot be") {
		t.Errorf("it ends with %d: %s", code, says)
	}
}
