package beside

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

const (
	// renewals is how many old answers are asked for anew with one read.
	renewals = 10
	// renewLimit bounds the time that takes.
	renewLimit = 10 * time.Second
	// longKept is how long an answer that no read needs any more is kept beyond
	// Cache: a patient may book again, and the diary may have been read by halves.
	longKept = 14 * 24 * time.Hour
	// sweepEvery is how often that is looked after.
	sweepEvery = 24 * time.Hour
)

// Recall lays over the appointments of a whole read what was learnt before, and asks
// anew for a few of the answers that change something and have grown old. remark says
// for an operator that those could not be had; the old ones then go on to count. Once
// a day it forgets old answers that change nothing about the read, which is why it
// must not be given a part of one. An error means that what is remembered could not
// be read.
func (m *Memory[T]) Recall(ctx context.Context, of []gateway.Appointment) (laid []gateway.Appointment, remark string, err error) {
	had, err := m.remembered(ctx, of)
	if err != nil {
		return nil, "", err
	}
	renewed, errRenew := m.renew(ctx, of, had)
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	if errRenew != nil {
		remark = fmt.Sprintf("%s could not be asked anew about those of whom it said something before; what it said stands (%s)", m.o.Name, errRenew)
	}
	now := m.o.Clock.Now()
	laid = make([]gateway.Appointment, len(of))
	counts := map[string]bool{}
	for i, a := range of {
		key := m.o.Key(a)
		if key == "" {
			laid[i] = m.o.Without(a)
			continue
		}
		if k, ok := renewed[key]; ok {
			had[key] = k
		}
		laid[i] = m.lay(a, had[key])
		counts[m.place(key)] = counts[m.place(key)] || laid[i] != a
	}
	return laid, remark, m.sweep(ctx, now, counts)
}

// Known lays what was learnt before over one appointment. It asks nobody and forgets
// nothing.
func (m *Memory[T]) Known(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	key := m.o.Key(a)
	if key == "" {
		return m.o.Without(a), nil
	}
	had, err := m.get(ctx, []string{m.place(key)})
	if err != nil {
		return gateway.Appointment{}, err
	}
	return m.lay(a, had[0]), nil
}

// remembered gives what is remembered of the appointments, by key.
func (m *Memory[T]) remembered(ctx context.Context, of []gateway.Appointment) (map[string]kept[T], error) {
	var keys, places []string
	out := map[string]kept[T]{}
	for _, a := range of {
		key := m.o.Key(a)
		if _, ok := out[key]; ok || key == "" {
			continue
		}
		out[key] = kept[T]{}
		keys, places = append(keys, key), append(places, m.place(key))
	}
	things, err := m.get(ctx, places)
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		out[key] = things[i]
	}
	return out, nil
}

func (m *Memory[T]) lay(a gateway.Appointment, k kept[T]) gateway.Appointment {
	if k.Asked.IsZero() {
		return a
	}
	return m.o.Lay(a, k.Truth)
}

// old is an answer that changes something and has to be asked for anew.
type old[T any] struct {
	kept[T]
	about gateway.Appointment
	age   time.Duration
}

// renew asks anew for the oldest answers that change something about a visit still
// to come that would else be texted, and gives the new ones by key. The first that
// cannot be had ends it.
func (m *Memory[T]) renew(ctx context.Context, of []gateway.Appointment, had map[string]kept[T]) (map[string]kept[T], error) {
	due := m.due(of, had)
	if len(due) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewLimit)
	defer cancel()
	out := map[string]kept[T]{}
	for _, d := range due[:min(len(due), renewals)] {
		now, err := m.ask(ctx, d.about, d.kept)
		if err != nil {
			return out, err
		}
		out[m.o.Key(d.about)] = now
	}
	return out, nil
}

// due lists the answers to be asked for anew, each once, the oldest first.
func (m *Memory[T]) due(of []gateway.Appointment, had map[string]kept[T]) []old[T] {
	now, seen := m.o.Clock.Now(), map[string]bool{}
	var out []old[T]
	for _, a := range of {
		key := m.o.Key(a)
		k := had[key]
		if key == "" || seen[key] || k.Asked.IsZero() || !sendable(a) || !a.Start.After(now) {
			continue
		}
		laid, limit := m.lay(a, k), m.o.Cache
		if doubtful(laid) && !doubtful(a) {
			limit = m.o.Fresh
		}
		if age := k.age(now); laid != a && age >= limit {
			seen[key] = true
			out = append(out, old[T]{k, a, age})
		}
	}
	slices.SortStableFunc(out, func(a, b old[T]) int { return cmp.Compare(b.age, a.age) })
	return out
}

// doubtful reports whether something about an appointment is not clear.
func doubtful(a gateway.Appointment) bool {
	p := a.Patient
	return a.Status == gateway.StatusUnknown || p.MobileKind == gateway.NumberUnclear ||
		slices.Contains([]gateway.Flag{p.Deceased, p.Left, p.Declined, p.Restricted}, gateway.FlagUnclear)
}

// sweep forgets, once a day, answers that no visit needs any more. counts are the
// places of those that change something now.
func (m *Memory[T]) sweep(ctx context.Context, now time.Time, counts map[string]bool) error {
	m.mu.Lock()
	due := m.swept.due(now)
	m.mu.Unlock()
	if !due {
		return nil
	}
	var over []gateway.Kept
	err := m.o.Shelf.Each(ctx, m.o.Name+"/", func(t gateway.Kept) error {
		if k := m.read(t.Key, t); !counts[t.Key] && k.age(now) >= m.o.Cache+longKept {
			over = append(over, gateway.Kept{Key: t.Key, Seen: t.Seen})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget what %s said long ago: %w", m.o.Name, err)
	}
	return forget(ctx, m.o.Shelf, over)
}
