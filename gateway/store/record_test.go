package store

import (
	"testing"
	"time"

	"bellman/gateway"
)

// oldFacts is a record as it was written before it told whether the clinical
// system reminds by itself: booked, a mobile number, merged and off the list.
const oldFacts = "1\x01\x00\x01\x03\x00\x00\x00\x00\x01\x00\x0d+447700900001\x0a88001-1001\x041001\x015\x013"

func TestARecordOfAnOlderVersionReadsAsBefore(t *testing.T) {
	start := time.Unix(1793600000, 0).UTC()
	got, err := decodeFacts([]byte(oldFacts), start)
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Facts{Merged: true, OffList: true, Appointment: gateway.Appointment{
		ID: "88001-1001", Start: start, Status: gateway.StatusBooked, Mode: gateway.ModeInPerson, Site: "5", Version: "3",
		Patient: gateway.Patient{ID: "1001", Mobile: gateway.NewPhone("+447700900001"), MobileKind: gateway.NumberMobile},
	}}
	if got != want {
		t.Error("an older record reads differently")
	}
	if string(encodeFacts(want)) != oldFacts {
		t.Error("an appointment of which nothing new is said is written differently: every record would be written anew")
	}
}

func TestARecordSaysWhetherTheClinicalSystemReminds(t *testing.T) {
	for flag, want := range map[gateway.Flag]gateway.Flag{
		gateway.FlagNo: gateway.FlagNo, gateway.FlagYes: gateway.FlagYes, gateway.FlagUnclear: gateway.FlagUnclear, 99: 3,
	} {
		f := gateway.Facts{OffList: true, Appointment: gateway.Appointment{Reminded: flag}}
		got, err := decodeFacts(encodeFacts(f), time.Time{})
		if err != nil || got.Appointment.Reminded != want || got.Merged || !got.OffList {
			t.Errorf("flag %d is kept as %d, want %d", flag, got.Appointment.Reminded, want)
		}
	}
}

func TestARecordKeepsWhatDecidingWhomToTextNeeds(t *testing.T) {
	for _, f := range []gateway.Facts{
		{},
		{Shared: true},
		{Appointment: gateway.Appointment{Class: gateway.ClinicSensitive}},
		{Appointment: gateway.Appointment{Age: gateway.Age11To15}},
		{Appointment: gateway.Appointment{Patient: gateway.Patient{Needs: gateway.NeedsBraille | gateway.NeedsInterpreter}}},
		{Appointment: gateway.Appointment{Patient: gateway.Patient{Language: gateway.LanguageWelsh}}},
		{Appointment: gateway.Appointment{Patient: gateway.Patient{Greeting: gateway.NewName("Siân")}}},
		{Shared: true, Appointment: gateway.Appointment{Class: gateway.ClinicGeneral, Patient: gateway.Patient{Greeting: gateway.NewName("Sam")}}},
		{Shared: true, Merged: true, Appointment: gateway.Appointment{ID: "1", Class: 99, Age: 99, Patient: gateway.Patient{Needs: 255, Language: 99}}},
	} {
		if got, err := decodeFacts(encodeFacts(f), time.Time{}); err != nil || got != f {
			t.Errorf("kept as %+v, want %+v (%v)", got, f, err)
		}
	}
}

func TestARecordHoldsNeitherTheNameOfAClinicNorADateOfBirth(t *testing.T) {
	a := gateway.Appointment{Clinic: gateway.NewClinicName("GUM clinic"), Patient: gateway.Patient{
		Born: gateway.NewBirth(2011, time.May, 4), Name: gateway.NewName("Sam"), NHSNumber: gateway.NewNHSNumber("9990000018"),
	}}
	if string(encodeFacts(gateway.Facts{Appointment: a})) != string(encodeFacts(gateway.Facts{})) {
		t.Error("something of them is kept")
	}
}

func TestSectionsOfALaterVersionArePassedOver(t *testing.T) {
	want := gateway.Facts{Shared: true, Appointment: gateway.Appointment{ID: "1", Class: gateway.ClinicGeneral}}
	bare := want
	bare.Shared, bare.Appointment.Class = false, gateway.ClinicUnsaid
	who := string(encodeFacts(want))[len(encodeFacts(bare)):]
	for name, sections := range map[string]string{
		"one before it":       "x\x03abc" + who,
		"one behind it":       who + "x\x03abc",
		"an empty one":        "y\x00" + who,
		"a longer one of its": "w\x07" + who[2:] + "\xff\xff",
		"one that breaks off": who + "x\x7fabc",
		"one without length":  who + "x",
	} {
		got, err := decodeFacts([]byte(string(encodeFacts(bare))+sections), time.Time{})
		if err != nil || got != want {
			t.Errorf("%s: read as %+v (%v)", name, got, err)
		}
	}
}
