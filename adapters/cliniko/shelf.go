package cliniko

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"bellman/gateway"
)

// What is kept on the shelf: the state, the settings, and the records in buckets by
// their ids, so that a change writes a small part only. They are put together or not
// at all, so that no read ever sees half of them.
const (
	keyState    = "cliniko/state"
	keySettings = "cliniko/settings"
	buckets     = 32 // of each kind of record
)

// bucket is a part of the mirror.
type bucket struct {
	Individuals map[string]individual `json:"individuals,omitzero"`
	Groups      map[string]group      `json:"groups,omitzero"`
	Attendees   map[string]attendee   `json:"attendees,omitzero"`
	People      map[string]person     `json:"people,omitzero"`
}

// memory is what was on the shelf when a read began.
type memory struct {
	kept   map[string]gateway.Kept
	mirror *mirror // nil: nothing that can be used
}

func bucketKey(n int) string { return fmt.Sprintf("cliniko/records/%02d", n) }

func bucketOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return int(h.Sum32() % buckets)
}

func shelfKeys() []string {
	keys := []string{keyState, keySettings}
	for n := range buckets {
		keys = append(keys, bucketKey(n))
	}
	return keys
}

// recall takes everything off the shelf. What cannot be read, or was kept by another
// version, is as good as nothing.
func (a *Adapter) recall(ctx context.Context) (memory, error) {
	things, err := a.env.Shelf.Get(ctx, shelfKeys()...)
	if err != nil {
		return memory{}, fmt.Errorf("what is remembered of Cliniko: %w", err)
	}
	mem := memory{kept: make(map[string]gateway.Kept, len(things))}
	for _, k := range things {
		mem.kept[k.Key] = k
	}
	mem.mirror = mem.read()
	return mem, nil
}

// read makes the mirror of what is kept, nil when it cannot be made.
func (mem memory) read() *mirror {
	m := newMirror(time.Time{}, time.Time{})
	if json.Unmarshal(mem.kept[keyState].Value, &m.state) != nil || m.state.Version != stateVersion {
		return nil
	}
	if json.Unmarshal(mem.kept[keySettings].Value, &m.settings) != nil {
		return nil
	}
	for n := range buckets {
		value := mem.kept[bucketKey(n)].Value
		if value == nil {
			continue
		}
		b := bucket{Individuals: m.individuals, Groups: m.groups, Attendees: m.attendees, People: m.people}
		if json.Unmarshal(value, &b) != nil {
			return nil
		}
	}
	return m
}

// keep puts on the shelf what differs from what is there. Where another process was
// faster, its word stands: it is as good as ours. The state alone is written no more
// often than every few minutes.
func (a *Adapter) keep(ctx context.Context, mem memory, m *mirror) error {
	values := map[string][]byte{}
	var parts [buckets]bucket
	for id, r := range m.individuals {
		add(&parts[bucketOf(id)].Individuals, id, r)
	}
	for id, r := range m.groups {
		add(&parts[bucketOf(id)].Groups, id, r)
	}
	for id, r := range m.attendees {
		add(&parts[bucketOf(id)].Attendees, id, r)
	}
	for id, r := range m.people {
		add(&parts[bucketOf(id)].People, id, r.kept(a.clock.Now()))
	}
	for n := range buckets {
		values[bucketKey(n)] = marshal(parts[n])
	}
	values[keySettings] = marshal(m.settings)
	var things []gateway.Kept
	for key, value := range values {
		if before := mem.kept[key]; !bytes.Equal(before.Value, value) {
			things = append(things, gateway.Kept{Key: key, Value: value, Seen: before.Seen})
		}
	}
	if old := mem.mirror; len(things) == 0 && old != nil && old.state.FullAt.Equal(m.state.FullAt) && m.state.High.Sub(old.state.High) < stateEvery {
		return nil
	}
	things = append(things, gateway.Kept{Key: keyState, Value: marshal(m.state), Seen: mem.kept[keyState].Seen})
	if err := a.env.Shelf.Put(ctx, things...); err != nil && !errors.Is(err, gateway.ErrShelfMoved) {
		return err
	}
	return nil
}

// stateEvery is how far Cliniko's time goes on before it is written down when
// nothing has changed.
const stateEvery = 10 * time.Minute

func add[T any](to *map[string]T, id string, r T) {
	if *to == nil {
		*to = map[string]T{}
	}
	(*to)[id] = r
}

// marshal writes what came out of JSON, which cannot fail. Maps are written in the
// order of their keys, so that what is the same looks the same.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
