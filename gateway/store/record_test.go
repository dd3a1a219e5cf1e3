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
