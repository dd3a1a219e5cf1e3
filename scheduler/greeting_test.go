package scheduler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// called gives a visit of a patient with a name, born in 1980 unless said otherwise.
func called(n, phone int, name string) gateway.Appointment {
	a := born(n, phone, 1980, time.May, 4)
	a.Patient.Name = gateway.NewName(name)
	return a
}

// greets gives the beginnings of the texts that went to a number, by the alphabet.
func (s *stage) greets(phone int) []string {
	s.t.Helper()
	s.phones.mu.Lock()
	defer s.phones.mu.Unlock()
	var out []string
	for _, m := range s.phones.sent {
		if m.To == number(phone) {
			words, _, _ := strings.Cut(m.Text.Reveal(), " have an appointment")
			out = append(out, words)
		}
	}
	slices.Sort(out)
	return out
}

// TestWhoIsGreetedByNameInTheTextThatLeaves goes through the ledger: what is greeted
// by is what was kept, sealed, with the visit.
func TestWhoIsGreetedByNameInTheTextThatLeaves(t *testing.T) {
	for what, c := range map[string]struct {
		extras gateway.Extras
		greets map[int]string
	}{
		"a practice that wants it":            {gateway.Extras{FirstName: true}, map[int]string{1: "Sam, you", 3: "You", 4: "You You", 5: "You"}},
		"one that tells families apart":       {gateway.Extras{FirstName: true, Family: true}, map[int]string{1: "Sam, you", 3: "You", 4: "Ann, you Bob, you", 5: "You"}},
		"one that does not want it":           {gateway.Extras{}, map[int]string{1: "You", 3: "You", 4: "You You", 5: "You"}},
		"one that only tells families' apart": {gateway.Extras{Family: true}, map[int]string{1: "You", 3: "You", 4: "You You", 5: "You"}},
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t)
			s.surgery.Policy.Extras = c.extras
			child := born(3, 3, 2018, time.May, 4)
			child.Patient.Name = gateway.NewName("Tom")
			nobody := person(5)
			nobody.Patient.Name = gateway.NewName("Kim")
			s.booked(called(1, 1, "Sam"), child, called(4, 4, "Ann"), called(6, 4, "Bob"), nobody)
			s.come(monday)
			s.send()
			for phone, want := range c.greets {
				if got := strings.Join(s.greets(phone), " "); got != want {
					t.Errorf("number %d: greeted %q, want %q", phone, got, want)
				}
			}
		})
	}
}

// TestANameIsForgottenWhenThePracticeNoLongerWantsIt: the next read writes the visits
// anew without it.
func TestANameIsForgottenWhenThePracticeNoLongerWantsIt(t *testing.T) {
	s := newStage(t)
	s.surgery.Policy.Extras.FirstName = true
	s.booked(called(1, 1, "Sam"))
	if s.keptName(person(1)).Reveal() != "Sam" {
		t.Error("the name is not kept")
	}
	s.surgery.Policy.Extras.FirstName = false
	s.read()
	if !s.keptName(person(1)).IsZero() {
		t.Error("the name is still kept")
	}
}

func TestANameIsLeftOutOnceSomebodyElseHasTheNumber(t *testing.T) {
	s := newStage(t)
	s.surgery.Policy.Extras.FirstName = true
	s.booked(called(1, 1, "Sam"))
	s.booked(called(2, 1, "Ann"))
	if !s.keptName(person(1)).IsZero() || !s.keptName(person(2)).IsZero() {
		t.Error("a name is kept for a number that two patients have")
	}
}

// keptName gives the name that is kept with a visit.
func (s *stage) keptName(a gateway.Appointment) gateway.Name {
	s.t.Helper()
	all, err := s.store.Appointments(s.t.Context(), s.surgery.ODS)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, k := range all {
		if k.Facts.Appointment.ID == a.ID {
			return k.Facts.Appointment.Patient.Greeting
		}
	}
	s.t.Fatal("the visit is not kept")
	return gateway.Name{}
}
