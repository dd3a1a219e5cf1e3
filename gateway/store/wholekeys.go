package store

import (
	"context"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// wholeKeys looks at a practice's keys as such: each must be of the right kind,
// since one that is not stops every script that touches it, and the keys that open
// the practice's records must be there. It reports false when the books cannot be
// looked at any closer.
func (b *balance) wholeKeys(ctx context.Context) (bool, error) {
	type wanted struct{ place, key, kind string }
	all := []wanted{
		{"due", b.shard.due(), "zset"}, {"lease", b.shard.lease(), "zset"},
		{"a", b.keys.appointments(), "hash"}, {"r", b.keys.reminders(), "hash"}, {"e", b.keys.stories(), "hash"},
		{"n", b.keys.counts(), "hash"}, {"o", b.keys.optouts(), "hash"}, {"f", b.keys.finer(), "hash"}, {"h", b.keys.history(), "hash"}, {"t", b.keys.texted(), "hash"},
		{"i", b.keys.replies(), "hash"}, {"u", b.keys.unread(), "zset"}, {"c", b.keys.closed(), "hash"}, {"m", b.keys.meta(), "hash"}, {"d", b.keys.again(), "set"},
		{"w", b.keys.tasks(), "hash"}, {"x", b.keys.attempts(), "hash"}, {"l", b.keys.looks(), "hash"}, {"k", b.keys.shelf(), "hash"},
		{"lock", b.keys.lock(), "string"}, {"rate", b.keys.rate(), "string"},
	}
	pipe := b.s.rdb.Pipeline()
	kinds := make([]*redis.StatusCmd, len(all))
	for i, w := range all {
		kinds[i] = pipe.Type(ctx, w.key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return false, plain(err)
	}
	usable := true
	for i, w := range all {
		if got := kinds[i].Val(); got == w.kind || got == "none" {
			continue
		}
		b.found(gateway.Finding{Place: w.place, Flaw: gateway.KeyDamaged, Remedy: gateway.Restored})
		if !b.b.Mend {
			usable = false
			continue
		}
		if _, err := b.s.run(ctx, []call{{b.s.scripts.aside, []string{b.shard.epoch(), w.key, w.key + asideName}, []any{b.k.mark, w.kind}}}); err != nil {
			return false, err
		}
	}
	if !usable {
		return false, nil
	}
	if err := b.sealingKey(ctx); err != nil {
		return false, err
	}
	return true, b.optouts(ctx)
}

// asideName is added to the name of a key that was put aside.
const asideName = ":damaged"

// sealingKey puts the practice's wrapped keys back from memory where Redis lost
// them: nobody else could open the practice's records any more.
func (b *balance) sealingKey(ctx context.Context) error {
	there, err := b.s.rdb.HExists(ctx, b.keys.meta(), "key").Result()
	if err != nil {
		return plain(err)
	}
	if there {
		return nil
	}
	b.found(gateway.Finding{Place: "m", Flaw: gateway.SealingKeyLost, Remedy: gateway.Restored})
	if !b.b.Mend {
		return nil
	}
	_, err = b.s.run(ctx, []call{{b.s.scripts.keep, []string{b.shard.epoch(), b.keys.meta(), b.keys.stories()}, []any{b.k.mark, "key", b.k.wrapped, "", ""}}})
	return err
}

// optouts brings the practice's opt-outs back from the journal where all of them
// went at once since this process last looked. Fewer may have gone by START. Of those
// of visits and clinics a trace stays when the last one is lifted, or forgotten.
func (b *balance) optouts(ctx context.Context) error {
	pipe := b.s.rdb.Pipeline()
	wide, finer := pipe.HLen(ctx, b.keys.optouts()), pipe.HLen(ctx, b.keys.finer())
	if _, err := pipe.Exec(ctx); err != nil {
		return plain(err)
	}
	if !b.b.Mend {
		return nil
	}
	wideLost := b.s.outNow(b.keys.optouts(), wide.Val()) >= manyOut && wide.Val() == 0
	finerLost := b.s.outNow(b.keys.finer(), finer.Val()) > 0 && finer.Val() == 0
	if !wideLost && !finerLost {
		return nil
	}
	place := "o"
	if !wideLost {
		place = "f"
	}
	b.found(gateway.Finding{Place: place, Flaw: gateway.OptOutsLost, Remedy: gateway.Restored})
	return b.s.replay(ctx)
}

// manyOut is how many opt-outs must go at once to be missed: a single one goes
// when its patient says START.
const manyOut = 2

// outNow notes how many opt-outs a key of a practice holds, and gives how many there
// were when this process looked before.
func (s *Store) outNow(key string, n int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.out[key]
	s.out[key] = n
	return was
}
