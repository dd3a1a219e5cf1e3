package cliniko_test

import (
	"net/http"
	"testing"
	"time"

	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestWhatALookFinds(t *testing.T) {
	for what, c := range map[string]struct {
		do    func(s *stage, slot, person int)
		check func(a gateway.Appointment) bool
	}{
		"archived": {func(s *stage, slot, _ int) { s.sim.Archive(slot) }, isCancelled},
		"archived and not shown": {func(s *stage, slot, _ int) {
			s.sim.Archive(slot)
			s.sim.SetFaults(clinikosim.Faults{ArchivedGone: true})
		}, isCancelled},
		"deleted": {func(s *stage, slot, _ int) { s.sim.Delete(slot) }, isCancelled},
		"missed": {func(s *stage, slot, _ int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusMissed })
		}, func(a gateway.Appointment) bool { return a.Status == gateway.StatusMissed }},
		"reminded by Cliniko": {func(s *stage, slot, _ int) { s.sim.Remind(slot) }, func(a gateway.Appointment) bool { return a.Reminded == gateway.FlagYes }},
		"a patient archived":  {func(s *stage, _, p int) { s.diary.Edit(p, func(p *surgery.Person) { p.Deducted = s.clock.Now() }) }, func(a gateway.Appointment) bool { return a.Patient.Left == gateway.FlagYes }},
		"a patient deleted": {func(s *stage, _, p int) { s.sim.DeletePerson(p) }, func(a gateway.Appointment) bool {
			return a.Patient.Left == gateway.FlagUnclear && a.Patient.Mobile.IsZero()
		}},
		"a patient merged":             {func(s *stage, _, p int) { s.sim.MergePerson(p) }, func(a gateway.Appointment) bool { return a.Patient.Left == gateway.FlagUnclear }},
		"a patient who wants no texts": {func(s *stage, _, p int) { s.sim.SetReminderType(p, "Email") }, func(a gateway.Appointment) bool { return a.Patient.Declined == gateway.FlagYes }},
		"a start that cannot be read":  {func(s *stage, _, _ int) { s.sim.SetFaults(clinikosim.Faults{NoCancelled: true}) }, func(a gateway.Appointment) bool { return a.Status == gateway.StatusUnknown }},
		"nothing new": {func(*stage, int, int) {}, func(a gateway.Appointment) bool {
			return a.Status == gateway.StatusBooked && a.Reminded == gateway.FlagNo
		}},
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, nil, nil)
			a, slot, person := s.one(t)
			s.clock.Advance(time.Minute)
			c.do(s, slot, person)
			s.asked.Take()
			got, err := s.adapter.Reread(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(got) || got.ID != a.ID {
				t.Errorf("status %d, reminded %d, left %d, declined %d", got.Status, got.Reminded, got.Patient.Left, got.Patient.Declined)
			}
			if n := len(s.asked.Take()); n > 2 {
				t.Errorf("%d requests for one look", n)
			}
		})
	}
}

func isCancelled(a gateway.Appointment) bool { return a.Status == gateway.StatusCancelled }

// A proxy's page for what it does not find says nothing of the appointment.
func TestAPageThatSomethingIsNotFoundCancelsNothing(t *testing.T) {
	broken := false
	s := play(t, nil, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte("<html>There is nothing here</html>"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	a, _, _ := s.one(t)
	broken = true
	if got, err := s.adapter.Reread(t.Context(), a); err == nil {
		t.Errorf("status %d", got.Status)
	}
}

func TestALookWithoutARememberedReadAsksForWhatItNeeds(t *testing.T) {
	s := play(t, nil, nil)
	a, _, _ := s.one(t)
	s.sim.SetPlace(5, clinikosim.Place{Reminders: true})
	s.forget(t)
	got, err := s.adapter.Reread(t.Context(), a)
	if err != nil || got.Reminded != gateway.FlagYes {
		t.Errorf("reminded %d, error %v", got.Reminded, err)
	}
}

func TestAnotherSystemsIDIsAnErrorAndAsksNothing(t *testing.T) {
	s := play(t, nil, nil)
	for _, id := range []gateway.AppointmentID{"", "88001-1", "i1", "i1-", "i-1", "i../../users-1", "x1-1", "i1-2-3"} {
		if _, err := s.adapter.Reread(t.Context(), gateway.Appointment{ID: id}); err == nil {
			t.Errorf("%q was looked for", id)
		}
	}
	if s.sim.Requests() != 0 {
		t.Error("Cliniko was asked")
	}
}
