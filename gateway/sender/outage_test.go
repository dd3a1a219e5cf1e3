package sender_test

import (
	"errors"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

func TestAfterEightHoursWithoutTheProviderEverythingGoesOnceOrSaysWhyNot(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			d := newOutageDay(t, o.from)
			d.till(d.from, 10*time.Minute)
			took := len(d.sim.Taken())
			d.wire.down.Store(true) // 503 to everything
			d.till(d.from.Add(eightHours/2), 10*time.Minute)
			d.line.to.Store(d.unreachable()) // and now it cannot be connected to
			d.till(d.back.Add(-time.Minute), 10*time.Minute)
			if d.r.metric("bellman_provider_broken") != 1 {
				t.Error("the metric does not tell")
			}
			if n := len(d.sim.Taken()); n != took {
				t.Errorf("%d texts were taken during the outage", n-took)
			}
			d.wire.down.Store(false)
			d.line.to.Store(d.provider)
			d.afterwards()
			// One text is tried at first; the others wait at most a minute for it.
			mended := d.back.Add(3 * time.Minute)
			d.came(func(at time.Time) bool { return !at.After(d.from) || !at.Before(mended) }, nobody)
			if d.r.metric("bellman_provider_broken") != 0 {
				t.Error("the metric still tells of trouble")
			}
		})
	}
}

func TestAfterEightHoursWithoutTheDiaryEverythingGoesOnceOrSaysWhyNot(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			d := newOutageDay(t, o.from)
			d.till(d.from, 10*time.Minute)
			asOf := must(d.store.Feed(t.Context(), riverside)).AsOf
			for _, p := range d.surgs {
				d.diaries[p.ODS].fall(errors.New("the clinical system is away"))
			}
			stale := asOf.Add(d.surgs[0].Policy.StaleAfter)
			d.till(stale, 10*time.Minute)
			took := len(d.sim.Taken())
			d.cancelSome(stale)
			d.till(d.back.Add(-time.Minute), time.Hour)
			if n := len(d.sim.Taken()); n != took {
				t.Errorf("%d texts went on a diary that nobody could read", n-took)
			}
			for _, p := range d.surgs {
				d.diaries[p.ODS].fall(nil)
			}
			d.clock.Set(d.back)
			d.readBoth()
			d.workOff()
			d.afterwards()
			d.came(func(at time.Time) bool { return !at.After(stale) || !at.Before(d.back) }, nobody)
		})
	}
}

// cancelSome cancels some of the next day's visits whose texts are due after a
// moment.
func (d *outageDay) cancelSome(after time.Time) {
	for _, o := range d.owed {
		if o.n%49 == 0 && o.rule == day && o.due.After(after) {
			o.visit.Status, o.cancelled = gateway.StatusCancelled, true
			d.diaries[o.practice.ODS].book(o.visit)
		}
	}
}

func TestAfterEightHoursWithoutRedisEverythingGoesOnceOrSaysWhyNot(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			redis := storetest.NewMortal(t)
			d := newOutageDay(t, o.from, func(s *stage) { s.address = redis.URL })
			d.till(d.from.Add(-5*time.Minute), 10*time.Minute)
			d.killInTheMiddle(redis)
			took := len(d.sim.Taken())
			for d.clock.Now().Before(d.back.Add(-2 * time.Hour)) {
				d.clock.Advance(2 * time.Hour)
				if err := d.sched.Tick(t.Context(), d.surgs[0]); err == nil {
					t.Error("the diary was read into a Redis that is not there")
				}
				tries := d.r.memory.refused.Load()
				d.await("the sender tries", func() bool { return d.r.memory.refused.Load() > tries })
			}
			if n := len(d.sim.Taken()); n != took {
				t.Errorf("%d texts went without a ledger", n-took)
			}
			redis.Start()
			d.clock.Set(d.back)
			d.readBoth()
			d.workOff()
			d.afterwards()
			last := d.from.Add(-5 * time.Minute) // what was done with before Redis died
			d.came(func(at time.Time) bool { return !at.After(last) || !at.Before(d.back.Add(3*time.Minute)) },
				func(o *owedText) bool { return o.due.Equal(d.from.Add(5 * time.Minute)) })
		})
	}
}

// killInTheMiddle kills Redis while texts of the next slot are with the provider,
// and waits until the provider has answered: no clock goes on in between.
func (d *outageDay) killInTheMiddle(redis *storetest.Mortal) {
	d.t.Helper()
	took := len(d.sim.Taken())
	d.clock.Set(d.from.Add(5 * time.Minute))
	_ = d.store.Wake(d.t.Context(), d.clock.Now())
	d.await("texts leave", func() bool { return len(d.sim.Taken()) > took })
	redis.Kill()
	d.await("what was leaving has left", func() bool { return d.leaving.Load() == 0 })
}
