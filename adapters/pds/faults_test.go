package pds_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/pds/pdssim"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

func TestWhatPDSDoesNotAnswerIsAnErrorAndPrintsNothingPrivate(t *testing.T) {
	for _, f := range []pdssim.Faults{
		{Status: 500, Code: "SYSTEM_ERROR"}, {Status: 503}, {Status: 408, Code: "UNABLE_TO_CALL_SERVICE"}, {Status: 404}, {Status: 404, Code: "NOT_FOUND"},
		{Status: 400, Code: "MISSING_VALUE"}, {Status: 403, Code: "ACCESS_DENIED"}, {Status: 401, Code: "ACCESS_DENIED"}, {Status: 302}, {Status: 200},
		{DenyToken: true}, {Truncate: true}, {Page: true}, {TooMany: 9}, {WrongEcho: true},
	} {
		s := play(t)
		s.sim.SetFaults(f)
		got, err := s.adapter.Check(t.Context(), s.visit())
		if err == nil || got != (gateway.Appointment{}) {
			t.Errorf("%+v: error %v", f, err)
			continue
		}
		adaptertest.AssertQuiet(t, append(s.secrets(), "/Patient", "oauth2", "Simulated"), err.Error())
		if denied := f.Status == 401 || f.Status == 403 || f.DenyToken; denied != errors.Is(err, gateway.ErrSourceDenied) {
			t.Errorf("%+v: whether we were refused is told wrongly: %v", f, err)
		}
		s.sim.SetFaults(pdssim.Faults{})
		if s.check() != s.visit() {
			t.Errorf("%+v: afterwards something of it is left", f)
		}
	}
}

func TestANumberThatCannotBeReadIsHeldAndNeverPrinted(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(pdssim.Faults{Canary: adaptertest.Canary})
	got := s.check()
	if got.Patient.MobileKind != gateway.NumberUnclear {
		t.Errorf("kind %d", got.Patient.MobileKind)
	}
	adaptertest.AssertQuiet(t, s.secrets(), got)
}

func TestPDSIsWaitedForWhenItIsAskedTooMuchButNotForLong(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(pdssim.Faults{TooMany: 1})
	if s.check(); s.sim.Asked(s.nhs) != 2 {
		t.Errorf("asked %d times, want twice", s.sim.Asked(s.nhs))
	}
	s.clock.Advance(2 * time.Hour)
	s.sim.SetFaults(pdssim.Faults{TooMany: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.adapter.Check(ctx, s.visit()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestATokenIsUsedAgainUntilItIsRefused(t *testing.T) {
	s := play(t)
	s.check()
	s.clock.Advance(2 * time.Minute)
	s.sim.ExpireTokens()
	s.clock.Advance(2 * time.Hour)
	s.check()
	s.sim.ExpireTokens()
	s.clock.Advance(time.Minute)
	if _, err := s.adapter.Prove(t.Context()); err != nil {
		t.Errorf("a refused token was not renewed: %v", err)
	}
}

func TestAnAnswerOutOfACacheCountsAsNone(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(pdssim.Faults{Cached: true})
	s.check()
	s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Death = "1" })
	s.clock.Advance(3 * time.Hour)
	if _, err := s.adapter.Check(t.Context(), s.visit()); !errors.Is(err, outbound.ErrOld) {
		t.Errorf("error %v", err)
	}
}

func TestEveryQuestionNamesItselfAndWhoAsks(t *testing.T) {
	s := play(t)
	s.check()
	s.clock.Advance(2 * time.Hour)
	s.check()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for _, h := range s.sim.Headers() {
		for _, name := range []string{"X-Request-Id", "X-Correlation-Id"} {
			if id := h.Get(name); !uuid.MatchString(id) || seen[id] {
				t.Errorf("%s is no UUID of its own", name)
			} else {
				seen[id] = true
			}
		}
		if h.Get("NHSD-End-User-Organisation-ODS") != practice || h.Get("Accept") != "application/fhir+json" {
			t.Error("the question does not say who asks, or for what")
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d ids of two questions", len(seen))
	}
}

func TestAnAnswerThatCannotBeKeptIsNone(t *testing.T) {
	s := play(t)
	s.shelf.Fail(errors.New("the shelf is broken"))
	if _, err := s.adapter.Check(t.Context(), s.visit()); err == nil {
		t.Error("what could not be remembered would be forgotten by the next read")
	}
}

func TestTheProofLooksAtTheClockOfPDS(t *testing.T) {
	s := play(t)
	r, err := s.adapter.Prove(t.Context())
	if err != nil || !r.Theirs.Equal(monday) || s.sim.Asked(s.nhs) != 0 {
		t.Errorf("PDS' clock shows %v (error %v)", r.Theirs, err)
	}
	s.sim.SetFaults(pdssim.Faults{DenyToken: true})
	s.sim.ExpireTokens()
	if _, err := s.adapter.Prove(t.Context()); !errors.Is(err, gateway.ErrSourceDenied) {
		t.Errorf("error %v", err)
	}
	s.sim.SetFaults(pdssim.Faults{Status: http.StatusNotFound})
	if _, err := s.adapter.Prove(t.Context()); err == nil {
		t.Error("the wrong address was taken for PDS")
	}
}
