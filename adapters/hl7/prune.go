package hl7

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"bellman/gateway"
)

// tidyEvery is how often what is over is taken away, while the adapter listens.
const tidyEvery = 6 * time.Hour

// tidy takes away what is long over: appointments, patients without any, and the
// list of what could not be understood. What changes meanwhile is left for the next
// time.
func (a *Adapter) tidy(ctx context.Context) error {
	var all []gateway.Kept
	if err := a.shelf.Each(ctx, "", func(k gateway.Kept) error { all = append(all, k); return ctx.Err() }); err != nil {
		return err
	}
	now := a.clock.Now()
	over, needed := sort(all, now)
	for _, k := range all {
		id, isPerson := cutKey(k.Key, personKey)
		if isPerson && !needed[id] && stale(k.Value, now, (*person).over) {
			over = append(over, k)
		}
	}
	gone := map[string]bool{}
	for _, k := range over {
		gone[k.Key] = true
	}
	for _, k := range all {
		if _, ok := cutKey(k.Key, nhsKey); ok && forgotten(k.Value, gone) {
			over = append(over, k)
		}
	}
	return a.takeAway(ctx, over)
}

// sort lists the appointments and the list's entries that are over, and names the
// patients of the others, with all in whom they went up.
func sort(all []gateway.Kept, now time.Time) (over []gateway.Kept, needed map[string]bool) {
	needed = map[string]bool{}
	into := map[string]string{}
	for _, k := range all {
		if id, ok := cutKey(k.Key, personKey); ok {
			var p person
			if json.Unmarshal(k.Value, &p) == nil {
				into[id] = p.Into.Is
			}
		}
	}
	for _, k := range all {
		if _, ok := cutKey(k.Key, visitKey); ok {
			var v visit
			if json.Unmarshal(k.Value, &v) == nil && v.over(now) {
				over = append(over, k)
				continue
			}
			for id := v.Patient.Is; id != "" && !needed[id]; id = into[id] {
				needed[id] = true
			}
		}
		if _, ok := cutKey(k.Key, oddKey); ok {
			if o, ok := readOdd(k.Value); ok && o.Came < now.Add(-keepOddFor).Unix() {
				over = append(over, k)
			}
		}
	}
	return over, needed
}

func cutKey(key, prefix string) (string, bool) {
	if len(key) < len(prefix) || key[:len(prefix)] != prefix {
		return "", false
	}
	return key[len(prefix):], true
}

// stale opens a record and asks whether it is over. One that cannot be opened is
// kept, so that a read can complain of it.
func stale[T any](kept []byte, now time.Time, over func(*T, time.Time) bool) bool {
	var record T
	return json.Unmarshal(kept, &record) == nil && over(&record, now)
}

// forgotten reports whether nobody who has an NHS number is kept any longer.
func forgotten(kept []byte, gone map[string]bool) bool {
	var ids []string
	return json.Unmarshal(kept, &ids) == nil &&
		!slices.ContainsFunc(ids, func(id string) bool { return !gone[personKey+id] })
}

func (a *Adapter) takeAway(ctx context.Context, over []gateway.Kept) error {
	for _, k := range over {
		k.Value = nil
		// One by one: what was changed meanwhile must not keep the others.
		if err := a.shelf.Put(ctx, k); err != nil && !errors.Is(err, gateway.ErrShelfMoved) {
			return err
		}
	}
	return nil
}
