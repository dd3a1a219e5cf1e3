package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

func cancelled(n int) gateway.Appointment {
	a := person(n)
	a.Status = gateway.StatusCancelled
	return a
}

func TestAReadOfAnEarlierTimeDoesNotTakeNewerTruthBack(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.clock.Advance(30 * time.Minute)
	s.diary.drop(person(2))
	s.booked(cancelled(1))
	s.clock.Advance(10 * time.Minute)
	s.diary.age = 20 * time.Minute // the morning's file was put back
	s.booked(person(1), person(2))
	s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled)
	s.stands(person(2), day, gateway.Withdrawn, gateway.Gone)
	if age := s.clock.Now().Sub(must(s.store.Feed(t.Context(), riverside)).AsOf); age != 10*time.Minute {
		t.Errorf("the diary counts as %v old", age)
	}
	s.diary.age = 0
	s.read()
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.stands(person(2), day, gateway.Queued, gateway.None)
}

func TestAStateFromAWrongClockDoesNotKeepReadsOut(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.clock.Advance(-2 * time.Hour) // it had been two hours ahead
	s.booked(cancelled(1))
	s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled)
}

// The read shows the visit as it was a second before its patient cancelled it.
func TestAReadThatBeganASecondBeforeAConfirmedCancellationDoesNotTakeItBack(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.clock.Advance(15 * time.Minute)
	s.diary.reading = func() {
		s.clock.Advance(time.Second)
		if err := s.sched.Confirmed(t.Context(), s.surgery.Practice, cancelled(1)); err != nil {
			t.Error(err)
		}
	}
	s.booked(person(1))
	s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled)
	s.diary.reading = nil
	s.clock.Advance(time.Second)
	s.booked(person(1)) // booked again
	s.stands(person(1), day, gateway.Queued, gateway.None)
}

func TestAReadThatBeganBeforeALookDoesNotTakeItBack(t *testing.T) {
	later := person(1)
	later.Start = tuesday.AddDate(0, 0, 1)
	for _, c := range []struct {
		name   string
		is     gateway.Appointment // what the look finds
		listed bool                // what the slow read shows
		state  gateway.State
		why    gateway.Reason
	}{
		{"that found it cancelled", cancelled(1), true, gateway.Withdrawn, gateway.Cancelled},
		{"that found it moved", later, true, gateway.Queued, gateway.None},
		{"that found it still booked", person(1), false, gateway.Queued, gateway.None},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.booked(person(1), person(2))
			s.clock.Advance(15 * time.Minute)
			if !c.listed {
				s.diary.drop(person(1))
			}
			s.diary.reading = func() {
				s.clock.Advance(time.Minute)
				if err := s.sched.Refresh(t.Context(), s.surgery.Practice, c.is); err != nil {
					t.Error(err)
				}
			}
			s.booked(person(2))
			s.stands(c.is, day, c.state, c.why)
			s.diary.reading = nil
			s.clock.Advance(time.Minute)
			s.booked(person(1)) // a read that began after it is the newest truth again
			s.stands(person(1), day, gateway.Queued, gateway.None)
			if looks := must(s.store.Looks(t.Context(), riverside)); len(looks) != 0 {
				t.Errorf("%d looks are still remembered", len(looks))
			}
		})
	}
}

// Which changes of a visit whose patient was texted are tasks.
func TestWhoWasTextedAndIsNoLongerExpectedThenBecomesATask(t *testing.T) {
	moved, dead, restricted, arrived, blocked := person(1), cancelled(3), cancelled(4), person(5), person(6)
	moved.Start = tuesday.AddDate(0, 0, 1)
	dead.Patient.Deceased, restricted.Patient.Restricted = gateway.FlagYes, gateway.FlagYes
	arrived.Status, blocked.Status = gateway.StatusArrived, gateway.StatusNotBooked
	deadAndMoved := person(7)
	deadAndMoved.Patient.Deceased, deadAndMoved.Start = gateway.FlagYes, moved.Start
	s := newStage(t)
	for n := 1; n <= 9; n++ {
		s.diary.book(person(n))
	}
	s.read()
	s.come(monday)
	s.send()
	s.clock.Advance(15 * time.Minute)
	s.diary.drop(person(8))
	s.booked(moved, cancelled(2), dead, restricted, arrived, blocked, deadAndMoved)
	want := map[gateway.ReminderID]gateway.TaskKind{
		s.id(person(1), day): gateway.TaskMoved, s.id(person(2), day): gateway.TaskCancelled,
		s.id(person(6), day): gateway.TaskCancelled, s.id(person(8), day): gateway.TaskCancelled,
	}
	s.tasks(want)
	s.read() // reading it again opens nothing anew
	s.tasks(want)

	// On Tuesday, half an hour before her visit, a patient leaves the list of the
	// booked: most likely she has arrived.
	s.clock.Set(tuesday.Add(-30 * time.Minute))
	s.diary.drop(person(9))
	s.read()
	s.tasks(want)
}

// tasks compares the open tasks with those that are wanted.
func (s *stage) tasks(want map[gateway.ReminderID]gateway.TaskKind) {
	s.t.Helper()
	all := must(s.store.Tasks(s.t.Context(), s.surgery.ODS))
	for _, task := range all {
		if want[task.ID.ReminderID] != task.ID.Kind {
			s.t.Errorf("a task %s, want %q", task.ID.Kind, want[task.ID.ReminderID])
		}
	}
	if len(all) != len(want) {
		s.t.Errorf("%d tasks, want %d", len(all), len(want))
	}
}
