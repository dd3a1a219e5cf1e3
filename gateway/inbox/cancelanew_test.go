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

// phrases hold a visit's right code and are, all the same, not plainly a wish to cancel
// it (HAZ-12, T12). # is the code, @ another visit's of the same number.
var phrases = []string{
	"don't cancel #", "do not cancel #", "dont cancel # please", "please dont CANCEL #", "no need to cancel #", "never cancel #", "not cancelling #",
	"cancel @ not #", "cancel # not @", "cancel # and @", "cancel @ #", "CANCEL # CANCEL @", "# @ cancel", "cancel both # @", "cancel all #", "cancel # or @",
	"can I cancel #", "can you cancel #?", "should I cancel #", "how do i cancel #", "what is cancel #", "CANCEL #?", "cancel # ?", "cancel #??", "did you cancel #",
	"why was # cancelled", "is # cancelled", "# is cancelled", "# cancelled", "cancelled #", "cancelling #", "cancels #", "cancellation #", "uncancel #",
	"cancel # if it snows", "cancel # maybe", "might cancel #", "may have to cancel #", "cancel # unless you ring", "cancel # until March", "cancel # only if @ stands",
	"cancel my 3pm # not 2pm", "cancel # and rebook", "cancel # rebook", "CANCEL # move to Friday", "rebook #", "change #", "move # to @", "cancel # tomorrow", "cancel # today",
	"cancel the text #", "CANCEL # x", "cancel # lol", "no #", "ok cancel #", "yes cancel #", "cancer #", "cancel my cancer appointment #", "cancel # the pain is back",
	"cancel # cant breathe", "cancel # she died", "cancel # not me", "cancel mums #", "cancel # for my son", "my husband wants cancel #", "cancel code #", "cancel no #",
	"cancel number # please", "cancel 0#", "cancel #0", "cancel #1", "cancel 1 #", "#", "cancel", "cancel 12", "CANCEL # \U0001f622", "CANCEL # \u2753",
	"\U0001f6ab CANCEL #", "C\u0336A\u0336N\u0336CEL #",
}

func TestNoOtherWordsThanThePlainOnesFreeAVisitWhateverCodeTheyHold(t *testing.T) {
	s := newCancelStage(t)
	a, second, child := person(1), person(1), person(2)
	second.ID, second.Start = "88900", a.Start.AddDate(0, 0, 2)
	child.Patient.Mobile = a.Patient.Mobile
	s.shows(a, second, child)
	codes := strings.NewReplacer("#", codeOf(a), "@", codeOf(second))
	sent := map[string]string{}
	for _, phrase := range phrases {
		got := s.asks(1, codes.Replace(phrase))
		for _, text := range got.Texts {
			if strings.Contains(strings.ToLower(text), "cancel") {
				t.Errorf("%q is answered with words about cancelling", phrase)
			}
		}
		sent[got.MessageID] = phrase
	}
	if n := s.slots.times(); n != 0 {
		t.Errorf("the clinical system was asked %d times", n)
	}
	for _, r := range s.replies(riverside) {
		if !r.Open() {
			t.Errorf("%q waits for nobody", sent[r.MessageID])
		}
		delete(sent, r.MessageID)
	}
	if len(sent) != 0 {
		t.Errorf("%d are not kept", len(sent))
	}
	if s.asks(1, "CANCEL "+codeOf(a)); s.slots.times() != 1 {
		t.Error("the plain words free nothing either: something else stood in the way of the others")
	}
}
