package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// OptIn lets a number be texted again, or about a visit or a clinic; Since says from
// when, By, Who and Message why. It lifts nothing but what it names: a number that opted
// in again is still not texted about a visit of which staff said so.
func (s *Store) OptIn(ctx context.Context, o gateway.OptOut) error {
	line := lineOf(o, false)
	if err := s.journal.append(line); err != nil {
		return err
	}
	drop := s.dropOptOut
	if o.Scope.Finer() {
		drop = s.liftFiner
	}
	if err := drop(ctx, o); err != nil {
		return err
	}
	err := s.putHistory(ctx, []journalLine{line})
	if errors.Is(err, ErrEmptied) {
		return s.Rejoin(ctx)
	}
	return err
}

// Consent reads in the journal what a number last wished, and when the given
// message was obeyed. It knows what was lost from Redis, and nothing of what
// another machine's journal holds.
func (s *Store) Consent(p gateway.ODS, n gateway.Phone, messageID string) (gateway.Consent, error) {
	var c gateway.Consent
	lines, damaged, err := s.journal.read()
	if err != nil {
		return c, err
	}
	if damaged > 0 {
		return c, errJournalDamaged(damaged)
	}
	number := n.Reveal()
	for _, l := range lines {
		if l.Practice != p || l.Number != number || l.Scope.Finer() {
			continue
		}
		c.Changed, c.Out = l.At, l.Out
		if l.Message != "" && l.Message == messageID {
			c.Obeyed = l.At
		}
	}
	return c, nil
}

func errJournalDamaged(lines int) error {
	return fmt.Errorf("opt-out journal: %d line(s) cannot be opened with this key file; put back the key file that sealed them", lines)
}

// HeardUntil says until when the provider's inbound list of a practice has been
// read; zero: never, as far as this Redis knows.
func (s *Store) HeardUntil(ctx context.Context, p gateway.ODS) (time.Time, error) {
	v, err := s.rdb.HGet(ctx, keysOf(p).meta(), "heard").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return time.Time{}, fmt.Errorf("inbound list of %s: %w", p, plain(err))
	}
	t, _ := parseMillis(v)
	return t, nil
}

// SetHeardUntil notes until when the provider's inbound list has been read and
// obeyed. It is kept beside the practice's replies, so that a backup that forgets
// the one forgets the other.
func (s *Store) SetHeardUntil(ctx context.Context, p gateway.ODS, t time.Time) error {
	if err := s.rdb.HSet(ctx, keysOf(p).meta(), "heard", millis(t)).Err(); err != nil {
		return fmt.Errorf("inbound list of %s: %w", p, plain(err))
	}
	return nil
}
