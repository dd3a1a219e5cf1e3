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

type sealedOptOut struct {
	Number string        `json:"n"`
	Since  time.Time     `json:"s"`
	By     string        `json:"b"`
	Who    string        `json:"w,omitempty"`
	Scope  gateway.Scope `json:"c,omitempty"`

	Visit  string    `json:"v,omitempty"`
	Start  time.Time `json:"t,omitzero"`
	Clinic string    `json:"k,omitempty"`
}

func optOutPlace(t Tag) string { return "o" + string(t[:]) }

var errNoNumber = errors.New("opt-out: there is no number, or no visit")

// AddOptOut writes an opt-out down for good: in the journal, then in Redis. When
// it returns nil, no text to that number begins to leave for that practice any
// more; InFlight tells of one that already has. A number that is opted out keeps
// its first date; see OptOut.Join. Where Redis turns out to have been emptied, the
// store is rejoined, which brings back this opt-out with the others.
func (s *Store) AddOptOut(ctx context.Context, o gateway.OptOut) error {
	return s.AddOptOuts(ctx, []gateway.OptOut{o})
}

// AddOptOuts is AddOptOut for several: one number at many practices. Those of a visit
// or a clinic stand beside the others.
func (s *Store) AddOptOuts(ctx context.Context, all []gateway.OptOut) error {
	if len(all) == 0 {
		return nil
	}
	lines := make([]journalLine, len(all))
	for i, o := range all {
		if o.Number.IsZero() && o.Scope != gateway.ScopeVisit || o.Visit == "" && o.Scope == gateway.ScopeVisit {
			return errNoNumber
		}
		lines[i] = lineOf(o, true)
	}
	if err := s.journal.append(lines...); err != nil {
		return err
	}
	err := s.putOptOuts(ctx, all)
	if err == nil {
		err = s.putHistory(ctx, lines)
	}
	if errors.Is(err, ErrEmptied) {
		return s.Rejoin(ctx)
	}
	return err
}

const (
	optOutBatch = 500
	optOutTries = 5
)

// putOptOuts writes opt-outs into Redis, many a round trip.
func (s *Store) putOptOuts(ctx context.Context, all []gateway.OptOut) error {
	var wide, finer []gateway.OptOut
	for _, o := range all {
		if o.Scope.Finer() {
			finer = append(finer, o)
		} else {
			wide = append(wide, o)
		}
	}
	if err := s.putWide(ctx, wide); err != nil {
		return err
	}
	return s.putFiner(ctx, finer)
}

// putWide writes those of whole practices.
func (s *Store) putWide(ctx context.Context, all []gateway.OptOut) error {
	for batch := range slices.Chunk(all, optOutBatch) {
		var err error
		for try := 0; len(batch) > 0; try++ {
			if try == optOutTries {
				return errors.New("opt-out: somebody else keeps changing it")
			}
			if batch, err = s.putBatch(ctx, batch); err != nil {
				return fmt.Errorf("opt-out: %w", err)
			}
		}
	}
	return nil
}

// putBatch writes opt-outs, each joined to the one that stands, and gives those
// that somebody else changed meanwhile. What cannot be written for one practice stops
// no other.
func (s *Store) putBatch(ctx context.Context, all []gateway.OptOut) ([]gateway.OptOut, error) {
	standing := s.sealedOptOuts(ctx, all)
	var failed error
	var calls []call
	var put []gateway.OptOut
	for i, o := range all {
		c, ok, err := s.puttingOptOut(ctx, o, standing[i])
		if err != nil {
			failed = err
		} else if ok {
			calls, put = append(calls, c), append(put, o)
		}
	}
	got, err := s.run(ctx, calls)
	if failed = cmp.Or(err, failed); failed != nil {
		return nil, failed
	}
	var overtaken []gateway.OptOut
	for i, c := range got {
		if done, err := c.Int(); err != nil {
			return nil, errRecord
		} else if done == 0 {
			overtaken = append(overtaken, put[i])
		}
	}
	return overtaken, nil
}

