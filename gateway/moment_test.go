package gateway_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"bellman/gateway"
)

func TestWaitLetsTimePassUnlessItIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if !gateway.Wait(t.Context(), time.Minute) || time.Since(began) != time.Minute {
			t.Errorf("waited for %s, want a whole minute", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if gateway.Wait(ctx, time.Minute) || time.Since(began) != time.Minute+time.Second {
			t.Errorf("cut short after %s, want a second more", time.Since(began))
		}
	})
}

func TestTheLaterOfTwoMoments(t *testing.T) {
	first := time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)
	second := first.Add(time.Second)
	for _, got := range []time.Time{gateway.Later(first, second), gateway.Later(second, first), gateway.Later(second, second)} {
		if !got.Equal(second) {
			t.Errorf("gives %s", got)
		}
	}
}
