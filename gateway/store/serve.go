package store

import (
	"time"

	"bellman/gateway"
)

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
