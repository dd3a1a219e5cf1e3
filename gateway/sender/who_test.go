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
