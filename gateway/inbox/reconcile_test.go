package inbox_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
)

// sent lets the reminder of the n-th patient leave on Monday under a fault, and
// gives its id.
func (s *stage) sent(n int, f twiliosim.Fault) gateway.ReminderID {
	s.t.Helper()
	s.clock.Set(friday)
	s.booked(riverside, person(n))
	s.come(monday)
	if err := s.sim.Script(f); err != nil {
		s.t.Fatal(err)
	}
	s.sendAll()
	return s.id(riverside, person(n))
}

func (s *stage) reconcile() {
	s.t.Helper()
	if err := s.in.Reconcile(s.t.Context(), s.practice(riverside)); err != nil {
		s.t.Error("reconcile:", err)
	}
}

// texts checks how many texts of the practice a phone got.
func (s *stage) texts(n, want int) {
	s.t.Helper()
	if got := len(s.sim.Phone(phone(n))); got != want {
		s.t.Errorf("the phone got %d texts, want %d", got, want)
	}
}

func TestATextThatTheProviderTookIsFoundInItsListAndNeverSentAgain(t *testing.T) {
	for _, f := range []twiliosim.Fault{
		twiliosim.ErrorTaken, twiliosim.EmptyObject, twiliosim.EmptyBody, twiliosim.Truncated, twiliosim.TakenClosed,
	} {
		t.Run(string(f), func(t *testing.T) {
			s := newStage(t)
			id := s.sent(1, f)
			s.clock.Advance(settle - time.Second)
			s.reconcile()
			s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
			s.come(monday.Add(settle))
			s.reconcile()
			if st := s.standing(id); st.State != gateway.Delivered || st.MessageID != s.sim.Phone(phone(1))[0].MessageID {
				t.Errorf("it is %s", st.State)
			}
			if s.settled.Load() != 1 || s.metric("bellman_deliveries_total", "delivered") != 1 {
				t.Error("not counted once as sent and delivered")
			}
			s.clock.Advance(time.Hour)
			s.reconcile()
			s.sendAll()
			s.texts(1, 1)
		})
	}
}

func TestATextThatNeverArrivedThereIsSentExactlyOnce(t *testing.T) {
	for _, f := range []twiliosim.Fault{twiliosim.ErrorLost, twiliosim.ClosedUnread, twiliosim.Unavailable, twiliosim.Redirect, twiliosim.ProxyPage} {
		t.Run(string(f), func(t *testing.T) {
			s := newStage(t)
			id := s.sent(1, f)
			s.clock.Advance(settle - time.Second)
			s.reconcile()
			s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
			s.come(monday.Add(settle))
			s.reconcile()
			s.stands(id, gateway.Queued, gateway.None)
			s.sendAll()
			s.stands(id, gateway.Accepted, gateway.None)
			s.clock.Advance(time.Hour)
			s.reconcile()
			s.sendAll()
			s.texts(1, 1)
			if s.settled.Load() != 0 {
				t.Error("counted as accepted although it was not")
			}
		})
	}
}

func TestWhatTheListSaysOfATextIsTaken(t *testing.T) {
	s := newStage(t)
	s.sim.SetFate(phone(1), twiliosim.Fate{Code: 30003})
	id := s.sent(1, twiliosim.ErrorTaken)
	s.clock.Advance(settle)
	s.reconcile()
	s.stands(id, gateway.Undelivered, gateway.NotDelivered)
}

// A sender that was killed after its text had left; the machine comes up again
// hours later.
func TestAnOldCrashIsNotAProofThatNothingLeft(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	accept := s.leaving(1)
	words, _, err := message.Render(s.practice(riverside), person(1), monday)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.provider.Send(t.Context(), gateway.Outgoing{
		Reminder: accept.ID, From: fromRiverside, To: person(1).Patient.Mobile, Text: words, Validity: time.Hour,
	}); err != nil {
		t.Fatal(err)
	}
	s.come(monday.Add(3 * time.Hour))
	s.sendAll() // takes up the work of the dead one
	s.stands(accept.ID, gateway.Unknown, gateway.UnknownOutcome)
	s.clock.Advance(settle)
	s.reconcile()
	s.stands(accept.ID, gateway.Delivered, gateway.None)
	s.sendAll()
	s.texts(1, 1)
}

func TestSomethingElseToThatNumberProvesNothing(t *testing.T) {
	s := newStage(t)
	s.come(monday)
	// What it would have been worded as under another configuration, say.
	if _, err := s.provider.Send(t.Context(), gateway.Outgoing{
		Reminder: s.id(riverside, person(9)), From: fromRiverside, To: person(1).Patient.Mobile,
		Text: gateway.NewText("Riverside Surgery: you are expected on Tuesday."), Validity: time.Hour,
	}); err != nil {
		t.Fatal(err)
	}
	id := s.sent(1, twiliosim.ErrorLost)
	for range 5 {
		s.clock.Advance(time.Hour)
		s.reconcile()
	}
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	s.clock.Set(tuesday.Add(-time.Hour)) // its last useful moment
	s.reconcile()
	s.stands(id, gateway.Failed, gateway.UnknownOutcome)
	s.texts(1, 1)
}

func TestOtherTextsThatAreAccountedForAreNoDoubt(t *testing.T) {
	s := newStage(t)
	s.come(friday)
	mother, daughter := person(1), person(2) // one telephone
	mother.Start = tuesday.Add(10 * time.Minute)
	daughter.Patient.Mobile = mother.Patient.Mobile
	s.booked(riverside, mother, daughter)
	s.come(monday)
	if err := s.sim.Script(twiliosim.ErrorLost); err != nil {
		t.Fatal(err)
	}
	s.sendAll() // the daughter's is lost
	lost := s.id(riverside, daughter)
	s.stands(lost, gateway.Unknown, gateway.UnknownOutcome)
	s.come(monday.Add(10 * time.Minute))
	s.sendAll() // the mother's arrives
	s.sim.Reply(t.Context(), phone(1), fromRiverside, "What is this about?")
	s.texts(1, 2) // hers and our answer
	s.reconcile()
	s.stands(lost, gateway.Queued, gateway.None)
}

// Two reminders of one visit have the same words. The first is no proof that the
// second arrived.
func TestTheFirstTextOfAVisitIsNotTakenForTheSecond(t *testing.T) {
	s := newStage(t)
	early := must(gateway.ParseRule("1445m")) // five minutes before the other
	for i := range s.surgs {
		s.surgs[i].Policy.Rules = []gateway.Rule{early, day}
	}
	s.in = s.newInbox()
	s.booked(riverside, person(1))
	s.come(monday.Add(-5 * time.Minute))
	s.sendAll()
	s.texts(1, 1)
	s.come(monday)
	if err := s.sim.Script(twiliosim.ErrorLost); err != nil {
		t.Fatal(err)
	}
	s.sendAll()
	id := s.id(riverside, person(1))
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	s.come(monday.Add(settle))
	s.reconcile()
	s.stands(id, gateway.Queued, gateway.None)
	s.sendAll()
	s.texts(1, 2)
}

func TestWhatIsFoundAfterItsTimeIsAcceptedAllTheSame(t *testing.T) {
	s := newStage(t)
	taken, lost := s.sent(1, twiliosim.ErrorTaken), s.sent(2, twiliosim.ErrorLost)
	s.clock.Set(tuesday)
	s.reconcile()
	s.stands(taken, gateway.Delivered, gateway.None)
	s.stands(lost, gateway.Failed, gateway.UnknownOutcome)
}

// odd is the provider's list, with something done to it.
type odd struct {
	inbox.Lister
	do func(gateway.Phone, []gateway.Listed) ([]gateway.Listed, error)
}

func (o odd) List(ctx context.Context, since time.Time, numbers ...gateway.Phone) ([]gateway.Listed, error) {
	all, err := o.Lister.List(ctx, since, numbers...)
	if err != nil {
		return nil, err
	}
	return o.do(numbers[0], all)
}

