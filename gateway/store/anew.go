package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Redis that was started has none of our scripts: it keeps them in memory only.
// So the first of our processes that asks it for anything learns that it was
// started since, and nobody can claim or move anything until the scripts are
// there again. What a restart may have lost is dealt with in between: a Redis that
// may forget (see mayForget) is put in hold, the opt-outs come back from the
// journal, and the scripts by which a text leaves are loaded last.

// welcomeWait bounds the waiting for another goroutine that sees to the same.
const welcomeWait = 5 * time.Second

// welcome makes a Redis that was started anew usable. Where somebody has done so, it
// only loads what another version of this program does not have.
func (s *Store) welcome(ctx context.Context) error {
	waiting, done := context.WithTimeout(ctx, welcomeWait)
	defer done()
	select {
	case s.welcoming <- struct{}{}:
		defer func() { <-s.welcoming }()
	case <-waiting.Done():
		return fmt.Errorf("redis was started anew: %w", waiting.Err())
	}
	there, err := s.loaded(ctx)
	if err != nil {
		return err
	}
	if err := s.load(ctx, s.scripts.harmless()); err != nil || there {
		return err
	}
	if err := s.reclaim(ctx); err != nil {
		return err
	}
	return s.load(ctx, s.scripts.leaving())
}

// reclaim puts a Redis that was started anew in hold when it may have forgotten
// something, and brings the opt-outs back where this process has joined it before;
// one that is just joining does so afterwards.
func (s *Store) reclaim(ctx context.Context) error {
	floors := s.floors()
	states, err := s.states(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(states, func(st shardState) bool { return st.mark != "" }) {
		return nil // nothing was ever here, or all is gone: join tells which
	}
	forgets, err := s.mayForget(ctx)
	if err != nil {
		return err
	}
	if forgets || lower(floors, states) {
		if _, err := s.holdAll(ctx); err != nil {
			return err
		}
		s.setHold(true)
	}
	if s.mark(0) == "" {
		s.startedAnew.Store(true)
		return nil
	}
	return s.bringBack(ctx)
}

// bringBack replays our journal. The practices' keys are asked for anew: they may be
// lost as well, and what is sealed under a key that Redis does not have is lost.
func (s *Store) bringBack(ctx context.Context) error {
	s.mu.Lock()
	clear(s.keys)
	s.mu.Unlock()
	return s.replay(ctx)
}

// onMasters does something with every node that takes writes.
func (s *Store) onMasters(ctx context.Context, do func(context.Context, *redis.Client) error) error {
	switch c := s.rdb.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, do)
	case *redis.Client:
		return do(ctx, c)
	}
	return errors.New("unknown kind of redis client")
}

// loaded reports whether every node has the scripts by which a text leaves.
func (s *Store) loaded(ctx context.Context) (bool, error) {
	var missing atomic.Bool
	err := s.onMasters(ctx, func(ctx context.Context, c *redis.Client) error {
		for _, sc := range s.scripts.leaving() {
			got, err := sc.Exists(ctx, c).Result()
			if err != nil {
				return fmt.Errorf("look for scripts: %w", plain(err))
			}
			if len(got) != 1 || !got[0] {
				missing.Store(true)
			}
		}
		return nil
	})
	return !missing.Load(), err
}

// mayForget reports whether a node that was started anew may have lost what it
// confirmed: it does not sync its append-only file with every write, was a replica
// that took over, or does not tell.
func (s *Store) mayForget(ctx context.Context) (bool, error) {
	var forgets atomic.Bool
	err := s.onMasters(ctx, func(ctx context.Context, c *redis.Client) error {
		safe, err := keepsAll(ctx, c)
		if !safe {
			forgets.Store(true)
		}
		return err
	})
	return forgets.Load(), err
}

// keepsAll asks one node how it keeps data. An error is given only where the node
// cannot be reached.
func keepsAll(ctx context.Context, c *redis.Client) (bool, error) {
	for _, want := range [][2]string{{"appendonly", "yes"}, {"appendfsync", "always"}} {
		got, err := c.ConfigGet(ctx, want[0]).Result()
		if err != nil {
			return false, unlessTold(err)
		}
		if got[want[0]] != want[1] {
			return false, nil
		}
	}
	got, err := c.Info(ctx, "replication").Result()
	if err != nil {
		return false, unlessTold(err)
	}
	return strings.Contains(got, "second_repl_offset:-1"), nil // otherwise it was a replica once
}

// unlessTold gives the error of a question that got no answer; an answer that
// refuses is none.
func unlessTold(err error) error {
	if _, told := errors.AsType[redis.Error](err); told {
		return nil
	}
	return fmt.Errorf("ask redis how it keeps data: %w", plain(err))
}
