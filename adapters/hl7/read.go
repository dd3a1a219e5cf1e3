package hl7

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

// Read gives what the messages so far say of the appointments within the span. It
// asks nothing of the hospital. The read is as of the sender's last sign of life,
// and complete when there was one: what has been cancelled has been told, and what
// has not been told is not there.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if err := ctx.Err(); err != nil {
		return gateway.Feed{}, err
	}
	all, err := a.everything(ctx)
	if err != nil {
		return gateway.Feed{}, err
	}
	if err := ctx.Err(); err != nil {
		return gateway.Feed{}, err
	}
	feed := gateway.Feed{Covers: span, AsOf: a.asOf(all.life), Unreadable: a.listOdd(all.odd)}
	for key, v := range all.visits {
		one, missing := a.appointment(key, v, all)
		switch {
		case missing != "" && a.matters(v, span):
			feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: "appointment " + key, Why: missing})
		case missing == "" && span.Has(one.Start):
			if v.Garbled.known() {
				feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: "the newest message about appointment " + key, Why: v.Garbled.Is})
			}
			feed.Appointments = append(feed.Appointments, one)
		}
	}
	slices.SortFunc(feed.Appointments, func(x, y gateway.Appointment) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	slices.SortFunc(feed.Unreadable, func(x, y gateway.Unreadable) int {
		return cmp.Or(cmp.Compare(x.Where, y.Where), cmp.Compare(x.Why, y.Why))
	})
	feed.Complete = !feed.AsOf.IsZero() && all.damaged == 0
	feed.Notes = a.notes(feed, all)
	return feed, nil
}

// matters reports whether an appointment that is not whole ought to be seen by a
// person: not one of which all that is known is that nobody is expected.
func (a *Adapter) matters(v *visit, span gateway.Span) bool {
	if v.Start.known() && !span.Has(time.Unix(v.Start.Is.At, 0)) {
		return false
	}
	switch v.standing() {
	case gateway.StatusBooked, gateway.StatusUnknown:
		return true
	}
	return false
}

func (a *Adapter) listOdd(all map[string]odd) []gateway.Unreadable {
	var out []gateway.Unreadable
	since := a.clock.Now().Add(-keepOddFor).Unix()
	for _, o := range all {
		if o.Came >= since {
			out = append(out, o.unreadable())
		}
	}
	return out
}

func (a *Adapter) notes(f gateway.Feed, all *everything) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if f.AsOf.IsZero() {
		say("no message has come yet")
	} else if old := a.clock.Now().Sub(f.AsOf); old > agrees {
		say("the sender was last heard %.0f minutes ago, or tells of then", old.Minutes())
	}
	if all.damaged > 0 {
		say("%d things that are kept cannot be read: see `bellman feed forget --help`", all.damaged)
	}
	a.mu.Lock()
	halves := a.halves
	a.mu.Unlock()
	if halves > 0 {
		say("%d messages broke off before their end since the start; they were not acknowledged, so that the sender sends them again", halves)
	}
	return out
}

// everything is all that is kept for a practice, opened as it is needed.
type everything struct {
	visits  map[string]*visit
	odd     map[string]odd
	life    []byte
	people  map[string][]byte
	nhs     map[string][]byte
	damaged int
}

func (a *Adapter) everything(ctx context.Context) (*everything, error) {
	out := &everything{visits: map[string]*visit{}, odd: map[string]odd{}, people: map[string][]byte{}, nhs: map[string][]byte{}}
	err := a.shelf.Each(ctx, "", func(k gateway.Kept) error {
		out.put(k)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what the messages say: %w", err)
	}
	return out, nil
}

func (e *everything) put(k gateway.Kept) {
	if k.Key == lifeKey {
		if e.life = k.Value; !json.Valid(k.Value) {
			e.damaged++
		}
		return
	}
	kind, name := k.Key[:min(2, len(k.Key))], k.Key[min(2, len(k.Key)):]
	switch kind {
	case visitKey:
		v := new(visit)
		if json.Unmarshal(k.Value, v) != nil {
			e.damaged++
			return
		}
		e.visits[name] = v
	case personKey:
		e.people[name] = k.Value
	case nhsKey:
		e.nhs[name] = k.Value
	case oddKey:
		if o, ok := readOdd(k.Value); ok {
			e.odd[name] = o
		} else {
			e.damaged++
		}
	}
}

func (e *everything) person(id string) (*person, bool) {
	b, ok := e.people[id]
	if !ok {
		return nil, false
	}
	p := new(person)
	if json.Unmarshal(b, p) != nil {
		e.damaged++
		return nil, false
	}
	return p, true
}

func (e *everything) namesakes(nhs string) []string {
	b, ok := e.nhs[nhs]
	if !ok || nhs == "" {
		return nil
	}
	var ids []string
	if json.Unmarshal(b, &ids) != nil {
		e.damaged++
	}
	return ids
}

// errSilent is why an appointment cannot be looked at again: what is kept of it may
// have changed since.
type errSilent struct{ minutes int }

func (e errSilent) Error() string {
	if e.minutes == 0 {
		return "no message has come from the hospital yet"
	}
	return fmt.Sprintf("no message has come from the hospital for %d minutes: what is known may be out of date", e.minutes)
}

// Reread gives one appointment as the newest messages have it. It is an error when
// none came for longer than the section's silence.
func (a *Adapter) Reread(ctx context.Context, was gateway.Appointment) (gateway.Appointment, error) {
	key, ours := keyOf(was)
	d := a.desk()
	if err := d.fetch(ctx, lifeKey, visitKey+key, personKey+string(was.Patient.ID)); err != nil {
		return gateway.Appointment{}, fmt.Errorf("look at the appointment again: %w", err)
	}
	asOf := a.asOf(d.open[lifeKey].Value)
	if asOf.IsZero() {
		return gateway.Appointment{}, errSilent{}
	}
	if old := a.clock.Now().Sub(asOf); old > a.config.Silence {
		return gateway.Appointment{}, errSilent{int(old.Minutes())}
	}
	gone := was
	gone.Status = gateway.StatusCancelled
	if !ours || d.open[visitKey+key].Value == nil {
		return gone, nil
	}
	v, err := open[visit](ctx, d, visitKey+key)
	if err != nil {
		return gateway.Appointment{}, err
	}
	if v.id(key) != was.ID {
		return gone, nil // the number is another patient's now
	}
	looked := &lookup{ctx: ctx, d: d}
	now, missing := a.appointment(key, v, looked)
	switch {
	case looked.err != nil:
		return gateway.Appointment{}, fmt.Errorf("look at the appointment again: %w", looked.err)
	case missing != "":
		gone.Status = gateway.StatusUnknown
		return gone, nil
	}
	return now, nil
}

// lookup finds patients one by one.
type lookup struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	d   *desk
	err error
}

func (l *lookup) person(id string) (*person, bool) {
	p, err := open[person](l.ctx, l.d, personKey+id)
	if err != nil {
		l.err = err
		return nil, false
	}
	return p, l.d.open[personKey+id].Value != nil
}

func (l *lookup) namesakes(nhs string) []string {
	if nhs == "" {
		return nil
	}
	ids, err := open[[]string](l.ctx, l.d, nhsKey+nhs)
	if err != nil {
		l.err = err
		return nil
	}
	return *ids
}