// sealedOptOuts asks for what stands of the same practices and numbers. Each answer
// holds its own error; where a practice's keys cannot be had there is none.
func (s *Store) sealedOptOuts(ctx context.Context, all []gateway.OptOut) []*redis.StringCmd {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.StringCmd, len(all))
	for i, o := range all {
		if k, err := s.key(ctx, o.Practice); err == nil {
			tag := k.tag(o.Number)
			cmds[i] = pipe.HGet(ctx, keysOf(o.Practice).optouts(), string(tag[:]))
		}
	}
	_, _ = pipe.Exec(ctx)
	return cmds
}

// puttingOptOut gives the script that writes an opt-out beside what stands, and false
// where that says as much already. What cannot be opened counts as opted out, too.
func (s *Store) puttingOptOut(ctx context.Context, o gateway.OptOut, standing *redis.StringCmd) (call, bool, error) {
	k, err := s.key(ctx, o.Practice)
	if err == nil && standing == nil {
		err = errors.New("the practice's keys came too late")
	}
	if err != nil {
		return call{}, false, err
	}
	seen, err := standing.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return call{}, false, plain(err)
	}
	tag := k.tag(o.Number)
	if seen != "" {
		was, err := s.openOptOut(ctx, o.Practice, tag, seen)
		if o = was.Join(o); err != nil || o == was {
			return call{}, false, nil
		}
	}
	sealed, err := k.sealOptOut(tag, o)
	if err != nil {
		return call{}, false, err
	}
	keys := keysOf(o.Practice)
	if seen != "" {
		return call{s.scripts.swap, []string{ShardOf(o.Practice).epoch(), keys.optouts()}, []any{k.mark, string(tag[:]), seen, sealed}}, true, nil
	}
	return call{s.scripts.keep, []string{ShardOf(o.Practice).epoch(), keys.optouts(), keys.stories()}, []any{k.mark, string(tag[:]), sealed, "", ""}}, true, nil
}

func (k *practiceKey) sealOptOut(tag Tag, o gateway.OptOut) ([]byte, error) {
	b, err := json.Marshal(sealedOptOut{Number: o.Number.Reveal(), Since: o.Since.UTC().Truncate(time.Second), By: o.By, Who: o.Who, Scope: o.Scope})
	if err != nil {
		return nil, errors.New("cannot be written down")
	}
	sealed, err := k.seal(b, optOutPlace(tag))
	if err != nil {
		return nil, errors.New("cannot be sealed")
	}
	return sealed, nil
}

// RemoveOptOut lets a number be texted again.
func (s *Store) RemoveOptOut(ctx context.Context, p gateway.ODS, number gateway.Phone, at time.Time, by string) error {
	return s.OptIn(ctx, gateway.OptOut{Practice: p, Number: number, Since: at, By: by})
}

func (s *Store) dropOptOut(ctx context.Context, o gateway.OptOut) error {
	k, err := s.key(ctx, o.Practice)
	if err != nil {
		return err
	}
	tag := k.tag(o.Number)
	if err := s.rdb.HDel(ctx, keysOf(o.Practice).optouts(), string(tag[:])).Err(); err != nil {
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
	if so.Scope.Finer() {
		// An older version took the journal's line of a visit or a clinic for one of the
		// whole practice, and withholds as much: so it stays until somebody lifts it.
		so.Scope = gateway.ScopePractice
	}
	return gateway.OptOut{Practice: p, Number: gateway.NewPhone(so.Number), Since: so.Since, By: so.By, Who: so.Who, Scope: so.Scope}, nil
}

// outs gives what a diary has to know of a practice's opt-outs, in one round trip.
func (s *Store) outs(ctx context.Context, p gateway.ODS, d *diary) error {
	pipe := s.rdb.Pipeline()
	numbers, finer := pipe.HKeys(ctx, keysOf(p).optouts()), pipe.HGetAll(ctx, keysOf(p).finer())
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("opt-outs: %w", plain(err))
	}
	d.optouts = make(map[Tag]bool, len(numbers.Val()))
	for _, t := range numbers.Val() {
		var tag Tag
		copy(tag[:], t)
		d.optouts[tag] = true
	}
	for field, v := range finer.Val() {
		switch len(field) {
		case len(gateway.Ref{}):
			d.visitsOut = put(d.visitsOut, gateway.Ref([]byte(field)), true)
		case len(Tag{}):
			d.clinicsOut = put(d.clinicsOut, Tag([]byte(field)), s.clinicOuts(ctx, p, field, v))
		}
	}
	return nil
}

// put puts a value into a map that may not be made yet.
func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}
