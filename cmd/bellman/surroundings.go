package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"bellman/configs"
	"bellman/gateway"
)

// surroundings gives the adapter of a practice what it has besides its section.
func (a *app) surroundings(p configs.Practice) gateway.Surroundings {
	return gateway.Surroundings{
		Clock: a.clock, Trial: a.cfg.Mode.Trial(), Heard: a.heard, Serving: a.serving,
		Practice: p.ODS, Shelf: appShelf{a, p.ODS}, Turn: a.turns.of(p).take, Dial: a.dialer(p.ODS),
		Dated: func(date string) { a.turns.of(p).dated(date, a.clock.Now()) },
	}
}

// appShelf is a practice's shelf in the store. Adapters are made before the store
// is opened; a command opens it when an adapter first needs it.
type appShelf struct {
	app      *app
	practice gateway.ODS
}

func (h appShelf) open(ctx context.Context) (gateway.Shelf, error) {
	h.app.opening.Lock()
	defer h.app.opening.Unlock()
	if h.app.store == nil {
		if err := h.app.openStore(ctx); err != nil {
			return nil, fmt.Errorf("what is remembered of %s is kept in redis: %w", h.practice, err)
		}
	}
	return h.app.store.Shelf(h.practice), nil
}

// Get implements gateway.Shelf.
func (h appShelf) Get(ctx context.Context, keys ...string) ([]gateway.Kept, error) {
	s, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, keys...)
}

// Put implements gateway.Shelf.
func (h appShelf) Put(ctx context.Context, things ...gateway.Kept) error {
	s, err := h.open(ctx)
	if err != nil {
		return err
	}
	return s.Put(ctx, things...)
}

// Each implements gateway.Shelf.
func (h appShelf) Each(ctx context.Context, prefix string, do func(gateway.Kept) error) error {
	s, err := h.open(ctx)
	if err != nil {
		return err
	}
	return s.Each(ctx, prefix, do)
}

// turns counts and bounds what is asked of the clinical systems.
type turns struct {
	asked *prometheus.CounterVec
	mu    sync.Mutex
	by    map[gateway.ODS]*turn
}

func newTurns(r prometheus.Registerer) *turns {
	t := &turns{by: map[gateway.ODS]*turn{}, asked: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bellman_feed_requests_total", Help: "Requests made to a practice's clinical system.",
	}, []string{"practice"})}
	r.MustRegister(t.asked)
	return t
}

// of gives the bound of one practice, the same to all its adapters.
func (t *turns) of(p configs.Practice) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[p.ODS] == nil {
		// A tenth of a minute's requests may come at once; so that any minute holds
		// at most eleven tenths of the bound.
		burst := max(1, p.MaxRequests/10)
		t.by[p.ODS] = &turn{limit: rate.NewLimiter(rate.Limit(float64(p.MaxRequests)/60), burst), asked: t.asked.WithLabelValues(string(p.ODS))}
	}
	return t.by[p.ODS]
}

// words says what a command has asked of a practice's clinical system.
func (t *turns) words(p gateway.ODS) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.by[p]
	if b == nil || b.count.Load() == 0 {
		return "no request was made"
	}
	return fmt.Sprintf("%d request(s) were made; at most %.0f a minute are", b.count.Load(), float64(b.limit.Limit())*60)
}

// heard gives what a practice's clinical system said of the time, nil if nothing.
func (t *turns) heard(p gateway.ODS) *gateway.Reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.by[p]; b != nil {
		return b.clock.Load()
	}
	return nil
}

// turn is the bound of one practice.
type turn struct {
	limit *rate.Limiter
	count atomic.Int64
	asked prometheus.Counter
	clock atomic.Pointer[gateway.Reading] // of the clinical system; nil: it has not told its time
}

// dated hears the time that an answer of the clinical system bears.
func (t *turn) dated(date string, now time.Time) {
	if theirs, err := http.ParseTime(date); err == nil {
		t.clock.Store(&gateway.Reading{Asked: now.Add(-heardWithin), Answered: now, Theirs: theirs, Grain: time.Second})
	}
}

// heardWithin is how long an answer may have been on its way: a few seconds more or
// less are no fault of a clock.
const heardWithin = 2 * time.Second

// take waits until one more request may be made, and counts it. It fails when the
// context would end first.
func (t *turn) take(ctx context.Context) error {
	if err := t.limit.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errTooManyRequests
	}
	t.count.Add(1)
	t.asked.Inc()
	return nil
}

var errTooManyRequests = fmt.Errorf("this needs more requests than max_requests allows in the time there is: %w", context.DeadlineExceeded)
