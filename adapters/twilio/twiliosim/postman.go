package twiliosim

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// callers is how many receipts are delivered at a time.
const callers = 16

// receipt is one status callback that is to be made.
type receipt struct {
	due    time.Time
	order  int // among those of the same moment
	m      *message
	status string
}

type receipts []receipt

func (h receipts) Len() int { return len(h) }
func (h receipts) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].order < h[j].order
	}
	return h[i].due.Before(h[j].due)
}
func (h receipts) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push and Pop are for container/heap.
func (h *receipts) Push(x any) { *h = append(*h, x.(receipt)) }

// Pop takes the last element away.
func (h *receipts) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// postman delivers receipts when they are due.
type postman struct {
	sim   *Sim
	mu    sync.Mutex
	due   receipts
	made  int
	busy  int           // being delivered
	quiet chan struct{} // closed when nothing is left; nil when nobody waits
	wake  chan struct{}
	ready chan receipt
}

func newPostman(s *Sim) postman {
	return postman{sim: s, wake: make(chan struct{}, 1), ready: make(chan receipt)}
}

func (p *postman) start(ctx context.Context) {
	p.sim.work.Go(func() { p.run(ctx) })
	for range callers {
		p.sim.work.Go(func() {
			for {
				select {
				case r := <-p.ready:
					p.deliver(ctx, r)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// run hands each receipt to a caller at its time.
func (p *postman) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r, wait, ok := p.next(p.sim.clock.Now())
		if ok {
			select {
			case p.ready <- r:
			case <-ctx.Done():
				return
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// next takes the first receipt that is due, or says how long to wait.
func (p *postman) next(now time.Time) (receipt, time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.due) == 0 {
		return receipt{}, time.Hour, false
	}
	if wait := p.due[0].due.Sub(now); wait > 0 {
		return receipt{}, wait, false
	}
	p.busy++
	return heap.Pop(&p.due).(receipt), 0, true
}

// early lists the receipts of a text that asked for them, and delivers the first
// at once where mischief wants it before the answer to the request. It gives the
// rest.
func (p *postman) early(ctx context.Context, m *message) []receipt {
	if m.callback == "" {
		return nil
	}
	all := p.sim.receiptsOf(m)
	if len(all) == 0 || p.sim.luck(m, "early") >= p.sim.faults.receipts().Early {
		return all
	}
	p.mu.Lock()
	p.busy++
	p.mu.Unlock()
	p.deliver(ctx, all[0])
	return all[1:]
}

// callBack arranges for receipts at their times.
func (p *postman) callBack(all []receipt) {
	if len(all) == 0 {
		return
	}
	p.mu.Lock()
	for _, r := range all {
		p.made++
		r.order = p.made
		heap.Push(&p.due, r)
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (p *postman) deliver(ctx context.Context, r receipt) {
	p.sim.sendReceipt(ctx, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	if p.busy == 0 && len(p.due) == 0 && p.quiet != nil {
		close(p.quiet)
		p.quiet = nil
	}
}

// Drain waits until every receipt was delivered, or given up, or ctx ends.
func (s *Sim) Drain(ctx context.Context) error {
	p := &s.postman
	p.mu.Lock()
	if p.busy == 0 && len(p.due) == 0 {
		p.mu.Unlock()
		return nil
	}
	if p.quiet == nil {
		p.quiet = make(chan struct{})
	}
	quiet := p.quiet
	p.mu.Unlock()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Flush delivers, one after the other, every receipt that is due by the clock.
// It is for Options.Manual.
func (s *Sim) Flush(ctx context.Context) {
	for {
		r, _, ok := s.postman.next(s.clock.Now())
		if !ok {
			return
		}
		s.postman.deliver(ctx, r)
	}
}
