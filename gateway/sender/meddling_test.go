package sender_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
)

// once runs do at the first call only.
func once(do func()) func() {
	var o sync.Once
	return func() { o.Do(do) }
}

func TestSTOPBetweenClaimAndLeaveWithdraws(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2))
	s.come(monday)
	r := s.ready()
	r.memory.claimed = once(func() { s.optOut(riverside, 1) })
	r.run()
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Withdrawn, gateway.OptedOut)
	s.texts(phone(1), 0)
	s.texts(phone(2), 1)
	if n := s.moves.told(gateway.OptedOut); n != 1 {
		t.Errorf("told %d times", n)
	}
	if n := len(s.wire.all()); n != 1 {
		t.Errorf("%d requests left", n)
	}
}

func TestSTOPBeforeTheClaimWithdraws(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.booked(hillside, person(1))
	s.come(monday)
	s.optOut(riverside, 1)
	s.start().quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Withdrawn, gateway.OptedOut)
	got := s.texts(phone(1), 1) // the other practice's
	if len(got) == 1 && got[0].From != fromHillside {
		t.Error("the practice that was told STOP texts")
	}
}

func (s *stage) optOut(p gateway.ODS, n int) {
	s.t.Helper()
	o := gateway.OptOut{Practice: p, Number: gateway.NewPhone(phone(n)), Since: s.clock.Now(), By: "patient"}
	if err := s.store.AddOptOut(s.t.Context(), o); err != nil {
		s.t.Error(err)
	}
}

// Changes in the diary that are read between the claim and the last step.
func TestAReadBetweenClaimAndLeaveWins(t *testing.T) {
	moved, cancelled, renumbered, dead := person(1), person(2), person(3), person(4)
	moved.Start = tuesday.AddDate(0, 0, 2)
	cancelled.Status = gateway.StatusCancelled
	renumbered.Patient.Mobile = gateway.NewPhone(phone(300))
	dead.Patient.Deceased = gateway.FlagYes
	s := newStage(t)
	s.booked(riverside, person(1), person(2), person(3), person(4), person(5))
	s.come(monday)
	r := s.ready()
	r.memory.claimed = once(func() { s.booked(riverside, moved, cancelled, renumbered, dead) })
	r.run()
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Withdrawn, gateway.Moved)
	s.stands(s.id(riverside, moved, day), gateway.Queued, gateway.None)
	s.stands(s.id(riverside, cancelled, day), gateway.Withdrawn, gateway.Cancelled)
	s.stands(s.id(riverside, dead, day), gateway.Withdrawn, gateway.Deceased)
	s.stands(s.id(riverside, renumbered, day), gateway.Accepted, gateway.None)
	for _, n := range []int{1, 2, 3, 4} {
		s.texts(phone(n), 0)
	}
	s.texts(phone(300), 1)
	s.texts(phone(5), 1)
	s.come(monday.AddDate(0, 0, 2))
	r.quiet()
	got := s.texts(phone(1), 1)
	if len(got) == 1 && !strings.Contains(got[0].Body, "Thursday 26 November") {
		t.Error("the text names the old day")
	}
	s.explained()
}

func TestTheLastLookFindsTheNewestTruth(t *testing.T) {
	moved, cancelled, renumbered, rung, unclear, reminded := person(1), person(2), person(3), person(5), person(6), person(8)
	moved.Start = tuesday.AddDate(0, 0, 2)
	cancelled.Status = gateway.StatusCancelled
	renumbered.Patient.Mobile = gateway.NewPhone(phone(300))
	rung.Mode = gateway.ModeTelephone
	unclear.Patient.Deceased = gateway.FlagUnclear
	reminded.Reminded = gateway.FlagYes
	s := newStage(t, canReread)
	for n := 1; n <= 8; n++ {
		s.diaries[riverside].book(person(n))
	}
	s.come(friday)
	s.come(monday)
	for _, a := range []gateway.Appointment{moved, cancelled, renumbered, rung, unclear, reminded} { // after the last read
		s.diaries[riverside].book(a)
	}
	s.diaries[riverside].drop(person(4).ID)
	r := s.start()
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Withdrawn, gateway.Moved)
	s.stands(s.id(riverside, moved, day), gateway.Queued, gateway.None)
	s.stands(s.id(riverside, cancelled, day), gateway.Withdrawn, gateway.Cancelled)
	s.stands(s.id(riverside, person(4), day), gateway.Withdrawn, gateway.Cancelled)
	s.stands(s.id(riverside, unclear, day), gateway.Held, gateway.DeceasedUnclear)
	s.stands(s.id(riverside, reminded, day), gateway.Withdrawn, gateway.SourceReminds)
	for _, n := range []int{1, 2, 3, 4, 6, 8} {
		s.texts(phone(n), 0)
	}
	s.texts(phone(300), 1)
	s.texts(phone(7), 1)
	if got := s.texts(phone(5), 1); len(got) == 1 && !strings.Contains(got[0].Body, "telephone appointment") {
		t.Error("the text tells a patient to come who will be rung")
	}
	for why, n := range map[gateway.Reason]int{gateway.Moved: 1, gateway.Cancelled: 2, gateway.DeceasedUnclear: 1} {
		if got := s.moves.told(why); got != n {
			t.Errorf("%s was told %d times, want %d", why, got, n)
		}
	}
	s.come(monday.AddDate(0, 0, 2))
	r.quiet()
	s.texts(phone(1), 1)
	s.explained()
}

