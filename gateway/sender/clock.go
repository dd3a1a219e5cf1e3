package sender

import (
	"context"
	"time"

	"bellman/gateway"
)

// clockWait is how long a lane sleeps while the clock is not right: it need not
// be long, since asking costs nothing.
const clockWait = 200 * time.Millisecond

// atOnce is when to look again at what the clock kept back: as soon as anything
// is claimed again. No time of a wrong clock is written into the queue.
var atOnce = time.Unix(1, 0).UTC()

func (s *Sender) clockRight() bool { return s.o.Keeper == nil || s.o.Keeper.Right() }

func clockWrong(c *gateway.Claim) *withheld {
	return withhold(c, gateway.Held, gateway.ClockWrong, atOnce)
}

// byTheClock holds what may not leave because the clock went wrong since it was
// claimed.
func (s *Sender) byTheClock(ctx context.Context, jobs []job) []job {
	if s.clockRight() {
		return jobs
	}
	not := make([]withheld, len(jobs))
	for i := range jobs {
		not[i] = *clockWrong(jobs[i].claim)
	}
	s.withhold(ctx, not)
	return nil
}

// stopwatch tells when something ended that began at a time when the clock was
// right, however the clock was set meanwhile. The provider's list is searched
// around the end of a hand-over: an hour wrong, and a text that is there would
// not be found and would go again.
type stopwatch struct {
	began   time.Time
	elapsed time.Duration
}

func (s *Sender) begin() stopwatch {
	w := stopwatch{began: s.o.Clock.Now()}
	if s.o.Keeper != nil {
		w.elapsed = s.o.Keeper.Elapsed()
	}
	return w
}

func (s *Sender) end(w stopwatch) time.Time {
	if s.o.Keeper == nil {
		return w.began.Add(max(0, s.o.Clock.Now().Sub(w.began)))
	}
	return w.began.Add(s.o.Keeper.Elapsed() - w.elapsed)
}
