package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Scope of an opt-out: one practice.
const Scope = "practice"

type sealedOptOut struct {
	Number string    `json:"n"`
	Since  time.Time `json:"s"`
	By     string    `json:"b"`
}

func optOutPlace(t Tag) string { return "o" + string(t[:]) }

// AddOptOut writes an opt-out down for good: in the journal, then in Redis. When
// it returns nil, no text to that number begins to leave for that practice any
// more; InFlight tells of one that already has. A number that is opted out keeps
// its first date. Where Redis turns out to have been emptied, the store is
// rejoined, which brings back this opt-out with the others.
func (s *Store) AddOptOut(ctx context.Context, o gateway.OptOut) error {
	if o.Number.IsZero() {
		return errors.New("opt-out: there is no number")
	}
	if err := s.journal.append(journalLine{o.Practice, o.Number.Reveal(), true, o.Since, o.By, o.Message}); err != nil {
		return err
	}
	err := s.putOptOuts(ctx, []gateway.OptOut{o})
	if errors.Is(err, ErrEmptied) {
		return s.Rejoin(ctx)
	}
	return err
}

// putOptOuts writes opt-outs into Redis, many a round trip.
func (s *Store) putOptOuts(ctx context.Context, all []gateway.OptOut) error {
	calls := make([]call, len(all))
	for i, o := range all {
		k, err := s.key(ctx, o.Practice)
		if err != nil {
			return fmt.Errorf("opt-out: %w", err)
		}
		tag := k.tag(o.Number)
		b, err := json.Marshal(sealedOptOut{o.Number.Reveal(), o.Since.UTC().Truncate(time.Second), o.By})
		if err != nil {
			return errors.New("opt-out: cannot be written down")
		}
		sealed, err := k.seal(b, optOutPlace(tag))
		if err != nil {
			return errors.New("opt-out: cannot be sealed")
		}
		keys := keysOf(o.Practice)
		calls[i] = call{s.scripts.keep, []string{ShardOf(o.Practice).epoch(), keys.optouts(), keys.stories()}, []any{k.mark, string(tag[:]), sealed, "", ""}}
	}
	for ; len(calls) > 0; calls = calls[min(len(calls), optOutBatch):] {
		if _, err := s.run(ctx, calls[:min(len(calls), optOutBatch)]); err != nil {
			return fmt.Errorf("opt-out: %w", err)
		}
	}
	return nil
}

const optOutBatch = 500

// RemoveOptOut lets a number be texted again.
func (s *Store) RemoveOptOut(ctx context.Context, p gateway.ODS, number gateway.Phone, at time.Time, by string) error {
	return s.OptIn(ctx, gateway.OptOut{Practice: p, Number: number, Since: at, By: by})
}

func (s *Store) dropOptOut(ctx context.Context, p gateway.ODS, number gateway.Phone) error {
	k, err := s.key(ctx, p)
	if err != nil {
		return err
	}
	tag := k.tag(number)
	if err := s.rdb.HDel(ctx, keysOf(p).optouts(), string(tag[:])).Err(); err != nil {
		return fmt.Errorf("opt-out: %w", plain(err))
	}
	return nil
}

// OptedOut gives the opt-out of a number, or false.
func (s *Store) OptedOut(ctx context.Context, p gateway.ODS, number gateway.Phone) (gateway.OptOut, bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return gateway.OptOut{}, false, err
	}
	tag := k.tag(number)
	v, err := s.rdb.HGet(ctx, keysOf(p).optouts(), string(tag[:])).Result()
	if errors.Is(err, redis.Nil) {
		return gateway.OptOut{}, false, nil
	}
	if err != nil {
		return gateway.OptOut{}, false, fmt.Errorf("opt-out: %w", plain(err))
	}
	o, err := s.openOptOut(ctx, p, tag, v)
	return o, true, err
}

// OptOuts lists the opt-outs of a practice, oldest first.
func (s *Store) OptOuts(ctx context.Context, p gateway.ODS) ([]gateway.OptOut, error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).optouts()).Result()
	if err != nil {
		return nil, fmt.Errorf("opt-outs: %w", plain(err))
	}
	out := make([]gateway.OptOut, 0, len(all))
	for t, v := range all {
		var tag Tag
		copy(tag[:], t)
		o, err := s.openOptOut(ctx, p, tag, v)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b gateway.OptOut) int { return cmp.Compare(a.Since.Unix(), b.Since.Unix()) })
	return out, nil
}

func (s *Store) openOptOut(ctx context.Context, p gateway.ODS, tag Tag, v string) (gateway.OptOut, error) {
	_, b, err := s.unseal(ctx, p, []byte(v), optOutPlace(tag))
	if err != nil {
		return gateway.OptOut{}, fmt.Errorf("opt-out: %w", err)
	}
	var so sealedOptOut
	if err := json.Unmarshal(b, &so); err != nil {
		return gateway.OptOut{}, fmt.Errorf("opt-out: %w", errRecord)
	}
	return gateway.OptOut{Practice: p, Number: gateway.NewPhone(so.Number), Since: so.Since, By: so.By}, nil
}

// optedOutTags gives the tags of all numbers that opted out of a practice.
func (s *Store) optedOutTags(ctx context.Context, p gateway.ODS) (map[Tag]bool, error) {
	all, err := s.rdb.HKeys(ctx, keysOf(p).optouts()).Result()
	if err != nil {
		return nil, fmt.Errorf("opt-outs: %w", plain(err))
	}
	out := make(map[Tag]bool, len(all))
	for _, t := range all {
		var tag Tag
		copy(tag[:], t)
		out[tag] = true
	}
	return out, nil
}

// replay brings the opt-outs of the journal back into Redis. It only ever adds: a
// number that opted in again by this journal may have opted out by another
// replica's since.
func (s *Store) replay(ctx context.Context) error {
	lines, damaged, err := s.journal.read()
	if err != nil {
		return err
	}
	if damaged > 0 {
		return errJournalDamaged(damaged)
	}
	return s.putOptOuts(ctx, standingOptOuts(lines))
}

// standingOptOuts gives the opt-outs that a journal's lines leave standing, each
// with its first date, in the order of the lines.
func standingOptOuts(lines []journalLine) []gateway.OptOut {
	type who struct {
		practice gateway.ODS
		number   string
	}
	first := map[who]int{}
	for i, l := range lines {
		w := who{l.Practice, l.Number}
		if _, out := first[w]; !l.Out {
			delete(first, w)
		} else if !out {
			first[w] = i
		}
	}
	at := slices.Sorted(maps.Values(first))
	out := make([]gateway.OptOut, len(at))
	for i, n := range at {
		l := lines[n]
		out[i] = gateway.OptOut{Practice: l.Practice, Number: gateway.NewPhone(l.Number), Since: l.At, By: l.By}
	}
	return out
}
