package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// clinicOuts gives what stands for a number. What cannot be opened is a list of which
// nobody knows the clinics.
func (s *Store) clinicOuts(ctx context.Context, p gateway.ODS, field, v string) gateway.ClinicOuts {
	var list gateway.Digest
	copy(list[:], v)
	if list == (gateway.Digest{}) {
		list[0] = 1 // whatever stands there, something does
	}
	outs, err := s.openFiner(ctx, p, field, v)
	if err != nil {
		return gateway.NewClinicOuts(list)
	}
	names := make([]gateway.Text, len(outs))
	for i, o := range outs {
		names[i] = o.Clinic
	}
	return gateway.NewClinicOuts(list, names...)
}

// FinerOptOuts lists the opt-outs of visits and of clinics of a practice, oldest first.
func (s *Store) FinerOptOuts(ctx context.Context, p gateway.ODS) ([]gateway.OptOut, error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).finer()).Result()
	if err != nil {
		return nil, fmt.Errorf("opt-outs: %w", plain(err))
	}
	var out []gateway.OptOut
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if field == everFiner {
			continue
		}
		outs, err := s.openFiner(ctx, p, field, all[field])
		if err != nil {
			return nil, err
		}
		out = append(out, outs...)
	}
	slices.SortStableFunc(out, func(a, b gateway.OptOut) int { return a.Since.Compare(b.Since) })
	return out, nil
}

// WithholdFiner makes the queue tell the truth about an opt-out that was just recorded:
// what waits for its visit is withdrawn, and what waits for its number is held until
// the next read of the diary says which of the visits are at the clinic. It gives the
// moves. Claims, and the last step before sending, look for themselves.
func (s *Store) WithholdFiner(ctx context.Context, o gateway.OptOut, now time.Time) ([]gateway.Move, error) {
	if o.Scope == gateway.ScopeClinic {
		ids, err := s.ofNumber(ctx, o.Practice, o.Number)
		if err != nil {
			return nil, err
		}
		return s.moveAll(ctx, ids, gateway.Held, gateway.ClinicUntold, now)
	}
	ids, err := s.ofVisit(ctx, o.Practice, o.Visit)
	if err != nil {
		return nil, err
	}
	return s.moveAll(ctx, ids, gateway.Withdrawn, gateway.VisitOptedOut, now)
}

// ofVisit gives the reminders of one visit.
func (s *Store) ofVisit(ctx context.Context, p gateway.ODS, id gateway.AppointmentID) ([]gateway.ReminderID, error) {
	ref, err := s.Ref(ctx, p, id)
	if err != nil {
		return nil, err
	}
	record, err := s.rdb.HGet(ctx, keysOf(p).appointments(), string(ref[:])).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reminders of a visit: %w", plain(err))
	}
	h, _, err := parseHead([]byte(record))
	if err != nil {
		return nil, nil //nolint:nilerr // a damaged record is written anew by the next read; claims look for themselves
	}
	out := make([]gateway.ReminderID, len(h.Rules))
	for i, rule := range h.Rules {
		out[i] = gateway.ReminderID{Practice: p, Ref: ref, Rule: rule, Start: h.Start}
	}
	return out, nil
}

// sweepFiner forgets the opt-outs of visits that are over: of those whose record has
// gone, or never came back after a loss. It waits for a complete read, which would bring
// the record of a visit that was moved.
func (s *Store) sweepFiner(ctx context.Context, p gateway.ODS, before time.Time) error {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).finer()).Result()
	if err != nil {
		return plain(err)
	}
	var fields []string
	for f := range all {
		if len(f) == len(gateway.Ref{}) {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	read, err := s.rdb.HMGet(ctx, keysOf(p).meta(), "asof", "lost").Result()
	if err != nil {
		return plain(err)
	}
	if read[0] == nil || read[1] != nil {
		return nil
	}
	there, err := s.rdb.HMGet(ctx, keysOf(p).appointments(), fields...).Result()
	if err != nil {
		return plain(err)
	}
	k, err := s.key(ctx, p)
	if err != nil {
		return err
	}
	var calls []call
	for i, f := range fields {
		outs, err := s.openFiner(ctx, p, f, all[f])
		if err == nil && there[i] == nil && outs[0].Start.Before(before) {
			calls = append(calls, call{s.scripts.swap, []string{ShardOf(p).epoch(), keysOf(p).finer()}, []any{k.mark, f, all[f], ""}})
		}
	}
	_, err = s.run(ctx, calls)
	return err
}
