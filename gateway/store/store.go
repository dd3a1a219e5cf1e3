// Package store keeps everything durable in Redis: what is known of each
// appointment, where each reminder stands, who said STOP, and what happened.
// It enforces the table of moves of package gateway, one script a move, and
// seals everything personal. It decides nothing and never asks what time it is.
package store

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// ErrEmptied means that Redis no longer holds what we wrote there: it was
// flushed, or replaced by another. Nothing may be sent until that is sorted out.
var ErrEmptied = errors.New("redis was emptied or replaced while we ran")

// ErrInHold means that nothing is handed out because the store is in hold.
var ErrInHold = errors.New("the store is in hold")

// Store is the durable memory. It is safe for concurrent use.
type Store struct {
	rdb     redis.UniversalClient
	master  *MasterKey
	journal *Journal
	scripts scripts

	mu     sync.Mutex
	keys   map[gateway.ODS]*practiceKey
	hold   bool
	shards []Shard
	// next says when each shard has something due, as far as this process knows;
	// a shard that is not in it is asked.
	next map[Shard]time.Time
}

// Serve says whose reminders Claim and Expired look at.
func (s *Store) Serve(ps []gateway.ODS) {
	seen := map[Shard]bool{}
	var shards []Shard
	for _, p := range ps {
		if sh := ShardOf(p); !seen[sh] {
			seen[sh] = true
			shards = append(shards, sh)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shards = shards
}

func (s *Store) served() []Shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shards
}

// busy gives the shards that may have something due.
func (s *Store) busy(now time.Time) []Shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Shard, 0, len(s.shards))
	for _, sh := range s.shards {
		if at, ok := s.next[sh]; !ok || !at.After(now) {
			out = append(out, sh)
		}
	}
	return out
}

// learn keeps when a shard has something due next, but never for longer than a
// second: another process may queue something earlier, and its message be lost.
func (s *Store) learn(sh Shard, next, now time.Time) {
	if latest := now.Add(time.Second); next.IsZero() || next.After(latest) {
		next = latest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[sh] = next
}

// dueAt notes that a shard got something that is due at t.
func (s *Store) dueAt(sh Shard, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.next[sh]; !t.IsZero() && ok && t.Before(at) {
		s.next[sh] = t
	}
}

// Look forgets what is known of the shards, so that the next claim asks them all.
func (s *Store) Look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.next)
}

type scripts struct{ plan, claim, move, known, lock, account *redis.Script }

// Client makes the connection for a redis.url of the configuration: redis://,
// rediss://, unix://, or a comma-separated list of nodes for a cluster. Commands
// are never repeated by the client itself: a repeated claim is another claim.
func Client(url string) (redis.UniversalClient, error) {
	nodes := strings.Split(url, ",")
	o, err := redis.ParseURL(strings.TrimSpace(nodes[0]))
	if err != nil {
		return nil, errors.New("redis.url is not understood: write redis://host:6379/0, rediss://..., unix:///path, or several for a cluster")
	}
	o.MaxRetries = -1
	o.PoolSize = 32
	o.DisableIdentity = true
	if len(nodes) == 1 {
		return redis.NewClient(o), nil
	}
	c := &redis.ClusterOptions{Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, MaxRetries: -1, PoolSize: 16, DisableIdentity: true}
	for _, n := range nodes {
		one, err := redis.ParseURL(strings.TrimSpace(n))
		if err != nil {
			return nil, errors.New("redis.url: one of the cluster's nodes is not understood")
		}
		c.Addrs = append(c.Addrs, one.Addr)
	}
	return redis.NewClusterClient(c), nil
}

