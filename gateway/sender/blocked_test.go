package sender_test

import (
	"context"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/sender"
)

// lastMoment is a provider that answers when its time is just up: the number is
// blocked there.
type lastMoment struct{}

func (lastMoment) Name() string { return "last moment" }

func (lastMoment) Send(ctx context.Context, _ gateway.Outgoing) (gateway.Handover, error) {
	<-ctx.Done()
	return gateway.Handover{}, &gateway.SendError{Class: gateway.Stopped, Code: 21610, Status: 400, Reason: gateway.ProviderOptOut}
}

func TestANumberThatIsFoundBlockedInTheLastMomentIsOptedOutAllTheSame(t *testing.T) {
	s := newStage(t, giveUpAfter(100*time.Millisecond))
	s.booked(riverside, person(1))
	s.come(monday)
	r := s.start(func(o *sender.Options) { o.Provider = lastMoment{} })
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Refused, gateway.ProviderOptOut)
	if _, out, err := s.store.OptedOut(t.Context(), riverside, gateway.NewPhone(phone(1))); err != nil || !out {
		t.Errorf("opted out: %v, %v", out, err)
	}
}
