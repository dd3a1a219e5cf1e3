package store

import (
	"context"
	"errors"
	"fmt"

	"bellman/gateway"
)

// key gives the keys of a practice, making them at its first use.
func (s *Store) key(ctx context.Context, p gateway.ODS) (*practiceKey, error) {
	s.mu.Lock()
	k := s.keys[p]
	s.mu.Unlock()
	if k != nil {
		return k, nil
	}
	return s.readKey(ctx, p)
}

// readKey reads the keys of a practice from Redis.
func (s *Store) readKey(ctx context.Context, p gateway.ODS) (*practiceKey, error) {
	// The mark comes first: keys that are read later can only be newer, and a
	// script then refuses what was sealed with them under the older mark.
	mark := s.mark(ShardOf(p))
	kept, err := s.keptKey(ctx, p, mark, "")
	if err == nil && kept == "" {
		kept, err = s.firstKey(ctx, p, mark)
	}
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", p, err)
	}
	k, err := unwrap(s.master, p, kept)
	if err != nil {
		return nil, err
	}
	k.mark = mark
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks[ShardOf(p)] == mark {
		s.keys[p] = k
	}
	return k, nil
}

func (s *Store) firstKey(ctx context.Context, p gateway.ODS, mark string) (string, error) {
	k, err := newPracticeKey(p)
	if err != nil {
		return "", err
	}
	wrapped, err := k.wrap(s.master)
	if err != nil {
		return "", err
	}
	return s.keptKey(ctx, p, mark, wrapped)
}

func (s *Store) keptKey(ctx context.Context, p gateway.ODS, mark, offered string) (string, error) {
	keys := keysOf(p)
	got, err := s.run(ctx, []call{{s.scripts.key, []string{
		ShardOf(p).epoch(), keys.meta(), keys.appointments(), keys.optouts(), keys.reminders(), keys.stories(), keys.texted(), keys.replies(), keys.shelf(),
	}, []any{mark, offered}}})
	if err != nil {
		return "", err
	}
	return got[0].Text()
}

// unseal opens something sealed for a practice and gives the keys that opened it.
// What does not open may have been sealed with keys that another process added
// since, so the keys are read once more.
func (s *Store) unseal(ctx context.Context, p gateway.ODS, sealed []byte, about string) (*practiceKey, []byte, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	b, err := k.open(sealed, about)
	if err == nil {
		return k, b, nil
	}
	again, readErr := s.readKey(ctx, p)
	if readErr != nil || again.wrapped == k.wrapped {
		return nil, nil, err
	}
	b, err = again.open(sealed, about)
	return again, b, err
}

// Rewrap gives each of the practices a fresh key that seals from now on, and wraps
// its keys under the newest master key: the second half of rotating keys, after
// RotateKeyFile. Older keys still open what they sealed, and other processes pick
// the new ones up by themselves. Practices without keys are passed over.
func (s *Store) Rewrap(ctx context.Context, ps []gateway.ODS) error {
	if err := s.master.reload(); err != nil {
		return err
	}
	for _, p := range ps {
		if err := s.rewrap(ctx, p); err != nil {
			return fmt.Errorf("rotate the keys of %s: %w", p, err)
		}
	}
	return nil
}

// rewrap tries again when another process was faster.
func (s *Store) rewrap(ctx context.Context, p gateway.ODS) error {
	for range 5 {
		mark := s.mark(ShardOf(p))
		kept, err := s.keptKey(ctx, p, mark, "")
		if err != nil || kept == "" {
			return err
		}
		k, err := unwrap(s.master, p, kept)
		if err != nil {
			return err
		}
		if k.handle, err = addKey(k.handle); err != nil {
			return err
		}
		wrapped, err := k.wrap(s.master)
		if err != nil {
			return err
		}
		got, err := s.run(ctx, []call{{s.scripts.rewrap, []string{ShardOf(p).epoch(), keysOf(p).meta()}, []any{mark, kept, wrapped}}})
		if err != nil {
			return err
		}
		if done, err := got[0].Int(); err == nil && done == 1 {
			_, err = s.readKey(ctx, p)
			return err
		}
	}
	return errors.New("another process keeps changing them")
}

// VerifyKeys tries the key file on what was sealed before: the keys of the
// practices that have some, and the opt-out journal. A key file that fits neither
// would otherwise be noticed only when a patient's STOP could not be read back.
func (s *Store) VerifyKeys(ctx context.Context, ps []gateway.ODS) error {
	for _, p := range ps {
		kept, err := s.keptKey(ctx, p, s.mark(ShardOf(p)), "")
		if err == nil && kept != "" {
			_, err = unwrap(s.master, p, kept)
		}
		if err != nil {
			return fmt.Errorf("keys of %s: %w", p, err)
		}
	}
	_, damaged, err := s.journal.read()
	if err == nil && damaged > 0 {
		err = fmt.Errorf("%w: it does not open %d line(s) of the opt-out journal; put back the key file that sealed them", ErrKeyFile, damaged)
	}
	return err
}
