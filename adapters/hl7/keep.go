package hl7

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"bellman/gateway"
)

// What stands on the shelf, by the beginning of its key.
const (
	visitKey  = "a/" // + the appointment's id: a visit
	personKey = "p/" // + the patient's id: a person
	nhsKey    = "n/" // + an NHS number: the ids of the patients who have it
	oddKey    = "u/" // + a number: a message that could not be understood
	lifeKey   = "s"  // when the sender was last heard
)

// tries is how often a message is laid over what others keep changing meanwhile,
// before it is given back to its sender.
const tries = 20

// maxNamesakes is how many patients with one NHS number are remembered.
const maxNamesakes = 8

// keep lays a message over what is known and keeps the outcome: all of it, or
// nothing. When it returns nil, what the message says is durable.
func (a *Adapter) keep(ctx context.Context, n news) error {
	for range tries {
		err := a.keepOnce(ctx, n)
		if !errors.Is(err, gateway.ErrShelfMoved) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return gateway.ErrShelfMoved
}

func (a *Adapter) keepOnce(ctx context.Context, n news) error {
	d := a.desk()
	if err := d.fetch(ctx, n.keys()...); err != nil {
		return err
	}
	if err := a.keepPeople(ctx, d, n); err != nil {
		return err
	}
	if n.visit != nil {
		if err := a.keepVisit(ctx, d, n); err != nil {
			return err
		}
	}
	return d.put(ctx)
}

// keys are what the message certainly touches, to be fetched in one go.
func (n news) keys() []string {
	var out []string
	if n.visit != nil {
		out = append(out, visitKey+n.visit.key)
	}
	for _, id := range append(slices.Concat(n.prior, n.mixed), n.who.id) {
		if id != "" && !slices.Contains(out, personKey+id) {
			out = append(out, personKey+id)
		}
	}
	if n.who.nhs != "" {
		out = append(out, nhsKey+n.who.nhs)
	}
	return out
}

func (a *Adapter) keepVisit(ctx context.Context, d *desk, n news) error {
	v, err := open[visit](ctx, d, visitKey+n.visit.key)
	if err != nil {
		return err
	}
	same, err := a.same(ctx, d, v.Patient.Is, n.who.id)
	if err != nil {
		return err
	}
	v.take(n, same)
	return d.set(visitKey+n.visit.key, v)
}

// same reports whether two ids are of one patient, as far as merges say.
func (a *Adapter) same(ctx context.Context, d *desk, one, other string) (bool, error) {
	if one == "" || other == "" || one == other {
		return one == other && one != "", nil
	}
	first, err := a.chain(ctx, d, one)
	if err != nil {
		return false, err
	}
	second, err := a.chain(ctx, d, other)
	return first[len(first)-1] == second[len(second)-1], err
}

// maxChain is how many merges are followed from one id to the next.
const maxChain = 8

// chain gives the ids from one to the one in which it went up at last.
func (a *Adapter) chain(ctx context.Context, d *desk, id string) ([]string, error) {
	out := []string{id}
	for len(out) <= maxChain {
		p, err := open[person](ctx, d, personKey+out[len(out)-1])
		if err != nil {
			return out, err
		}
		if p.Into.Is == "" || slices.Contains(out, p.Into.Is) {
			return out, nil
		}
		out = append(out, p.Into.Is)
	}
	return out, nil
}

func (a *Adapter) keepPeople(ctx context.Context, d *desk, n news) error {
	ids, err := a.whose(ctx, d, n.who)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := change(ctx, d, id, func(p *person) { p.take(n) }); err != nil {
			return err
		}
	}
	for _, id := range n.prior {
		if err := change(ctx, d, id, func(p *person) { p.goInto(n) }); err != nil {
			return err
		}
	}
	for _, id := range n.mixed {
		if err := change(ctx, d, id, func(p *person) { p.mix(n) }); err != nil {
			return err
		}
	}
	return nil
}

// whose gives the ids under which what is said of a patient is kept: the one that
// was sent and, where that is only the NHS number, those of every patient who has
// it. It remembers who has the number.
func (a *Adapter) whose(ctx context.Context, d *desk, w personNews) ([]string, error) {
	if w.id == "" {
		return nil, nil
	}
	if w.nhs == "" {
		return []string{w.id}, nil
	}
	known, err := open[[]string](ctx, d, nhsKey+w.nhs)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(*known, w.id) && len(*known) < maxNamesakes {
		*known = append(*known, w.id)
		if err := d.set(nhsKey+w.nhs, known); err != nil {
			return nil, err
		}
	}
	if w.byNHS && slices.Contains(*known, w.id) {
		return *known, nil
	}
	return []string{w.id}, nil
}

func change(ctx context.Context, d *desk, id string, do func(*person)) error {
	p, err := open[person](ctx, d, personKey+id)
	if err != nil {
		return err
	}
	do(p)
	return d.set(personKey+id, p)
}

// desk is what lies open of the shelf while one message is laid over it.
type desk struct {
	shelf gateway.Shelf
	open  map[string]gateway.Kept
	dirty []string
}

func (a *Adapter) desk() *desk { return &desk{shelf: a.shelf, open: map[string]gateway.Kept{}} }

func (d *desk) fetch(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	got, err := d.shelf.Get(ctx, keys...)
	for _, k := range got {
		d.open[k.Key] = k
	}
	return err
}

// errDamaged says that something kept is no record of ours.
var errDamaged = errors.New("something that is kept of the messages cannot be read: see `bellman feed forget --help`")

// open gives a record as it is known, fetching it where it does not lie open; an
// empty one where nothing is kept.
func open[T any](ctx context.Context, d *desk, key string) (*T, error) {
	k, ok := d.open[key]
	if !ok {
		if err := d.fetch(ctx, key); err != nil {
			return nil, err
		}
		k = d.open[key]
	}
	out := new(T)
	if k.Value == nil {
		return out, nil
	}
	if json.Unmarshal(k.Value, out) != nil {
		return nil, errDamaged
	}
	return out, nil
}

// set puts a record down, to be kept with all the others if it differs.
func (d *desk) set(key string, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("what a message says cannot be written down: %T", err)
	}
	k := d.open[key]
	if string(k.Value) == string(b) {
		return nil
	}
	k.Key, k.Value = key, b
	d.open[key] = k
	if !slices.Contains(d.dirty, key) {
		d.dirty = append(d.dirty, key)
	}
	return nil
}

func (d *desk) put(ctx context.Context) error {
	if len(d.dirty) == 0 {
		return nil
	}
	things := make([]gateway.Kept, len(d.dirty))
	for i, key := range d.dirty {
		things[i] = d.open[key]
	}
	return d.shelf.Put(ctx, things...)
}
