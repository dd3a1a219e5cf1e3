package sender

import (
	"context"
	"sync"

	"bellman/gateway"
)

// share counts each practice's hand-overs under way, so that one with thousands
// waiting leaves lines to the provider free for the others, however slow it is.
type share struct {
	most int // of one practice at the same time

	mu  sync.Mutex
	has map[gateway.ODS]int
}

// newShare keeps a quarter of the lines free of any one practice, where there are
// several.
func newShare(lines, practices int) *share {
	most := lines
	if practices > 1 {
		most = max(1, lines-lines/4)
	}
	return &share{most: most, has: map[gateway.ODS]int{}}
}

// take reports whether a practice may have one more line, and gives it.
func (s *share) take(p gateway.ODS) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.has[p] >= s.most {
		return false
	}
	s.has[p]++
	return true
}

func (s *share) done(p gateway.ODS) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has[p]--
}

// withinShare puts back what is more than its practice's share of the lines, to be
// looked at again soon: meanwhile others get their turn. What it gives has its line
// until it is posted, or given up.
func (s *Sender) withinShare(ctx context.Context, jobs []job) []job {
	now := s.o.Clock.Now()
	in := jobs[:0]
	var not []withheld
	for _, j := range jobs {
		if s.share.take(j.claim.ID.Practice) {
			in = append(in, j)
		} else {
			not = append(not, *withhold(j.claim, gateway.Queued, gateway.None, now.Add(soon)))
		}
	}
	s.withhold(ctx, not)
	return in
}
