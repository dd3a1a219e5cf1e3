package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Every shard carries a mark: the installation's id, which the journal knows as
// well, a dot, and a number drawn when the shard was marked. H before it means
// that the store is in hold. Every script that writes compares the mark with the
// one it knows, so a shard that was flushed takes nothing more; and one that
// another process has marked anew since then is found out too, before what was
// sealed under the lost keys is written there.
const inHold = "H"

// join finds the marks of every shard, or sets them. What the journal knows and
// Redis may not is brought back: always with again, otherwise when Redis was
// marked anew since this journal was last joined to it.
func (s *Store) join(ctx context.Context, again bool) error {
	if !s.journal.Fresh() { // what we knew before is compared as soon as Redis answers
		if err := s.tide.open(s.journal.path+".tide", s.journal.ID()); err != nil {
			return err
		}
	}
	marks, err := s.marked(ctx)
	if err != nil {
		return err
	}
	again = s.startedAnew.Swap(false) || again
	if err := s.tide.open(s.journal.path+".tide", s.journal.ID()); err != nil {
		return err
	}
	if lower, err := s.receded(ctx); err != nil {
		return err
	} else if lower {
		if marks, err = s.holdAll(ctx); err != nil {
			return err
		}
		again = true
	}
	hold := false
	sum := sha256.New()
	s.mu.Lock()
	clear(s.keys)
	clear(s.next)
	for i, m := range marks {
		hold = hold || strings.HasPrefix(m, inHold)
		s.marks[i] = strings.TrimPrefix(m, inHold)
		_, _ = sum.Write([]byte(s.marks[i]))
	}
	s.hold = hold
	s.mu.Unlock()
	generation := hex.EncodeToString(sum.Sum(nil)[:8])
	if again || s.journal.joinedTo() != generation {
		if err := s.replay(ctx); err != nil {
			return err
		}
		s.broughtBack(hold)
	}
	return s.journal.join(generation)
}

// marked gives the marks of all shards, after setting those that are missing.
func (s *Store) marked(ctx context.Context) ([]string, error) {
	for range 2 {
		states, err := s.states(ctx)
		if err != nil {
			return nil, err
		}
		was := make([]string, Shards)
		for i, st := range states {
			was[i] = st.mark
		}
		begin, err := s.recognise(was)
		if err != nil {
			return nil, err
		}
		hold := ""
		if !begin && slices.Contains(was, "") {
			hold = inHold
		}
		if !begin || was[0] != "" {
			return s.setMarks(ctx, Shards, hold)
		}
		// Two processes that begin on one empty Redis agree by who marks the first
		// shard; the loser of that race takes the winner's id in the next turn.
		if _, err := s.setMarks(ctx, 1, hold); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("join redis: its marks come and go; is something else emptying it?")
}

// recognise compares the marks with the journal's id. It reports whether this
// installation is only just beginning, so that missing marks are no loss.
func (s *Store) recognise(was []string) (bool, error) {
	var ids []string
	for _, m := range was {
		if id, _, _ := strings.Cut(strings.TrimPrefix(m, inHold), "."); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0, len(ids) == 1 && ids[0] == s.journal.ID():
		return s.journal.Fresh(), nil
	case len(ids) == 1 && s.journal.Fresh():
		return false, s.journal.Adopt(ids[0])
	}
	return false, errors.New("this Redis belongs to another installation of Bellman: its mark is not the one in the opt-out journal; give each its own Redis, or put the right journal back")
}

// setMarks marks the first n shards that have no mark, puts them all in hold if
// told so, and gives the marks as they are then.
func (s *Store) setMarks(ctx context.Context, n int, hold string) ([]string, error) {
	calls := make([]call, n)
	for i := range calls {
		calls[i] = call{s.scripts.mark, []string{Shard(i).epoch()}, []any{s.journal.ID() + "." + newID(4), hold}}
	}
	got, err := s.run(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("mark redis: %w", err)
	}
	if hold != "" { // what was done about an earlier loss says nothing of this one
		if err := s.rdb.Del(ctx, restoreKey()).Err(); err != nil {
			return nil, fmt.Errorf("mark redis: %w", plain(err))
		}
	}
	marks := make([]string, n)
	for i, c := range got {
		if marks[i], err = c.Text(); err != nil {
			return nil, fmt.Errorf("mark redis: %w", errRecord)
		}
	}
	return marks, nil
}

// shardState is what a shard says of itself.
type shardState struct {
	mark    string // "" when there is none that could be one of ours
	tide    uint64
	damaged bool // its counter of hand-overs is no number
}

// states reads the marks and the counters of hand-overs of all shards.
func (s *Store) states(ctx context.Context) ([]shardState, error) {
	pipe := s.rdb.Pipeline()
	marks, tides := make([]*redis.StringCmd, Shards), make([]*redis.StringCmd, Shards)
	for i := range Shards {
		marks[i], tides[i] = pipe.Get(ctx, Shard(i).epoch()), pipe.Get(ctx, Shard(i).tide())
	}
	_, _ = pipe.Exec(ctx)
	out := make([]shardState, Shards)
	for i := range out {
		mark, _, err := kept(marks[i])
		if err != nil {
			return nil, fmt.Errorf("ask redis: %w", err)
		}
		if wellFormed.MatchString(mark) {
			out[i].mark = mark
		}
		tide, there, err := kept(tides[i])
		if err != nil {
			return nil, fmt.Errorf("ask redis: %w", err)
		}
		n, err := strconv.ParseUint(tide, 10, 63)
		if out[i].damaged = there && err != nil; !out[i].damaged {
			out[i].tide = n
		}
	}
	return out, nil
}

// wellFormed is how a mark looks; mark.lua says the same. Anything else is as good
// as none.
var wellFormed = regexp.MustCompile(`^H?[0-9a-f]+\.[0-9a-f]+$`)

// kept gives the words of a key, and whether it is there. One of another kind is
// there, and says nothing.
func kept(c *redis.StringCmd) (string, bool, error) {
	v, err := c.Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", false, nil
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return "", true, nil
	}
	return v, true, plain(err)
}

