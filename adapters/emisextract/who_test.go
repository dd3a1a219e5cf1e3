package emisextract_test

import (
	"testing"

	"bellman/gateway"
)

func TestADateOfBirthIsReadAnewWithEveryRowOfThePatient(t *testing.T) {
	for said, want := range map[string]gateway.AgeBand{
		"": gateway.AgeUnsaid, "2013-05-04": gateway.Age11To15, "1950-03-04": gateway.AgeAdult, "2009-11-23": gateway.Age16To17,
		"2019-01-02": gateway.AgeUnder11, "2013": gateway.AgeUnclear, "04/05/2013": gateway.AgeUnclear, "2013-02-30": gateway.AgeUnclear,
		"1900-01-01": gateway.AgeUnclear,
	} {
		first, second := full(), delivery{"Admin_Patient": {annRow.with("DateOfBirth", said)}}
		first["Admin_Patient"] = []row{annRow.with("DateOfBirth", "1960-01-02"), bilalRow}
		s := newStage(t)
		s.night(first)
		s.read()
		s.tomorrow()
		s.night(second)
		f := s.read()
		a := s.visit(f, ann)
		if got := a.Patient.Born.AgeOn(a.Start); got != want {
			t.Errorf("%q: band %d, want %d", said, got, want)
		}
		if !s.visit(f, bilal).Patient.Born.IsZero() {
			t.Error("who has no date of birth has one")
		}
	}
}

func TestTheWordsOfASessionAreTheClinic(t *testing.T) {
	for column, word := range map[string]string{
		"Description": "Coil and contraception", "SessionTypeDescription": "GUM", "SessionCategoryDisplayName": "Sexual Health",
	} {
		d := full()
		d["Appointment_Session"][0] = d["Appointment_Session"][0].with(column, word)
		s := newStage(t)
		s.night(d)
		if got := (gateway.Clinics{}).Class(s.visit(s.read(), ann).Clinic); got != gateway.ClinicSensitive {
			t.Errorf("%s: class %d", column, got)
		}
	}
	s := newStage(t)
	s.night(full())
	if got := (gateway.Clinics{}).Class(s.visit(s.read(), ann).Clinic); got != gateway.ClinicUnknown {
		t.Errorf("an ordinary session: class %d", got)
	}
}
