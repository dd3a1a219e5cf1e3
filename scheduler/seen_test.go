package scheduler_test

import (
	"errors"
	"testing"
	"time"

	"bellman/gateway"
)

// A reminder that fell due while nobody could read the diary, because we were down
// or the clinical system was, is not the patient's lateness.
func TestWhatWasBookedAndFellDueWhileNobodyReadTheDiaryIsSent(t *testing.T) {
	s := newStage(t)
	early, before := person(1), person(2)
	before.Start = tuesday.Add(-4 * time.Hour) // due on Monday at six, before the last read
	s.clock.Set(monday.Add(-2 * time.Hour))
	s.read()
	s.clock.Set(monday.Add(3 * time.Hour)) // five hours later, the reminder due for three
	s.booked(early, before)
	s.stands(early, day, gateway.Queued, gateway.None)
	s.stands(before, day, gateway.Withdrawn, gateway.BookedLate)
	s.send()
	if s.phones.to(number(1)) != 1 || s.phones.to(number(2)) != 0 {
		t.Errorf("%d and %d texts, want one and none", s.phones.to(number(1)), s.phones.to(number(2)))
	}
	s.clock.Advance(time.Hour)
	s.read()
	s.stands(early, day, gateway.Accepted, gateway.None)
}

// Within stale_after the diary counts as known, so what is new in it is new.
func TestWhatIsNewSoonAfterTheLastReadIsBookedLate(t *testing.T) {
	s := newStage(t)
	s.clock.Set(monday.Add(-time.Minute))
	s.read()
	s.clock.Set(monday.Add(80 * time.Minute))
	s.booked(person(1))
	s.stands(person(1), day, gateway.Withdrawn, gateway.BookedLate)
}

func TestTheFirstReadOfAPracticeKnowsNothingFromBefore(t *testing.T) {
	s := newStage(t)
	s.clock.Set(monday.Add(time.Minute))
	s.booked(person(1))
	s.stands(person(1), day, gateway.Withdrawn, gateway.BookedLate)
}

// After a loss, what fell due within the day before it waits to be looked up, and
// what could have left earlier is left alone.
func TestAfterALossOnlyWhatFellDueWithinADayIsStillOwed(t *testing.T) {
	s := newStage(t)
	s.rules(week, day)
	late, soon := person(1), person(2)
	soon.Start = tuesday.AddDate(0, 0, 7) // its week's reminder is due on Tuesday, tomorrow
	s.clock.Set(monday.Add(time.Hour))
	if err := s.store.SetLost(t.Context(), s.surgery.ODS, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.booked(late, soon)
	s.stands(late, week, gateway.Withdrawn, gateway.BookedLate)
	s.stands(late, day, gateway.Queued, gateway.None)
	s.stands(soon, week, gateway.Queued, gateway.None)
	s.stands(soon, day, gateway.Queued, gateway.None)
}

// A text that fell due in the night or on a Sunday waits for the practice's hours:
// it cannot have left before a loss, whenever it fell due.
func TestAfterALossWhatWaitsForThePracticesHoursIsStillOwed(t *testing.T) {
	s := newStage(t)
	a := person(1)
	a.Start = monday.Add(4 * time.Hour) // due on Sunday at two, and sent on Monday at eight
	s.clock.Set(monday.Add(-3 * time.Hour))
	if err := s.store.SetLost(t.Context(), s.surgery.ODS, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.booked(a)
	s.stands(a, day, gateway.Queued, gateway.None)
}

// A read between the loss and the moment in which the practices are marked would
// take all that it shows for booked just now.
func TestInAHoldNothingIsPlannedBeforeThePracticesAreMarked(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.clock.Set(monday.Add(time.Hour))
	if err := s.store.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.diary.book(a)
	if err := s.sched.Tick(t.Context(), s.surgery); err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now()
	if err := errors.Join(s.store.SetLost(t.Context(), s.surgery.ODS, now), s.store.SetRestoration(t.Context(), gateway.Restoration{Since: now, Practices: 1})); err != nil {
		t.Fatal(err)
	}
	s.read()
	s.stands(a, day, gateway.Queued, gateway.None)
}
