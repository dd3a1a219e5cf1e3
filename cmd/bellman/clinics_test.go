package main

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

func TestAPracticeSeesWhichClinicsItHasNotClassified(t *testing.T) {
	now := time.Date(2027, time.March, 29, 9, 0, 0, 0, time.UTC)
	var all []gateway.Appointment
	add := func(n int, status gateway.Status, words ...string) {
		for i := range n {
			all = append(all, gateway.Appointment{Start: now.Add(time.Duration(i+1) * time.Hour), Status: status, Clinic: gateway.NewClinicName(words...)})
		}
	}
	add(2, gateway.StatusBooked, "Session", "Slot")
	add(3, gateway.StatusBooked, "Flu clinic")
	add(5, gateway.StatusBooked, "Diabetes")
	add(1, gateway.StatusBooked, "GUM")
	add(4, gateway.StatusBooked)
	add(9, gateway.StatusCancelled, "Called off")
	all = append(all, gateway.Appointment{Start: now.Add(-time.Hour), Status: gateway.StatusBooked, Clinic: gateway.NewClinicName("Over")})

	who := gateway.Who{Clinics: gateway.NewClinics(nil, []string{"flu"})}
	want := []clinicRow{
		{"GUM", "sensitive", 1, "sensitive", ""}, {"Diabetes", "unknown", 5, "", ""}, {"Session; Slot", "unknown", 2, "", ""},
		{"", "not_said", 4, "", ""}, {"Flu clinic", "general", 3, "", ""},
	}
	if got := clinicsOf(who, all, now); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	who.KnownOnly, who.TextSensitive = true, true
	want[0].Reason, want[0].NotTo = "", "11 to 15 year olds"
	for i := range want[1:4] {
		want[1+i].Reason = "clinic_unknown"
	}
	if got := clinicsOf(who, all, now); !slices.Equal(got, want) {
		t.Errorf("where only known clinics are texted about: %+v", got)
	}
}

func TestANameFromOutsideCannotWriteToTheTerminal(t *testing.T) {
	now := time.Date(2027, time.March, 29, 9, 0, 0, 0, time.UTC)
	rows := clinicsOf(gateway.Who{}, []gateway.Appointment{{
		Start: now.Add(time.Hour), Status: gateway.StatusBooked, Clinic: gateway.NewClinicName("\x1b[2JFlu\r\nGUM\u202e clinic"),
	}}, now)
	var out bytes.Buffer
	c := cli{out: &out}
	if err := c.showClinics(rows, false); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(out.Bytes(), "\x1b\r\u202e") || bytes.Count(out.Bytes(), []byte("\n")) != 2 || rows[0].Class != "sensitive" {
		t.Errorf("written: %q", out.String())
	}
}