// receded reports whether a shard has lost what was written there before: its
// counter of hand-overs is lower than it was.
func (s *Store) receded(ctx context.Context) (bool, error) {
	floors := s.floors()
	states, err := s.states(ctx)
	if err != nil {
		return false, err
	}
	return s.compare(floors, states), nil
}

// floors gives what every counter had come to; compare reports whether one is
// lower than that or damaged, and otherwise remembers what they have come to since.
func (s *Store) floors() [Shards]uint64 {
	var out [Shards]uint64
	for i := range out {
		out[i] = s.tide.floor(Shard(i))
	}
	return out
}

func (s *Store) compare(floors [Shards]uint64, states []shardState) bool {
	if lower(floors, states) {
		return true
	}
	for i, st := range states {
		s.tide.rise(Shard(i), st.tide)
	}
	return false
}

func lower(floors [Shards]uint64, states []shardState) bool {
	for i, st := range states {
		if st.damaged || st.tide < floors[i] {
			return true
		}
	}
	return false
}

// risen remembers what a script said of a shard's counter.
func (s *Store) risen(sh Shard, said string) {
	if n, err := strconv.ParseUint(said, 10, 64); err == nil {
		s.tide.rise(sh, n)
	}
}

// holdAll puts every shard in hold, so that nothing leaves any more, and from then
// on goes by the counters as they are now; one that is damaged is begun anew. It
// gives the marks.
func (s *Store) holdAll(ctx context.Context) ([]string, error) {
	marks, err := s.setMarks(ctx, Shards, inHold)
	if err != nil {
		return nil, err
	}
	states, err := s.states(ctx)
	if err != nil {
		return nil, err
	}
	tides := make([]uint64, Shards)
	for i, st := range states {
		tides[i] = st.tide
		if st.damaged {
			if err := s.rdb.Del(ctx, Shard(i).tide()).Err(); err != nil {
				return nil, fmt.Errorf("begin a counter of hand-overs anew: %w", plain(err))
			}
		}
	}
	return marks, s.tide.fall(tides)
}

// mark gives what a shard was marked with when we joined it.
func (s *Store) mark(sh Shard) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.marks[sh]
}

// Rejoin looks again at what Redis is after ErrEmptied: what was flushed is
// marked anew, put in hold, and given its opt-outs back from the journal.
func (s *Store) Rejoin(ctx context.Context) error { return s.join(ctx, true) }

// InHold reports whether nothing may be handed out, as far as this process knows.
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
// have ended. It gives ErrEmptied when a shard lost its mark, or was marked anew,
// and ErrReceded when one has lost what was written there. A hold that another
// process began makes it bring back the opt-outs of our journal. It also brings onto
// the disk what Redis is compared with; call it every few seconds.
func (s *Store) RefreshHold(ctx context.Context) (bool, error) {
	floors := s.floors()
	states, err := s.states(ctx)
	if err != nil {
		return true, err
	}
	hold := false
	for i, st := range states {
		if strings.TrimPrefix(st.mark, inHold) != s.mark(Shard(i)) {
			return true, ErrEmptied
		}
		hold = hold || strings.HasPrefix(st.mark, inHold)
	}
	if s.compare(floors, states) {
		return true, ErrReceded
	}
	s.setHold(hold)
	if hold && !s.isBack() {
		if err := s.bringBack(ctx); err != nil {
			return true, err
		}
	}
	s.broughtBack(hold)
	return hold, s.tide.sync()
}

// broughtBack remembers whether the opt-outs of our journal are back since the hold
// began. Without a hold there is nothing to remember.
func (s *Store) broughtBack(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back = yes
}

func (s *Store) isBack() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.back
}

// Release ends the hold of an emptied store. It gives ErrEmptied, and ends
// nothing there, where Redis was emptied once more since we joined it.
func (s *Store) Release(ctx context.Context) error {
	calls := make([]call, Shards)
	for i := range calls {
		calls[i] = call{s.scripts.release, []string{Shard(i).epoch()}, []any{s.mark(Shard(i))}}
	}
	if _, err := s.run(ctx, calls); err != nil {
		return fmt.Errorf("end the hold: %w", err)
	}
	s.setHold(false)
	return nil
}
