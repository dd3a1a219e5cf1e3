package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Unheard lists the texts of a practice that the provider took, and of which
// nobody has said how they ended: accepted ones, and those that the network did
// not answer for.
func (s *Store) Unheard(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error) {
	counts, err := s.rdb.HMGet(ctx, keysOf(p).counts(), string(byte(gateway.Accepted)), string(byte(gateway.Unknown))).Result()
	if err != nil {
		return nil, fmt.Errorf("texts without a receipt: %w", plain(err))
	}
	if none(counts[0]) && none(counts[1]) {
		return nil, nil
	}
	var out []gateway.Standing
	page := s.rdb.HScan(ctx, keysOf(p).reminders(), 0, "", 1000).Iterator()
	for page.Next(ctx) {
		key := page.Val()
		if !page.Next(ctx) {
			break
		}
		r, ok := parseReminder(page.Val())
		if !ok || (r.State != gateway.Accepted && (r.State != gateway.Unknown || r.Reason != gateway.NotAnswered)) {
			continue
		}
		if r.ID, err = gateway.ReminderFromKey(p, []byte(key)); err == nil {
			out = append(out, r)
		}
	}
	if err := page.Err(); err != nil {
		return nil, fmt.Errorf("texts without a receipt: %w", plain(err))
	}
	return out, nil
}

func none(count any) bool { return count == nil || count == "0" }

// TakeTurn takes a practice's turn to ask the provider for receipts that did not
// come. One replica gets it, once in the given span; the others get false. since is
// the moment until which the provider was asked before; zero: never.
func (s *Store) TakeTurn(ctx context.Context, p gateway.ODS, now time.Time, every time.Duration) (since time.Time, ours bool, err error) {
	meta := keysOf(p).meta()
	got, err := s.rdb.HMGet(ctx, meta, "asking", "asked").Result()
	if err != nil {
		return time.Time{}, false, fmt.Errorf("whose turn it is: %w", plain(err))
	}
	was, _ := got[0].(string)
	asked, _ := got[1].(string)
	since, _ = parseMillis(asked)
	// A turn that lies ahead was taken by a clock that has been set back since.
	if at, ok := parseMillis(was); ok && now.Sub(at).Abs() < every {
		return since, false, nil
	}
	if was == "" {
		ours, err = s.rdb.HSetNX(ctx, meta, "asking", millis(now)).Result()
		if err != nil {
			err = fmt.Errorf("take the turn: %w", plain(err))
		}
		return since, ours, err
	}
	sh := ShardOf(p)
	swapped, err := s.run(ctx, []call{{s.scripts.swap, []string{sh.epoch(), meta}, []any{s.mark(sh), "asking", was, millis(now)}}})
	if err != nil {
		return since, false, fmt.Errorf("take the turn: %w", err)
	}
	n, err := swapped[0].Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return since, false, fmt.Errorf("take the turn: %w", errRecord)
	}
	return since, n == 1, nil
}

// EndTurn notes until when the provider was asked.
func (s *Store) EndTurn(ctx context.Context, p gateway.ODS, until time.Time) error {
	if err := s.rdb.HSet(ctx, keysOf(p).meta(), "asked", millis(until)).Err(); err != nil {
		return fmt.Errorf("end the turn: %w", plain(err))
	}
	return nil
}
