package pds_test

import (
	"testing"
	"time"

	"bellman/adapters/pds"
	"bellman/adapters/pds/pdssim"
	"bellman/gateway"
)

// told gives the visit as a practice's system tells it that has a date of birth.
func (s *stage) told(b gateway.Birth) gateway.Appointment {
	a := s.visit()
	a.Patient.Born = b
	return a
}

var (
	jessop = gateway.NewBirth(1950, time.March, 4)
	child  = gateway.NewBirth(2013, time.May, 4)
)

// whose are the dates of birth of the practice and of PDS, and what must be made of them.
var whose = []struct {
	what    string
	own     gateway.Birth
	pds     string
	age     gateway.AgeBand
	another bool
}{
	{"both have the same", jessop, "1950-03-04", gateway.AgeAdult, false},
	{"PDS has none", child, "none", gateway.Age11To15, false},
	{"the practice has none, and PDS a child's", gateway.Birth{}, "2013-05-04", gateway.Age11To15, false},
	{"the practice has none, and PDS that of a young person", gateway.Birth{}, "2009-11-17", gateway.Age16To17, false},
	{"the practice has none, and PDS an adult's", gateway.Birth{}, "1950-03-04", gateway.AgeUnsaid, false}, // changes nothing
	{"the practice has none, and PDS a year", gateway.Birth{}, "1950", gateway.AgeUnclear, false},
	{"neither has one", gateway.Birth{}, "none", gateway.AgeUnsaid, false},
	{"PDS has a year", jessop, "1950", gateway.AgeAdult, false},
	{"that of the practice is not understood", gateway.UnclearBirth(), "1950-03-04", gateway.AgeUnclear, false},
	{"that of the practice is a made-up one", gateway.NewBirth(1900, time.January, 1), "2013-05-04", gateway.AgeUnclear, false},
	{"they are a day apart", jessop, "1950-03-05", gateway.AgeAdult, true},
	{"one is a child's", jessop, "2013-05-04", gateway.AgeAdult, true},
	{"of the practice's it is known only that they are grown up", gateway.GrownBirth(), "1950-03-05", gateway.AgeAdult, false},
	{"of the practice's it is known only that they are grown up, and PDS has a child's", gateway.GrownBirth(), "2013-05-04", gateway.AgeAdult, true},
}

func TestADateOfBirthOfPDSIsComparedAndFillsAGap(t *testing.T) {
	for _, c := range whose {
		t.Run(c.what, func(t *testing.T) {
			s := play(t)
			s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Born = c.pds })
			a := s.told(c.own)
			got, err := s.adapter.Check(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if (got.Patient.Restricted == unclear) != c.another || got.Patient.Restricted == yes {
				t.Errorf("another person: restricted is %d, want another: %t", got.Patient.Restricted, c.another)
			}
			if is := got.Patient.Born.AgeOn(got.Start); is != c.age {
				t.Errorf("band %d, want %d", is, c.age)
			}
			if again, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{a}); err != nil || again[0] != got {
				t.Errorf("the next read shows something else (error %v)", err)
			}
		})
	}
}

func TestTheAgeThatIsKnownOfAPatientIsComparedWhereTheDateIsNotAtHand(t *testing.T) {
	for age, want := range map[gateway.AgeBand]gateway.Flag{
		gateway.AgeUnsaid: no, gateway.AgeUnclear: no, gateway.Age11To15: no, gateway.AgeUnder11: unclear, gateway.Age16To17: unclear, gateway.AgeAdult: unclear,
	} {
		s := play(t)
		s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Born = "2013-05-04" })
		a := s.visit()
		a.Age = age
		got, err := s.adapter.Check(t.Context(), a)
		if err != nil || got.Patient.Restricted != want || got.Age != age {
			t.Errorf("band %d: restricted is %d, want %d (error %v)", age, got.Patient.Restricted, want, err)
		}
		if filled := !got.Patient.Born.IsZero(); filled != (age == gateway.AgeUnsaid) {
			t.Errorf("band %d: filled from PDS: %t", age, filled)
		}
	}
}

func TestNothingOfAnotherPersonsRecordSpeaksForThePatient(t *testing.T) {
	s := play(t, func(c *pds.Config) { c.Number = "pds" })
	s.sim.Edit(s.nhs, func(r *pdssim.Record) {
		r.Born, r.Death, r.Contact, r.Telecom = "1950-03-05", "2", "5", []pdssim.Telecom{{Use: "mobile", Value: "07700 900209"}}
	})
	own := s.told(jessop)
	got, err := s.adapter.Check(t.Context(), own)
	if err != nil || got.Patient.Mobile != own.Patient.Mobile || got.Patient.Needs != 0 || flagsOf(got) != (flags{restricted: unclear}) {
		t.Errorf("flags %+v, needs %d (error %v)", flagsOf(got), got.Patient.Needs, err)
	}
	// The practice puts the date right: the next read lets the record speak again.
	put, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{s.told(gateway.NewBirth(1950, time.March, 5))})
	if err != nil || flagsOf(put[0]) != (flags{deceased: yes}) {
		t.Errorf("put right: flags %+v (error %v)", flagsOf(put[0]), err)
	}
	s = play(t)
	s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Born, r.Label = "1950-03-05", "R" })
	if got, err := s.adapter.Check(t.Context(), s.told(jessop)); err != nil || got.Patient.Restricted != yes || !got.Patient.Mobile.IsZero() {
		t.Errorf("a restricted record of another: restricted is %d (error %v)", got.Patient.Restricted, err)
	}
}

func TestTheNeedsOfPDSAreLaidOverThoseOfThePractice(t *testing.T) {
	s := play(t)
	s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Contact = "5" }) // minicom
	a := s.visit()
	a.Patient.Needs, a.Patient.Language = gateway.NeedsLargePrint|gateway.NeedsInterpreter, gateway.LanguageWelsh
	got, err := s.adapter.Check(t.Context(), a)
	if want := gateway.NeedsLargePrint | gateway.NeedsInterpreter | gateway.NeedsMinicom; err != nil || got.Patient.Needs != want || got.Patient.Language != gateway.LanguageWelsh {
		t.Errorf("needs %d, want %d; language %d (error %v)", got.Patient.Needs, want, got.Patient.Language, err)
	}
	if laid, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{a}); err != nil || laid[0] != got {
		t.Errorf("the next read shows something else (error %v)", err)
	}
}
