package gatewaytest

import (
	"fmt"
	"time"

	"bellman/gateway"
)

// The two practices of the invented town, and the numbers that their texts come
// from.
const (
	Riverside gateway.ODS = "A81001"
	Hillside  gateway.ODS = "B82002"

	FromRiverside = "+441632960101"
	FromHillside  = "+441632960102"
)

// The visits of the town are on Tuesday at ten; the texts a day before are due on
// Monday at ten. A test begins on the Friday before, at nine.
var (
	Friday  = time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC)
	Monday  = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)
	Tuesday = Monday.AddDate(0, 0, 1)
)

// Rule gives the rule of so many days or hours before: "1d", "4h". It panics at
// one that is not understood.
func Rule(words string) gateway.Rule {
	r, err := gateway.ParseRule(words)
	if err != nil {
		panic(err)
	}
	return r
}

// Practice gives a practice that reminds a day before, on weekdays from eight to
// six, and whose texts come from a number.
func Practice(ods gateway.ODS, from string) gateway.Practice {
	weekdays := gateway.Hours{From: 8 * 60, To: 18 * 60}
	for d := time.Monday; d <= time.Friday; d++ {
		weekdays.Days[d] = true
	}
	return gateway.Practice{
		ODS: ods, Name: "Riverside Surgery", Phone: "01632 960001", Nation: gateway.England, Sender: from,
		Policy: gateway.Policy{Rules: []gateway.Rule{Rule("1d")}, Hours: weekdays, StaleAfter: 90 * time.Minute, Latest: time.Hour},
	}
}

// Person gives the visit of the n-th invented patient, on Tuesday at ten. From
// the thousandth on they share the numbers of the first.
func Person(n int) gateway.Appointment {
	return gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprintf("88%03d", n)), Start: Tuesday, Site: "5", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: gateway.PatientID(fmt.Sprint(1000 + n)), Mobile: gateway.NewPhone(Number(n)), MobileKind: gateway.NumberMobile},
	}
}

// Number gives the mobile number of the n-th invented patient.
func Number(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }
