package inbox_test

import (
	"context"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store/storetest"
)

// slowReader is a replica's way to the provider, on which much happens between the
// reading of a list and its use.
type slowReader struct {
	inbox.Lister
	meanwhile func()
}

func (l *slowReader) Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error) {
	got, err := l.Lister.Outbound(ctx, since, sender)
	if do := l.meanwhile; do != nil {
		l.meanwhile = nil
		do()
	}
	return got, err
}

// What was found absent in a list that was read before the text left, by a replica
// that took its time, says nothing of a text that left meanwhile.
func TestAListThatWasReadBeforeATextLeftDoesNotSendItAgain(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	if err := storetest.Client(t, s.address).FlushAll(t.Context()).Err(); err != nil { // and nothing had been sent before the loss
		t.Fatal(err)
	}
	s.notice()
	s.steps(30*time.Second, riverside, hillside)
	s.hold(false)
	s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.MaybeSent)
	slow := &slowReader{Lister: s.provider}
	other := s.newInbox(func(o *inbox.Options) { o.Lister = slow })
	slow.meanwhile = func() { // this replica finds out that nothing went, and it goes now; its answer is lost
		s.settle()
		s.stands(s.id(riverside, person(1)), gateway.Queued, gateway.None)
		if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.TakenClosed: 1}); err != nil {
			t.Fatal(err)
		}
		s.sendAll()
		if err := s.sim.SetRates(nil); err != nil {
			t.Fatal(err)
		}
		s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.UnknownOutcome)
	}
	s.clock.Advance(3 * time.Minute)
	s.booked(riverside)
	if err := other.Reconcile(t.Context(), s.practice(riverside)); err != nil {
		t.Fatal(err)
	}
	s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.UnknownOutcome)
	s.sendAll()
	if s.got(1) != 1 {
		t.Errorf("the patient got %d texts", s.got(1))
	}
}

// settle lets the stage's own replica look at the provider's list.
func (s *stage) settle() {
	s.t.Helper()
	if err := s.in.Reconcile(s.t.Context(), s.practice(riverside)); err != nil {
		s.t.Fatal(err)
	}
}
