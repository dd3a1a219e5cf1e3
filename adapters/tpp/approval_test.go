package tpp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bellman/adapters/tpp"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// unapproved sets a stage on which no person has let Bellman in.
func unapproved(t *testing.T) *stage {
	t.Helper()
	return play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.DeviceID = gateway.Secret{} })
}

// briefly reads with little time, as when nobody is at the PC.
func (s *stage) briefly(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second+300*time.Millisecond)
	defer cancel()
	_, err := s.adapter.Read(ctx, s.span)
	return err
}

func TestAPersonIsAskedForApprovalOnceAndItIsKept(t *testing.T) {
	s := unapproved(t)
	s.book(monday.AddDate(0, 0, 7))
	for range 2 {
		err := s.briefly(t)
		if !errors.Is(err, tpp.ErrApproval) || !strings.Contains(err.Error(), "must click Approve") {
			t.Fatalf("while nobody clicks: %v", err)
		}
		if all, open := s.sim.Dialogs(); all != 1 || open != 1 {
			t.Fatalf("%d questions on the screen, %d of them open; want one", all, open)
		}
		s.clock.Advance(15 * time.Minute)
	}
	s.sim.Click(true)
	if a := s.only(t); a.Status != gateway.StatusBooked {
		t.Error("not booked")
	}
	s.read(t)
	s.adapter = join(t, s.sim, s.clock, func(c *tpp.Config, env *gateway.Surroundings) { c.DeviceID, env.Shelf = gateway.Secret{}, s.shelf })
	s.read(t) // after a restart
	if all, _ := s.sim.Dialogs(); all != 1 {
		t.Errorf("asked %d times, want once", all)
	}
}

func TestAnotherProcessDoesNotAskAPersonAgain(t *testing.T) {
	s := unapproved(t)
	if err := s.briefly(t); !errors.Is(err, tpp.ErrApproval) {
		t.Fatal(err)
	}
	second := join(t, s.sim, s.clock, func(c *tpp.Config, env *gateway.Surroundings) { c.DeviceID, env.Shelf = gateway.Secret{}, s.shelf })
	if _, err := second.Read(t.Context(), s.span); !errors.Is(err, tpp.ErrApproval) {
		t.Errorf("the other process: %v", err)
	}
	if _, err := second.Reread(t.Context(), gatewaytest.Person(1)); !errors.Is(err, tpp.ErrApproval) {
		t.Errorf("a look: %v", err)
	}
	if all, _ := s.sim.Dialogs(); all != 1 {
		t.Errorf("%d questions on the screen, want one", all)
	}
	s.sim.Click(true)
	if _, err := s.try(t); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Read(t.Context(), s.span); err != nil {
		t.Errorf("once the first was let in: %v", err)
	}
}

func TestWhoIsRefusedDoesNotAskAtEveryRead(t *testing.T) {
	s := unapproved(t)
	if err := s.briefly(t); !errors.Is(err, tpp.ErrApproval) {
		t.Fatal(err)
	}
	s.sim.Click(false)
	if _, err := s.try(t); !errors.Is(err, gateway.ErrSourceDenied) || !strings.Contains(err.Error(), "Device Manager") {
		t.Errorf("refused: %v", err)
	}
	for range 3 {
		if err := s.briefly(t); err == nil {
			t.Error("read without approval")
		}
	}
	if all, _ := s.sim.Dialogs(); all != 1 {
		t.Errorf("%d questions on the screen, want one", all)
	}
}

func TestAfterALogOffThePersonIsAskedAnew(t *testing.T) {
	s := unapproved(t)
	if err := s.briefly(t); !errors.Is(err, tpp.ErrApproval) {
		t.Fatal(err)
	}
	s.sim.Disconnect()
	if _, err := s.try(t); err == nil {
		t.Error("read without approval")
	}
	if err := s.briefly(t); !errors.Is(err, tpp.ErrApproval) {
		t.Errorf("after the log-off: %v", err)
	}
	if all, open := s.sim.Dialogs(); all != 2 || open != 1 {
		t.Errorf("%d questions, %d open", all, open)
	}
	s.sim.Click(true)
	s.read(t)
}

func TestADeviceThatIsBlockedLaterIsRefusedCredentials(t *testing.T) {
	s := play(t, nil)
	a, _, _ := s.one(t)
	s.sim.Block(true)
	if _, err := s.try(t); !errors.Is(err, gateway.ErrSourceDenied) || !strings.Contains(err.Error(), "Device Manager") {
		t.Errorf("read: %v", err)
	}
	if _, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, gateway.ErrSourceDenied) {
		t.Errorf("look: %v", err)
	}
	s.sim.Block(false)
	s.read(t)
}

func TestAShelfThatFailsIsAnErrorAndAsksNobody(t *testing.T) {
	s := unapproved(t)
	broken := errors.New("the shelf is broken")
	s.shelf.Fail(broken)
	if _, err := s.try(t); !errors.Is(err, broken) {
		t.Errorf("read: %v", err)
	}
	if all, _ := s.sim.Dialogs(); all != 0 {
		t.Error("a person was asked although the answer could not have been kept")
	}
}
