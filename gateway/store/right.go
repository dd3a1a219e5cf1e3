package store

import (
	"context"
	"fmt"
	"time"

	"bellman/gateway"
)

// Lock takes or keeps the right to read one practice, so that one replica reads
// it. The fencing token grows with every new holder; 0 means that another has it.
func (s *Store) Lock(ctx context.Context, p gateway.ODS, owner string, ttl time.Duration) (int64, error) {
	got, err := s.run(ctx, []call{{s.scripts.lock, []string{keysOf(p).lock(), ShardOf(p).fence()}, []any{owner, ttl.Milliseconds()}}})
	if err != nil {
		return 0, fmt.Errorf("lock %s: %w", p, err)
	}
	return got[0].Int64()
}

// Unlock gives the right back, if it is still ours.
func (s *Store) Unlock(ctx context.Context, p gateway.ODS, owner string) error {
	if _, err := s.run(ctx, []call{{s.scripts.unlock, []string{keysOf(p).lock()}, []any{owner}}}); err != nil {
		return fmt.Errorf("unlock %s: %w", p, err)
	}
	return nil
}

// heldAs gives what lock.lua writes down while somebody has a right.
func heldAs(r gateway.Right) string { return fmt.Sprintf("%s %d", r.Owner, r.Token) }

// KnownUnder reads what is known of a practice for a read of its diary. A Plan of
// this diary is written only while the right lasts, and is ErrLate afterwards.
func (s *Store) KnownUnder(ctx context.Context, r gateway.Right) (gateway.Diary, error) {
	d, err := s.known(ctx, r.Practice)
	if err != nil {
		return nil, err
	}
	d.right = heldAs(r)
	return d, nil
}

// NoteRead is SetFeed for who has the right to read: the state is written only
// while the right lasts, and it is ErrLate afterwards.
func (s *Store) NoteRead(ctx context.Context, r gateway.Right, f gateway.FeedState) error {
	fields, err := feedFields(f)
	if err != nil {
		return fmt.Errorf("feed of %s: %w", r.Practice, err)
	}
	sh, k := ShardOf(r.Practice), keysOf(r.Practice)
	args := append([]any{s.mark(sh), heldAs(r)}, fields...)
	if _, err := s.run(ctx, []call{{s.scripts.note, []string{sh.epoch(), k.lock(), k.meta()}, args}}); err != nil {
		return fmt.Errorf("feed of %s: %w", r.Practice, err)
	}
	return nil
}
