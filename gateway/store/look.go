package store

import (
	"context"
	"fmt"
	"time"

	"bellman/gateway"
)

// Looked remembers when one appointment was looked at by itself, outside the reads
// of the whole diary.
func (s *Store) Looked(ctx context.Context, p gateway.ODS, ref gateway.Ref, at time.Time) error {
	if err := s.rdb.HSet(ctx, keysOf(p).looks(), string(ref[:]), millis(at)).Err(); err != nil {
		return fmt.Errorf("remember a look: %w", plain(err))
	}
	return nil
}

// Looks gives the appointments that were looked at by themselves, and when, since
// ForgetLooks forgot them.
func (s *Store) Looks(ctx context.Context, p gateway.ODS) (map[gateway.Ref]time.Time, error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).looks()).Result()
	if err != nil {
		return nil, fmt.Errorf("looks at single appointments of %s: %w", p, plain(err))
	}
	out := make(map[gateway.Ref]time.Time, len(all))
	for r, v := range all {
		var ref gateway.Ref
		copy(ref[:], r)
		out[ref], _ = parseMillis(v) // one that is damaged is as old as can be
	}
	return out, nil
}

// ForgetLooks forgets when the given appointments were looked at.
func (s *Store) ForgetLooks(ctx context.Context, p gateway.ODS, refs []gateway.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	fields := make([]string, len(refs))
	for i := range refs {
		fields[i] = string(refs[i][:])
	}
	if err := s.rdb.HDel(ctx, keysOf(p).looks(), fields...).Err(); err != nil {
		return fmt.Errorf("forget looks at single appointments of %s: %w", p, plain(err))
	}
	return nil
}
