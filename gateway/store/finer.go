package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Opt-outs of one visit, or of one clinic for one number, stand in a hash of their own,
// so that a practice that has none pays nothing for them. A visit's field is its ref; a
// number's is its tag, and holds all of its clinics. Each value begins with the digest
// of what it says (8 bytes), by which a claim and the step before sending see whether
// it is what the visit was judged by; the rest is sealed.

// everFiner is the field that says that a practice has, or had, such opt-outs. A hash
// that is gone without a trace is thereby told from one that has run empty.
const everFiner = "."

func finerPlace(field, list string) string { return "f" + field + list }

// finerField gives where an opt-out stands.
func (k *practiceKey) finerField(o gateway.OptOut) string {
	if o.Scope == gateway.ScopeVisit {
		ref := k.ref(o.Visit)
		return string(ref[:])
	}
	tag := k.tag(o.Number)
	return string(tag[:])
}

// finerSubject is the field of one practice, with the opt-outs that are to be added
// to it.
type finerSubject struct {
	practice gateway.ODS
	field    string
	outs     []gateway.OptOut
}

// putFiner writes opt-outs of visits and clinics into Redis, each joined to the one
// that stands, many a round trip.
func (s *Store) putFiner(ctx context.Context, all []gateway.OptOut) error {
	var subjects []*finerSubject
	byField := map[string]*finerSubject{}
	for _, o := range all {
		k, err := s.key(ctx, o.Practice)
		if err != nil {
			return fmt.Errorf("opt-out: %w", err)
		}
		field := k.finerField(o)
		w := byField[string(o.Practice)+field]
		if w == nil {
			w = &finerSubject{practice: o.Practice, field: field}
			byField[string(o.Practice)+field] = w
			subjects = append(subjects, w)
		}
		w.outs = append(w.outs, o)
	}
	for batch := range slices.Chunk(subjects, optOutBatch) {
		if err := s.changeFiner(ctx, batch, addFiner); err != nil {
			return fmt.Errorf("opt-out: %w", err)
		}
	}
	return nil
}

// addFiner joins opt-outs to those that stand.
func addFiner(stand, more []gateway.OptOut) []gateway.OptOut {
	for _, o := range more {
		o.Message, o.Note, o.Since = "", gateway.Text{}, o.Since.UTC().Truncate(time.Second)
		if i := slices.IndexFunc(stand, o.SameAs); i < 0 {
			stand = append(stand, o)
		} else {
			stand[i] = stand[i].Join(o)
		}
	}
	return stand
}

// dropFiner takes opt-outs away from those that stand.
func dropFiner(stand, gone []gateway.OptOut) []gateway.OptOut {
	return slices.DeleteFunc(stand, func(o gateway.OptOut) bool { return slices.ContainsFunc(gone, o.SameAs) })
}

// changeFiner changes what stands in several fields. What somebody else changed
// meanwhile is looked at again.
func (s *Store) changeFiner(ctx context.Context, subjects []*finerSubject, change func(stand, with []gateway.OptOut) []gateway.OptOut) error {
	for range optOutTries {
		pipe := s.rdb.Pipeline()
		stand := make([]*redis.StringCmd, len(subjects))
		for i, w := range subjects {
			stand[i] = pipe.HGet(ctx, keysOf(w.practice).finer(), w.field)
		}
		_, _ = pipe.Exec(ctx)
		var calls []call
		var changed []*finerSubject
		for i, w := range subjects {
			some, err := s.changingFiner(ctx, w, stand[i], change)
			if err != nil {
				return err
			}
			for _, c := range some {
				calls, changed = append(calls, c), append(changed, w)
			}
		}
		got, err := s.run(ctx, calls)
		if err != nil {
			return err
		}
		subjects = nil
		for i, c := range got {
			if done, err := c.Int(); err != nil {
				return errRecord
			} else if done == 0 && calls[i].args[1] != everFiner {
				subjects = append(subjects, changed[i])
			}
		}
		if len(subjects) == 0 {
			return nil
		}
	}
	return errors.New("somebody else keeps changing it")
}

