package storetest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

// finerRace lets senders, and in half of the rounds reads, run beside the command that
// records an opt-out, and looks for what is written down as leaving by a step that began
// after it was recorded.
func finerRace(t *testing.T, g *surgery) {
	others := []*store.Store{g.open(), g.open()}
	for round := range 4 {
		a, clinic := g.person(10+round), "Foot clinic"
		o, reads := visitOut(g, a), round < 2
		if round%2 == 0 {
			o = clinicOut(g, 10+round, clinic)
		}
		due := day.Due(a.Start)
		g.planAt(g.s, a, clinic, due)
		var recorded, over atomic.Bool
		var beside sync.WaitGroup
		var early, late atomic.Int64
		for i, s := range others {
			beside.Go(func() {
				for reads && !over.Load() {
					g.planAt(s, a, clinic, due)
				}
			})
			beside.Go(func() {
				for !over.Load() {
					g.sendAt(s, token(byte(i+1)), due, func() func(bool) {
						n := &early
						if recorded.Load() {
							n = &late
						}
						return func(left bool) {
							if left {
								n.Add(1)
							}
						}
					})
				}
			})
		}
		for early.Load() == 0 && !t.Failed() {
			runtime.Gosched()
		}
		if err := g.s.AddOptOut(t.Context(), o); err != nil {
			t.Error(err)
		}
		recorded.Store(true)
		gateway.Wait(t.Context(), 20*time.Millisecond) // the others take a few turns
		if _, err := g.s.WithholdFiner(t.Context(), o, due); err != nil {
			t.Error(err)
		}
		over.Store(true)
		beside.Wait()
		if late.Load() > 0 {
			t.Errorf("scope %s: a text began to leave after the opt-out was recorded", o.Scope)
		}
	}
}

// planAt plans a visit at a clinic as a read would whose diary may be old by now.
func (g *surgery) planAt(s *store.Store, a gateway.Appointment, clinic string, now time.Time) {
	d, err := s.Known(g.t.Context(), riverside)
	if err != nil {
		g.t.Error(err)
		return
	}
	e := g.owed(judge(d, a, clinic), day)
	if d.Outs(a).Withholds(e.Facts.Appointment) {
		e = g.withheld(e.Facts.Appointment, gateway.Held, gateway.ClinicUntold, day)
	}
	if _, err := s.Plan(g.t.Context(), d, now, []gateway.Entry{e}); err != nil {
		g.t.Error(err)
	}
}

// sendAt claims what is due, writes down as leaving what a sender would, and puts it
// back as what certainly did not go. begin is called before each such step, and what
// it gives after it.
func (g *surgery) sendAt(s *store.Store, as gateway.Token, now time.Time, begin func() func(left bool)) {
	s.Look()
	got, err := s.Claim(g.t.Context(), gateway.Claiming{Now: now, Limit: 10, Lease: lease, Token: as})
	if err != nil {
		g.t.Error(err)
	}
	for _, c := range got.Claims {
		to := gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, Clinics: c.Clinics.List}
		if !decided(c) {
			to = gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Held, Reason: gateway.ClinicUntold, At: now}
		}
		gateway.Wait(g.t.Context(), 3*time.Millisecond) // a sender words the text in between
		end := begin()
		did, err := s.Move(g.t.Context(), now, []gateway.Change{to})
		if err != nil {
			g.t.Error(err)
			continue
		}
		end(to.To == gateway.Sending && did[0].Verdict == gateway.Done)
		if _, err := s.Move(g.t.Context(), now, []gateway.Change{{ID: c.ID, Token: c.Token, To: gateway.Queued, At: now}}); err != nil {
			g.t.Error(err)
		}
	}
}
