package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The machine's clock is wrong, and Redis' and the provider's are right.
func TestAServiceWhoseClockIsWrongSendsNothingUntilItIsRight(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{
		"two minutes ahead": 2 * time.Minute, "two minutes behind": -2 * time.Minute, "a day ahead": 24 * time.Hour, "a day behind": -24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, "fhir", london(time.October, 20, 17, 0))
			p := s.booked(london(time.October, 28, 9, 0), 1)[0]
			v := s.live()
			s.clock.set(london(time.October, 21, 8, 58))
			v.fresh()
			s.wrong.Store(int64(by))
			v.await("the service says what is wrong", func() string {
				if status, body := v.get("ops", "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "nothing is sent until a time server") {
					return body
				}
				return ""
			})
			s.clock.set(london(time.October, 21, 9, 1)) // it is due, in truth
			v.await("the metric tells of it", func() string {
				if v.metric("bellman_clock_refused") != 1 || v.metric("bellman_clock_skew_seconds", `against="provider"`) == 0 {
					return "not yet"
				}
				return ""
			})
			if got := s.stands(p); len(got) != 2 || got[0] != "7d queued clock_wrong" {
				t.Errorf("the queue says %q", got)
			}
			if code, out, _ := s.run("check"); code != exitFail || strings.Count(out, "FAIL  clock: this machine is ") != 2 {
				t.Errorf("check ended with status %d\n%s", code, out)
			}
			if n := count(s.reminders()); n != 0 {
				t.Errorf("%d texts left by a wrong clock", n)
			}
			s.wrong.Store(0)
			v.await("the text has come by itself", func() string {
				if len(s.bodies(p)) != 1 {
					return "not yet"
				}
				return ""
			})
			if got := s.told(p); strings.Contains(strings.Join(got, ";"), "too_late") {
				t.Errorf("its story: %q", got)
			}
			v.stop()
		})
	}
}

func TestAClockAFewSecondsWrongIsWarnedOfAndSendsAllTheSame(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	p := s.booked(london(time.October, 28, 9, 0), 1)[0]
	s.do("keys", "new")
	s.wrong.Store(int64(20 * time.Second))
	v := s.serve()
	v.fresh()
	s.clock.set(london(time.October, 21, 9, 1))
	v.await("the text has come", func() string {
		if len(s.bodies(p)) != 1 {
			return "not yet"
		}
		return ""
	})
	v.await("the service warns", func() string {
		if status, body := v.get("ops", "/readyz"); status != http.StatusOK || !strings.Contains(body, "warning: our clock is 20s ahead of redis") {
			return body
		}
		return ""
	})
	if _, out, _ := s.run("check"); strings.Count(out, "warn  clock: this machine is 20s ahead of") != 2 {
		t.Errorf("check does not warn:\n%s", out)
	}
	v.stop()
}
