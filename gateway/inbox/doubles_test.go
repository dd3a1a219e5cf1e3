package inbox_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
)

// meddled is the store, with a place at which a test can make it fail.
type meddled struct {
	*store.Store
	moving    func() error // before a move; an error is what the caller gets instead
	keeping   func() error // before a reply is kept
	answering func() error // after it is kept, before it is found out whether to answer
	asking    func() error // before it is asked what is leaving
}

var errCut = errors.New("the process was killed here")

func (m *meddled) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	if m.moving != nil {
		if err := m.moving(); err != nil {
			return nil, err
		}
	}
	return m.Store.Move(ctx, now, changes)
}

func (m *meddled) KeepReply(ctx context.Context, r gateway.Reply) (bool, error) {
	if m.keeping != nil {
		if err := m.keeping(); err != nil {
			return false, err
		}
	}
	return m.Store.KeepReply(ctx, r)
}

func (m *meddled) FirstToday(ctx context.Context, p gateway.ODS, n gateway.Phone, what gateway.Answer) (bool, error) {
	if m.answering != nil {
		if err := m.answering(); err != nil {
			return false, err
		}
	}
	return m.Store.FirstToday(ctx, p, n, what)
}

func (m *meddled) InFlight(ctx context.Context, p gateway.ODS, n gateway.Phone) (bool, error) {
	if m.asking != nil {
		if err := m.asking(); err != nil {
			return false, err
		}
	}
	return m.Store.InFlight(ctx, p, n)
}

// failing gives an error the first n times.
func failing(n int) func() error {
	return func() error {
		if n--; n >= 0 {
			return errCut
		}
		return nil
	}
}

// sendAll lets senders send what is due, until nothing is. One that finds the
// provider out of order, and so would leave it alone for a while, is replaced by
// another that has not.
func (s *stage) sendAll() { s.t.Helper(); s.sendWithin(timeout) }

// sendWithin does so with a provider's timeout of its own.
func (s *stage) sendWithin(timeout time.Duration) {
	s.t.Helper()
	for !s.sendMore(timeout) {
		continue
	}
}

// sendMore lets one sender send, and reports whether nothing is due any more.
func (s *stage) sendMore(timeout time.Duration) bool {
	s.t.Helper()
	idle := &storetest.Idling{Store: s.open(), Practices: []gateway.ODS{riverside, hillside}}
	metrics := prometheus.NewRegistry()
	o := sender.Options{
		Memory: idle, Provider: s.provider, Clock: &s.clock, Log: s.log.Logger(), Render: message.Render, InFlight: 100, Timeout: timeout, // more lines than texts: none has to wait for one
		Metrics: sender.NewMetrics(metrics, []gateway.ODS{riverside, hillside}),
	}
	for _, p := range s.practices() {
		o.Practices = append(o.Practices, sender.Practice{Practice: p})
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var done atomic.Bool
	idle.Nothing = func() {
		done.Store(true)
		cancel()
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if broken(s.t, metrics) {
				cancel()
			}
		}
	})
	sender.New(o).Run(ctx)
	watching.Wait()
	return done.Load()
}

// broken reports whether a sender finds the provider out of order.
func broken(t *testing.T, r *prometheus.Registry) bool {
	return gatewaytest.Metric(t, r, "bellman_provider_broken") == 1
}
