package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

func attemptField(v gateway.Visit) string { return string(v.Ref[:]) + string(seconds(v.Start)) }

// endField is where the end of an attempt is kept, beside the attempt.
func endField(v gateway.Visit) string { return attemptField(v) + "e" }

// BeginCancel writes down, before anything is asked of the clinical system, that it
// is about to be asked to cancel a visit. It reports true once for a visit and its
// start, to one caller, and false to all others and when the visit's record is
// another by now than v was read from. In hold it gives ErrInHold.
func (s *Store) BeginCancel(ctx context.Context, p gateway.ODS, v gateway.Visit, at time.Time) (bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return false, err
	}
	keys := keysOf(p)
	got, err := s.run(ctx, []call{{s.scripts.attempt, []string{ShardOf(p).epoch(), keys.attempts(), keys.appointments(), keys.stories()}, []any{
		k.mark, string(v.Ref[:]), seconds(v.Start), v.Digest[:], seconds(at), cancelEvent(v, gateway.CancelAsked, at),
	}}})
	if err != nil {
		return false, fmt.Errorf("cancel a visit: %w", err)
	}
	n, err := got[0].Int()
	if err != nil {
		return false, fmt.Errorf("cancel a visit: %w", errRecord)
	}
	return n == 1, nil
}

// EndCancel writes down what came of an attempt, once, and tells it in the visit's
// story.
func (s *Store) EndCancel(ctx context.Context, p gateway.ODS, v gateway.Visit, end gateway.CancelEnd, at time.Time) error {
	k, err := s.key(ctx, p)
	if err != nil {
		return err
	}
	keys := keysOf(p)
	_, err = s.run(ctx, []call{{s.scripts.keep, []string{ShardOf(p).epoch(), keys.attempts(), keys.stories()}, []any{
		k.mark, endField(v), append([]byte{byte(end)}, seconds(at)...), string(v.Ref[:]), cancelEvent(v, end, at),
	}}})
	if err != nil {
		return fmt.Errorf("what came of cancelling a visit: %w", err)
	}
	return nil
}

// CancelsTried says what came of the attempts to cancel visits at their start: the end
// that was written down, or CancelAsked where none was. Visits without an attempt are
// not among them.
func (s *Store) CancelsTried(ctx context.Context, p gateway.ODS, visits []gateway.Visit) (map[gateway.Ref]gateway.CancelEnd, error) {
	out := map[gateway.Ref]gateway.CancelEnd{}
	if len(visits) == 0 {
		return out, nil
	}
	fields := make([]string, 0, 2*len(visits))
	for _, v := range visits {
		fields = append(fields, attemptField(v), endField(v))
	}
	got, err := s.rdb.HMGet(ctx, keysOf(p).attempts(), fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("cancellations of %s: %w", p, plain(err))
	}
	for i, v := range visits {
		if got[2*i] == nil {
			continue
		}
		out[v.Ref] = gateway.CancelAsked
		if end, ok := got[2*i+1].(string); ok && end != "" {
			out[v.Ref] = gateway.CancelEnd(end[0])
		}
	}
	return out, nil
}

// cancelEvent words a step of a cancellation as a line of a story; see parseEvent.
func cancelEvent(v gateway.Visit, end gateway.CancelEnd, at time.Time) string {
	e := append([]byte{byte(EventCancel)}, seconds(at)...)
	e = append(append(e, 0, 0), seconds(v.Start)...)
	return string(append(e, 0, 1, byte(end)))
}

// guessing is how long nothing is cancelled at a number's word after a wrong code.
const guessing = 24 * time.Hour

// TakeGuess reports whether a number may name a visit by its code. From then on it
// may not for a day, unless GuessedRight says that the code was right: whoever
// writes in somebody else's name gets one guess of nine thousand.
func (s *Store) TakeGuess(ctx context.Context, p gateway.ODS, n gateway.Phone) (bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return false, err
	}
	err = s.rdb.SetArgs(ctx, keysOf(p).guessed(k.tag(n)), "1", redis.SetArgs{Mode: "NX", TTL: guessing}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("a visit's code: %w", plain(err))
	}
	return true, nil
}

// GuessedRight lets a number name another visit.
func (s *Store) GuessedRight(ctx context.Context, p gateway.ODS, n gateway.Phone) error {
	k, err := s.key(ctx, p)
	if err == nil {
		err = plain(s.rdb.Del(ctx, keysOf(p).guessed(k.tag(n))).Err())
	}
	if err != nil {
		return fmt.Errorf("a visit's code: %w", err)
	}
	return nil
}

// sweepAttempts forgets attempts to cancel visits that started before the given
// time: no such visit is cancelled by a text any more.
func (s *Store) sweepAttempts(ctx context.Context, p gateway.ODS, before time.Time) error {
	key := keysOf(p).attempts()
	fields, err := s.rdb.HKeys(ctx, key).Result()
	if err != nil {
		return fmt.Errorf("sweep the cancellations of %s: %w", p, plain(err))
	}
	const start, size = len(gateway.Ref{}), len(gateway.Ref{}) + 4
	over := slices.DeleteFunc(fields, func(f string) bool {
		return len(f) >= size && !fromSeconds([]byte(f[start:size])).Before(before)
	})
	if len(over) == 0 {
		return nil
	}
	if err := s.rdb.HDel(ctx, key, over...).Err(); err != nil {
		return fmt.Errorf("sweep the cancellations of %s: %w", p, plain(err))
	}
	return nil
}
