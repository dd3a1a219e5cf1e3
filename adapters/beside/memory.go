package beside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"bellman/gateway"
)

// Options is what a Memory is made of. T is what a checker learns when it asks: it
// is kept as JSON, sealed by the shelf.
type Options[T any] struct {
	Name  string // of the checker: "pds". Its answers stand under it on the shelf
	Shelf gateway.Shelf
	Clock gateway.Clock
	// Key gives under what the answer about an appointment is remembered, such as
	// the patient's NHS number; empty: nobody can be asked about it, or may be.
	Key func(gateway.Appointment) string
	// Without says what becomes of an appointment that has no key. It is pure.
	Without func(gateway.Appointment) gateway.Appointment
	// Ask asks the other system now.
	Ask func(context.Context, gateway.Appointment) (T, error)
	// Lay lays an answer over an appointment. It is pure: the same answer over the
	// same appointment is always the same. It never makes a text more likely, but by
	// correcting the number.
	Lay func(gateway.Appointment, T) gateway.Appointment
	// Fresh is for how long an answer spares asking again in the moment of sending,
	// and after how long one that says "not clear" is asked for anew in a read.
	Fresh time.Duration
	// Cache is after how long an answer that changes something is asked for anew in
	// a read.
	Cache time.Duration
}

// Memory remembers the answers of one checker for one practice. It is a
// gateway.Checker, safe for concurrent use.
type Memory[T any] struct {
	o Options[T]

	mu    sync.Mutex
	swept daily // the shelf is rid of what is old
}

// NewMemory makes a memory. The error says that there is nowhere to remember.
func NewMemory[T any](o Options[T]) (*Memory[T], error) {
	if o.Shelf == nil {
		return nil, fmt.Errorf("%s needs somewhere to remember its answers", o.Name)
	}
	return &Memory[T]{o: o}, nil
}

// answer is what is kept of one look.
type answer[T any] struct {
	Asked time.Time `json:"asked"`
	Truth T         `json:"truth"`
}

// kept is an answer with its place on the shelf; the zero time in Asked means that
// there is none that can be read.
type kept[T any] struct {
	answer[T]
	key  string // on the shelf
	seen int64
}

// age gives how old an answer is. One from the future was given while a clock was
// wrong, and is older than anything.
func (k kept[T]) age(now time.Time) time.Duration {
	if d := now.Sub(k.Asked); d >= 0 && !k.Asked.IsZero() {
		return d
	}
	return forever
}

const forever = time.Duration(1<<63 - 1)

// Check lays the newest answer over an appointment: one that is younger than Fresh,
// or else the one to a question asked now. An error means that nothing was learnt,
// or that what was learnt could not be kept for the reads that follow.
func (m *Memory[T]) Check(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	key := m.o.Key(a)
	if key == "" {
		return m.o.Without(a), nil
	}
	had, err := m.get(ctx, []string{m.place(key)})
	if err != nil {
		return gateway.Appointment{}, err
	}
	if had[0].age(m.o.Clock.Now()) < m.o.Fresh {
		return m.o.Lay(a, had[0].Truth), nil
	}
	now, err := m.ask(ctx, a, had[0])
	if err != nil {
		return gateway.Appointment{}, err
	}
	return m.o.Lay(a, now.Truth), nil
}

// ask asks now and keeps the answer.
func (m *Memory[T]) ask(ctx context.Context, a gateway.Appointment, had kept[T]) (kept[T], error) {
	asked := m.o.Clock.Now()
	truth, err := m.o.Ask(ctx, a)
	if err != nil {
		return had, fmt.Errorf("ask %s: %w", m.o.Name, err)
	}
	had.Asked, had.Truth = asked.UTC(), truth
	return had, m.put(ctx, had)
}

func (m *Memory[T]) place(key string) string { return m.o.Name + "/" + key }

// get gives what is remembered in the given places, in their order.
func (m *Memory[T]) get(ctx context.Context, places []string) ([]kept[T], error) {
	out := make([]kept[T], 0, len(places))
	for len(places) > 0 {
		n := min(len(places), gateway.ShelfBatch)
		things, err := m.o.Shelf.Get(ctx, places[:n]...)
		if err == nil && len(things) != n {
			err = errShelf
		}
		if err != nil {
			return nil, fmt.Errorf("remember what %s said: %w", m.o.Name, err)
		}
		for i, t := range things {
			out = append(out, m.read(places[i], t))
		}
		places = places[n:]
	}
	return out, nil
}

var errShelf = errors.New("the shelf gave other things than were asked for")

// read understands one thing of the shelf. What another version of Bellman wrote,
// and this one does not understand, is as good as nothing: it is asked for anew.
func (m *Memory[T]) read(place string, t gateway.Kept) kept[T] {
	k := kept[T]{key: place, seen: t.Seen}
	if t.Value != nil && json.Unmarshal(t.Value, &k.answer) != nil {
		k.answer = answer[T]{}
	}
	return k
}

// tries is how often a write is tried that others keep coming before.
const tries = 3

// put keeps an answer, unless somebody has kept a newer one meanwhile.
func (m *Memory[T]) put(ctx context.Context, k kept[T]) error {
	value, err := json.Marshal(k.answer)
	if err != nil {
		return fmt.Errorf("keep what %s said: it cannot be written down", m.o.Name)
	}
	for range tries {
		err = m.o.Shelf.Put(ctx, gateway.Kept{Key: k.key, Value: value, Seen: k.seen})
		if !errors.Is(err, gateway.ErrShelfMoved) {
			break
		}
		theirs, errGet := m.get(ctx, []string{k.key})
		if errGet != nil {
			return errGet
		}
		if theirs[0].Asked.After(k.Asked) && theirs[0].age(m.o.Clock.Now()) != forever {
			return nil
		}
		k.seen = theirs[0].seen
	}
	if err != nil {
		return fmt.Errorf("keep what %s said: %w", m.o.Name, err)
	}
	return nil
}
