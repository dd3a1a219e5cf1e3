package inbox_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// lostAfter plays a loss and what the diary says after it, until the hold has ended.
func (s *stage) lostAfter(lose func(), diary func()) {
	s.t.Helper()
	s.hold(false)
	lose()
	diary()
	s.notice()
	s.steps(4*time.Minute, riverside, hillside)
	s.hold(false)
	s.sendAll()
}

// renumbered gives the appointment of the n-th patient with another number.
func renumbered(n, to int) gateway.Appointment {
	a := person(n)
	a.Patient.Mobile = gateway.NewPhone(phone(to))
	return a
}

// What is lost with Redis is also to which number a text went. The list of the
// number that the patient has now is silent about it.
func TestATextOfBeforeALossIsNotSentAgainToTheNumberThatThePatientHasSince(t *testing.T) {
	for loss, lose := range losses {
		t.Run(loss, func(t *testing.T) {
			s := newStage(t)
			s.policy(func(p *gateway.Policy) { p.SendBookedLate = true })
			other := visit(7, tuesday.Add(5*time.Minute)) // due and not sent before the loss, at another time
			s.booked(riverside, person(1), person(2), other)
			raw, old := s.save()
			s.come(monday)
			s.sendAll()
			s.clock.Set(monday.Add(6 * time.Minute))
			s.lostAfter(func() { lose(t, raw, old) }, func() { s.visits[riverside][person(1).ID] = renumbered(1, 3) })
			s.come(s.clock.Now().Add(10 * time.Minute))
			s.sendAll()
			s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.MaybeSent)
			s.clock.Set(tuesday.Add(-30 * time.Minute)) // past its last useful moment
			s.steps(time.Minute, riverside)
			s.stands(s.id(riverside, person(1)), gateway.Failed, gateway.UnknownOutcome)
			s.sendAll()
			for n, want := range map[int]int{1: 1, 2: 1, 3: 0, 7: 1} {
				if got := s.got(n); got != want {
					t.Errorf("the phone %d got %d texts, want %d", n, got, want)
				}
			}
		})
	}
}

// Another patient at that time has the number by now: one of the two texts that
// went there is nobody's.
func TestATextToANumberThatAnotherPatientOfThatTimeHasIsCounted(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, renumbered(1, 5), renumbered(2, 5))
	raw, old := s.save()
	s.come(monday)
	s.sendAll()
	s.lostAfter(func() { old.PutBack(t, raw) }, func() { s.visits[riverside][person(1).ID] = renumbered(1, 3) })
	s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.MaybeSent)
	if s.got(5) != 2 || s.got(3) != 0 {
		t.Errorf("the old number got %d, the new one %d", s.got(5), s.got(3))
	}
}

// Words that nobody can read any more, to a number that no appointment has, may
// have been anybody's.
func TestAnUnreadableTextToANumberThatNobodyHasHoldsWhatWasNotFound(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2))
	raw, old := s.save()
	delete(s.visits[riverside], person(1).ID) // cancelled for a while
	s.come(monday)
	s.sendAll()
	if _, err := s.provider.Send(t.Context(), gateway.Outgoing{
		Reminder: s.id(riverside, person(1)), From: fromRiverside, To: gateway.NewPhone(phone(9)),
		Text: gateway.NewText("Riverside Surgery: you are expected."), Validity: time.Hour,
	}); err != nil {
		t.Fatal(err)
	}
	s.sim.Reply(t.Context(), phone(8), fromRiverside, "What is this about?") // our answer to it is no doubt
	s.lostAfter(func() { old.PutBack(t, raw) }, func() { s.visits[riverside][person(1).ID] = person(1) })
	s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.MaybeSent)
	s.texts(1, 0)
	if s.got(2) != 1 {
		t.Errorf("the other got %d", s.got(2))
	}
}
