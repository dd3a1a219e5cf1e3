package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// at gives the visit of the n-th patient at a clinic.
func at(n int, clinic string) gateway.Appointment {
	a := person(n)
	a.Clinic = gateway.NewClinicName(clinic)
	return a
}

func TestVisitsAtSensitiveClinicsAreNotTextedAbout(t *testing.T) {
	s := newStage(t)
	s.booked(at(1, "GUM clinic"), at(2, "Flu clinic"), person(3))
	s.stands(at(1, ""), day, gateway.Withdrawn, gateway.Sensitive)
	s.stands(at(2, ""), day, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	s.texts(1, 0)
	s.texts(2, 1)
	s.texts(3, 1)
}

// Another slot type, the same read: what the practice says of its clinics counts
// from the next read on, and what is known decides at the moment of sending.
func TestAClinicThatTurnsSensitiveWithdrawsWhatWaits(t *testing.T) {
	s := newStage(t)
	s.booked(at(1, "Flu clinic"), at(2, "Flu clinic"))
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.booked(at(1, "Sexual health"))
	s.stands(person(1), day, gateway.Withdrawn, gateway.Sensitive)
	s.surgery.Policy.Who.Clinics = gateway.NewClinics([]string{"flu"}, nil)
	s.read()
	s.stands(person(2), day, gateway.Withdrawn, gateway.Sensitive)
	s.come(monday)
	s.send()
	s.texts(1, 0)
	s.texts(2, 0)
}

// The text that would have told of both visits must not go down with the first.
func TestAVisitWithinTheHourOfASensitiveOneIsTextedAboutItself(t *testing.T) {
	s := newStage(t)
	later := at(1, "Blood test")
	later.ID, later.Start = "99001", tuesday.Add(20*time.Minute)
	s.booked(at(1, "GUM"), later)
	s.stands(person(1), day, gateway.Withdrawn, gateway.Sensitive)
	s.stands(later, day, gateway.Queued, gateway.None)
	s.come(monday.Add(20 * time.Minute))
	s.send()
	s.texts(1, 1)
}

// born gives the visit of the n-th patient with a number, and the date of birth.
func born(n, phone, year int, month time.Month, d int) gateway.Appointment {
	a := person(n)
	a.Patient.Mobile, a.Patient.Born = number(phone), gateway.NewBirth(year, month, d)
	return a
}

func TestWhoIsSixteenOnTheDayAndSharesANumberWaitsForAPerson(t *testing.T) {
	s := newStage(t)
	s.booked(
		born(1, 1, 1980, time.May, 4),       // the parent
		born(2, 1, 2010, time.November, 24), // sixteen on the day of the visit
		born(3, 1, 2010, time.November, 25), // a day later
		born(4, 4, 2010, time.November, 1),  // sixteen, with a number of their own
		born(5, 1, 2018, time.November, 24), // a child
	)
	for n, why := range map[int]gateway.Reason{1: gateway.None, 2: gateway.YoungShared, 3: gateway.None, 4: gateway.None, 5: gateway.None} {
		want := gateway.Queued
		if why != gateway.None {
			want = gateway.Held
		}
		s.stands(person(n), day, want, why)
	}
	// It is let go when the number on the record becomes their own.
	s.booked(born(2, 2, 2010, time.November, 24))
	s.stands(person(2), day, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	s.texts(2, 1)
	s.texts(1, 3)
}

func TestANumberIsSharedAlsoWithSomebodyWhomThisReadDoesNotShow(t *testing.T) {
	s := newStage(t)
	s.booked(born(1, 1, 1980, time.May, 4), person(7))
	s.diary.drop(person(1))
	s.diary.complete = false
	s.booked(born(2, 1, 2010, time.January, 1))
	s.stands(person(2), day, gateway.Held, gateway.YoungShared)
	// And in the look before sending: the number has just become the parent's.
	s.booked(born(3, 3, 2010, time.January, 1))
	s.stands(person(3), day, gateway.Queued, gateway.None)
	if err := s.sched.Refresh(t.Context(), s.surgery.Practice, born(3, 7, 2010, time.January, 1)); err != nil {
		t.Fatal(err)
	}
	s.stands(person(3), day, gateway.Held, gateway.YoungShared)
}

func TestAPracticeMayAskBeforeItTextsAnySharedNumber(t *testing.T) {
	s := newStage(t)
	s.surgery.Policy.Who.HoldShared = true
	s.booked(born(1, 1, 1980, time.May, 4), born(2, 1, 1979, time.May, 4), person(3))
	s.stands(person(1), day, gateway.Held, gateway.SharedNumber)
	s.stands(person(2), day, gateway.Held, gateway.SharedNumber)
	s.stands(person(3), day, gateway.Queued, gateway.None)
}

func TestOnePatientWithTwoVisitsSharesWithNobody(t *testing.T) {
	s := newStage(t)
	s.surgery.Policy.Who.HoldShared = true
	again := person(1)
	again.ID, again.Start = "99001", tuesday.Add(4*time.Hour)
	s.booked(person(1), again)
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.stands(again, day, gateway.Queued, gateway.None)
}

// needing gives the visit of the n-th patient with needs and a language.
func needing(n int, needs gateway.Needs, l gateway.Language) gateway.Appointment {
	a := person(n)
	a.Patient.Needs, a.Patient.Language = needs, l
	return a
}

func TestWhomNoTextCanReachIsATaskOnceAVisit(t *testing.T) {
	s := newStage(t)
	s.rules(week, day)
	blind := needing(1, gateway.NeedsBraille, gateway.LanguageUnsaid)
	s.booked(blind, needing(2, gateway.NeedsLargePrint, gateway.LanguageOther))
	want := map[gateway.ReminderID]gateway.TaskKind{s.id(blind, day): gateway.TaskOtherWay}
	s.tasks(want)
	s.stands(blind, day, gateway.Withdrawn, gateway.NeedsOtherWay)
	s.read()
	s.tasks(want)

	// A move is another time to be told; a cancellation leaves nothing to tell.
	moved := blind
	moved.Start = tuesday.AddDate(0, 0, 1)
	s.booked(moved)
	s.tasks(map[gateway.ReminderID]gateway.TaskKind{s.id(moved, day): gateway.TaskOtherWay})
	moved.Status = gateway.StatusCancelled
	s.booked(moved)
	s.tasks(nil)
	s.come(monday)
	s.send()
	s.texts(1, 0)
	s.texts(2, 1)
}

func TestATaskOfAVisitThatLeavesTheDiaryGoesToo(t *testing.T) {
	s := newStage(t)
	blind := needing(1, gateway.NeedsBraille, gateway.LanguageUnsaid)
	s.booked(blind, person(2))
	s.diary.drop(blind)
	s.read()
	s.tasks(nil)
}

func TestWhoReadsAnotherLanguageIsATaskWhereThePracticeWantsIt(t *testing.T) {
	s := newStage(t)
	polish, signs := needing(1, 0, gateway.LanguageOther), needing(2, gateway.NeedsInterpreter, gateway.LanguageUnsaid)
	s.booked(polish, signs, needing(3, 0, gateway.LanguageWelsh))
	s.tasks(nil)
	s.surgery.Policy.Who.TellLanguage = true
	s.read()
	s.tasks(map[gateway.ReminderID]gateway.TaskKind{s.id(polish, day): gateway.TaskLanguage, s.id(signs, day): gateway.TaskLanguage})
	s.come(monday)
	s.send()
	for n := 1; n <= 3; n++ {
		s.texts(n, 1) // in plain English all the same
	}
}
