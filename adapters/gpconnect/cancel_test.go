package gpconnect_test

import (
	"context"
	"errors"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/gpconnect"
	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

const put = "cancel:appointment-1"

func TestAVisitIsCancelledOnceWithItsVersionAndAReason(t *testing.T) {
	for _, match := range []string{"start", "id"} {
		s := play(t, func(c *gpconnect.Config) { c.Match = match })
		if err := s.adapter.CancelAppointment(t.Context(), s.visit()); err != nil {
			t.Fatal(err)
		}
		if s.status() != gateway.StatusCancelled || s.sim.Asked(put) != 1 {
			t.Errorf("match %s: status %d after %d attempts", match, s.status(), s.sim.Asked(put))
		}
		if err := s.adapter.CancelAppointment(t.Context(), s.visit()); err != nil || s.sim.Asked(put) != 1 {
			t.Errorf("match %s: what is cancelled already was cancelled again (error %v)", match, err)
		}
	}
}

func TestNothingIsCancelledThatIsNotJustThatVisit(t *testing.T) {
	for what, do := range map[string]func(*stage){
		"moved":                  func(s *stage) { s.diary.Move(s.slot, s.start.AddDate(0, 0, 1)) },
		"gone":                   func(s *stage) { s.diary.Remove(s.slot) },
		"arrived":                func(s *stage) { s.change(gateway.StatusArrived) },
		"booked twice":           func(s *stage) { s.diary.Book(surgery.Visit{Person: s.person, Start: s.start, Site: 6}) },
		"of a hidden patient":    func(s *stage) { s.sim.Hide(s.nhs) },
		"another patient's":      func(s *stage) { s.diary.Edit(s.person, func(p *surgery.Person) { p.NHSNumber = "9990000131" }) },
		"at a provider in pain":  func(s *stage) { s.sim.SetFaults(gpconnectsim.Faults{Status: 500}) },
		"behind a page":          func(s *stage) { s.sim.SetFaults(gpconnectsim.Faults{Page: true}) },
		"at a start of nonsense": func(s *stage) { s.sim.SetFaults(gpconnectsim.Faults{Start: adaptertest.Canary}) },
	} {
		s := play(t)
		do(s)
		err := s.adapter.CancelAppointment(t.Context(), s.visit())
		if !errors.Is(err, gateway.ErrNotWritten) || s.sim.Asked(put) != 0 {
			t.Errorf("%s: error %v after %d attempts", what, err, s.sim.Asked(put))
			continue
		}
		adaptertest.AssertQuiet(t, s.secrets(), err.Error())
	}
}

func TestALostAnswerIsLookedForAndTheChangeNeverRepeated(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(gpconnectsim.Faults{LoseAnswer: true})
	if err := s.adapter.CancelAppointment(t.Context(), s.visit()); err != nil || s.sim.Asked(put) != 1 {
		t.Errorf("what was done is not known to be: %v after %d attempts", err, s.sim.Asked(put))
	}
	s = play(t)
	s.sim.SetFaults(gpconnectsim.Faults{ForgetCancel: true})
	err := s.adapter.CancelAppointment(t.Context(), s.visit())
	if err == nil || errors.Is(err, gateway.ErrNotWritten) || s.sim.Asked(put) != 1 {
		t.Errorf("an open outcome is told as %v after %d attempts", err, s.sim.Asked(put))
	}
	adaptertest.AssertQuiet(t, s.secrets(), err)
}

func TestAVisitThatChangesBetweenTheLookAndTheChangeIsLeft(t *testing.T) {
	s := play(t)
	s.sim.Before(put, func() { s.diary.Change(s.slot, func(v *surgery.Visit) { v.Minutes = 20 }) })
	err := s.adapter.CancelAppointment(t.Context(), s.visit())
	if !errors.Is(err, gateway.ErrNotWritten) || s.status() != gateway.StatusBooked || s.sim.Asked(put) != 1 {
		t.Errorf("error %v, status %d after %d attempts", err, s.status(), s.sim.Asked(put))
	}
}

func TestACancellationThatNobodyWaitsForIsNotSent(t *testing.T) {
	s := play(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.adapter.CancelAppointment(ctx, s.visit()); !errors.Is(err, gateway.ErrNotWritten) || s.sim.Asked(put) != 0 {
		t.Errorf("error %v", err)
	}
}
