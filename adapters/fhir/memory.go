package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/born"
)

// memory is what is remembered of patients from one read to the next, on the
// practice's shelf, so that a server which can say what changed need not tell
// everybody at every read. It proves nothing: before each text the patient is asked
// for anew. The nil memory remembers nothing.
type memory struct {
	shelf gateway.Shelf
	news  map[string]kept
	seen  map[string]int64
}

func newMemory(s gateway.Shelf) *memory {
	if s == nil {
		return nil
	}
	return &memory{shelf: s, news: map[string]kept{}, seen: map[string]int64{}}
}

const (
	// rememberedFor bounds how long a patient's record is believed to be unchanged
	// because the server does not say that it changed.
	rememberedFor = 12 * time.Hour
	// overlap is taken off a server's own time before it is asked what changed
	// since: its records may become visible later than they are stamped.
	overlap = 10 * time.Minute
	// longestKept bounds one remembered record, in bytes.
	longestKept = 64 << 10

	patientKey = "patient/"
)

// kept is one remembered record, as it lies on the shelf.
type kept struct {
	Told     time.Time                  `json:"told"` // by the server's clock
	Kept     time.Time                  `json:"kept"` // by ours
	Resource map[string]json.RawMessage `json:"resource"`
}

// remembered is a patient as the server told it at a time of its own clock.
type remembered struct {
	patient *fhirshape.Patient
	told    time.Time
}

// elements are those of a Patient that fhirshape reads. Nothing else is kept.
var elements = []string{
	"resourceType", "id", "meta", "implicitRules", "modifierExtension", "extension", "identifier", "active", "name", "telecom",
	"deceasedBoolean", "deceasedDateTime", "link", "animal", "communication", birthDate,
}

// birthDate is kept only as far as gateway/born says.
const birthDate = "birthDate"

// keptBirth gives what is kept of a date of birth.
func keptBirth(raw json.RawMessage, now time.Time) json.RawMessage {
	var said string
	if json.Unmarshal(raw, &said) != nil {
		said = string(raw) // no text, and so no date
	}
	out, err := json.Marshal(born.Keep(said, now, time.DateOnly))
	if err != nil {
		return nil
	}
	return out
}

// recall gives the patients that are remembered well enough at now.
func (m *memory) recall(ctx context.Context, ids []string, now time.Time) (map[string]remembered, error) {
	out := map[string]remembered{}
	if m == nil || len(ids) == 0 {
		return out, nil
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = patientKey + id
	}
	things, err := m.shelf.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("remember patients: %w", err)
	}
	for i, thing := range things {
		m.seen[ids[i]] = thing.Seen
		var k kept
		if thing.Value == nil || json.Unmarshal(thing.Value, &k) != nil || k.Told.IsZero() || k.Kept.After(now) || now.Sub(k.Kept) >= rememberedFor {
			continue
		}
		who := &fhirshape.Patient{}
		raw, err := json.Marshal(k.Resource)
		if err != nil || json.Unmarshal(raw, who) != nil || who.ID.Value != ids[i] {
			continue
		}
		out[ids[i]] = remembered{who, k.Told.Add(-overlap)}
	}
	return out, nil
}

// told takes in a record that the server gave at a time of its own clock (the
// header Date); without that time it is not remembered.
func (m *memory) told(id string, resource json.RawMessage, date string) {
	at, err := http.ParseTime(date)
	if m == nil || err != nil || len(resource) > longestKept {
		return
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(resource, &all) != nil {
		return
	}
	k := kept{Told: at, Resource: map[string]json.RawMessage{}}
	for _, name := range elements {
		switch raw, ok := all[name]; {
		case !ok:
		case name == birthDate:
			k.Resource[name] = keptBirth(raw, at)
		default:
			k.Resource[name] = raw
		}
	}
	m.news[id] = k
}

// put keeps what was told since the last put. That somebody else kept something
// meanwhile does no harm: it costs a question more.
func (m *memory) put(ctx context.Context, now time.Time) error {
	if m == nil {
		return nil
	}
	var things []gateway.Kept
	for id, k := range m.news {
		k.Kept = now
		raw, err := json.Marshal(k)
		if err != nil {
			continue
		}
		things = append(things, gateway.Kept{Key: patientKey + id, Value: raw, Seen: m.seen[id]})
	}
	for len(things) > 0 {
		n := min(len(things), gateway.ShelfBatch)
		if err := m.shelf.Put(ctx, things[:n]...); err != nil && !errors.Is(err, gateway.ErrShelfMoved) {
			return fmt.Errorf("remember patients: %w", err)
		}
		things = things[n:]
	}
	clear(m.news)
	return nil
}
