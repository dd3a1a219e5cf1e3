package sender_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// pausedBeforeItsRequest stops a sender that has written down that the text of
// person 1 is leaving, and has not begun to hand it over.
func (s *stage) pausedBeforeItsRequest() (*running, *frozen) {
	s.t.Helper()
	s.booked(riverside, person(1))
	s.come(monday)
	ice := newFrozen()
	r := s.ready()
	freeze := once(ice.stop)
	r.memory.moved = func(cs []gateway.Change) error {
		if to(cs, gateway.Sending) {
			freeze()
		}
		return nil
	}
	r.run()
	<-ice.at
	return r, ice
}

// The answer to STOP waits for eight seconds while a text is written down as
// leaving. A sender that was paused for as long, and whose lease still runs, must
// not hand it over after that answer.
func TestASenderThatWakesAfterSTOPWasAnsweredHandsNothingOver(t *testing.T) {
	s := newStage(t)
	r, ice := s.pausedBeforeItsRequest()
	s.optOut(riverside, 1)
	s.clock.Advance(8 * time.Second)
	close(ice.on)
	r.quiet()
	s.texts(phone(1), 0)
	s.stands(s.id(riverside, person(1), day), gateway.Withdrawn, gateway.OptedOut)
}

func TestATextThatCouldNotBeginInTimeIsSentAfterwardsAndOnce(t *testing.T) {
	s := newStage(t)
	r, ice := s.pausedBeforeItsRequest()
	s.clock.Advance(8 * time.Second)
	close(ice.on)
	r.quiet()
	s.texts(phone(1), 1)
	s.stands(s.id(riverside, person(1), day), gateway.Accepted, gateway.None)
	if n := s.standing(s.id(riverside, person(1), day)).Attempts; n != 2 {
		t.Errorf("%d attempts", n)
	}
}
