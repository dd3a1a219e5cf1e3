package inbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
)

func TestAPatientWhoCouldNotBeToldIsLeftToPeople(t *testing.T) {
	s := newCancelStage(t, func(o *inbox.Options) {
		o.Cancels.Words = func(gateway.Practice, gateway.Appointment, time.Time) gateway.Text { return gateway.Text{} }
	})
	s.shows(person(1))
	s.left(s.asks(1, "CANCEL "+codeOf(person(1))), 0)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelInDoubt: 1})
}

// What was asked of the clinical system is not undone: when the words fail afterwards,
// a person tells the patient.
func TestAPatientWhoCannotBeToldAnyMoreIsLeftToPeople(t *testing.T) {
	words := 0
	s := newCancelStage(t, func(o *inbox.Options) {
		o.Cancels.Words = func(p gateway.Practice, a gateway.Appointment, now time.Time) gateway.Text {
			if words++; words > 1 {
				return gateway.Text{}
			}
			return message.Cancelled(p, a, now)
		}
	})
	s.shows(person(1))
	got := s.asks(1, "CANCEL "+codeOf(person(1)))
	if len(got.Texts) != 0 || s.slots.times() != 1 || !s.waits(got.MessageID) {
		t.Errorf("%d texts, asked %d times, waits for a person: %t", len(got.Texts), s.slots.times(), s.waits(got.MessageID))
	}
}

// The provider gives up after fifteen seconds, and then texts nobody our answer.
func TestAPatientWhomTheProviderDidNotWaitToTellIsLeftToPeople(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	calling, hangUp := context.WithCancel(t.Context())
	s.begun = func() error { hangUp(); return nil }
	in := s.newInbox(func(o *inbox.Options) { o.Cancels, o.Practices = s.options.Cancels, s.options.Practices })
	m := gateway.Inbound{MessageID: sid(8), From: gateway.NewPhone(phone(1)), To: fromRiverside, Text: gateway.NewText("CANCEL " + codeOf(a))}
	p := slices.IndexFunc(s.options.Practices, func(p gateway.Practice) bool { return p.ODS == riverside })
	if _, err := in.Take(calling, s.options.Practices[p], m); err != nil {
		t.Fatal(err)
	}
	if s.slots.times() != 1 || s.ends(a) != "asked cancelled" || !s.waits(m.MessageID) {
		t.Errorf("asked %d times, the story tells %q, the reply waits: %t", s.slots.times(), s.ends(a), s.waits(m.MessageID))
	}
}

// handing is the provider's connection, by which the answer leaves or does not.
type handing struct {
	*httptest.ResponseRecorder
	waits func() bool // whether the reply waits for a person
	open  bool        // it did while the answer was leaving
	fails error
}

func (h *handing) FlushError() error {
	h.open = h.waits()
	return h.fails
}

// The process may die at any moment: until the answer is on its way, the reply is a
// person's.
func TestTheReplyIsClosedOnlyOnceTheAnswerIsOnItsWay(t *testing.T) {
	for what, fails := range map[string]error{"it leaves": nil, "the connection is gone": errors.New("gone")} {
		t.Run(what, func(t *testing.T) {
			s := newCancelStage(t)
			a := person(1)
			s.shows(a)
			in := s.newInbox(func(o *inbox.Options) { o.Cancels, o.Practices = s.options.Cancels, s.options.Practices })
			form := text(1, fromRiverside, "CANCEL "+codeOf(a), sid(8))
			form.Set("AccountSid", twiliosim.DefaultAccount)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, inbox.InboundPath, strings.NewReader(form.Encode()))
			r.Header.Set("X-Twilio-Signature", sign(twiliosim.DefaultToken, s.door+inbox.InboundPath, form))
			w := &handing{httptest.NewRecorder(), func() bool { return s.waits(sid(8)) }, false, fails}
			in.Handler().ServeHTTP(w, r)
			if !strings.Contains(w.Body.String(), "is cancelled") || !w.open {
				t.Errorf("answered %d, the reply waited meanwhile: %t", w.Code, w.open)
			}
			if waits := s.waits(sid(8)); waits != (fails != nil) {
				t.Errorf("the reply waits for a person: %t", waits)
			}
		})
	}
}
