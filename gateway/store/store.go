// Package store keeps everything durable in Redis: what is known of each
// appointment, where each reminder stands, who said STOP, and what happened.
// It enforces the table of moves of package gateway, one script a move, and
// seals everything personal. It decides nothing and never asks what time it is.
package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// ErrEmptied means that Redis no longer holds what we wrote there: it was
// flushed, or replaced by another. Nothing may be sent until that is sorted out.
var ErrEmptied = errors.New("redis was emptied or replaced while we ran")

// ErrReceded means that Redis holds less than we wrote there: an old backup was put
// back, or a replica that lagged took over. It is an ErrEmptied too.
var ErrReceded = fmt.Errorf("redis holds an older state than was written there: %w", ErrEmptied)

// ErrInHold means that nothing is handed out because the store is in hold.
var ErrInHold = errors.New("the store is in hold")

// Store is the durable memory. It is safe for concurrent use.
type Store struct {
	rdb     redis.UniversalClient
	master  *MasterKey
	journal *Journal
	scripts scripts
	tide    tide

	welcoming   chan struct{} // whoever puts it in sees to a Redis that was started anew
	startedAnew atomic.Bool   // it was, before we joined it

	mu     sync.Mutex
	keys   map[gateway.ODS]*practiceKey
	marks  [Shards]string // what each shard was marked with when we joined it
	hold   bool
	back   bool // our journal's opt-outs are back since the hold began
	shards []Shard
	out    map[string]int64 // opt-outs of each key when the books of its practice were last balanced
	// next says when each shard has something due, as far as this process knows;
	// a shard that is not in it is asked.
	next  map[Shard]waiting
	turn  int           // of the last claim that chose a shard
	turns map[Shard]int // of the last claim from each
}

// Open joins the installation that rdb holds, or begins it. The journal's id
// names the installation: a Redis that does not know it was emptied, and starts
// in hold unless the journal is new as well.
func Open(ctx context.Context, rdb redis.UniversalClient, master *MasterKey, journal *Journal) (*Store, error) {
	s := &Store{
		rdb: rdb, master: master, journal: journal, welcoming: make(chan struct{}, 1),
		keys: map[gateway.ODS]*practiceKey{}, out: map[string]int64{}, next: map[Shard]waiting{}, turns: map[Shard]int{},
	}
	if err := s.scripts.read(); err != nil {
		return nil, err
	}
	if err := s.join(ctx, false); err != nil {
		return nil, err
	}
	return s, nil
}

// Ping says whether Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis does not answer: %w", plain(err))
	}
	return nil
}

// Close ends the connections.
func (s *Store) Close() error { return errors.Join(s.tide.close(), s.rdb.Close()) }

// newID gives n random bytes as letters.
func newID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func millis(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }
