package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// unwanted records at the desk that a patient wants no texts about a visit, or a clinic.
func (s *stage) unwanted(o gateway.OptOut) gateway.OptOut {
	s.t.Helper()
	o.Practice, o.Since, o.By = riverside, s.clock.Now(), gateway.OutByStaff
	if err := s.store.AddOptOut(s.t.Context(), o); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.WithholdFiner(s.t.Context(), o, s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *stage) lift(o gateway.OptOut) {
	s.t.Helper()
	o.Since = s.clock.Now()
	if err := s.store.OptIn(s.t.Context(), o); err != nil {
		s.t.Fatal(err)
	}
}

func noVisit(a gateway.Appointment) gateway.OptOut {
	return gateway.OptOut{Scope: gateway.ScopeVisit, Visit: a.Identity(), Start: a.Start}
}

func noClinic(n int, name string) gateway.OptOut {
	return gateway.OptOut{Scope: gateway.ScopeClinic, Number: number(n), Clinic: gateway.NewText(name)}
}

// next gives another visit of the n-th patient, some time after the first.
func next(n int, after time.Duration, clinic string) gateway.Appointment {
	a := at(n, clinic)
	a.ID, a.Start = "99"+a.ID, a.Start.Add(after)
	return a
}

func TestAVisitThatIsOptedOutComesBackWithNoReadUntilItIsLifted(t *testing.T) {
	s := newStage(t)
	a, b := person(1), next(1, 5*time.Hour, "")
	s.booked(a, b)
	o := s.unwanted(noVisit(a))
	s.stands(a, day, gateway.Withdrawn, gateway.VisitOptedOut)
	s.read()
	moved := a
	moved.Start = a.Start.Add(2 * time.Hour)
	moved.Patient.Mobile = number(9) // nor does another time, or another number, change what is about the visit
	s.booked(moved)
	s.stands(moved, day, gateway.Withdrawn, gateway.VisitOptedOut)
	s.stands(b, day, gateway.Queued, gateway.None)
	s.lift(o)
	s.read()
	s.stands(moved, day, gateway.Queued, gateway.None)
	s.come(monday.Add(5 * time.Hour))
	s.send()
	s.texts(1, 1)
	s.texts(9, 1)
}

func TestOfOneClinicNothingIsTextedAndOfAllOthersEverything(t *testing.T) {
	s := newStage(t)
	feet, eyes := at(1, "Diabetes foot clinic"), next(1, 3*time.Hour, "Eye screening")
	s.booked(feet, eyes, at(2, "Diabetes foot clinic"))
	o := s.unwanted(noClinic(1, "Foot clinic"))
	s.stands(feet, day, gateway.Held, gateway.ClinicUntold)
	s.stands(eyes, day, gateway.Held, gateway.ClinicUntold)
	s.read()
	s.stands(feet, day, gateway.Withdrawn, gateway.ClinicOptedOut)
	s.stands(eyes, day, gateway.Queued, gateway.None)
	s.stands(at(2, ""), day, gateway.Queued, gateway.None)
	later := next(1, 6*time.Hour, "Foot clinic")
	later.ID = "77001"
	s.booked(later) // booked after the patient said so
	s.stands(later, day, gateway.Withdrawn, gateway.ClinicOptedOut)
	s.booked(next(1, 3*time.Hour, "Foot clinic")) // and a visit whose clinic becomes that one
	s.stands(eyes, day, gateway.Withdrawn, gateway.ClinicOptedOut)
	s.booked(eyes)
	s.stands(eyes, day, gateway.Queued, gateway.None)
	s.lift(o)
	s.read()
	s.stands(feet, day, gateway.Queued, gateway.None)
	s.stands(later, day, gateway.Queued, gateway.None)
}

func TestWhereTheSystemTellsNoClinicNothingIsTextedToWhoWantsNoTextsAboutOne(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.unwanted(noClinic(1, "Foot clinic"))
	s.read()
	s.stands(person(1), day, gateway.Held, gateway.ClinicUntold)
	s.come(monday)
	s.send()
	s.texts(1, 0)
	s.texts(2, 1)
	if n := s.told()[gateway.ClinicUntold]; n != 0 {
		t.Errorf("it is told %d times more that it is held", n)
	}
}

// The text that would have told of both visits must not go down with the first.
func TestAVisitWithinTheHourOfAnUnwantedOneIsTextedAboutItself(t *testing.T) {
	for name, o := range map[string]gateway.OptOut{"visit": noVisit(person(1)), "clinic": noClinic(1, "Foot clinic")} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			first, second := at(1, "Foot clinic"), next(1, 20*time.Minute, "Blood test")
			s.booked(first, second)
			s.stands(second, day, gateway.Withdrawn, gateway.Merged)
			s.unwanted(o)
			s.read()
			s.stands(second, day, gateway.Queued, gateway.None)
			s.come(monday.Add(20 * time.Minute))
			s.send()
			s.texts(1, 1)
		})
	}
}

// A look at one visit, before sending, is planned as a read is.
func TestALookAtOneVisitHeedsWhatStaffRecordedOfIt(t *testing.T) {
	s := newStage(t)
	s.booked(at(1, "Eye screening"), person(2))
	s.unwanted(noClinic(1, "Foot clinic"))
	s.unwanted(noVisit(person(2)))
	for _, a := range []gateway.Appointment{at(1, "Foot clinic"), person(2)} {
		a.Mode = gateway.ModeVideo
		if err := s.sched.Refresh(t.Context(), s.surgery.Practice, a); err != nil {
			t.Fatal(err)
		}
	}
	s.stands(person(1), day, gateway.Withdrawn, gateway.ClinicOptedOut)
	s.stands(person(2), day, gateway.Withdrawn, gateway.VisitOptedOut)
}
