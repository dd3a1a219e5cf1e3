package tppextract

import (
	"maps"
	"strings"
	"testing"

	"bellman/gateway"
)

// told gives the first visit of an extract in which a patient's row ends with what is
// given, and the visit's row too.
func told(t *testing.T, person, visit string) gateway.Appointment {
	t.Helper()
	bodies := maps.Clone(fixed)
	bodies[tablePatients] = []byte("1001,A81001,0,Efua,9990000018,,0," + person + "\n")
	bodies[tableVisits] = []byte("5001,A81001,0,23 Nov 2026 09:00:00,11,,1001,A81001,0," + visit + "\n")
	feed, err := takeOne(t, bodies)
	if err != nil || len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
		t.Fatalf("%d visits, %d unreadable, %v", len(feed.Appointments), len(feed.Unreadable), err)
	}
	return feed.Appointments[0]
}

func TestTheDateOfBirthIsADayOrUnclear(t *testing.T) {
	for said, want := range map[string]gateway.AgeBand{
		"": gateway.AgeUnsaid, "04 May 2013 00:00": gateway.Age11To15, "4 May 2013": gateway.Age11To15, "04 May 1960 00:00": gateway.AgeAdult,
		"2013": gateway.AgeUnclear, "May 2013": gateway.AgeUnclear, "04/05/2013": gateway.AgeUnclear, "30 Feb 2013 00:00": gateway.AgeUnclear,
		"01 Jan 1900 00:00": gateway.AgeUnclear, "04 May 2033 00:00": gateway.AgeUnclear,
	} {
		a := told(t, said+",", ",,")
		if got := a.Patient.Born.AgeOn(a.Start); got != want {
			t.Errorf("%q: band %d, want %d", said, got, want)
		}
	}
}

func TestOnlyWhoSpeaksNoEnglishHasAnotherLanguage(t *testing.T) {
	for said, want := range map[string]gateway.Language{
		"": gateway.LanguageUnsaid, "TRUE": gateway.LanguageUnsaid, "FALSE": gateway.LanguageOther, "0": gateway.LanguageOther, "perhaps": gateway.LanguageUnsaid,
	} {
		if got := told(t, ","+said, ",,").Patient.Language; got != want {
			t.Errorf("%q: language %d, want %d", said, got, want)
		}
	}
}

func TestTypeAndNameOfARotaAreTheClinic(t *testing.T) {
	for said, want := range map[string]gateway.ClinicClass{
		",,": gateway.ClinicUnsaid, "Surgery,Main Site,Dr Bell": gateway.ClinicUnknown,
		"GUM,Main Site,": gateway.ClinicSensitive, "Surgery,,Coil and contraception": gateway.ClinicSensitive,
		"Surgery,Sexual Health Centre,Dr Bell": gateway.ClinicUnknown, // where it is says nothing of why
	} {
		if got := (gateway.Clinics{}).Class(told(t, ",", said).Clinic); got != want {
			t.Errorf("%s: class %d, want %d", strings.ReplaceAll(said, ",", ", "), got, want)
		}
	}
}
