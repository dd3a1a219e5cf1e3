package hl7_test

import (
	"fmt"
	"testing"
	"time"

	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// However the hospital and its line misbehave, in the end the diary is the
// hospital's.
func TestWhateverGoesWrongOnTheWayTheDiaryIsTheHospitals(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]hl7sim.Faults{
		"twice": {Twice: true}, "backwards": {Backwards: true}, "junk": {Junk: true}, "garbage": {Garbage: true}, "halves": {Halves: true},
		"restarts": {Restarts: true}, "drops": {DropsAnswer: 9}, "slow": {SlowMS: 10}, "minutes": {Minutes: true},
		"delimiters": {Delimiters: "$%+?/", LineEnd: "\n"}, "cp1252": {Charset: hl7sim.Unannounced}, "latin": {Charset: "8859/1"}, "utf8": {Charset: "UNICODE UTF-8"},
		"enhanced": {AcceptAck: "AL", ApplicationAck: "NE"}, "both": {AcceptAck: "AL", ApplicationAck: "AL"}, "only id": {OnlyID: true, PatientFirst: true},
		"all at once": {Twice: true, Backwards: true, Junk: true, Garbage: true, Halves: true, Restarts: true, DropsAnswer: 5, Offsets: true, OnlyID: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := gatewaytest.NewClock(ten)
			d := surgery.New(clock)
			j := join(t, d, clock, simConfig())
			j.sim.SetFaults(f)
			slots := make([]int, 6)
			for i := range slots {
				p := d.Register(surgery.Person{Given: "Siân", Family: "O’Neill", NHSNumber: "9990000018", Mobile: fmt.Sprintf("07700 900%03d", 100+i)})
				slots[i] = d.Book(surgery.Visit{Person: p, Start: ten.AddDate(0, 0, 7).Add(time.Duration(i) * time.Hour), Site: 5})
			}
			settle := func() {
				t.Helper()
				clock.Advance(2 * time.Minute)
				for range 20 {
					if j.sim.Flush(t.Context()) == nil {
						return
					}
				}
				t.Fatal("the hospital cannot get rid of its messages")
			}
			settle()
			d.Move(slots[0], ten.AddDate(0, 0, 9))
			d.Cancel(slots[1])
			d.Remove(slots[2])
			v, _ := d.Visit(slots[3])
			d.Edit(v.Person, func(p *surgery.Person) { p.Mobile = "07700 900998" })
			settle()
			d.Move(slots[0], ten.AddDate(0, 0, 10))
			settle()

			feed, err := j.Adapter.Read(t.Context(), gateway.Span{From: ten, To: ten.AddDate(0, 1, 0)})
			if err != nil {
				t.Fatal(err)
			}
			stands := map[string]gateway.Appointment{}
			for _, a := range feed.Appointments {
				stands[string(a.ID)[:5]] = a
			}
			if len(feed.Appointments) != len(slots) || len(stands) != len(slots) {
				t.Fatalf("%d appointments", len(feed.Appointments))
			}
			for i, slot := range slots {
				a, want := stands[str(slot)], gateway.StatusBooked
				if i == 1 || i == 2 {
					want = gateway.StatusCancelled
				}
				if a.Status != want {
					t.Errorf("visit %d has status %d, want %d", i, a.Status, want)
				}
				if a.Patient.Name != gateway.NewName("Siân") {
					t.Errorf("visit %d: the name came out wrong", i)
				}
			}
			if a := stands[str(slots[0])]; !a.Start.Equal(ten.AddDate(0, 0, 10)) {
				t.Errorf("the moved visit is at %v", a.Start)
			}
			if a := stands[str(slots[3])]; a.Patient.Mobile != gateway.NewPhone("+447700900998") {
				t.Error("the new number is not known")
			}
			if n := j.sim.Counts(); n.Refused != 0 || n.Waiting != 0 {
				t.Errorf("%d refused, %d waiting", n.Refused, n.Waiting)
			}
		})
	}
}
