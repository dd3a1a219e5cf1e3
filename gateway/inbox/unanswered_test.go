package inbox_test

import (
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/store"
)

// noAnswer is the code with which the provider says that it handed a text to the
// network, which did not answer: the phone may have it.
const noAnswer = 30410

// silently lets the text of the first patient leave, and the network not answer.
func (s *stage) silently(arrives bool) (gateway.ReminderID, *wire) {
	s.t.Helper()
	x := s.through(func(p *post) { p.pass(p.w) })
	s.sim.SetFate(phone(1), twiliosim.Fate{Code: noAnswer, Arrives: arrives})
	s.booked(riverside, person(1))
	s.come(monday)
	s.sendAll()
	s.sim.Flush(s.t.Context())
	return s.id(riverside, person(1)), x
}

// hours lets time go by as the service lives through it.
func (s *stage) hours(n int) {
	s.t.Helper()
	for range n {
		s.come(s.clock.Now().Add(time.Hour))
		s.reconcile()
		s.sendAll()
	}
}

func (s *stage) tasks() []gateway.Task {
	s.t.Helper()
	return must(s.memory.Tasks(s.t.Context(), riverside))
}

func TestATextThatTheNetworkDidNotAnswerForIsNeverSentAgainAndBecomesATask(t *testing.T) {
	for name, arrives := range map[string]bool{"it arrived": true, "it did not arrive": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			id, x := s.silently(arrives)
			s.stands(id, gateway.Unknown, gateway.NotAnswered)
			if st := s.standing(id); st.Code != noAnswer || st.MessageID != s.sim.Taken()[0].MessageID {
				t.Errorf("kept: code %d, message %q", st.Code, st.MessageID)
			}
			s.hours(22)
			s.stands(id, gateway.Unknown, gateway.NotAnswered)
			if open := s.tasks(); len(open) != 0 {
				t.Errorf("%d tasks while it may still be learnt", len(open))
			}
			s.clock.Set(tuesday.Add(-time.Hour)) // its last useful moment
			s.reconcile()
			s.sendAll()
			s.stands(id, gateway.Failed, gateway.UnknownOutcome)
			if open := s.tasks(); len(open) != 1 || open[0].ID.Kind != gateway.TaskUnknown || open[0].ID.ReminderID != id {
				t.Errorf("%d tasks, want the one about this text", len(open))
			}
			if n := x.postsTo(1); n != 1 {
				t.Errorf("posted %d times", n)
			}
			if s.settled.Load() != 0 {
				t.Error("counted as sent a second time")
			}
		})
	}
}

func TestReceptionCanReadThatTheNetworkDidNotAnswer(t *testing.T) {
	s := newStage(t)
	id, _ := s.silently(true)
	story := must(s.memory.Story(t.Context(), riverside, id.Ref))
	last := story[len(story)-1]
	if last.What != store.EventReminder || last.To != gateway.Unknown || last.Reason.Words() == "" || last.Reason != gateway.NotAnswered || last.Code != noAnswer {
		t.Errorf("the story ends with %+v", last)
	}
}

func TestALaterReceiptSettlesWhatTheNetworkDidNotAnswerFor(t *testing.T) {
	for status, want := range map[string]gateway.State{
		"delivered": gateway.Delivered, "undelivered": gateway.Undelivered,
		"sent": gateway.Unknown, "queued": gateway.Unknown, // of an earlier time, and late
	} {
		t.Run(status, func(t *testing.T) {
			s := newStage(t)
			id, x := s.silently(true)
			for range 2 {
				s.receipt(id, status, "")
			}
			if got := s.standing(id).State; got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
			s.hours(3)
			if n := x.postsTo(1); n != 1 || s.settled.Load() != 0 {
				t.Errorf("posted %d times, settled %d", n, s.settled.Load())
			}
		})
	}
}

// The provider's answer and all receipts are lost; its list shows the text as
// failed. That is no proof that it did not arrive.
func TestAListThatShowsThatTheNetworkDidNotAnswerProvesNothing(t *testing.T) {
	s := newStage(t)
	s.sim.SetFate(phone(1), twiliosim.Fate{Code: noAnswer, Arrives: true})
	s.sim.SetMischief(twiliosim.Mischief{Lost: 1})
	id := s.sent(1, twiliosim.TakenClosed)
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	s.come(monday.Add(settle))
	s.reconcile()
	s.stands(id, gateway.Unknown, gateway.NotAnswered)
	if st := s.standing(id); st.MessageID != s.sim.Taken()[0].MessageID {
		t.Errorf("the provider's id is not kept: %q", st.MessageID)
	}
	s.hours(22)
	s.stands(id, gateway.Unknown, gateway.NotAnswered)
	s.clock.Set(tuesday.Add(-time.Hour))
	s.reconcile()
	s.stands(id, gateway.Failed, gateway.UnknownOutcome)
	s.texts(1, 1)
	if n := s.settled.Load(); n != 1 {
		t.Errorf("counted as sent %d times", n)
	}
}

// The receipt is faster than the provider's own answer, which then says no more
// than that it took the text.
func TestAReceiptWithoutTheNetworksAnswerMayBeFasterThanTheProviders(t *testing.T) {
	s := newStage(t)
	s.come(monday)
	accept := s.leaving(1)
	s.receipt(accept.ID, "failed", "30410")
	if got := s.move(accept); got.Verdict != gateway.Elsewhere || got.From != gateway.Accepted {
		t.Errorf("verdict %c from %s", got.Verdict, got.From)
	}
	s.stands(accept.ID, gateway.Unknown, gateway.NotAnswered)
}

// The provider took the text and says afterwards that it never left, the account
// being suspended. What is sent again is only what certainly did not go, and a
// receipt may come again when a second text is on its way (decision 0029).
func TestATextThatNeverLeftForASuspendedAccountIsATaskAndNotSentAgain(t *testing.T) {
	s := newStage(t)
	x := s.through(func(p *post) { p.pass(p.w) })
	s.sim.SetFate(phone(1), twiliosim.Fate{Code: 30002})
	s.booked(riverside, person(1))
	s.come(monday)
	s.sendAll()
	s.sim.Flush(t.Context())
	id := s.id(riverside, person(1))
	s.stands(id, gateway.Undelivered, gateway.ProviderAccount)
	for _, late := range []string{"failed", "sent", "queued"} { // in any order, again
		s.receipt(id, late, "30002")
	}
	s.hours(3)
	s.stands(id, gateway.Undelivered, gateway.ProviderAccount)
	if open := s.tasks(); len(open) != 1 || open[0].ID.Kind != gateway.TaskNeverLeft || open[0].ID.ReminderID != id {
		t.Errorf("%d tasks, want the one about this text", len(open))
	}
	if n := x.postsTo(1); n != 1 {
		t.Errorf("posted %d times", n)
	}
}