// changingFiner gives the scripts that change what stands in one field; none where it
// says as much already. What cannot be opened withholds everything that it is about,
// and stays.
func (s *Store) changingFiner(ctx context.Context, w *finerSubject, standing *redis.StringCmd, change func(stand, with []gateway.OptOut) []gateway.OptOut) ([]call, error) {
	seen, err := standing.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, plain(err)
	}
	k, err := s.key(ctx, w.practice)
	if err != nil {
		return nil, err
	}
	var was []gateway.OptOut
	if seen != "" {
		if was, err = s.openFiner(ctx, w.practice, w.field, seen); err != nil {
			return nil, nil //nolint:nilerr // see above
		}
	}
	now := change(slices.Clone(was), w.outs)
	if slices.Equal(was, now) {
		return nil, nil
	}
	epoch, keys := ShardOf(w.practice).epoch(), keysOf(w.practice)
	value := ""
	if len(now) > 0 {
		if value, err = k.sealFiner(w.field, now); err != nil {
			return nil, err
		}
	}
	if seen != "" {
		return []call{{s.scripts.swap, []string{epoch, keys.finer()}, []any{k.mark, w.field, seen, value}}}, nil
	}
	keep := func(field, value string) call {
		return call{s.scripts.keep, []string{epoch, keys.finer(), keys.stories()}, []any{k.mark, field, value, "", ""}}
	}
	return []call{keep(w.field, value), keep(everFiner, "1")}, nil
}

// sealFiner gives what is kept in one field.
func (k *practiceKey) sealFiner(field string, outs []gateway.OptOut) (string, error) {
	all := make([]sealedOptOut, len(outs))
	clinics := make([]string, len(outs))
	for i, o := range outs {
		all[i] = sealedOptOut{
			Number: o.Number.Reveal(), Since: o.Since.UTC().Truncate(time.Second), By: o.By, Who: o.Who, Scope: o.Scope,
			Visit: string(o.Visit), Start: o.Start.UTC(), Clinic: o.Clinic.Reveal(),
		}
		clinics[i] = all[i].Clinic
	}
	b, err := json.Marshal(all)
	if err != nil {
		return "", errors.New("cannot be written down")
	}
	slices.Sort(clinics)
	list := k.digest([]byte(strings.Join(clinics, "\x00")))
	sealed, err := k.seal(b, finerPlace(field, string(list[:])))
	if err != nil {
		return "", errors.New("cannot be sealed")
	}
	return string(list[:]) + string(sealed), nil
}

// openFiner is the inverse of sealFiner.
func (s *Store) openFiner(ctx context.Context, p gateway.ODS, field, v string) ([]gateway.OptOut, error) {
	list := len(gateway.Digest{})
	if len(v) <= list {
		return nil, fmt.Errorf("opt-out: %w", errRecord)
	}
	_, b, err := s.unseal(ctx, p, []byte(v[list:]), finerPlace(field, v[:list]))
	if err != nil {
		return nil, fmt.Errorf("opt-out: %w", err)
	}
	var all []sealedOptOut
	if err := json.Unmarshal(b, &all); err != nil || len(all) == 0 {
		return nil, fmt.Errorf("opt-out: %w", errRecord)
	}
	out := make([]gateway.OptOut, len(all))
	for i, so := range all {
		out[i] = gateway.OptOut{
			Practice: p, Number: gateway.NewPhone(so.Number), Since: so.Since, By: so.By, Who: so.Who, Scope: so.Scope,
			Visit: gateway.AppointmentID(so.Visit), Start: so.Start, Clinic: gateway.NewText(so.Clinic),
		}
	}
	return out, nil
}

// liftFiner takes one opt-out of a visit or a clinic back.
func (s *Store) liftFiner(ctx context.Context, o gateway.OptOut) error {
	k, err := s.key(ctx, o.Practice)
	if err != nil {
		return err
	}
	w := &finerSubject{practice: o.Practice, field: k.finerField(o), outs: []gateway.OptOut{o}}
	if err := s.changeFiner(ctx, []*finerSubject{w}, dropFiner); err != nil {
		return fmt.Errorf("opt-out: %w", err)
	}
	return nil
}
