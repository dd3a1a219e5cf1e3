package tpp

import (
	"context"
	"slices"
	"sync"
	"time"
)

// lane says who goes first in a line.
type lane int

// The lanes, the first one first. A look that has begun is finished before another
// begins: many that each wait for their second answer would all come too late.
const (
	laneBegun  lane = iota // a look or a cancellation, with an answer already: a text or a patient waits for it
	laneUrgent             // one without
	laneOthers             // reads, and what a patient declined
	lanes      = int(laneOthers) + 1
)

// line is the queue for the one request a second that SystmOne answers.
type line struct {
	pace time.Duration

	mu      sync.Mutex
	busy    bool
	waiting [lanes][]chan struct{} // first come, first served

	next *time.Timer // runs out when the next request may leave; only who is served looks at it
}

func newLine(pace time.Duration) *line { return &line{pace: pace} }

// enter waits until it is the caller's turn, and until the last request is long
// enough ago. Who comes meanwhile and goes before the caller is let in first: between
// two questions of a look a read would otherwise always slip in. The caller must
// leave, unless there is an error, which is ctx's.
func (l *line) enter(ctx context.Context, in lane) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	mine := chan struct{}(nil)
	if l.busy {
		mine = make(chan struct{})
		l.waiting[in] = append(l.waiting[in], mine)
	}
	l.busy = true
	l.mu.Unlock()
	for {
		if err := l.await(ctx, in, mine); err != nil {
			return err
		}
		if l.next == nil {
			return nil
		}
		select {
		case <-l.next.C:
			l.next = nil
		case <-ctx.Done():
			l.leave()
			return ctx.Err()
		}
		if mine = l.giveWay(in); mine == nil {
			return nil
		}
	}
}

// giveWay hands the turn to who goes before a lane, and gives the caller the first
// place in it; nil when nobody does.
func (l *line) giveWay(in lane) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, waiting := range l.waiting[:in] {
		if len(waiting) > 0 {
			close(waiting[0])
			l.waiting[i] = waiting[1:]
			mine := make(chan struct{})
			l.waiting[in] = slices.Insert(l.waiting[in], 0, mine)
			return mine
		}
	}
	return nil
}

// await waits for the caller's turn; nil for mine means that it is.
func (l *line) await(ctx context.Context, in lane, mine chan struct{}) error {
	if mine == nil {
		return nil
	}
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	waiting := &l.waiting[in]
	i := slices.Index(*waiting, mine)
	if i >= 0 {
		*waiting = slices.Delete(*waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // it became our turn in the same moment
		l.leave()
	}
	return ctx.Err()
}

// sent begins the pause before the next request. It is called by who is served.
func (l *line) sent() { l.next = time.NewTimer(l.pace) }

// leave lets the next one in.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, waiting := range l.waiting {
		if len(waiting) > 0 {
			close(waiting[0])
			l.waiting[i] = waiting[1:]
			return
		}
	}
	l.busy = false
}
