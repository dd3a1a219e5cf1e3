package sender_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// What the clinical system says in the last look before sending: the diary was read
// before it was said.
func TestWhatTheLastLookTellsOfWhomNotToTextIsHeeded(t *testing.T) {
	for name, c := range map[string]struct {
		lay  func(*gateway.Appointment)
		want gateway.State
		why  gateway.Reason
	}{
		"the slot is a sensitive clinic's now": {func(a *gateway.Appointment) { a.Clinic = gateway.NewClinicName("HIV clinic") }, gateway.Withdrawn, gateway.Sensitive},
		"the patient reads braille":            {func(a *gateway.Appointment) { a.Patient.Needs = gateway.NeedsBraille }, gateway.Withdrawn, gateway.NeedsOtherWay},
		"it is not safe to contact them":       {func(a *gateway.Appointment) { a.Patient.Restricted = gateway.FlagYes }, gateway.Withdrawn, gateway.Restricted},
		"a sixteen-year-old has the number of another patient": {func(a *gateway.Appointment) {
			a.Patient.Mobile, a.Patient.Born = person(2).Patient.Mobile, gateway.NewBirth(2010, time.March, 3)
		}, gateway.Held, gateway.YoungShared},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, canReread)
			s.booked(riverside, person(1), person(2))
			s.come(monday)
			a := person(1)
			c.lay(&a)
			s.diaries[riverside].book(a)
			s.start().quiet()
			s.stands(s.id(riverside, person(1), day), c.want, c.why)
			s.texts(phone(1), 0)
			s.texts(phone(2), 1)
			s.explained()
		})
	}
}

// A look that tells the same of clinic and age as the read did finds nothing new.
func TestALookThatTellsTheSameSendsAtOnce(t *testing.T) {
	s := newStage(t, canReread)
	a := person(1)
	a.Clinic, a.Patient.Born = gateway.NewClinicName("Flu clinic"), gateway.NewBirth(1980, time.March, 3)
	s.booked(riverside, a)
	s.come(monday)
	s.start().quiet()
	s.texts(phone(1), 1)
}

// unwanted records what a member of staff was told, after the diary was read.
func (s *stage) unwanted(o gateway.OptOut) {
	s.t.Helper()
	o.Practice, o.Since, o.By = riverside, s.clock.Now(), gateway.OutByStaff
	if err := s.store.AddOptOut(s.t.Context(), o); err != nil {
		s.t.Fatal(err)
	}
}

// What staff recorded of a visit or a clinic counts in the moment of sending, before any
// read of the diary.
func TestWhatStaffRecordedSinceTheReadIsHeeded(t *testing.T) {
	for name, c := range map[string]struct {
		out  gateway.OptOut
		want gateway.State
		why  gateway.Reason
	}{
		"the visit": {gateway.OptOut{Scope: gateway.ScopeVisit, Visit: person(1).Identity()}, gateway.Withdrawn, gateway.VisitOptedOut},
		"a clinic, and nobody knows yet whose this is": {
			gateway.OptOut{Scope: gateway.ScopeClinic, Number: person(1).Patient.Mobile, Clinic: gateway.NewText("Flu")}, gateway.Held, gateway.ClinicUntold,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.booked(riverside, person(1), person(2))
			s.come(monday)
			s.unwanted(c.out)
			s.start().quiet()
			s.stands(s.id(riverside, person(1), day), c.want, c.why)
			s.texts(phone(1), 0)
			s.texts(phone(2), 1)
			s.explained()
		})
	}
}

func TestTheLastLookTellsOfAnUnwantedClinic(t *testing.T) {
	for name, c := range map[string]struct {
		now   string
		texts int
	}{"it is that clinic now": {"Flu clinic", 0}, "it is still another": {"Eye screening", 1}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, canReread)
			a := person(1)
			a.Clinic = gateway.NewClinicName("Eye screening")
			s.unwanted(gateway.OptOut{Scope: gateway.ScopeClinic, Number: a.Patient.Mobile, Clinic: gateway.NewText("Flu")})
			s.booked(riverside, a)
			s.come(monday)
			a.Clinic = gateway.NewClinicName(c.now)
			s.diaries[riverside].book(a)
			s.start().quiet()
			s.texts(phone(1), c.texts)
			if c.texts == 0 {
				s.stands(s.id(riverside, a, day), gateway.Withdrawn, gateway.ClinicOptedOut)
			}
		})
	}
}
