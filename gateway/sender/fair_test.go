package sender_test

import (
	"context"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/sender"
)

// hanging is a provider that does not answer for one practice until it is let go.
type hanging struct {
	gateway.Provider
	practice gateway.ODS
	free     chan struct{}
}

func (h *hanging) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	if m.Reminder.Practice == h.practice {
		select {
		case <-h.free:
		case <-ctx.Done():
		}
	}
	return h.Provider.Send(ctx, m)
}

func TestAPracticeWithMuchToSendLeavesRoomForAnotherThroughASlowProvider(t *testing.T) {
	s := newStage(t, giveUpAfter(time.Minute))
	s.morning(riverside, 0, 200)
	s.come(friday)
	for i := range 3 { // due an hour after all of the others
		a := person(500 + i)
		a.Start = a.Start.Add(time.Hour)
		s.diaries[hillside].book(a)
	}
	s.come(monday.Add(time.Hour))
	slow := &hanging{practice: riverside, free: make(chan struct{})}
	r := s.start(func(o *sender.Options) {
		slow.Provider, o.Provider, o.InFlight = o.Provider, slow, 8
	})
	s.await("the other practice's texts have come", func() bool {
		n := 0
		for i := range 3 {
			n += len(s.sim.Phone(phone(500 + i)))
		}
		return n == 3
	})
	close(slow.free)
	for s.count(gateway.Accepted) < 203 {
		r.quiet()
		s.clock.on(time.Second)
		if s.clock.Now().After(monday.Add(2 * time.Hour)) {
			t.Fatal("the first practice's texts do not go")
		}
	}
	for n := range 200 {
		s.texts(phone(n), 1)
	}
	s.explained()
}
