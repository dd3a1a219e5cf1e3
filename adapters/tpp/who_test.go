package tpp

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestWhichLanguageAPatientSpeaksIsTheEndOfATerm(t *testing.T) {
	for said, want := range map[[2]string]gateway.Language{
		{"", ""}:                                gateway.LanguageUnsaid,
		{"", "Unknown"}:                         gateway.LanguageUnsaid,
		{"", "Yes"}:                             gateway.LanguageUnsaid, // speaks it, and may like another better
		{"", "No"}:                              gateway.LanguageOther,
		{"Main spoken language English", "Yes"}: gateway.LanguageEnglish,
		{"Main spoken language English", "No"}:  gateway.LanguageOther, // the two contradict each other
		{"main spoken language polish", "Unknown"}: gateway.LanguageOther,
		{"Main spoken language Welsh", "No"}:       gateway.LanguageWelsh,
		{"Welsh", ""}:                              gateway.LanguageWelsh,
		{"Main spoken language", ""}:               gateway.LanguageUnsaid,
		{"Main spoken language unknown", ""}:       gateway.LanguageUnsaid,
	} {
		if got := language(said[0], said[1]); got != want {
			t.Errorf("%q, English spoken: %q: language %d, want %d", said[0], said[1], got, want)
		}
	}
}

func TestTheDiaryTellsWhoIsSeenAtWhichClinic(t *testing.T) {
	when := time.Date(2027, time.March, 29, 9, 0, 0, 0, time.UTC)
	one := appointment{Flags: []string{"Face to Face"}}
	one.Clinic.ClinicType, one.Clinic.Slot.SlotType, one.Clinic.Slot.Start = "Nurse", "Coil fitting", "2027-03-29T10:00:00"
	for date, want := range map[string]gateway.AgeBand{
		"": gateway.AgeUnsaid, "2013-05-04": gateway.Age11To15, "1950-03-04": gateway.AgeAdult,
		"2013": gateway.AgeUnclear, "04/05/2013": gateway.AgeUnclear, "2013-02-30": gateway.AgeUnclear, "1890-01-01": gateway.AgeUnclear,
	} {
		found := visits([]result{{
			Identity: identity{Strategic: "84521"}, Demographics: diaryPerson{DateOfBirth: date}, Appointments: []appointment{one},
		}}, "diary", func(u gateway.Unreadable) { t.Errorf("unreadable: %s", u.Why) })
		if len(found) != 1 {
			t.Fatalf("%q: %d visits", date, len(found))
		}
		for what, p := range map[string]gateway.Patient{
			"with details": (&Adapter{}).patient(found[0], details{}, when), "without": unknownPatient(found[0]),
		} {
			if got := p.Born.AgeOn(when); got != want {
				t.Errorf("%q, %s: band %d, want %d", date, what, got, want)
			}
		}
		if got := gateway.NewClinics([]string{"coil"}, nil).Class(found[0].Clinic); got != gateway.ClinicSensitive {
			t.Errorf("the clinic is of class %d", got)
		}
	}
	one.Clinic.ClinicType = "GUM " + strings.Repeat("x", 10)
	if v, err := readVisit(one); err != nil || (gateway.Clinics{}).Class(v.Clinic) != gateway.ClinicSensitive {
		t.Errorf("the type of clinic does not count: %v", err)
	}
}
