package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/clockwatch"
)

// The clocks that ours is compared with.
const (
	redisClock    = "redis"
	providerClock = "provider"
)

var errNoTime = errors.New("redis does not tell its time")

// watchClock gives the service a watch on its clock. It is built before the
// provider, whose every answer tells the time.
func (a *app) watchClock() {
	a.keeper = clockwatch.New(clockwatch.Options{
		Clock: a.clock, Elapsed: sinceNow(),
		Sources: []clockwatch.Source{
			{Name: redisClock, Every: time.Second, Ask: a.askRedis},
			{Name: providerClock, Every: time.Minute, Ask: func(ctx context.Context) (gateway.Reading, error) { return a.provider.AskTime(ctx) }},
		},
		Log: a.log.With("part", "clock"), Metrics: clockwatch.NewMetrics(a.registry, redisClock, providerClock),
	})
}

// heard passes on what the provider's answers say of the time.
func (a *app) heard(r gateway.Reading) {
	if a.keeper != nil {
		a.keeper.Heard(providerClock, r)
	}
}

// askRedis looks at Redis' clock once.
func (a *app) askRedis(ctx context.Context) (gateway.Reading, error) {
	r := gateway.Reading{Asked: a.clock.Now()}
	if a.redisTime != nil && a.cfg.Mode != configs.Live {
		r.Theirs = a.redisTime()
	} else {
		at, err := a.rdb.Time(ctx).Result()
		if err != nil {
			return r, errNoTime
		}
		r.Theirs = at
	}
	r.Answered = a.clock.Now()
	return r, nil
}

// checkClock compares our clock with another, for `bellman check`.
func (a *app) checkClock(f *findings, with string, r gateway.Reading, err error) {
	skew, slack, ok := r.Skew()
	if err != nil || !ok {
		f.warn("clock", "%s does not tell its time; the service sends nothing before it does", with)
		return
	}
	beyond := skew.Abs() - slack
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	words := fmt.Sprintf("this machine is %s %s %s", skew.Abs().Round(time.Second), way, with)
	switch {
	case beyond >= clockwatch.Refuse:
		f.fail("clock", "%s: nothing is sent; set both by a time server", words)
	case beyond >= clockwatch.Warn:
		f.warn("clock", "%s: set both by a time server", words)
	default:
		f.ok("clock", "agrees with %s; it is %s in London", with, local(a.clock.Now()))
	}
}

// clockWrong reports whether this machine's clock is too far from Redis' for
// anything to be sent, for the commands and pages that list what waits. A service
// asks its own watch, which knows more.
func (a *app) clockWrong(ctx context.Context) bool {
	if a.keeper != nil {
		return !a.keeper.Right()
	}
	r, err := a.askRedis(ctx)
	if err != nil {
		return false // what waits is listed all the same
	}
	skew, slack, ok := r.Skew()
	return ok && skew.Abs()-slack >= clockwatch.Refuse
}

// checkFeedClock compares our clock with a clinical system's, where its answers
// bear the time.
func (a *app) checkFeedClock(p gateway.ODS, what string, f *findings) {
	r := a.turns.heard(p)
	if r == nil {
		return
	}
	if skew, slack, ok := r.Skew(); ok && skew.Abs()-slack >= clockwatch.Warn {
		f.warn(what, "its answers bear a time %s from ours: its clock is wrong, or something on the way keeps old answers", skew.Abs().Round(time.Second))
		return
	}
	f.ok(what, "its clock agrees with ours")
}
