package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Feed gives the state of a practice's feed.
func (s *Store) Feed(ctx context.Context, p gateway.ODS) (gateway.FeedState, error) {
	var f gateway.FeedState
	v, err := s.rdb.HGet(ctx, keysOf(p).meta(), "feed").Result()
	if errors.Is(err, redis.Nil) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("feed of %s: %w", p, plain(err))
	}
	if err := json.Unmarshal([]byte(v), &f); err != nil {
		return gateway.FeedState{}, nil //nolint:nilerr // a damaged note is as good as never read: everything is held until the next read
	}
	return f, nil
}

// SetFeed writes the state of a practice's feed down, whoever may be reading it.
// A read uses NoteRead, after its plan has been carried out, since it makes the
// feed count as fresh.
func (s *Store) SetFeed(ctx context.Context, p gateway.ODS, f gateway.FeedState) error {
	fields, err := feedFields(f)
	if err != nil {
		return fmt.Errorf("feed of %s: %w", p, err)
	}
	if err := s.rdb.HSet(ctx, keysOf(p).meta(), fields...).Err(); err != nil {
		return fmt.Errorf("feed of %s: %w", p, plain(err))
	}
	return nil
}

// feedFields gives what is kept of a feed: its state for us, and its age for the
// scripts. Only a state that has an age makes the feed count as newer.
func feedFields(f gateway.FeedState) ([]any, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, errRecord
	}
	fields := []any{"feed", b}
	if !f.AsOf.IsZero() {
		fields = append(fields, "asof", millis(f.AsOf))
	}
	return fields, nil
}

// Wake tells every sender that something is due at t.
func (s *Store) Wake(ctx context.Context, t time.Time) error {
	if err := s.rdb.Publish(ctx, wakeChannel, millis(t)).Err(); err != nil {
		return fmt.Errorf("wake: %w", plain(err))
	}
	return nil
}

// Wakes gives the times that other processes queued, until ctx ends. Messages
// may be lost; a sender looks every second all the same.
func (s *Store) Wakes(ctx context.Context) <-chan time.Time {
	out := make(chan time.Time, 1)
	sub := s.rdb.Subscribe(ctx, wakeChannel)
	go func() {
		defer close(out)
		defer func() { _ = sub.Close() }()
		in := sub.Channel()
		for {
			select {
			case <-ctx.Done():
				return
			case m, ok := <-in:
				if !ok {
					return
				}
				if t, ok := parseMillis(m.Payload); ok {
					select {
					case out <- t:
					default:
					}
				}
			}
		}
	}()
	return out
}

// Counts gives how many reminders of each practice are in each state.
func (s *Store) Counts(ctx context.Context, ps []gateway.ODS) (map[gateway.ODS]map[gateway.State]int, error) {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.MapStringStringCmd, len(ps))
	for i, p := range ps {
		cmds[i] = pipe.HGetAll(ctx, keysOf(p).counts())
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("counts: %w", plain(err))
	}
	out := make(map[gateway.ODS]map[gateway.State]int, len(ps))
	for i, p := range ps {
		m := make(map[gateway.State]int, len(gateway.States))
		for k, v := range cmds[i].Val() {
			var n int
			if _, err := fmt.Sscan(v, &n); err == nil && len(k) == 1 {
				m[gateway.State(k[0])] = n
			}
		}
		out[p] = m
	}
	return out, nil
}

// OptOutCounts gives how many numbers opted out of each practice.
func (s *Store) OptOutCounts(ctx context.Context, ps []gateway.ODS) (map[gateway.ODS]int, error) {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.IntCmd, len(ps))
	for i, p := range ps {
		cmds[i] = pipe.HLen(ctx, keysOf(p).optouts())
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("counts: %w", plain(err))
	}
	out := make(map[gateway.ODS]int, len(ps))
	for i, p := range ps {
		out[p] = int(cmds[i].Val())
	}
	return out, nil
}
