package cliniko_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"bellman/adapters/cliniko/clinikosim"
)

func TestARefusalForTooManyRequestsIsWaitedOut(t *testing.T) {
	for what, f := range map[string]clinikosim.Faults{
		"by X-RateLimit-Reset": {TooMany: 1, ResetSeconds: 1}, "by Retry-After": {TooMany: 1, ResetSeconds: 1, RetryAfter: true},
		"by a reset that is past": {TooMany: 1, ResetSeconds: -30},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := play(t, nil, nil)
			s.book(monday.AddDate(0, 0, 7))
			s.whole(t)
			plain := s.sim.Requests()
			s.forget(t)
			s.sim.SetFaults(f)
			begun := time.Now()
			if feed := s.whole(t); len(feed.Appointments) != 1 {
				t.Errorf("%d appointments, want 1", len(feed.Appointments))
			}
			if took := time.Since(begun); took < time.Second {
				t.Errorf("asked again after %v", took)
			}
			if n := s.sim.Requests() - plain; n != plain+1 {
				t.Errorf("%d requests, want one more than %d", n, plain)
			}
		})
	}
}

func TestNobodyAsksWhileClinikoTakesNothing(t *testing.T) {
	s := play(t, nil, nil)
	a, _, _ := s.one(t)
	before := s.sim.Requests()
	s.sim.SetFaults(clinikosim.Faults{TooMany: 1000, ResetSeconds: 40})
	// A look that holds up a text does not wait so long, and later ones do not even ask.
	for range 20 {
		if _, err := s.adapter.Reread(t.Context(), a); err == nil {
			t.Fatal("no error")
		}
	}
	if n := s.sim.Requests() - before; n != 1 {
		t.Errorf("%d requests after the first refusal, want none", n-1)
	}
	// A read waits, for as long as there is time.
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.adapter.Read(ctx, s.span); err == nil {
				t.Error("no error")
			}
		})
	}
	wg.Wait()
	if n := s.sim.Requests() - before; n != 1 {
		t.Errorf("%d requests while Cliniko takes none", n-1)
	}
	s.clock.Advance(41 * time.Second)
	s.sim.SetFaults(clinikosim.Faults{})
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestARefusalWithoutATimeCountsAsAMinute(t *testing.T) {
	s := play(t, nil, nil)
	a, _, _ := s.one(t)
	s.sim.SetFaults(clinikosim.Faults{TooMany: 1, NoReset: true})
	if _, err := s.adapter.Reread(t.Context(), a); err == nil {
		t.Fatal("no error")
	}
	s.clock.Advance(58 * time.Second) // a short wait is left
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Error(err)
	}
}

func TestClinikoThatAlwaysRefusesEndsTheRead(t *testing.T) {
	t.Parallel()
	s := play(t, nil, nil)
	s.sim.SetFaults(clinikosim.Faults{TooMany: 1000, ResetSeconds: 1})
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
		t.Error("no error")
	}
	if n := s.sim.Requests(); n > 4 {
		t.Errorf("%d requests for one question", n)
	}
}

func TestAWishToWaitForHoursEndsTheRead(t *testing.T) {
	s := play(t, nil, nil)
	s.sim.SetFaults(clinikosim.Faults{TooMany: 1, ResetSeconds: 7200})
	begun := time.Now()
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("error %v after %v", err, time.Since(begun))
	}
}
