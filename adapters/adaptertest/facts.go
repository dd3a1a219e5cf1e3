package adaptertest

import (
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// facts are what deciding whom to text goes by: the age, the clinic, the language.
func facts(t *testing.T, s Subject) {
	t.Run("a child at a sensitive clinic is told as that, and nobody else is", func(t *testing.T) {
		st := forty(t, s)
		child, bare, other := st.ordinary(0), st.ordinary(1), st.ordinary(2)
		st.diary.Change(child, func(v *surgery.Visit) { v.Clinic = "Contraception" })
		st.diary.Edit(st.visit(child).Person, func(p *surgery.Person) {
			p.Born, p.Language = time.Date(2013, time.May, 4, 0, 0, 0, 0, time.UTC), "pl"
		})
		st.diary.Edit(st.visit(bare).Person, func(p *surgery.Person) { p.Born = time.Time{} })
		feed, remembered := st.read(), st.read()
		for what, c := range map[string]struct {
			slot   int
			age    gateway.AgeBand
			class  gateway.ClinicClass
			speaks gateway.Language
		}{
			"the child":                       {child, gateway.Age11To15, gateway.ClinicSensitive, gateway.LanguageOther},
			"a patient without date of birth": {bare, gateway.AgeUnsaid, gateway.ClinicUnknown, gateway.LanguageUnsaid},
			"another patient":                 {other, gateway.AgeAdult, gateway.ClinicUnknown, gateway.LanguageUnsaid},
		} {
			a := st.only(feed, st.visit(c.slot).Start)
			st.tells(what, a, c.age, c.class, c.speaks)
			st.tells(what+", read again", st.only(remembered, st.visit(c.slot).Start), c.age, c.class, c.speaks)
			again, ok := st.wire.Source.(gateway.Rereader)
			if !ok {
				continue
			}
			looked, err := again.Reread(t.Context(), a)
			if err != nil {
				t.Errorf("%s: look again: %v", what, err)
				continue
			}
			st.tells(what+", looked at again", looked, c.age, c.class, c.speaks)
		}
	})
}

// tells compares what a source says of a visit with what the diary has. What it was not
// declared to tell must not be told.
func (st *stage) tells(what string, a gateway.Appointment, age gateway.AgeBand, class gateway.ClinicClass, speaks gateway.Language) {
	st.t.Helper()
	if !st.can.Born {
		age = gateway.AgeUnsaid
	}
	if got := a.Patient.Born.AgeOn(a.Start); got != age {
		st.t.Errorf("%s: of age band %d, want %d", what, got, age)
	}
	switch got := (gateway.Clinics{}).Class(a.Clinic); {
	case !st.can.Clinic && got != gateway.ClinicUnsaid, st.can.Clinic && (got == gateway.ClinicSensitive) != (class == gateway.ClinicSensitive):
		st.t.Errorf("%s: at a clinic of class %d, want %d", what, got, class)
	}
	told := gateway.LanguageUnsaid
	if st.can.Language {
		told = speaks
	}
	if got := a.Patient.Language; got != told && (speaks != gateway.LanguageUnsaid || got != gateway.LanguageEnglish) {
		st.t.Errorf("%s: of language %d, want %d", what, got, told)
	}
	if a.Patient.Needs != 0 {
		st.t.Errorf("%s: has needs %d that nobody told", what, a.Patient.Needs)
	}
}
