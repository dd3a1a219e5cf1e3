package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Kept is one appointment as the store holds it.
type Kept struct {
	Ref       gateway.Ref
	Head      gateway.Head
	Facts     gateway.Facts
	Reminders []gateway.Standing // those of its present start, queued ones included
	Damaged   bool               // the sealed part cannot be opened
}

// Appointments gives everything that is kept of a practice, by start.
func (s *Store) Appointments(ctx context.Context, p gateway.ODS) ([]Kept, error) {
	records, err := s.rdb.HGetAll(ctx, keysOf(p).appointments()).Result()
	if err != nil {
		return nil, fmt.Errorf("appointments of %s: %w", p, plain(err))
	}
	reminders, err := s.rdb.HGetAll(ctx, keysOf(p).reminders()).Result()
	if err != nil {
		return nil, fmt.Errorf("reminders of %s: %w", p, plain(err))
	}
	out := make([]Kept, 0, len(records))
	for r, v := range records {
		var ref gateway.Ref
		copy(ref[:], r)
		h, f, err := s.openRecord(ctx, p, ref, []byte(v))
		k := Kept{Ref: ref, Head: h, Facts: f, Damaged: err != nil}
		for _, rule := range h.Rules {
			k.Reminders = append(k.Reminders, standing(gateway.ReminderID{Practice: p, Ref: ref, Rule: rule, Start: h.Start}, reminders))
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Kept) int {
		return cmp.Or(a.Head.Start.Compare(b.Head.Start), strings.Compare(string(a.Ref[:]), string(b.Ref[:])))
	})
	return out, nil
}

// standing gives where a reminder of a present plan stands; one without an entry
// is queued.
func standing(id gateway.ReminderID, entries map[string]string) gateway.Standing {
	key := id.Key()
	r, ok := parseReminder(entries[string(key[:])])
	if !ok {
		r = gateway.Standing{State: gateway.Queued}
	}
	r.ID = id
	return r
}

// Reminder gives where one reminder stands, and false when it is not known.
func (s *Store) Reminder(ctx context.Context, id gateway.ReminderID) (gateway.Standing, bool, error) {
	key := id.Key()
	v, err := s.rdb.HGet(ctx, keysOf(id.Practice).reminders(), string(key[:])).Result()
	if errors.Is(err, redis.Nil) {
		return gateway.Standing{}, false, nil
	}
	if err != nil {
		return gateway.Standing{}, false, fmt.Errorf("reminder: %w", plain(err))
	}
	r, ok := parseReminder(v)
	r.ID = id
	return r, ok, nil
}

// Appointment gives one appointment as it is kept.
func (s *Store) Appointment(ctx context.Context, p gateway.ODS, ref gateway.Ref) (Kept, bool, error) {
	v, err := s.rdb.HGet(ctx, keysOf(p).appointments(), string(ref[:])).Result()
	if errors.Is(err, redis.Nil) {
		return Kept{}, false, nil
	}
	if err != nil {
		return Kept{}, false, fmt.Errorf("appointment: %w", plain(err))
	}
	h, f, err := s.openRecord(ctx, p, ref, []byte(v))
	return Kept{Ref: ref, Head: h, Facts: f, Damaged: err != nil}, true, nil
}

// Ref gives our own id of a practice's appointment, from its Identity.
func (s *Store) Ref(ctx context.Context, p gateway.ODS, id gateway.AppointmentID) (gateway.Ref, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return gateway.Ref{}, err
	}
	return k.ref(id), nil
}

// Event is one line of an appointment's story.
type Event struct {
	At     time.Time
	What   EventKind
	Rule   gateway.Rule   // of a reminder; zero for the appointment itself
	Start  time.Time      // the start it was about
	To     gateway.State  // with EventReminder
	Reason gateway.Reason // with EventReminder
	Code   int            // the provider's code
	Moved  time.Time      // with EventMoved: the new start
	Reply  gateway.ReplyKind
	Cancel gateway.CancelEnd // with EventCancel
}

// EventKind says what an event is.
type EventKind byte

// The kinds of event.
const (
	EventReminder EventKind = 0
	EventChanged  EventKind = 'N'
	EventMoved    EventKind = 'M'
	EventReply    EventKind = 'R'
	EventCancel   EventKind = 'X'
)

const eventFixed = 13

// Story gives the events of an appointment, in time order.
func (s *Store) Story(ctx context.Context, p gateway.ODS, ref gateway.Ref) ([]Event, error) {
	v, err := s.rdb.HGet(ctx, keysOf(p).stories(), string(ref[:])).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("story: %w", plain(err))
	}
	return parseStory([]byte(v)), nil
}

// parseStory reads the events of a story, up to the first that is not whole.
func parseStory(b []byte) []Event {
	var out []Event
	for {
		e, n := parseEvent(b)
		if n == 0 {
			break
		}
		out = append(out, e)
		b = b[n:]
	}
	slices.SortStableFunc(out, func(a, b Event) int { return a.At.Compare(b.At) })
	return out
}

// parseEvent reads one event and gives its length, 0 when it is not whole.
func parseEvent(b []byte) (Event, int) {
	if len(b) < eventFixed || len(b) < eventFixed+int(b[12]) {
		return Event{}, 0
	}
	n := eventFixed + int(b[12])
	e := Event{At: fromSeconds(b[1:5]), Start: fromSeconds(b[7:11]), Reason: gateway.Reason(b[11])}
	if c := binary.BigEndian.Uint16(b[5:7]); c != 0 {
		e.Rule = gateway.RuleFromCode(c)
	}
	extra := b[eventFixed:n]
	switch EventKind(b[0]) {
	case EventChanged:
		e.What = EventChanged
	case EventMoved:
		e.What = EventMoved
		if len(extra) == 4 {
			e.Moved = fromSeconds(extra)
		}
	case EventReply:
		e.What = EventReply
		if len(extra) == 1 {
			e.Reply = gateway.ReplyKind(extra[0])
		}
	case EventCancel:
		e.What = EventCancel
		if len(extra) == 1 {
			e.Cancel = gateway.CancelEnd(extra[0])
		}
	case EventReminder:
	default:
		e.To = gateway.State(b[0])
		if len(extra) == 4 {
			e.Code = int(binary.BigEndian.Uint32(extra))
		}
	}
	return e, n
}

// Standings gives where reminders stand, in order; one without an entry of its own
// is taken to wait.
func (s *Store) Standings(ctx context.Context, ids []gateway.ReminderID) ([]gateway.State, error) {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		key := id.Key()
		cmds[i] = pipe.HGet(ctx, keysOf(id.Practice).reminders(), string(key[:]))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("standings: %w", plain(err))
	}
	out := make([]gateway.State, len(ids))
	for i, c := range cmds {
		out[i] = gateway.Queued
		if r, ok := parseReminder(c.Val()); ok {
			out[i] = r.State
		}
	}
	return out, nil
}
