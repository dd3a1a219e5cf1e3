package scheduler_test

import (
	"context"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestAPracticeThatTellsOfChangesIsReadSoonAndOnceForMany(t *testing.T) {
	s := newStage(t)
	p := s.surgery
	p.Tells, p.Poll = true, "@every 10h"
	sched := s.newScheduler(newRegistry(), p)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = sched.Run(ctx) }()
	defer func() { cancel(); <-done }()
	gatewaytest.Await(t, "it is read at the start", func() bool { return s.diary.asked() == 1 })
	many := func() {
		for range 100 {
			sched.Soon(p.ODS)
			sched.Soon(gateway.ODS("Z99999")) // nobody's
		}
	}
	many()
	gatewaytest.Await(t, "it is read again", func() bool { return s.diary.asked() == 2 })
	gateway.Wait(ctx, 3*time.Second)
	if n := s.diary.asked(); n != 2 {
		t.Errorf("a hundred changes at once were %d reads", n-1)
	}
	many()
	gatewaytest.Await(t, "it is read once more", func() bool { return s.diary.asked() == 3 })
}