// Open joins the installation that rdb holds, or begins it. The journal's id
// names the installation: a Redis that does not know it was emptied, and starts
// in hold unless the journal is new as well.
func Open(ctx context.Context, rdb redis.UniversalClient, master *MasterKey, journal *Journal) (*Store, error) {
	s := &Store{rdb: rdb, master: master, journal: journal, keys: map[gateway.ODS]*practiceKey{}, next: map[Shard]time.Time{}}
	for name, into := range map[string]**redis.Script{
		"plan": &s.scripts.plan, "claim": &s.scripts.claim, "move": &s.scripts.move, "known": &s.scripts.known, "lock": &s.scripts.lock, "account": &s.scripts.account,
	} {
		src, err := luaFiles.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return nil, fmt.Errorf("script %s: %w", name, err)
		}
		*into = redis.NewScript(string(src))
	}
	if err := s.join(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// join finds the installation's mark in every shard, or sets it.
func (s *Store) join(ctx context.Context) error {
	got, err := s.epochs(ctx)
	if err != nil {
		return err
	}
	if known := strings.TrimPrefix(strings.Join(slices.Compact(slices.Clone(got)), ""), "H"); known != "" && s.journal.Fresh() {
		if err := s.journal.Adopt(known); err != nil {
			return err
		}
	}
	id := s.journal.ID()
	var missing []Shard
	for i, e := range got {
		switch strings.TrimPrefix(e, "H") {
		case "":
			missing = append(missing, Shard(i))
		case id:
		default:
			return fmt.Errorf("this Redis belongs to another installation of Bellman: its mark is not the one in the opt-out journal; give each its own Redis, or put the right journal back")
		}
		if strings.HasPrefix(e, "H") {
			s.setHold(true)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	mark := id
	if !s.journal.Fresh() || len(missing) < Shards {
		mark = "H" + id
		s.setHold(true)
	}
	pipe := s.rdb.Pipeline()
	for i, e := range got {
		if e == "" {
			pipe.SetNX(ctx, Shard(i).epoch(), mark, 0)
		} else if s.InHold() {
			pipe.Set(ctx, Shard(i).epoch(), mark, 0)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("mark redis: %w", plain(err))
	}
	s.journal.Settled()
	return s.replay(ctx)
}

func (s *Store) epochs(ctx context.Context) ([]string, error) {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.StringCmd, Shards)
	for i := range cmds {
		cmds[i] = pipe.Get(ctx, Shard(i).epoch())
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("ask redis: %w", plain(err))
	}
	out := make([]string, Shards)
	for i, c := range cmds {
		out[i] = c.Val()
	}
	return out, nil
}

// Rejoin looks again at what Redis is after ErrEmptied: what was flushed is
// marked anew, put in hold, and given its opt-outs back from the journal.
func (s *Store) Rejoin(ctx context.Context) error {
	s.mu.Lock()
	clear(s.keys)
	s.mu.Unlock()
	return s.join(ctx)
}

// InHold reports whether nothing may be handed out.
func (s *Store) InHold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold
}

func (s *Store) setHold(h bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = h
}

// RefreshHold asks Redis whether the store is in hold, which another process may
// have ended.
func (s *Store) RefreshHold(ctx context.Context) (bool, error) {
	e, err := s.epochs(ctx)
	if err != nil {
		return true, err
	}
	hold := false
	for _, x := range e {
		if x == "" {
			return true, ErrEmptied
		}
		hold = hold || strings.HasPrefix(x, "H")
	}
	s.setHold(hold)
	return hold, nil
}

// Release ends the hold of an emptied store.
func (s *Store) Release(ctx context.Context) error {
	pipe := s.rdb.Pipeline()
	for i := range Shards {
		pipe.Set(ctx, Shard(i).epoch(), s.journal.ID(), 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("end the hold: %w", plain(err))
	}
	s.setHold(false)
	return nil
}

// Ping says whether Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis does not answer: %w", plain(err))
	}
	return nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.rdb.Close() }

// key gives the keys of a practice, making them at its first use.
func (s *Store) key(ctx context.Context, p gateway.ODS) (*practiceKey, error) {
	s.mu.Lock()
	k := s.keys[p]
	s.mu.Unlock()
	if k != nil {
		return k, nil
	}
	fresh, err := newPracticeKey(p)
	if err != nil {
		return nil, err
	}
	wrapped, err := fresh.wrap(s.master)
	if err != nil {
		return nil, err
	}
	meta := keysOf(p).meta()
	if err := s.rdb.HSetNX(ctx, meta, "key", wrapped).Err(); err != nil {
		return nil, fmt.Errorf("keep the key of %s: %w", p, plain(err))
	}
	kept, err := s.rdb.HGet(ctx, meta, "key").Result()
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", p, plain(err))
	}
	if k, err = unwrap(s.master, p, kept); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.keys[p] = k
	s.mu.Unlock()
	return k, nil
}

// call is one run of a script on one shard.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
}

// run carries out scripts in one round trip per node and gives their answers in
// order. A script that Redis does not have yet (after a restart or fail-over) was
// not run; it is loaded and run again.
func (s *Store) run(ctx context.Context, calls []call) ([]*redis.Cmd, error) {
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
			if err := s.load(ctx); err != nil {
				return nil, err
			}
		}
		todo = again
	}
	for _, c := range out {
		if err := c.Err(); err != nil {
			return nil, plain(err)
		}
	}
	return out, nil
}

func (s *Store) load(ctx context.Context) error {
	on := func(ctx context.Context, c *redis.Client) error {
		for _, sc := range []*redis.Script{s.scripts.plan, s.scripts.claim, s.scripts.move, s.scripts.known, s.scripts.lock, s.scripts.account} {
			if err := sc.Load(ctx, c).Err(); err != nil {
				return fmt.Errorf("load scripts: %w", plain(err))
			}
		}
		return nil
	}
	switch c := s.rdb.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, on)
	case *redis.Client:
		return on(ctx, c)
	}
	return errors.New("load scripts: unknown kind of redis client")
}

// plain turns an error of the Redis client into one of ours, whose words are
// safe to log: a Redis error may quote arguments.
func plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case redis.HasErrorPrefix(err, "EMPTIED"):
		return ErrEmptied
	case redis.HasErrorPrefix(err, "INHOLD"):
		return ErrInHold
	case redis.HasErrorPrefix(err, "OOM"):
		return errors.New("redis is full and refuses to write; give it more memory")
	case redis.HasErrorPrefix(err, "READONLY"):
		return errors.New("redis is a read-only replica; point redis.url at the primary")
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"):
		return errors.New("redis refuses our user or password; correct redis.url")
	case redis.HasErrorPrefix(err, "NOPERM"):
		return errors.New("redis does not let our user do this; widen its ACL")
	case redis.HasErrorPrefix(err, "MISCONF"):
		return errors.New("redis cannot write to its disk; look at its log")
	case redis.HasErrorPrefix(err, "LOADING"):
		return errors.New("redis is still loading its data")
	case redis.HasErrorPrefix(err, "ERR"):
		return errors.New("redis refused a command of ours")
	}
	return fmt.Errorf("redis cannot be reached: %w", errUnreachable)
}

var errUnreachable = errors.New("no connection")

// NewToken gives eight random bytes that mark the work of one claim.
func NewToken() gateway.Token {
	var t gateway.Token
	_, _ = rand.Read(t[:])
	return t
}

// newID gives a random id in letters.
func newID() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func millis(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }
