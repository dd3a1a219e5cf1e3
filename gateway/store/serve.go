package store

import (
	"cmp"
	"slices"
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

// waiting is what this process knows of one shard's due set.
type waiting struct {
	next  time.Time // when something is due; zero: nothing was there
	asked time.Time // when it was last asked
}

// askAgain is how long what is known of a shard is believed: another process may
// queue something earlier, and its message be lost.
const askAgain = time.Second

// share is how many reminders to claim from one shard.
type share struct {
	shard Shard
	most  int
}

// goodBatch is how many claims make a script worth its call.
const goodBatch = 128

// shares says which shards to ask for about limit reminders. Of those that are
// known to have something due it takes a few, in turn, so that calls stay few and
// no shard waits until another's backlog is gone; those of which nothing is known
// any more are asked as well.
func (s *Store) shares(now time.Time, limit int) []share {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due, unknown []Shard
	for _, sh := range s.shards {
		switch w, ok := s.next[sh]; {
		case ok && !w.next.IsZero() && !w.next.After(now):
			due = append(due, sh)
		case !ok || !now.Before(w.asked.Add(askAgain)) || now.Before(w.asked):
			unknown = append(unknown, sh)
		}
	}
	slices.SortFunc(due, func(a, b Shard) int {
		return cmp.Or(cmp.Compare(s.turns[a], s.turns[b]), s.next[a].next.Compare(s.next[b].next))
	})
	few := min(len(due), (limit+goodBatch-1)/goodBatch)
	out := make([]share, 0, few+len(unknown))
	for _, sh := range due[:few] {
		s.turn++
		s.turns[sh] = s.turn
		out = append(out, share{sh, (limit + few - 1) / few})
	}
	for _, sh := range unknown {
		out = append(out, share{sh, max(1, limit/len(unknown))})
	}
	return out
}

// learn keeps when a shard has something due next.
func (s *Store) learn(sh Shard, next, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[sh] = waiting{next, now}
}

// earliest gives when something is due next in any shard, as far as is known.
func (s *Store) earliest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out time.Time
	for _, sh := range s.shards {
		if at := s.next[sh].next; !at.IsZero() && (out.IsZero() || at.Before(out)) {
			out = at
		}
	}
	return out
}

// dueAt notes that a shard got something that is due at t.
func (s *Store) dueAt(sh Shard, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.next[sh]; !t.IsZero() && ok && (w.next.IsZero() || t.Before(w.next)) {
		s.next[sh] = waiting{t, w.asked}
	}
}

// Look forgets what is known of the shards, so that the next claim asks them all.
func (s *Store) Look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.next)
}
