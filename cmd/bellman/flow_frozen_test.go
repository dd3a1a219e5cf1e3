package main

import (
	"fmt"
	"testing"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
)

func TestNothingIsTextedOnADiaryThatACacheReplays(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir"}, func(t *testing.T, source string) {
		s := newScene(t, source, london(time.October, 20, 17, 0))
		all := s.booked(london(time.October, 28, 9, 0), 3)
		off := all[2]
		v := s.live()
		s.misbehave(emissim.Faults{Cached: true}, fhirsim.Faults{Cached: true})
		s.diary.Cancel(off.slot)
		s.clock.set(london(time.October, 21, 10, 12)) // a week before, and a night after the last true answer
		v.read()
		v.await("the reminders that are due are held for want of a fresh diary", func() string {
			for _, p := range all {
				if got := s.stands(p)[0]; got != "7d held feed_stale" {
					return fmt.Sprintf("one stands at %q", got)
				}
			}
			return ""
		})
		if age := v.metric("bellman_feed_age_seconds"); age < 17*3600 {
			t.Errorf("the diary is %v seconds old, want the seventeen hours since it was true", age)
		}
		if n := count(s.reminders()); n != 0 {
			t.Fatalf("%d texts left on an old diary", n)
		}
		s.misbehave(emissim.Faults{}, fhirsim.Faults{})
		v.hour(london(time.October, 21, 10, 20))
		for i, p := range all {
			want := 1
			if p == off {
				want = 0
			}
			if got := s.bodies(p); len(got) != want {
				t.Errorf("patient %d got %q, want %d texts", i, got, want)
			}
		}
		v.stop()
	})
}