func TestAListThatCannotBeReadLeavesItUnknownAndStopsNoOther(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) {
		o.Lister = odd{o.Lister, func(n gateway.Phone, all []gateway.Listed) ([]gateway.Listed, error) {
			if n == gateway.NewPhone(phone(1)) {
				return nil, errors.New("entry 3: has no date of creation")
			}
			return all, nil
		}}
	})
	bad, good := s.sent(1, twiliosim.ErrorTaken), s.sent(2, twiliosim.ErrorTaken)
	s.clock.Advance(settle)
	for range 10 { // whichever comes first
		_ = s.in.Reconcile(t.Context(), s.practice(riverside))
	}
	s.stands(bad, gateway.Unknown, gateway.UnknownOutcome)
	s.stands(good, gateway.Delivered, gateway.None)
	s.clock.Set(tuesday)
	if err := s.in.Reconcile(t.Context(), s.practice(riverside)); err == nil {
		t.Error("nobody is told")
	}
	s.stands(bad, gateway.Failed, gateway.UnknownOutcome)
}

func TestAnEntryWithoutWordsProvesNothingAndOneOfUnknownStatusProvesAcceptance(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) {
		o.Lister = odd{o.Lister, func(n gateway.Phone, all []gateway.Listed) ([]gateway.Listed, error) {
			for i := range all {
				if n == gateway.NewPhone(phone(1)) {
					all[i].Text = gateway.Text{} // redacted
				}
				all[i].State = gateway.Unknown // a status of its own
			}
			return all, nil
		}}
	})
	redacted, strange := s.sent(1, twiliosim.ErrorTaken), s.sent(2, twiliosim.ErrorTaken)
	s.clock.Advance(settle)
	s.reconcile()
	s.stands(redacted, gateway.Unknown, gateway.UnknownOutcome)
	s.stands(strange, gateway.Accepted, gateway.None)
}

func TestTwoInboxesReconcilingAtOnceSendNothingTwice(t *testing.T) {
	const patients = 60
	s := newStage(t)
	for n := range patients {
		s.visits[riverside][person(n).ID] = person(n)
	}
	s.come(friday)
	s.come(monday)
	if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.ErrorTaken: 0.5, twiliosim.ErrorLost: 0.5}); err != nil {
		t.Fatal(err)
	}
	s.sendAll()
	if err := s.sim.SetRates(nil); err != nil {
		t.Fatal(err)
	}
	other := s.newInbox()
	s.come(monday.Add(settle))
	for range 3 {
		var wg sync.WaitGroup
		for _, in := range []*inbox.Inbox{s.in, other} {
			wg.Go(func() {
				if err := in.Reconcile(t.Context(), s.practice(riverside)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(s.sendAll)
		wg.Wait()
	}
	s.sendAll()
	for n := range patients {
		s.texts(n, 1)
		if st := s.standing(s.id(riverside, person(n))).State; st != gateway.Accepted && st != gateway.Delivered {
			t.Errorf("one is %s", st)
		}
	}
}

// An inbox that was paused with an old list in its hands, in which the text was not
// yet. Meanwhile another one had it sent again, and that fate is unknown as well.
func TestAnInboxThatWakesWithAnOldListChangesNothing(t *testing.T) {
	s := newStage(t)
	id := s.sent(1, twiliosim.ErrorLost)
	s.come(monday.Add(settle))
	slow := s.newInbox(func(o *inbox.Options) {
		o.Lister = odd{o.Lister, func(_ gateway.Phone, all []gateway.Listed) ([]gateway.Listed, error) {
			s.reconcile()
			s.stands(id, gateway.Queued, gateway.None)
			if err := s.sim.Script(twiliosim.ErrorTaken); err != nil {
				t.Error(err)
			}
			s.sendAll()
			s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
			return all, nil
		}}
	})
	if err := slow.Reconcile(t.Context(), s.practice(riverside)); err != nil {
		t.Error(err)
	}
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	s.come(s.clock.Now().Add(settle))
	s.reconcile()
	s.stands(id, gateway.Delivered, gateway.None)
	s.texts(1, 1)
}

func TestReconciliationRunsByItself(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) { o.Settle = 400 * time.Millisecond })
	id := s.sent(1, twiliosim.ErrorTaken)
	s.clock.Advance(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.in.Run(ctx) })
	s.await("it is settled", func() bool { return s.standing(id).State == gateway.Delivered })
	cancel()
	wg.Wait()
}
