package twilio_test

import (
	"net/http"
	"testing"
	"time"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

func TestEveryAnswerOfTwiliosTellsItsTime(t *testing.T) {
	noon := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	sim := twiliosim.New(twiliosim.Options{Clock: wall, Manual: true, Wall: gateway.ClockFunc(func() time.Time { return noon.Add(400 * time.Millisecond) })})
	t.Cleanup(sim.Close)
	var heard []gateway.Reading
	p, err := twilio.New(config(serve(t, sim)), public, gateway.Surroundings{
		Clock: gateway.ClockFunc(func() time.Time { return noon.Add(time.Minute) }), Trial: true, Heard: func(r gateway.Reading) { heard = append(heard, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if err := sim.Script("", twiliosim.Denied, twiliosim.ErrorTaken, twiliosim.ProxyPage, twiliosim.TakenClosed); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, _ = p.Send(t.Context(), outgoing(t))
	}
	if len(heard) != 4 { // the last call had no answer
		t.Errorf("%d answers told the time, want 4", len(heard))
	}
	for _, r := range heard {
		if !r.Theirs.Equal(noon) || r.Grain != time.Second || !r.Asked.Equal(noon.Add(time.Minute)) {
			t.Errorf("heard %+v", r)
		}
	}
	if r, err := p.AskTime(t.Context()); err != nil || !r.Theirs.Equal(noon) {
		t.Errorf("asked: %+v, %v", r, err)
	}
}

func TestATimeThatIsMissingUnreadableOrKeptByACacheCountsForNothing(t *testing.T) {
	for name, set := range map[string]func(http.Header){
		"missing":         func(h http.Header) { h["Date"] = nil },
		"unreadable":      func(h http.Header) { h.Set("Date", "half past nine") },
		"kept by a cache": func(h http.Header) { h.Set("Age", "3600") },
	} {
		t.Run(name, func(t *testing.T) {
			p := answering(t, func(w http.ResponseWriter, _ *http.Request) { set(w.Header()) })
			if r, err := p.AskTime(t.Context()); err == nil {
				t.Errorf("heard %+v", r)
			}
		})
	}
}
