package sender_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/sender"
	"bellman/gateway/store/storetest"
)

// running is a sender at work.
type running struct {
	s       *stage
	memory  *watched
	metrics *prometheus.Registry
	worker  *sender.Sender
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}
}

// start sets a sender to work. meddle may change its options.
func (s *stage) start(meddle ...func(*sender.Options)) *running {
	s.t.Helper()
	r := s.ready(meddle...)
	r.run()
	return r
}

// ready makes a sender that does not work yet.
func (s *stage) ready(meddle ...func(*sender.Options)) *running {
	s.t.Helper()
	st := storetest.OpenAt(s.t, s.address, s.place)
	st.Serve([]gateway.ODS{riverside, hillside})
	r := &running{s: s, memory: &watched{Store: st}, metrics: prometheus.NewRegistry(), done: make(chan struct{})}
	o := sender.Options{
		Memory: r.memory, Provider: s.provider, Clock: &s.clock, Keeper: s.timekeeper(), Log: s.log.Logger(),
		Metrics: sender.NewMetrics(r.metrics, []gateway.ODS{riverside, hillside}), Moved: s.moves.add,
		Refresh: s.refresh, Render: s.render, InFlight: 16, PerSec: s.perSec, Timeout: s.timeout,
	}
	for _, surgery := range s.surgs {
		p := sender.Practice{Practice: surgery.Practice}
		if s.withRead {
			p.Reread = s.diaries[surgery.ODS]
		}
		o.Practices = append(o.Practices, p)
	}
	for _, m := range meddle {
		m(&o)
	}
	r.worker = sender.New(o)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (s *stage) refresh(ctx context.Context, p gateway.ODS, a gateway.Appointment) error {
	for _, surgery := range s.surgs {
		if surgery.ODS == p {
			return s.sched.Refresh(ctx, surgery.Practice, a)
		}
	}
	return errors.New("no such practice")
}

// run sets the sender to work; it is stopped with the test.
func (r *running) run() {
	go func() {
		defer close(r.done)
		r.worker.Run(r.ctx)
	}()
	r.s.t.Cleanup(r.stop)
}

// stop stops the sender and waits until it has ended.
func (r *running) stop() {
	r.cancel()
	<-r.done
}

// quiet waits until the sender has looked at everything that is due by the clock
// and is done with it. While it leaves the provider alone it looks at nothing.
func (r *running) quiet() {
	r.s.t.Helper()
	r.s.await("the sender is done with what is due", r.resting)
}

// resting reports whether the sender is done with what is due.
func (r *running) resting() bool {
	found := r.memory.found.Load()
	if r.s.count(gateway.Claimed)+r.s.count(gateway.Sending) > 0 {
		return false
	}
	r.memory.Store.Look()
	turn, woken := r.memory.turn.Add(1), r.memory.woken.Load()
	done := func() bool {
		return r.memory.idle.Load() >= turn || (r.memory.woken.Load() > woken+1 && r.metric("bellman_provider_broken")+r.metric("bellman_provider_paused") > 0)
	}
	for try := 0; !done() && try < 20; try++ {
		_ = r.s.store.Wake(r.s.t.Context(), r.s.clock.Now())
		time.Sleep(2 * time.Millisecond)
	}
	// Nothing was found since nothing was under way: so nothing went back.
	return done() && r.memory.found.Load() == found && r.s.count(gateway.Claimed)+r.s.count(gateway.Sending) == 0
}

// onlyPractice takes every other practice out of a sender's configuration.
func onlyPractice(p gateway.ODS) func(*sender.Options) {
	return func(o *sender.Options) {
		o.Practices = slices.DeleteFunc(o.Practices, func(x sender.Practice) bool { return x.ODS != p })
	}
}

// metric gives the sum of a metric of the sender over all its labels.
func (r *running) metric(name string) float64 {
	r.s.t.Helper()
	return gatewaytest.Metric(r.s.t, r.metrics, name)
}
