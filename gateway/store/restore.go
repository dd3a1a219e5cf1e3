package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Hold puts the whole store in hold, as if it had been emptied, and brings the
// opt-outs back from the journal: for a backup that was put back on purpose.
func (s *Store) Hold(ctx context.Context) error {
	if _, err := s.holdAll(ctx); err != nil {
		return err
	}
	s.setHold(true)
	return s.Replay(ctx)
}

// Replay brings the opt-outs of the journal back into Redis. Doing it again
// changes nothing.
func (s *Store) Replay(ctx context.Context) error { return s.replay(ctx) }

// Restoration says how far the present or the last restoration is; zero: there was
// none.
func (s *Store) Restoration(ctx context.Context) (gateway.Restoration, error) {
	var r gateway.Restoration
	v, err := s.rdb.Get(ctx, restoreKey()).Result()
	if errors.Is(err, redis.Nil) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("restoration: %w", plain(err))
	}
	if json.Unmarshal([]byte(v), &r) != nil {
		return gateway.Restoration{}, nil // damaged: it is begun anew
	}
	return r, nil
}

// SetRestoration writes down how far a restoration is.
func (s *Store) SetRestoration(ctx context.Context, r gateway.Restoration) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("restoration: %w", errRecord)
	}
	if err := s.rdb.Set(ctx, restoreKey(), b, 0).Err(); err != nil {
		return fmt.Errorf("restoration: %w", plain(err))
	}
	return nil
}

// LockRestore takes or keeps the right to restore, and reports whether it is ours.
func (s *Store) LockRestore(ctx context.Context, owner string, ttl time.Duration) (bool, error) {
	got, err := s.run(ctx, []call{{s.scripts.lock, []string{restoreLockKey(), Shard(0).fence()}, []any{owner, ttl.Milliseconds()}}})
	if err != nil {
		return false, fmt.Errorf("restoration: %w", err)
	}
	token, err := got[0].Int64()
	return token != 0, err
}

// Lost says since when it is not known what of a practice was sent; zero: it is
// known. Until then its diary counts as never read, so that nothing leaves. In a
// hold for which nothing has been marked yet it gives [gateway.ErrLossUnmarked].
func (s *Store) Lost(ctx context.Context, p gateway.ODS) (time.Time, error) {
	v, err := s.rdb.HGet(ctx, keysOf(p).meta(), "lost").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return time.Time{}, fmt.Errorf("restoration of %s: %w", p, plain(err))
	}
	t, _ := parseMillis(v)
	if !t.IsZero() || !s.InHold() {
		return t, nil
	}
	if r, err := s.Restoration(ctx); err != nil || !r.Begun() {
		return time.Time{}, cmp.Or(err, gateway.ErrLossUnmarked)
	}
	return t, nil
}

// SetLost notes that it is not known what of a practice was sent before t; zero:
// now it is.
func (s *Store) SetLost(ctx context.Context, p gateway.ODS, t time.Time) error {
	var err error
	if t.IsZero() {
		err = s.rdb.HDel(ctx, keysOf(p).meta(), "lost").Err()
	} else {
		err = s.rdb.HSet(ctx, keysOf(p).meta(), "lost", millis(t)).Err()
	}
	if err != nil {
		return fmt.Errorf("restoration of %s: %w", p, plain(err))
	}
	return nil
}

// Waiting gives the reminders of a practice that have not been sent, as far as
// Redis knows: those that wait or are held, claimed or just leaving.
func (s *Store) Waiting(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error) {
	d, err := s.known(ctx, p)
	if err != nil {
		return nil, err
	}
	entries, err := s.rdb.HGetAll(ctx, keysOf(p).reminders()).Result()
	if err != nil {
		return nil, fmt.Errorf("reminders of %s: %w", p, plain(err))
	}
	var out []gateway.Standing
	for ref, h := range d.heads {
		for _, rule := range h.Rules {
			r := standing(gateway.ReminderID{Practice: p, Ref: ref, Rule: rule, Start: h.Start}, entries)
			switch r.State {
			case gateway.Queued, gateway.Held, gateway.Claimed, gateway.Sending:
				out = append(out, r)
			case gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Withdrawn, gateway.Refused, gateway.Unknown, gateway.Failed:
			}
		}
	}
	return out, nil
}
