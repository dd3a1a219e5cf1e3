package inbox_test

import (
	"context"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// asking counts what the provider's lists are asked.
type asking struct {
	inbox.Lister
	numbers, senders int
}

func (a *asking) List(ctx context.Context, since time.Time, numbers ...gateway.Phone) ([]gateway.Listed, error) {
	a.numbers++
	return a.Lister.List(ctx, since, numbers...)
}

func (a *asking) Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error) {
	a.senders++
	return a.Lister.Outbound(ctx, since, sender)
}

// doubtful is a stage on which so many texts are of unknown fate and the provider's
// list holds words for each that may or may not be it.
func doubtful(t *testing.T, texts int) (*stage, *asking) {
	t.Helper()
	var lists *asking
	s := newStage(t, func(o *inbox.Options) {
		lists = &asking{Lister: o.Lister}
		o.Lister = lists
	})
	var visits []gateway.Appointment
	for n := range texts {
		visits = append(visits, person(n))
	}
	s.booked(riverside, visits...)
	s.come(monday)
	for n := range texts {
		if _, err := s.provider.Send(t.Context(), gateway.Outgoing{
			Reminder: s.id(riverside, person(n)), From: fromRiverside, To: person(n).Patient.Mobile,
			Text: gateway.NewText("Riverside Surgery: you are expected."), Validity: time.Hour,
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.ErrorLost: 1}); err != nil {
		t.Fatal(err)
	}
	for range texts { // a sender leaves a provider alone that fails too often
		if s.sendMore(timeout) {
			break
		}
	}
	if n := len(must(s.memory.Unknowns(t.Context(), riverside))); n != texts {
		t.Fatalf("%d are unknown, want %d", n, texts)
	}
	return s, lists
}

// wait lets the reconciliation run for a time, every ten seconds, as the service does.
func (s *stage) wait(long time.Duration) {
	s.t.Helper()
	for end := s.clock.Now().Add(long); s.clock.Now().Before(end); s.clock.Advance(10 * time.Second) {
		s.reconcile()
	}
}

func TestATextOfWhichTheListCannotTellIsLookedUpAtGrowingIntervals(t *testing.T) {
	s, lists := doubtful(t, 3)
	s.clock.Advance(settle)
	s.reconcile()
	if lists.numbers != 3 || lists.senders != 0 {
		t.Fatalf("asked %d and %d times, want each once, in the moment in which it settles", lists.numbers, lists.senders)
	}
	s.wait(10 * time.Minute)
	first := lists.numbers
	if first < 3*4 || first > 3*8 {
		t.Errorf("asked %d times in ten minutes", first)
	}
	s.wait(2 * time.Hour)
	if n := lists.numbers - first; n > 3*25 || n < 3*20 {
		t.Errorf("asked %d times in two hours, want every five minutes for each", n)
	}
	s.clock.Set(tuesday.Add(-time.Hour)) // their last useful moment
	s.reconcile()
	for n := range 3 {
		s.stands(s.id(riverside, person(n)), gateway.Failed, gateway.UnknownOutcome)
	}
}

func TestManyTextsOfUnknownFateShareOneReadingOfTheList(t *testing.T) {
	s, lists := doubtful(t, 12)
	s.clock.Advance(settle)
	s.reconcile()
	if lists.numbers != 0 || lists.senders != 1 {
		t.Errorf("asked for %d numbers and %d senders, want one sender", lists.numbers, lists.senders)
	}
	for n := range 12 {
		s.stands(s.id(riverside, person(n)), gateway.Unknown, gateway.UnknownOutcome)
	}
}
