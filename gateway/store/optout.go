package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
// it returns nil, nothing more will be handed to the provider for that number and
// practice, but what AwaitQuiet waits for.
func (s *Store) AddOptOut(ctx context.Context, o gateway.OptOut) error {
	if err := s.journal.append(journalLine{o.Practice, o.Number.Reveal(), true, o.Since, o.By}); err != nil {
		return err
	}
	return s.putOptOut(ctx, o)
}

func (s *Store) putOptOut(ctx context.Context, o gateway.OptOut) error {
	k, err := s.key(ctx, o.Practice)
	if err != nil {
		return err
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
	if err := s.rdb.HSetNX(ctx, keysOf(o.Practice).optouts(), string(tag[:]), sealed).Err(); err != nil {
		return fmt.Errorf("opt-out: %w", plain(err))
	}
	return nil
}

// RemoveOptOut lets a number be texted again.
func (s *Store) RemoveOptOut(ctx context.Context, p gateway.ODS, number gateway.Phone, at time.Time, by string) error {
	if err := s.journal.append(journalLine{p, number.Reveal(), false, at, by}); err != nil {
		return err
	}
	return s.dropOptOut(ctx, p, number)
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
	o, err := openOptOut(k, tag, v)
	return o, true, err
}

// OptOuts lists the opt-outs of a practice, oldest first.
func (s *Store) OptOuts(ctx context.Context, p gateway.ODS) ([]gateway.OptOut, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return nil, err
	}
	all, err := s.rdb.HGetAll(ctx, keysOf(p).optouts()).Result()
	if err != nil {
		return nil, fmt.Errorf("opt-outs: %w", plain(err))
	}
	out := make([]gateway.OptOut, 0, len(all))
	for t, v := range all {
		var tag Tag
		copy(tag[:], t)
		o, err := openOptOut(k, tag, v)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b gateway.OptOut) int { return cmp.Compare(a.Since.Unix(), b.Since.Unix()) })
	return out, nil
}

func openOptOut(k *practiceKey, tag Tag, v string) (gateway.OptOut, error) {
	b, err := k.open([]byte(v), optOutPlace(tag))
	if err != nil {
		return gateway.OptOut{}, fmt.Errorf("opt-out: %w", err)
	}
	var so sealedOptOut
	if err := json.Unmarshal(b, &so); err != nil {
		return gateway.OptOut{}, fmt.Errorf("opt-out: %w", errRecord)
	}
	return gateway.OptOut{Practice: k.practice, Number: gateway.NewPhone(so.Number), Since: so.Since, By: so.By}, nil
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

// replay brings the opt-outs of the journal back into Redis, in their order.
func (s *Store) replay(ctx context.Context) error {
	lines, damaged, err := s.journal.read()
	if err != nil {
		return err
	}
	if damaged > 0 {
		return fmt.Errorf("opt-out journal: %d line(s) cannot be opened with this key file; put back the key file that sealed them", damaged)
	}
	for _, l := range lines {
		n := gateway.NewPhone(l.Number)
		if l.Out {
			err = s.putOptOut(ctx, gateway.OptOut{Practice: l.Practice, Number: n, Since: l.At, By: l.By})
		} else {
			err = s.dropOptOut(ctx, l.Practice, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
