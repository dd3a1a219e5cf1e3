package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

const (
	moveBatch = 100
	moveFixed = 6 // arguments before the first change
	moveArgs  = 4 // of each change
)

// Move carries out changes, each by itself: one that is not possible stops no
// other. A change to Queued or Held without a time is looked at again at once. One
// that would bring back a reminder whose appointment has meanwhile another start,
// or whose rule is gone, withdraws it and answers Outdated. Claimed is reached by
// Claim alone. In hold a call with a change to Sending gives ErrInHold and does
// nothing.
func (s *Store) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	type slot struct{ call, at int }
	slots := make([]slot, len(changes))
	var calls []call
	var shards []Shard
	open := map[Shard]int{}
	fill := map[Shard]int{}
	for i := range changes {
		c := &changes[i]
		sh := ShardOf(c.ID.Practice)
		n, ok := open[sh]
		if !ok || fill[sh] == moveBatch {
			n = len(calls)
			open[sh], fill[sh] = n, 0
			args := make([]any, 0, moveFixed+moveArgs*min(len(changes), moveBatch))
			calls = append(calls, call{s.scripts.move, []string{sh.epoch(), sh.due(), sh.lease(), sh.tide()}, append(args, s.mark(sh), millis(now), seconds(now), sh.prefix(), s.tide.floor(sh), londonDay(now))})
			shards = append(shards, sh)
		}
		slots[i] = slot{n, fill[sh]}
		fill[sh]++
		calls[n].args = appendChange(c, calls[n].args)
	}
	got, err := s.tryAll(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("move reminders: %w", err)
	}
	texts := make([]string, len(got))
	for i, c := range got {
		n := 2 * (len(calls[i].args) - moveFixed) / moveArgs
		switch err := plain(c.Err()); {
		case errors.Is(err, errDamaged) && len(got) > 1:
			texts[i] = strings.Repeat(string([]byte{byte(gateway.Nowhere), byte(gateway.Elsewhere)}), n/2) // and stops no other
			continue
		case err != nil:
			return nil, fmt.Errorf("move reminders: %w", err)
		}
		if texts[i], err = c.Text(); err != nil {
			return nil, fmt.Errorf("move reminders: %w", errRecord)
		}
		if len(texts[i]) > n {
			s.risen(shards[i], texts[i][n:])
		}
	}
	out := make([]gateway.Changed, len(changes))
	for i, sl := range slots {
		t := texts[sl.call]
		if len(t) < 2*sl.at+2 {
			return nil, fmt.Errorf("move reminders: %w", errRecord)
		}
		if c := &changes[i]; c.To == gateway.Queued || c.To == gateway.Held {
			s.dueAt(ShardOf(c.ID.Practice), gateway.Later(c.At, now))
		}
		out[i] = gateway.Changed{From: gateway.State(t[2*sl.at]), Verdict: gateway.ChangeVerdict(t[2*sl.at+1])}
	}
	return out, nil
}

// appendChange adds one change to a call, in the layout that move.lua reads.
func appendChange(c *gateway.Change, args []any) []any {
	key := c.ID.Key()
	from := gateway.SourcesFor(c.To, c.Reason)
	if c.To == gateway.Claimed {
		from = "" // a claim without a lease would never end
	}
	if c.Only != "" {
		from = both(from, c.Only)
	}
	which := append(append(make([]byte, 0, 32), key[:]...), c.Digest[:]...)
	switch {
	case c.Consent && c.Clinics != (gateway.Digest{}):
		which = append(which, c.Clinics[:]...)
	case !c.Consent && !c.Since.IsZero():
		which = append(which, seconds(c.Since)...)
	}
	b := append(make([]byte, 0, 40), byte(c.To), byte(c.Reason), '-')
	if c.To == gateway.Sending {
		b[1] = byte(min(max(c.Most, 0), 255))
	}
	if c.Consent {
		b[len(b)-1] = 'o'
	}
	b = binary.BigEndian.AppendUint32(b, uint32(c.Code))
	b = append(b, c.Token[:]...)
	b = append(append(b, byte(len(from))), from...)
	if !c.At.IsZero() {
		b = strconv.AppendInt(b, c.At.UnixMilli(), 10)
	}
	return append(args, string(c.ID.Practice), which, b, c.MessageID)
}

// londonDay names the day that a practice has.
func londonDay(t time.Time) string { return t.In(gateway.London()).Format("20060102") }

// both gives the states that stand in both lists.
func both(a, b string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(b, r) {
			return r
		}
		return -1
	}, a)
}

const reminderFixed = 19

func parseReminder(v string) (gateway.Standing, bool) {
	if len(v) < reminderFixed {
		return gateway.Standing{}, false
	}
	b := []byte(v)
	r := gateway.Standing{
		State: gateway.State(b[0]), Reason: gateway.Reason(b[1]), At: fromSeconds(b[2:6]), Attempts: int(b[6]),
		Code: int(binary.BigEndian.Uint32(b[15:19])),
	}
	copy(r.Token[:], b[7:15])
	switch rest := v[reminderFixed:]; {
	case (r.State == gateway.Sending || r.State == gateway.Unknown) && len(rest) == len(r.Number):
		copy(r.Number[:], rest)
	case r.State != gateway.Sending:
		r.MessageID = rest
	}
	return r, r.State.String() != "invalid"
}
