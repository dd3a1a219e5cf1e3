package sender_test

import (
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/sender"
)

// slowly lets the provider take ten texts a second, whoever they are for: with
// each of them a tenth of a second goes by.
func (s *stage) slowly() {
	s.wire.met = func() { s.clock.Advance(100 * time.Millisecond) }
}

func tenASecond(s *stage) { s.perSec = 10 }

func TestAPracticeWithALongBacklogKeepsNoOtherWaiting(t *testing.T) {
	const backlog, few = 200, 20
	for name, inFlight := range map[string]int{"a provider that takes one at a time": 1, "a provider that takes several": 8} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, tenASecond)
			for n := range backlog { // due half an hour before the others
				s.diaries[riverside].book(at(person(n), tuesday.Add(-30*time.Minute)))
			}
			s.morning(hillside, 500, few)
			s.come(friday)
			s.come(monday)
			s.slowly()
			r := s.start(func(o *sender.Options) {
				o.InFlight = inFlight
				o.Memory = o.Memory.(*watched).Store // which remembers what waits where
			})
			s.await("everyone is texted", func() bool {
				s.clock.Advance(10 * time.Millisecond) // it goes by as well while nothing is taken
				return s.count(gateway.Accepted) == backlog+few
			})
			r.stop()
			before, left := 0, few
			for _, p := range s.wire.all() {
				if p.Get("From") == fromHillside {
					left--
				} else if left > 0 {
					before++
				}
			}
			// Each gets every second place, and what one claim takes along.
			if before > 2*few {
				t.Errorf("%d texts of the backlog went before the last of the other practice's %d", before, few)
			}
		})
	}
}
