package scheduler_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/scheduler"
)

// hanging is a clinical system that answers nobody.
type hanging struct{ asked atomic.Int64 }

func (h *hanging) Read(ctx context.Context, _ gateway.Span) (gateway.Feed, error) {
	h.asked.Add(1)
	<-ctx.Done()
	return gateway.Feed{}, ctx.Err()
}

func TestASystemThatHangsKeepsThoseOfAnotherKindFromNothing(t *testing.T) {
	const hung = slots + 4
	s := newStage(t)
	down := &hanging{}
	quick := s.surgery
	quick.SourceType, quick.Poll = "another", "@every 1s"
	all := []scheduler.Practice{quick}
	for i := range hung {
		ods := gateway.ODS(fmt.Sprintf("H%05d", i))
		all = append(all, scheduler.Practice{Practice: gatewaytest.Practice(ods, gatewaytest.FromHillside), Source: down, SourceType: "scripted", Poll: "@every 1h"})
	}
	sched := s.newScheduler(newRegistry(), all...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = sched.Run(ctx) }()
	defer func() { cancel(); <-done }()
	gatewaytest.Await(t, "the system hangs in every slot", func() bool { return down.asked.Load() == slots })
	before := s.diary.asked()
	gatewaytest.Await(t, "the other system is read", func() bool { return s.diary.asked() > before })
}

// asked counts the reads so far.
func (d *diary) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reads
}

// slots is how many reads of one kind of system the tests' schedulers make at once.
const slots = 16
