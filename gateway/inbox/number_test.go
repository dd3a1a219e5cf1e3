package inbox_test

import (
	"net/http"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// renumber gives the patient of an appointment another number and reads the diary.
func (s *stage) renumber(n, to int) {
	s.t.Helper()
	a := person(n)
	a.Patient.Mobile = gateway.NewPhone(phone(to))
	s.booked(riverside, a)
}

// The list of the number that the patient has now is silent about a text that went
// to the number before, and must not be taken for a proof that none went.
func TestATextOfUnknownFateIsNotSentToTheNumberThatThePatientHasSince(t *testing.T) {
	for _, f := range []twiliosim.Fault{twiliosim.ErrorTaken, twiliosim.TakenClosed, twiliosim.ErrorLost} {
		t.Run(string(f), func(t *testing.T) {
			s := newStage(t)
			id := s.sent(1, f)
			before := len(s.sim.Phone(phone(1)))
			s.renumber(1, 2)
			for range 3 {
				s.come(s.clock.Now().Add(settle))
				s.reconcile()
				s.sendAll()
			}
			s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
			s.clock.Set(tuesday.Add(-time.Hour)) // its last useful moment
			s.reconcile()
			s.stands(id, gateway.Failed, gateway.UnknownOutcome)
			s.texts(1, before)
			s.texts(2, 0)
		})
	}
}

func TestAReceiptSettlesATextWhosePatientHasAnotherNumberSince(t *testing.T) {
	s := newStage(t)
	id := s.sent(1, twiliosim.TakenClosed)
	s.renumber(1, 2)
	if err := s.in.Receive(t.Context(), gateway.Receipt{Reminder: id, MessageID: sid(1), State: gateway.Delivered}); err != nil {
		t.Fatal(err)
	}
	if st := s.standing(id); st.State != gateway.Delivered || st.MessageID != sid(1) || st.Number != [12]byte{} {
		t.Errorf("it is %s, by %q", st.State, st.MessageID)
	}
}

func TestANumberThatCameBackIsLookedUpAgain(t *testing.T) {
	s := newStage(t)
	id := s.sent(1, twiliosim.ErrorTaken)
	s.renumber(1, 2)
	s.renumber(1, 1)
	s.come(monday.Add(settle))
	s.reconcile()
	s.stands(id, gateway.Delivered, gateway.None)
	s.texts(1, 1)
}

// STOP comes from the number that a text is just leaving for, while the diary has
// another one already.
func TestTheAnswerToSTOPWaitsForATextToANumberThatThePatientHasNoMore(t *testing.T) {
	s := newStage(t)
	s.come(monday)
	s.booked(riverside, person(1))
	accept := s.leaving(1)
	s.renumber(1, 2)
	busy := func(n int) bool {
		return must(s.memory.Store.InFlight(t.Context(), riverside, gateway.NewPhone(phone(n))))
	}
	if !busy(1) || busy(2) {
		t.Errorf("leaving for the old number: %t, for the new one: %t", busy(1), busy(2))
	}
	s.move(accept)
	if busy(1) {
		t.Error("still leaving after its answer")
	}
}

func TestTheAnswerToSTOPWaitsAlsoWhileRedisDoesNotSayWhatIsLeaving(t *testing.T) {
	s := newStage(t)
	s.come(monday)
	s.booked(riverside, person(1))
	accept := s.leaving(1)
	asked := make(chan struct{}, 1)
	cut := failing(2)
	s.memory.asking = func() error {
		err := cut()
		if err == nil {
			select {
			case asked <- struct{}{}:
			default:
			}
		}
		return err
	}
	answered := make(chan said, 1)
	go func() { answered <- s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1))) }()
	select {
	case <-answered:
		t.Fatal("answered while a text may be on its way")
	case <-asked:
	}
	s.move(accept)
	if got := <-answered; got.status != http.StatusOK {
		t.Errorf("answered %d", got.status)
	}
}