func TestAClinicalSystemThatDoesNotAnswerHoldsAndIsAskedAgain(t *testing.T) {
	s := newStage(t, canReread)
	s.booked(riverside, person(1))
	s.booked(hillside, person(2))
	s.come(monday)
	s.diaries[riverside].breakWith(errors.New("no answer in time"))
	r := s.start()
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Held, gateway.RereadFailed)
	s.texts(phone(2), 1)
	for range 3 {
		s.clock.Advance(time.Minute)
		r.quiet()
	}
	s.stands(s.id(riverside, person(1), day), gateway.Held, gateway.RereadFailed)
	if n := s.moves.told(gateway.RereadFailed); n != 1 {
		t.Errorf("one hold was told %d times", n)
	}
	s.diaries[riverside].breakWith(nil)
	s.clock.Advance(time.Minute)
	r.quiet()
	s.texts(phone(1), 1)
}

func TestAClinicalSystemThatHangsHoldsUpNoOtherPractice(t *testing.T) {
	s := newStage(t, canReread)
	for n := range 60 {
		s.diaries[riverside].book(person(n))
	}
	s.booked(hillside, person(500))
	s.come(friday)
	s.come(monday)
	s.diaries[riverside].mu.Lock()
	s.diaries[riverside].hang = true
	s.diaries[riverside].mu.Unlock()
	began := time.Now()
	r := s.start()
	s.await("the other practice's text arrives", func() bool { return len(s.sim.Phone(phone(500))) == 1 })
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the other practice waited for %s", took)
	}
	r.stop() // what hangs is given up, and nothing is lost
	if n := s.count(gateway.Queued) + s.count(gateway.Held); n != 60 || s.count(gateway.Claimed) != 0 {
		t.Errorf("%d of 60 still wait, %d are claimed", n, s.count(gateway.Claimed))
	}
}

func TestAnAnswerAboutAnotherAppointmentIsNotBelieved(t *testing.T) {
	s := newStage(t, canReread)
	s.booked(riverside, person(1))
	s.come(monday)
	other := person(2)
	s.diaries[riverside].mu.Lock()
	s.diaries[riverside].visits[person(1).ID] = other
	s.diaries[riverside].mu.Unlock()
	s.start().quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Held, gateway.RereadFailed)
	s.texts(phone(1), 0)
	s.texts(phone(2), 0)
}

func TestAStopFinishesWhatIsInFlightAndGivesBackTheRest(t *testing.T) {
	const patients = 100
	s := newStage(t)
	for n := range patients {
		s.diaries[riverside].book(person(n))
	}
	s.come(friday)
	s.come(monday)
	for range 4 { // stopped at four different moments, and begun again
		r := s.ready()
		enough := len(s.wire.all()) + 7
		r.memory.moving = func(cs []gateway.Change) error {
			if to(cs, gateway.Sending) && len(s.wire.all()) >= enough {
				r.cancel() // in the middle of the last step
			}
			return nil
		}
		r.run()
		<-r.done
		if c, l := s.count(gateway.Claimed), s.count(gateway.Sending); c+l != 0 {
			t.Fatalf("after the stop %d are claimed and %d sending", c, l)
		}
		if n := s.count(gateway.Queued) + s.count(gateway.Accepted); n != patients {
			t.Fatalf("%d of %d are queued or accepted", n, patients)
		}
	}
	s.start().quiet()
	for n := range patients {
		s.texts(phone(n), 1)
	}
	s.explained()
}
