package inbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
)

// The practice books the visit anew at the same time: nothing but what is written down
// of the first attempt stands between it and an old message.
func TestTheSameMessageAgainFreesNothingTwice(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	got := s.asks(1, "CANCEL "+codeOf(a))
	if len(got.Texts) != 1 || s.slots.times() != 1 {
		t.Fatalf("%d answers, asked %d times", len(got.Texts), s.slots.times())
	}
	s.shows(a)
	s.stands(s.id(riverside, a), gateway.Queued, gateway.None)
	again := s.post(inbox.InboundPath, text(1, fromRiverside, "CANCEL "+codeOf(a), got.MessageID))
	if again.status != http.StatusOK || strings.Contains(again.body, "Message") {
		t.Errorf("the replayed call is answered %d with %q", again.status, again.body)
	}
	s.come(s.clock.Now().Add(10 * time.Minute))
	s.catchUp() // the provider's list has it, too
	if n := s.slots.times(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.unsure(s.asks(1, "CANCEL "+codeOf(a)), 1)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelDone: 1, gateway.CancelAgain: 1})
	s.stands(s.id(riverside, a), gateway.Queued, gateway.None)
}

// The text that told the code went to a number that is not the patient's any more,
// or was not yet: neither frees the visit of whom it tells nothing.
func TestTheCodeIsWorthNothingOnAnotherNumberThanThePatientsOwn(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	code := codeOf(a)
	a.Patient.Mobile = gateway.NewPhone(phone(9))
	s.shows(a) // reception has another number now
	s.left(s.asks(1, "CANCEL "+code), 0)
	s.left(s.asks(2, "CANCEL "+code), 0)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelNoVisit: 2})
	s.stands(s.id(riverside, a), gateway.Queued, gateway.None)
}

// In the clinical system the visit is called off and booked again, at the same time
// under another id or at another time: who answers the old text is left to people.
func TestAVisitThatWasBookedAnewSinceTheTextIsNotTheOneThatIsMeant(t *testing.T) {
	for what, edit := range map[string]func(*gateway.Appointment){
		"another id":   func(a *gateway.Appointment) { a.ID = "88901" },
		"another time": func(a *gateway.Appointment) { a.Start = a.Start.Add(10 * time.Minute) },
	} {
		for seen, end := range map[string]gateway.CancelEnd{"not read yet": gateway.CancelChanged, "read": gateway.CancelInDoubt} {
			t.Run(what+", "+seen, func(t *testing.T) {
				s := newCancelStage(t)
				was := person(1)
				s.shows(was)
				is := was
				edit(&is)
				if is.ID != was.ID {
					off := was
					off.Status = gateway.StatusCancelled
					s.slots.change(off)
					if seen == "read" {
						s.booked(riverside, off)
					}
				} else if seen == "read" {
					end = gateway.CancelNoVisit // its code is another
				}
				s.slots.change(is)
				if seen == "read" {
					s.booked(riverside, is)
				}
				s.left(s.asks(1, "CANCEL "+codeOf(was)), 0)
				s.outcomes(map[gateway.CancelEnd]int{end: 1})
			})
		}
	}
}
