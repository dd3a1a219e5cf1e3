package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bellman/adapters/hl7/hl7sim"
	"bellman/gateway/gatewaytest"
)

// A hospital's queue is sent in the wrong order: the moving of a visit comes before
// its booking. The patient is texted once, about the new time.
func TestAMoveThatComesBeforeItsBookingIsTextedOnceAtTheNewTime(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 26, 17, 0)) // whose section is not used
	hears := gatewaytest.FreeAddress(t)
	s.configure(fmt.Sprintf(`
      type: hl7
      listen: %q
      silence: 72h
      facility: {field: MSH-4, is: [RSIM1]}
      profile: {patient_id: {types: [PI]}}`, hears), "stale_after: 72h, reminders: [{before: 1d}]")
	s.edit(`poll: "@every 1s"`, `poll: "@every 10h"`) // what comes is read because it came
	sim := hl7sim.New(s.diary, hl7sim.Options{Clock: s.clock, To: func() string { return hears }, Tries: 1})
	t.Cleanup(sim.Close)
	p := s.booked(london(time.October, 28, 9, 0), 1)[0]
	if sim.Flush(t.Context()) == nil {
		t.Fatal("the booking was taken, and nobody listens yet")
	}
	s.diary.Move(p.slot, london(time.October, 29, 15, 30))
	sim.SetFaults(hl7sim.Faults{Backwards: true})

	s.do("keys", "new")
	v := s.serve()
	v.await("the hospital is heard", func() string {
		if err := sim.Flush(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	})
	v.await("the visit is known", func() string {
		if got := s.stands(p); !slices.Equal(got, []string{"1d queued"}) {
			return fmt.Sprintf("its reminders are %q", got)
		}
		return ""
	})
	for _, at := range []time.Time{london(time.October, 27, 9, 5), london(time.October, 28, 9, 5)} {
		s.clock.set(at)
		v.quiet()
		if got := s.bodies(p); len(got) != 0 {
			t.Fatalf("a text for the old time: %q", got)
		}
	}
	s.clock.set(london(time.October, 28, 15, 32))
	v.await("the text for the new time came", func() string {
		if got := s.bodies(p); !slices.Equal(got, []string{secondDay + "3:30pm"}) {
			return fmt.Sprintf("the texts are %q, the reminders %q", got, s.stands(p))
		}
		return ""
	})
	v.quiet()
	v.stop()
	if got := s.bodies(p); len(got) != 1 {
		t.Errorf("the texts are %q", got)
	}
}
