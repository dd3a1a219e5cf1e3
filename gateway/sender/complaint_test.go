package sender_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/sender"
)

// refusing is a store that gives nothing out.
type refusing struct {
	sender.Memory
	began time.Time
}

func (r refusing) Claim(context.Context, gateway.Claiming) (gateway.Catch, error) {
	if time.Since(r.began) < 5*time.Minute {
		return gateway.Catch{}, errors.New("the store is in hold")
	}
	return gateway.Catch{}, errors.New("redis does not answer")
}

func (refusing) Expired(context.Context, time.Time) ([]gateway.Expired, error) { return nil, nil }
func (refusing) Wakes(context.Context) <-chan time.Time                        { return nil }
func (refusing) Look()                                                         {}

func TestAHoldIsToldOnceAMinuteAndNotByEveryLaneEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log gatewaytest.Log
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute-time.Second)
		defer cancel()
		sender.New(sender.Options{
			Memory: refusing{began: time.Now()}, Clock: gateway.ClockFunc(time.Now), Log: log.Logger(), InFlight: 4, Timeout: time.Second,
			Metrics: sender.NewMetrics(prometheus.NewRegistry(), nil),
		}).Run(ctx)
		for _, words := range []string{"the store is in hold", "redis does not answer"} {
			if n := strings.Count(log.String(), words); n != 5 {
				t.Errorf("%q is told %d times in five minutes", words, n)
			}
		}
	})
}
