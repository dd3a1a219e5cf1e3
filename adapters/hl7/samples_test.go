package hl7_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/number"
)

// published gives a public sample, or skips the test where they are not kept.
func published(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "samples", "hl7v2", "pkb", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the public samples are not kept beside this module")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The messages that Patients Know Best documents for its hospitals.
func TestPatientsKnowBestsSamplesAreReadAsDocumented(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Profile, c.Facility = hl7.Profile{Like: "pkb"}, hl7.Facility{Field: "MSH-4", Is: []string{"sender"}}
	booking, move, off := published(t, "siu-s12.hl7"), published(t, "siu-s13.hl7"), published(t, "siu-s15.hl7")
	s := tellWith(t, c)
	s.clock.Set(time.Date(2013, time.March, 8, 10, 0, 0, 0, time.UTC))
	one := func() gateway.Appointment {
		f, err := s.Adapter.Read(t.Context(), gateway.Span{From: s.clock.Now(), To: s.clock.Now().AddDate(3, 0, 0)})
		if err != nil || len(f.Appointments) != 1 || len(f.Unreadable) != 0 {
			t.Fatalf("%d appointments, unreadable %v, %v", len(f.Appointments), f.Unreadable, err)
		}
		return f.Appointments[0]
	}
	s.took("AA", s.raw(booking))
	a := one()
	mobile, kind := number.Parse("07123456789", true)
	if a.Status != booked || !a.Start.Equal(time.Date(2014, time.November, 20, 12, 31, 0, 0, time.UTC)) ||
		a.Patient.Name != gateway.NewName("John") || a.Patient.NHSNumber != gateway.NewNHSNumber("9999999999") ||
		a.Patient.Mobile != mobile || a.Patient.MobileKind != kind {
		t.Errorf("the booking is read with status %d at %v", a.Status, a.Start)
	}
	s.took("AA", s.raw(move))
	if after := one(); after.ID != a.ID || after.Status != booked || after.Site == a.Site {
		t.Errorf("moved to another place: status %d, another site: %t", after.Status, after.Site != a.Site)
	}
	s.took("AA", s.raw(off))
	if after := one(); after.ID != a.ID || after.Status != cancelled {
		t.Errorf("cancelled: status %d", after.Status)
	}
}

func TestPatientsKnowBestsAnswersAreUnderstood(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"ack-aa.hl7": "AA", "ack-ae.hl7": "AE", "ack-ar.hl7": "AR"} {
		m, err := message.Parse([]byte(published(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		if msa, _ := m.Segment("MSA"); msa.Field(1).Part().Text() != want {
			t.Errorf("%s: MSA-1 is not %s", name, want)
		}
	}
}

// A morning of three senders on one line, in the forms that are public of them, as
// we wrote it: MAXIMS' bookings, a Welsh index of patients, Epic's admissions.
func TestARecordedMorning(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("testdata", "morning.hl7"))
	if err != nil {
		t.Fatal(err)
	}
	c := simConfig()
	c.Facility = hl7.Facility{}
	c.Profile = hl7.Profile{Like: "openmaxims", PatientID: hl7.PatientID{Shared: true}}
	s := tellWith(t, c)
	s.clock.Set(ten.Add(time.Hour))
	for i, m := range bytes.Split(b, []byte("\nMSH|")) {
		if i > 0 {
			m = append([]byte("MSH|"), m...)
		}
		if code := s.raw(string(m)); code != "AA" && code != "CA" {
			t.Errorf("message %d is answered %s", i+1, code)
		}
	}
	type row struct {
		ID, Start, Mobile string
		Status            gateway.Status
		Deceased, Left    gateway.Flag
	}
	want := []row{
		{"RMX/70001-4001", "2026-11-23T09:10:00Z", "101", booked, 0, 0},
		{"RMX/70003-4003", "2026-11-23T10:00:00Z", "103", cancelled, 0, 0},
		{"RMX/70004-4004", "2026-11-23T11:20:00Z", "104", booked, gateway.FlagYes, 0},
		{"RMX/70006-4001", "2026-11-23T12:00:00Z", "101", gateway.StatusMissed, 0, 0},
		{"RMX/70005-4005", "2026-11-24T09:00:00Z", "116", booked, 0, 0},
		{"RMX/70002-4002", "2026-11-24T14:30:00Z", "112", booked, 0, 0},
	}
	f := s.feed()
	var got []row
	for _, a := range f.Appointments {
		got = append(got, row{string(a.ID), a.Start.Format(time.RFC3339), a.Patient.Mobile.LastThree(), a.Status, a.Patient.Deceased, a.Patient.Left})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the morning is read as (-want +got):\n%s", diff)
	}
	if len(f.Unreadable) != 0 || !f.Complete {
		t.Errorf("complete %t, unreadable %v", f.Complete, f.Unreadable)
	}
}
