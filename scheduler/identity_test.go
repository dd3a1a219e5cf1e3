package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
	"bellman/scheduler"
)

// A read that shows one slot twice, cancelled for one patient and booked for the
// next, tells of two appointments.
func TestOneIDWithTwoPatientsInOneReadIsTwoAppointments(t *testing.T) {
	s := newStage(t)
	first, second := person(1), person(2)
	second.ID = first.ID
	s.booked(first)
	s.diary.drop(first)
	gone := first
	gone.Status = gateway.StatusCancelled
	s.diary.rows = []gateway.Appointment{gone, second}
	s.read()
	s.stands(first, day, gateway.Withdrawn, gateway.Cancelled)
	s.stands(second, day, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	if one, two := s.phones.to(number(1)), s.phones.to(number(2)); one != 0 || two != 1 {
		t.Errorf("the first patient got %d texts, the second %d", one, two)
	}
}

// Two members of a family whose slots carry one id do not merge with each other's
// visits.
func TestAMergedVisitOfOnePatientMergesNobodyElse(t *testing.T) {
	s := newStage(t)
	lead, merged, other := person(1), person(1), person(2)
	merged.ID, merged.Start = "99001", tuesday.Add(20*time.Minute)
	other.ID, other.Start = merged.ID, merged.Start
	s.diary.rows = []gateway.Appointment{lead, merged, other}
	s.read()
	s.stands(lead, day, gateway.Queued, gateway.None)
	s.stands(merged, day, gateway.Withdrawn, gateway.Merged)
	s.stands(other, day, gateway.Queued, gateway.None)
}

func TestAnIDThatHoldsThePatientIsTakenAsItIs(t *testing.T) {
	for id, want := range map[gateway.AppointmentID]gateway.AppointmentID{
		"88001-1001": "88001-1001",
		"88001":      "88001\x001001",
		"1001":       "1001\x001001",
	} {
		a := gateway.Appointment{ID: id, Patient: gateway.Patient{ID: "1001"}}
		if got := a.Identity(); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	if got := (gateway.Appointment{ID: "88001"}).Identity(); got != "88001" {
		t.Errorf("without a patient: %q", got)
	}
}

// What `bellman plan` shows of a visit that was booked again.
func TestADraftSaysThatThePatientWasTexted(t *testing.T) {
	s := newStage(t)
	s.surgery.Policy.SendBookedLate = true
	s.booked(person(1))
	s.come(monday)
	s.send()
	s.clock.Advance(time.Minute)
	again := person(1)
	again.ID = "99001"
	known := must(s.store.Known(t.Context(), riverside))
	d := scheduler.Drafting{
		Practice: s.surgery.Practice, Feed: gateway.Feed{Appointments: []gateway.Appointment{again}, AsOf: s.clock.Now()}, Diary: known, Now: s.clock.Now(),
	}.Make()
	if got := d.Entries[0].Decisions[0]; got.Verdict != gateway.Send {
		t.Fatalf("by itself it is %s (%s)", got.Verdict, got.Reason)
	}
	if err := d.TellOnce(t.Context(), s.store, riverside, known); err != nil {
		t.Fatal(err)
	}
	if got := d.Entries[0].Decisions[0]; got.Verdict != gateway.Suppress || got.Reason != gateway.AlreadyTold {
		t.Errorf("%s (%s)", got.Verdict, got.Reason)
	}
}
