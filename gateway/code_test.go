package gateway_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

func TestACodeStandsForOneVisitAtOneStart(t *testing.T) {
	at := time.Date(2026, time.October, 28, 9, 0, 0, 0, time.UTC)
	visit := func(id, patient string, start time.Time) gateway.Appointment {
		return gateway.Appointment{ID: gateway.AppointmentID(id), Patient: gateway.Patient{ID: gateway.PatientID(patient)}, Start: start}
	}
	code := gateway.VisitCode("A81001", visit("1", "7", at))
	if len(code) != 4 || code[0] == '0' {
		t.Fatalf("the code is %q, want four digits that do not begin with 0", code)
	}
	if again := gateway.VisitCode("A81001", visit("1", "7", at.In(gateway.London()))); again != code {
		t.Errorf("the same visit has the codes %s and %s", code, again)
	}
	for what, other := range map[string]string{
		"another practice":      gateway.VisitCode("A81002", visit("1", "7", at)),
		"another appointment":   gateway.VisitCode("A81001", visit("2", "7", at)),
		"another patient":       gateway.VisitCode("A81001", visit("1", "8", at)),
		"another start":         gateway.VisitCode("A81001", visit("1", "7", at.Add(time.Minute))),
		"ids that run together": gateway.VisitCode("A81001", visit("17", "", at)),
	} {
		if other == code {
			t.Errorf("%s has the same code", what)
		}
	}
}
