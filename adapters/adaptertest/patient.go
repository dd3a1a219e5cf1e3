package adaptertest

import (
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Jessop is the patient about whom checkers are asked, as a receptionist typed her.
func Jessop() surgery.Person {
	return surgery.Person{
		Title: "Ms", Given: "Iona", Family: "Jessop", NHSNumber: "9990000018", Mobile: "07700 900201", Home: "01632 960201",
		Born: time.Date(1950, 3, 4, 0, 0, 0, 0, time.UTC),
	}
}

// JessopsVisit is what the diary's own source tells of her visit, where she is the
// first person of a new diary and the visit its first.
func JessopsVisit(start time.Time) gateway.Appointment {
	return gateway.Appointment{
		ID: "88001-1001", Start: start, Site: "5", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Patient: gateway.Patient{
			ID: "1001", NHSNumber: gateway.NewNHSNumber(Jessop().NHSNumber), Mobile: gateway.NewPhone("+447700900201"), MobileKind: gateway.NumberMobile,
		},
	}
}
