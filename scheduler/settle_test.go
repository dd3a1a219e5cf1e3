package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// untold gives the open tasks to record an opt-out, and who closed the others.
func (s *stage) untold() (open int, closedBy []string) {
	s.t.Helper()
	for _, x := range must(s.store.Tasks(s.t.Context(), riverside)) {
		if x.Open() {
			open++
		} else {
			closedBy = append(closedBy, x.By)
		}
	}
	return open, closedBy
}

// stopped lets the first patient say STOP.
func (s *stage) stopped() {
	s.t.Helper()
	if err := s.store.AddOptOut(s.t.Context(), optOut("patient")); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.OpenOptOutTasks(s.t.Context(), riverside, number(1), s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
}

func TestATaskToRecordAnOptOutIsOpenUntilTheDiaryItselfShowsIt(t *testing.T) {
	s := newStage(t)
	first, second, neighbour := person(1), person(1), person(2)
	second.ID, second.Start = "again", second.Start.AddDate(0, 0, 1)
	s.booked(first, second, neighbour)
	s.stopped()
	still := func(when string) {
		t.Helper()
		s.clock.Advance(time.Minute)
		s.read()
		if open, closed := s.untold(); open != 1 || len(closed) != 0 {
			t.Errorf("%s: %d open, closed by %q", when, open, closed)
		}
	}
	still("the diary says nothing")
	neighbour.Patient.Declined = gateway.FlagYes
	s.diary.book(neighbour)
	still("it says so of somebody else")
	first.Patient.Declined = gateway.FlagYes
	s.diary.book(first)
	still("it says so in one of two visits")
	second.Patient.Declined = gateway.FlagUnclear
	s.diary.book(second)
	still("what it says in the other is not understood")
	second.Patient.Declined = gateway.FlagYes
	s.diary.book(second)
	s.diary.complete = false
	still("it was not read to its end")
	s.diary.complete = true
	s.clock.Advance(time.Minute)
	s.read()
	if open, closed := s.untold(); open != 0 || len(closed) != 1 || closed[0] != gateway.ByTheSystem {
		t.Errorf("%d open, closed by %q", open, closed)
	}
}

func TestAPatientWhomTheSourceDoesNotNameIsToldByTheVisit(t *testing.T) {
	s := newStage(t)
	mine, other := person(1), person(2)
	mine.Patient.ID, other.Patient.ID = "", ""
	s.booked(mine, other)
	s.stopped()
	other.Patient.Declined = gateway.FlagYes
	s.booked(other)
	if open, _ := s.untold(); open != 1 {
		t.Errorf("%d open; another's visit closed it", open)
	}
	mine.Patient.Declined = gateway.FlagYes
	s.booked(mine)
	if open, closed := s.untold(); open != 0 || len(closed) != 1 {
		t.Errorf("%d open, %d closed", open, len(closed))
	}
}
