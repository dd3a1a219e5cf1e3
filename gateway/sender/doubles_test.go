package sender_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

// watched is the store, with places at which a test can step in. idle is the turn
// of the last claim that found nothing due, found counts those that found something.
type watched struct {
	*store.Store
	claiming                 sync.Mutex
	turn, idle, found, woken atomic.Int64
	refused                  atomic.Int64                 // claims that Redis did not answer
	claimed                  func()                       // after something was claimed
	moving                   func([]gateway.Change) error // before a move; an error is what the sender gets instead
	moved                    func([]gateway.Change) error // after it
}

func (w *watched) Look() {
	w.woken.Add(1)
	w.Store.Look()
}

func (w *watched) Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error) {
	// One lane's late answer must not tell the other that nothing is due.
	w.claiming.Lock()
	turn := w.turn.Load()
	w.Store.Look()
	c, err := w.Store.Claim(ctx, o)
	w.claiming.Unlock()
	if err != nil {
		w.refused.Add(1)
	}
	if c.Looked > 0 {
		w.found.Add(1)
	}
	if len(c.Claims) > 0 && w.claimed != nil {
		w.claimed()
	}
	if c.Looked == 0 && (err == nil || errors.Is(err, store.ErrInHold)) {
		w.idle.Store(turn)
	}
	return c, err
}

func (w *watched) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	if w.moving != nil {
		if err := w.moving(changes); err != nil {
			return nil, err
		}
	}
	got, err := w.Store.Move(ctx, now, changes)
	if w.moved != nil && err == nil {
		err = w.moved(changes)
	}
	return got, err
}

// to reports whether a batch of changes holds one to a state.
func to(changes []gateway.Change, st gateway.State) bool {
	for _, c := range changes {
		if c.To == st {
			return true
		}
	}
	return false
}

// diary is a clinical system that says what a test wrote into it.
type diary struct {
	clock  gateway.Clock
	mu     sync.Mutex
	visits map[gateway.AppointmentID]gateway.Appointment
	broken error // what asking for one appointment gives
	silent error // what reading it gives
	asked  int
	hang   bool // asking for one appointment hangs until it is given up
}

func (d *diary) book(a gateway.Appointment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.visits[a.ID] = a
}

func (d *diary) drop(id gateway.AppointmentID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visits, id)
}

func (d *diary) breakWith(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

// fall makes reading it give an error from now on, or work again with nil.
func (d *diary) fall(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = err
}

func (d *diary) Read(_ context.Context, span gateway.Span) (gateway.Feed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.silent != nil {
		return gateway.Feed{}, d.silent
	}
	f := gateway.Feed{Covers: span, Complete: true, AsOf: d.clock.Now()}
	for _, a := range d.visits {
		f.Appointments = append(f.Appointments, a)
	}
	return f, nil
}

func (d *diary) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	d.mu.Lock()
	d.asked++
	is, ok := d.visits[a.ID]
	err, hang := d.broken, d.hang
	d.mu.Unlock()
	if hang {
		<-ctx.Done()
		return a, ctx.Err()
	}
	if !ok {
		is = a
		is.Status = gateway.StatusCancelled
	}
	return is, err
}

// wire remembers the requests to send, and may be out of order: a 503 to all.
type wire struct {
	down  atomic.Bool
	mu    sync.Mutex
	posts []url.Values
	met   func() // in the middle of a request; may be nil
}

func (w *wire) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(b))
			w.mu.Lock()
			w.posts = append(w.posts, form)
			met := w.met
			w.mu.Unlock()
			if met != nil {
				met()
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
		}
		if w.down.Load() {
			http.Error(rw, "out of order", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func (w *wire) all() []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]url.Values(nil), w.posts...)
}

// moves remembers what was told to be withheld.
type moves struct {
	mu  sync.Mutex
	all []gateway.Move
}

func (m *moves) add(ms []gateway.Move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, ms...)
}

// told counts the moves for a reason.
func (m *moves) told(why gateway.Reason) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, x := range m.all {
		if x.Reason == why {
			n++
		}
	}
	return n
}
