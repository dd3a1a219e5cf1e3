package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// A patient at the desk wants no text about one visit, nor about one clinic, and all the
// others. Their own STOP and START come in between and take nothing of it away.
func TestAPatientIsLeftAloneAboutOneVisitAndOneClinicAndRemindedOfAllElse(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 19, 8, 30))
	visit := s.booked(london(time.October, 28, 9, 0), 1)[0]
	next := func(hour int, clinic string) patient {
		at := london(time.October, 28, hour, 0)
		slot := s.diary.Book(surgery.Visit{Person: visit.id, Start: at, Site: 5, Mode: gateway.ModeInPerson, Clinic: clinic})
		return patient{visit.id, slot, visit.number}
	}
	feet, eyes := next(12, "Diabetes foot clinic"), next(15, "Eye screening")
	v := s.live()
	v.read()
	of := func(what string, more ...string) []string {
		return append([]string{"optout", what, "--practice", scenePractice, "--by", "Jo Field", "--yes"}, more...)
	}
	aboutVisit := []string{"--appointment", fmt.Sprint(visit.slot)}
	aboutFeet := []string{"--number", visit.number, "--clinic", "Foot Clinic"}
	all := func(p patient, want ...string) {
		t.Helper()
		if got := s.stands(p); !slices.Equal(got, want) {
			t.Errorf("its reminders stand at %q, want %q", got, want)
		}
	}
	if said := s.do(append(of("add", aboutVisit...), "--yes=false")...); !strings.Contains(said, "would opt out of texts about appointment") {
		t.Errorf("without --yes it says %q", said)
	}
	all(visit, "7d queued", "1d queued")

	if said := s.do(of("add", aboutVisit...)...); !strings.Contains(said, "2 reminder(s) withdrawn") {
		t.Errorf("it says %q", said)
	}
	all(visit, "7d withdrawn visit_opted_out", "1d withdrawn visit_opted_out")
	s.clock.set(s.clock.Now().Add(time.Minute))
	s.do(of("add", aboutFeet...)...)
	v.read()
	all(visit, "7d withdrawn visit_opted_out", "1d withdrawn visit_opted_out")
	all(feet, "7d withdrawn clinic_opted_out", "1d withdrawn clinic_opted_out")
	all(eyes, "7d queued", "1d queued")
	if got := s.told(visit); !slices.Contains(got, "withdrawn 7d visit_opted_out") {
		t.Errorf("explain tells %q", got)
	}
	var drafts []planRow
	s.ask(&drafts, "plan", "--practice", scenePractice)
	for _, d := range drafts {
		why := map[int]string{visit.slot: "visit_opted_out", feet.slot: "clinic_opted_out"}[slotOf(d.Appointment)]
		if d.Reason != why {
			t.Errorf("plan gives the reason %q, want %q", d.Reason, why)
		}
	}

	s.twilio.Reply(t.Context(), visit.number, sceneSender, "please stop texting me")
	all(eyes, "7d withdrawn opted_out", "1d withdrawn opted_out")
	s.twilio.Reply(t.Context(), visit.number, sceneSender, "START")
	v.read()
	all(eyes, "7d queued", "1d queued")
	all(visit, "7d withdrawn visit_opted_out", "1d withdrawn visit_opted_out")
	all(feet, "7d withdrawn clinic_opted_out", "1d withdrawn clinic_opted_out")
	s.ledgerTells(visit)

	v.hour(london(time.October, 21, 16, 0))
	if got := s.bodies(visit); len(got) != 1 || !strings.Contains(got[0], "3pm") {
		t.Errorf("the texts name %q, want the one at 3pm", got)
	}
	s.do(of("remove", aboutVisit...)...)
	s.do(of("remove", "--number", visit.number, "--clinic", "FOOT CLINIC")...)
	v.read()
	for _, p := range []patient{visit, feet} {
		if got := s.stands(p); len(got) != 2 || got[1] != "1d queued" {
			t.Errorf("after it was lifted its reminders stand at %q", got)
		}
	}
	v.stop()
}

// ledgerTells looks at what the ledger shows of a number with an opt-out of a visit and
// one of a clinic.
func (s *scene) ledgerTells(p patient) {
	s.t.Helper()
	var rows []optoutRow
	s.ask(&rows, "optout", "list")
	var short []string
	for _, r := range rows {
		short = append(short, fmt.Sprintf("%s %s %s %s %d %s", r.Number, r.Scope, r.By, r.Who, slotOf(r.Appointment), r.Clinic))
	}
	want := []string{fmt.Sprintf("…200 visit staff Jo Field %d ", p.slot), "…200 clinic staff Jo Field 0 "}
	if !slices.Equal(short, want) {
		s.t.Errorf("the list shows %q, want %q", short, want)
	}
	var said struct {
		OptedOut bool `json:"opted_out"`
		Finer    []optoutRow
	}
	s.ask(&said, "optout", "check", "--practice", scenePractice, "--number", p.number, "--reveal")
	if said.OptedOut || len(said.Finer) != 2 || said.Finer[1].Clinic != "Foot Clinic" {
		s.t.Errorf("check says %t, and of %d visits and clinics", said.OptedOut, len(said.Finer))
	}
	var changes []changeRow
	s.ask(&changes, "optout", "history", "--practice", scenePractice, "--number", p.number)
	scopes := []string{}
	for _, c := range changes {
		scopes = append(scopes, c.Scope+" "+c.Change)
	}
	if want := []string{"visit out", "clinic out", "practice out", "practice in"}; !slices.Equal(scopes, want) {
		s.t.Errorf("the history tells %q, want %q", scopes, want)
	}
	for _, cmd := range [][]string{{"list"}, {"check", "--practice", scenePractice, "--number", p.number}, {"history", "--practice", scenePractice, "--number", p.number}} {
		if out := s.do(append([]string{"optout"}, cmd...)...); strings.Contains(strings.ToLower(out), "foot") {
			s.t.Errorf("optout %s names the clinic without --reveal", cmd[0])
		}
	}
	trail, err := os.ReadFile(s.path("audit.log"))
	if err != nil || strings.Contains(strings.ToLower(string(trail)), "foot") || !strings.Contains(string(trail), "clinic by Jo Field") {
		s.t.Errorf("the audit trail names the clinic, or lacks who it was: %v", err)
	}
	if id := rows[0].Appointment; id == "" || strings.Contains(string(trail), id) || !strings.Contains(string(trail), `"detail":"visit `) {
		s.t.Error("the audit trail names the visit by the clinical system's id, or not at all")
	}
	s.write("export.csv", s.do("optout", "export", "--practice", scenePractice, "--reveal"))
	if out := s.do("optout", "import", "--practice", scenePractice, s.path("export.csv")); !strings.Contains(out, "would opt out 0 numbers and 2 visits or clinics; 0 lines cannot be read") {
		s.t.Errorf("its own export it reads as %q", out)
	}
}
