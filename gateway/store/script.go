package store

import (
	"context"
	"embed"
	"fmt"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// scripts are the moves of the store; the header of each file says what it does.
type scripts struct {
	aside, attempt, claim, close, expired, keep, key, known, lock, mark, mend, move, note, plan, recount, release, rewrap, shelf, swap, sweep, unlock *redis.Script

	keepreply, closereply, filereplies, sweepreplies *redis.Script
}

func (sc *scripts) byName() map[string]**redis.Script {
	return map[string]**redis.Script{
		"aside": &sc.aside, "attempt": &sc.attempt, "claim": &sc.claim, "close": &sc.close, "expired": &sc.expired, "keep": &sc.keep, "key": &sc.key,
		"known": &sc.known, "lock": &sc.lock, "mark": &sc.mark, "mend": &sc.mend, "move": &sc.move, "note": &sc.note, "plan": &sc.plan,
		"recount": &sc.recount, "release": &sc.release, "rewrap": &sc.rewrap, "shelf": &sc.shelf, "swap": &sc.swap, "sweep": &sc.sweep, "unlock": &sc.unlock,
		"keepreply": &sc.keepreply, "closereply": &sc.closereply, "filereplies": &sc.filereplies, "sweepreplies": &sc.sweepreplies,
	}
}

func (sc *scripts) read() error {
	for name, into := range sc.byName() {
		src, err := luaFiles.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return fmt.Errorf("script %s: %w", name, err)
		}
		*into = redis.NewScript(string(src))
	}
	return nil
}

// call is one run of a script on one shard.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
}

// run carries out scripts in one round trip per node and gives their answers in
// order, with the first error among them.
func (s *Store) run(ctx context.Context, calls []call) ([]*redis.Cmd, error) {
	got, err := s.tryAll(ctx, calls)
	if err != nil {
		return nil, err
	}
	for _, c := range got {
		if err := c.Err(); err != nil {
			return nil, plain(err)
		}
	}
	return got, nil
}

// tryAll carries out scripts and leaves the error of each in its answer. A script
// that Redis does not have (after a restart or fail-over) was not run; it is run
// again once what that may have lost is seen to.
func (s *Store) tryAll(ctx context.Context, calls []call) ([]*redis.Cmd, error) {
	out := make([]*redis.Cmd, len(calls))
	todo := make([]int, len(calls))
	for i := range calls {
		todo[i] = i
	}
	for try := 0; len(todo) > 0; try++ {
		pipe := s.rdb.Pipeline()
		for _, i := range todo {
			out[i] = calls[i].script.EvalSha(ctx, pipe, calls[i].keys, calls[i].args...)
		}
		_, _ = pipe.Exec(ctx)
		var again []int
		for _, i := range todo {
			if err := out[i].Err(); err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") && try == 0 {
				again = append(again, i)
			}
		}
		if len(again) > 0 {
			if err := s.welcome(ctx); err != nil {
				return nil, err
			}
		}
		todo = again
	}
	return out, nil
}

// leaving are the scripts without which no text leaves.
func (sc *scripts) leaving() []*redis.Script { return []*redis.Script{sc.claim, sc.move} }

// harmless are all the others.
func (sc *scripts) harmless() []*redis.Script {
	var out []*redis.Script
	for _, into := range sc.byName() {
		if *into != sc.claim && *into != sc.move {
			out = append(out, *into)
		}
	}
	return out
}

func (s *Store) load(ctx context.Context, scripts []*redis.Script) error {
	return s.onMasters(ctx, func(ctx context.Context, c *redis.Client) error {
		for _, sc := range scripts {
			if err := sc.Load(ctx, c).Err(); err != nil {
				return fmt.Errorf("load scripts: %w", plain(err))
			}
		}
		return nil
	})
}
